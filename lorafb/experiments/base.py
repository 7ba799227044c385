"""All that one pass over the original movie answers: the whole movie, clips of it, its front, and a regression."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lorafb import trials
from lorafb.experiments.clip import score_clips, score_front
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
    *,
    clips: Sequence[int] = (),
    n_clips: int = 10,
    fronts: Sequence[int] = (),
    chunk: int = 1,
    others: Sequence[Comparison] = (),
    draws: trials.Draws = "independent",
    seed: int = trials.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score the original movie, then clips of each length and fronts, and the original movie by other metrics.

    Parameters
    ----------
    layers, areas, labels, metric, skip_frames
        As for `lorafb.experiments.original.score_original`.
    clips : sequence of int
        Frames of a clip; lengths that the movie is too short for are left out.
    n_clips : int
        Clips of each length.
    fronts : sequence of int
        Frames shown; lengths that the movie is too short for, that end inside a chunk, or leave fewer than 3 frames to score,
        are left out.
    chunk : int
        As for `lorafb.experiments.clip.score_front`.
    others : sequence of Comparison
        Further metrics.
    draws, seed
        As for `lorafb.trials.clip_starts`.
    """
    n_frames = areas[0].n_frames
    tables = [score_original(layers, areas, labels, metric, skip_frames)]
    for length in clips:
        if length <= n_frames - skip_frames:
            starts = trials.clip_starts(n_frames, length, n_clips, draws, seed, skip_frames)
            tables.append(score_clips(layers, areas, labels, metric, starts, length, skip_frames))
    for length in fronts:
        shown = length == n_frames or (length < n_frames and length % chunk == 0)
        if shown and length >= skip_frames + trials.SHORTEST:
            tables.append(score_front(layers, areas, labels, metric, length, chunk, skip_frames))
    tables += [score_original(layers, areas, labels, other, skip_frames) for other in others]
    return joined(tables)
