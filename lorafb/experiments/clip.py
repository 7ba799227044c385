"""Parts of the movie, clips and its front: sub-blocks of one matrix, so that no feature is made twice."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lorafb import trials
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import Side, score_layers
from lorafb.experiments.table import Labels, joined, tidy
from lorafb.similarity.metrics import Comparison


def score_clips(
    layers: Mapping[str, Side],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    starts: trials.IntArray,
    length: int,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score every layer against every area on clips, the same clip on both sides.

    Parameters
    ----------
    layers, areas, labels, metric
        As for `lorafb.experiments.original.score_original`: of the whole movie.
    starts : int64, shape (trials,)
        From `lorafb.trials.clip_starts`.
    length : int
        Frames of a clip.
    skip_frames : int
        As given to `clip_starts`.

    Returns
    -------
    pandas.DataFrame
        Tidy scores; the best layer of an area is marked in each trial.

    Notes
    -----
    Huang et al. 2024, Figure 3C and 3D.
    """
    clips = [trials.clip_frames(int(start), length, skip_frames) for start in starts]
    return joined(
        tidy(score_layers(layers, areas, frames, metric), labels, "clip", metric.name, length=length, trial=trial)
        for trial, frames in enumerate(clips)
    )


def score_front(
    layers: Mapping[str, Side],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    length: int,
    chunk: int = 1,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score every layer against every area when only the first `length` frames are shown.

    Parameters
    ----------
    layers, areas, labels, metric, skip_frames
        As for `lorafb.experiments.original.score_original`: of the whole movie.
    length : int
        Frames shown.
    chunk : int
        Frames that the network sees together. A network that sees clips would see a shorter last clip, and other
        features, where the front ends inside one; 1 for all other networks, which know nothing of later frames.

    Returns
    -------
    pandas.DataFrame
        Tidy scores, the best layer of each area marked.

    Raises
    ------
    ValueError
        If the front ends inside a chunk: then it is no part of the whole movie's matrix.
    """
    frames = trials.front_frames(areas[0].n_frames, length, skip_frames)
    if length % chunk and length != areas[0].n_frames:
        whole = length // chunk * chunk
        raise ValueError(
            f"a front of {length} frames ends inside a clip of {chunk}: the network would see it otherwise than in the "
            f"whole movie; {whole} or {whole + chunk} end with one"
        )
    return tidy(score_layers(layers, areas, frames, metric), labels, "front", metric.name, length=length)
