"""Ceilings of the areas by random halves: of units as published, of repeats, or of both where single repeats exist."""

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb import draws
from lorafb.artefacts.responses import Responses
from lorafb.experiments.table import Labels, Score, UndefinedScore, joined, tidy
from lorafb.similarity import ceilings
from lorafb.similarity.ranks import Ties
from lorafb.trials import Trial

FloatArray = NDArray[np.float64]
Halves = Literal["units", "repeats", "stimulus"]


def score_ceilings(
    areas: Sequence[Responses],
    n_splits: int = 100,
    halves: Sequence[Halves] = ("units",),
    ties: Ties = "average",
    mode: draws.Draws = "independent",
    seed: int = draws.PUBLISHED_SEED,
) -> pd.DataFrame:
    """Score random halves of each area against each other.

    Parameters
    ----------
    areas : sequence of Responses
        Published draws follow their order.
    n_splits : int
        Random splits of each area.
    halves : sequence of "units", "repeats", "stimulus"
        What the halves differ in; `stimulus` is both. `possible_halves` gives those that the recordings allow.
    ties, mode, seed
        See `lorafb.similarity.ranks` and `lorafb.draws`.

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
    units = draws.half_orders({area.area: area.n_units for area in areas}, n_splits, "units", mode, seed)
    repeats: dict[str, draws.IntArray] = {}
    if set(halves) != {"units"}:
        sizes = {area.area: len(_single_repeats(area)) for area in areas}
        repeats = draws.half_orders(sizes, n_splits, "repeats", mode, seed)
    tables = []
    for kind in halves:
        for area in areas:
            if kind == "units":
                values = ceilings.between_units(area.summed[area.scored], units[area.area], ties=ties)
            elif kind == "repeats":
                values = ceilings.between_repeats(_single_repeats(area)[:, area.scored], repeats[area.area], ties)
            else:
                counts = _single_repeats(area)[:, area.scored]
                values = ceilings.between_both(counts, units[area.area], repeats[area.area], ties)
            tables.append(_splits(area, kind, values))
    return joined(tables)


def possible_halves(areas: Sequence[Responses]) -> Sequence[Halves]:
    """Kinds of halves that all areas allow: of units, and where single repeats are known of repeats, and of both."""
    repeated = all(area.repeats is not None and len(area.repeats) > 1 for area in areas)
    return ("units", "repeats", "stimulus") if repeated else ("units",)


def score_clip_ceilings(
    areas: Sequence[Responses],
    clips: Sequence[Trial],
    n_splits: int = 100,
    ties: Ties = "average",
    mode: draws.Draws = "independent",
    seed: int = draws.PUBLISHED_SEED,
) -> pd.DataFrame:
    """Score random halves of each area's units against each other on clips.

    Parameters
    ----------
    clips : sequence of Trial
        From `lorafb.trials.clips`, with the same `mode` and `seed`.
    areas, n_splits, ties, mode, seed
        As for `score_ceilings`; `n_splits` splits of each clip.

    Returns
    -------
    pandas.DataFrame
        As `score_ceilings`, with `length`; `trial` counts the splits of all clips, clip by clip.
    """
    length = len(clips[0].scored)
    tables = []
    for area in areas:
        n_starts = len(area.scored) - length + 1
        orders = draws.clip_half_orders(area.area, area.n_units, len(clips), n_splits, n_starts, mode, seed)
        values = [
            ceilings.between_units(area.summed[clip.recorded], order, ties=ties)
            for clip, order in zip(clips, orders, strict=True)
        ]
        tables.append(_splits(area, "units", np.concatenate(values), length))
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
        names = dict(zip(("movie", "area", "halves", "length"), key, strict=True))
        rows.append({**names, "splits": len(group), **vars(ceilings.ceiling(group["value"].to_numpy()))})
    return pd.DataFrame(rows)


def _splits(area: Responses, halves: str, values: FloatArray, length: int | None = None) -> pd.DataFrame:
    undefined = int(np.isnan(values).sum())
    if undefined:
        problem = "have a half whose units all respond alike to a frame"
        warnings.warn(UndefinedScore(f"area {area.area}: {undefined} of {len(values)} splits {problem}"), stacklevel=3)
    scores = [Score(area.area, halves, 0, float(value)) for value in values]
    return tidy(scores, Labels("", "", area.movie), "ceiling", "tsrsa", length=length, trial=range(len(values)))


def _single_repeats(area: Responses) -> ceilings.Counts:
    if area.repeats is None or len(area.repeats) < 2:
        problem = "only sums over repeats" if area.repeats is None else "one repeat"
        raise ValueError(f"{area.area}, {area.movie}: the recording has {problem}; halves of repeats need at least two")
    return area.repeats
