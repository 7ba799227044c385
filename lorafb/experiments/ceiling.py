"""Ceilings of the areas by random halves: of units as published, of repeats, or of both where single repeats exist."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb import trials
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import UndefinedScore
from lorafb.experiments.table import Labels, Score, joined, tidy
from lorafb.similarity import ceilings
from lorafb.similarity.ranks import Ties

FloatArray = NDArray[np.float64]
Halves = Literal["units", "repeats", "stimulus"]


def score_ceilings(
    areas: Sequence[Area],
    movie: str,
    n_splits: int = 100,
    halves: Halves = "units",
    ties: Ties = "average",
    draws: trials.Draws = "independent",
    seed: int = trials.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score random halves of each area against each other.

    Parameters
    ----------
    areas : sequence of Area
        Published draws follow their order.
    movie : str
        Name of the movie.
    n_splits : int
        Random splits an area.
    halves : "units", "repeats" or "stimulus"
        What the halves differ in; `stimulus` is both.
    ties, draws, seed
        See `lorafb.similarity.ranks` and `lorafb.trials`.
    skip_frames : int
        Frames at the start that no score sees.

    Returns
    -------
    pandas.DataFrame
        Tidy scores: `trial` is the split, `layer` what the halves differ in.

    Raises
    ------
    ValueError
        If single repeats are needed and an area has fewer than two.

    Notes
    -----
    Huang et al. 2024, Table 1.
    """
    units = trials.half_orders({area.name: area.n_units for area in areas}, n_splits, "units", draws, seed)
    repeats: dict[str, trials.IntArray] = {}
    if halves != "units":
        sizes = {area.name: len(_single_repeats(area)) for area in areas}
        repeats = trials.half_orders(sizes, n_splits, "repeats", draws, seed)
    tables = []
    for area in areas:
        if halves == "units":
            values = ceilings.between_units(area.summed[skip_frames:], units[area.name], ties=ties)
        elif halves == "repeats":
            values = ceilings.between_repeats(_single_repeats(area)[:, skip_frames:], repeats[area.name], ties)
        else:
            counts = _single_repeats(area)[:, skip_frames:]
            values = ceilings.between_both(counts, units[area.name], repeats[area.name], ties)
        tables.append(_splits(area, movie, halves, values))
    return joined(tables)


def score_all_ceilings(areas: Sequence[Area], movie: str, n_splits: int = 100, **how: Any) -> pd.DataFrame:
    """Score halves of units, as published, and where single repeats are known those of repeats, and of both.

    Parameters
    ----------
    areas, movie, n_splits, **how
        As for `score_ceilings`.
    """
    repeated = all(area.repeats is not None and len(area.repeats) > 1 for area in areas)
    kinds: Sequence[Halves] = ("units", "repeats", "stimulus") if repeated else ("units",)
    return joined(score_ceilings(areas, movie, n_splits, halves, **how) for halves in kinds)


def score_clip_ceilings(
    areas: Sequence[Area],
    movie: str,
    starts: trials.IntArray,
    length: int,
    n_splits: int = 100,
    ties: Ties = "average",
    draws: trials.Draws = "independent",
    seed: int = trials.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score random halves of each area's units against each other on clips.

    Parameters
    ----------
    starts : int64, shape (clips,)
        From `lorafb.trials.clip_starts`, with the same `draws`, `seed` and `skip_frames`.
    length : int
        Frames of a clip.
    areas, movie, n_splits, ties, draws, seed, skip_frames
        As for `score_ceilings`; `n_splits` splits of each clip.

    Returns
    -------
    pandas.DataFrame
        As `score_ceilings`, with `length`; `trial` counts the splits of all clips, clip by clip.
    """
    tables = []
    for area in areas:
        n_starts = area.n_frames - skip_frames - length + 1
        orders = trials.clip_half_orders(area.name, area.n_units, starts, n_splits, n_starts, draws, seed)
        clips = [area.summed[trials.clip_frames(int(start), length, skip_frames)] for start in starts]
        values = [ceilings.between_units(clip, order, ties=ties) for clip, order in zip(clips, orders, strict=True)]
        tables.append(_splits(area, movie, "units", np.concatenate(values), length))
    return joined(tables)


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise ceilings over their splits.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `score_ceilings` or `score_clip_ceilings`.

    Returns
    -------
    pandas.DataFrame
        movie, area, halves, length, splits, half, sd_over_splits, reliability, reach: see
        `lorafb.similarity.ceilings.Ceiling`.
    """
    rows = []
    for key, group in scores.groupby(["movie", "area", "layer", "length"], sort=False, dropna=False):
        found = ceilings.ceiling(group["value"].to_numpy())
        names = dict(zip(("movie", "area", "halves", "length"), key, strict=True))
        rows.append({**names, "splits": len(group), **vars(found)})
    return pd.DataFrame(rows)


def _splits(area: Area, movie: str, halves: str, values: FloatArray, length: int | None = None) -> pd.DataFrame:
    undefined = int(np.isnan(values).sum())
    if undefined:
        problem = "have a half whose units all respond alike to a frame"
        warnings.warn(UndefinedScore(f"area {area.name}: {undefined} of {len(values)} splits {problem}"), stacklevel=3)
    scores = [Score(area.name, halves, 0, float(value)) for value in values]
    return tidy(scores, Labels("", "", movie), "ceiling", "tsrsa", length=length, trial=range(len(values)))


def _single_repeats(area: Area) -> ceilings.Counts:
    if area.repeats is None or len(area.repeats) < 2:
        held = "sums over repeats only" if area.repeats is None else "one repeat"
        raise ValueError(f"{area.name}, {area.movie}: the recording holds {held}; halves of repeats need at least two")
    return area.repeats
