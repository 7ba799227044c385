"""All that one pass over the original movie answers: the whole movie, and clips of it."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lorafb import trials
from lorafb.experiments.clip import score_clips
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.original import score_original
from lorafb.experiments.scoring import Side
from lorafb.experiments.table import Labels, joined
from lorafb.similarity.metrics import Comparison


def score_base(
    layers: Mapping[str, Side],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    lengths: Sequence[int] = (),
    n_clips: int = 10,
    draws: trials.Draws = "independent",
    seed: int = trials.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score the original movie, then clips of each length.

    Parameters
    ----------
    layers, areas, labels, metric, skip_frames
        As for `lorafb.experiments.original.score_original`.
    lengths : sequence of int
        Frames of a clip; none leaves clips out.
    n_clips : int
        Clips of each length.
    draws, seed
        As for `lorafb.trials.clip_starts`.
    """
    tables = [score_original(layers, areas, labels, metric, skip_frames)]
    for length in lengths:
        starts = trials.clip_starts(areas[0].n_frames, length, n_clips, draws, seed, skip_frames)
        tables.append(score_clips(layers, areas, labels, metric, starts, length, skip_frames))
    return joined(tables)
