"""Intervals of a score over units and over time, the lag-controlled score, and its distance from the ceiling.

E1 is the score expected with other units of these areas, E2 with other movies of this kind and length. One checkpoint
represents this network, not its architecture. The best layer is chosen again in every replicate.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.experiments.ceiling import summary
from lorafb.experiments.replicates import CHECKS, Movie, Scores
from lorafb.similarity import jackknife, lag

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

NO_SCORE = "no score: all units respond alike to some frame"
LEVEL = 0.05
"""A score is supported where every lag-controlled p is at most this."""


def summarise(
    networks: Mapping[str, Scores], layers: Mapping[str, Sequence[str]], movie: Movie, ceilings: pd.DataFrame
) -> pd.DataFrame:
    """Table of the statistics of all networks on a movie.

    Parameters
    ----------
    networks : mapping from subject to Scores
    layers : mapping from subject to the names of its layers
    movie : Movie
    ceilings : pandas.DataFrame
        Tidy scores of `lorafb.experiments.ceiling`.

    Returns
    -------
    pandas.DataFrame
        One row a subject and area, and one with area `mean` (over the areas that are no controls): `layer` the best one,
        `value`, `ci_low`, `ci_high` (E1, over units), `e2_low`, `e2_high` (E2, over time), `n_groups`, `sessions_as_groups`,
        `short_blocks` (blocks shorter than three correlation times: E2 too narrow), `score_lag`, `p_lag`, the checks
        `p_lag_later` (without the first second), `p_lag_detrended` (no linear trend in any unit), `p_lag_frames` (no mean of
        any frame), `supported` (all of them at most 0.05), `ceiling` (halves of units), `fraction_published`, `reach` (of a
        perfect model), `fraction`, `reason` where that is empty, `optimism`, `cross_fitted`, `truth_value` (of simulated
        mice: the highest score of a layer against the true rates).
    """
    bounds = {(str(one["area"]), str(one["halves"])): one for one in summary(ceilings).to_dict("records")}
    rows = []
    counted = np.flatnonzero(movie.counted)
    for subject, scores in networks.items():
        best = best_layers(scores.whole)
        names = [layers[subject][place] if place >= 0 else "" for place in best]
        alone = [
            (area.area, layer, np.array([k])) for k, (area, layer) in enumerate(zip(movie.areas, names, strict=True))
        ]
        for area, layer, places in [*alone, ("mean", "", counted)]:
            values = row(scores, movie, places)
            reach = against_ceilings(values["value"], bounds, [movie.areas[place].area for place in places])
            silent = [movie.areas[place].area for place in places if not movie.areas[place].ranks.any()]
            reach["reason"] = f"{NO_SCORE} ({', '.join(silent)})" if silent else reach["reason"]
            rows.append({"subject": subject, "movie": movie.name, "area": area, **values, "layer": layer, **reach})
    return pd.DataFrame(rows)


def pairs(networks: Mapping[str, Scores], movie: Movie) -> pd.DataFrame:
    """Compare every two networks on a movie, in the same replicates, by the mean over areas.

    Returns
    -------
    pandas.DataFrame
        `subject_a`, `subject_b`, `difference` (a - b), `ci_low`, `ci_high`, `ci_p`, `ci_p_holm` (E1, over units), `e2_low`,
        `e2_high`, `e2_p`, `e2_p_holm` (E2, over time); Holm's correction is over the pairs of this table.
    """
    counted = np.flatnonzero(movie.counted)
    replicates = {subject: _replicates(scores, movie, counted) for subject, scores in networks.items()}
    rows = []
    for a, b in combinations(replicates, 2):
        value, units, blocks = (one - other for one, other in zip(replicates[a], replicates[b], strict=True))
        row: dict[str, Any] = {"movie": movie.name, "subject_a": a, "subject_b": b, "difference": float(value)}
        for prefix, left_out in (("ci", units), ("e2", blocks)):
            bounds = jackknife.interval(float(value), left_out)
            row |= {f"{prefix}_low": bounds.low, f"{prefix}_high": bounds.high}
            row[f"{prefix}_p"] = jackknife.p_of(float(value), left_out)
        rows.append(row)
    table = pd.DataFrame(rows)
    for prefix in ("ci", "e2") if len(table) else ():
        table[f"{prefix}_p_holm"] = jackknife.holm(table[f"{prefix}_p"].tolist())
    return table


def _highest(scores: FloatArray, axis: int) -> FloatArray:
    """Highest score over layers; NaN where no layer has one."""
    highest = np.where(np.isnan(scores), -np.inf, scores).max(axis=axis)
    return np.where(np.isinf(highest), np.nan, highest)


def best_layers(scores: FloatArray) -> IntArray:
    """Best layer of each area, -1 where none has a score."""
    return np.where(np.isnan(scores).all(axis=0), -1, np.where(np.isnan(scores), -np.inf, scores).argmax(axis=0))


def _replicates(scores: Scores, movie: Movie, places: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean over some areas of their best layers' scores: of all data, without groups of units [g], without blocks [b].

    Areas are jackknifed together, group k of each left out at once: they are other units of the same mice. A group that
    holds no unit of these areas is no replicate.
    """
    counted = movie.left_out[:, places].any(axis=1)
    return (
        np.asarray(_highest(scores.whole[:, places], 0).mean()),
        _highest(scores.units[counted][:, :, places], 1).mean(axis=1),
        _highest(scores.blocks[:, :, places], 1).mean(axis=1),
    )


def row(scores: Scores, movie: Movie, places: IntArray) -> dict[str, Any]:
    """Statistics of one network, mean over the areas at `places`; columns as in `summarise`."""
    value, units, blocks = _replicates(scores, movie, places)
    over_units, over_time = jackknife.interval(float(value), units), jackknife.interval(float(value), blocks)
    optimism, cross_fitted = _selection(scores.halves[:, :, places])
    return {
        "value": float(value),
        "ci_low": over_units.low,
        "ci_high": over_units.high,
        "e2_low": over_time.low,
        "e2_high": over_time.high,
        "n_groups": over_units.n_groups,
        "sessions_as_groups": movie.sessions_as_groups,
        "short_blocks": movie.short_blocks,
        **_lag_controlled(scores, places),
        "optimism": optimism,
        "cross_fitted": cross_fitted,
        "truth_value": float("nan") if scores.truth is None else float(_highest(scores.truth[:, places], 0).mean()),
    }


def _lag_controlled(scores: Scores, places: IntArray) -> dict[str, Any]:
    """Lag-controlled score, its p, and p of each check: at each shift the best layer's, then the mean over areas."""
    tests = {
        check: lag.against_shifts(_highest(shifts[:, places], 0).mean(axis=0))
        for check, shifts in scores.shifts.items()
    }
    p = {f"p_lag{check}": tests[check].p if check in tests else float("nan") for check in CHECKS}
    supported = all(test.p <= LEVEL for test in tests.values())
    return {"score_lag": tests[""].score, **p, "supported": supported}


def _selection(halves: FloatArray) -> tuple[float, float]:
    """Optimism of choosing the best layer, and the score cross-fitted: chosen on one half of time, scored on the other.

    Notes
    -----
    optimism = mean over both directions of score_B(best on B) - score_B(best on A).
    """
    own, crossed = [], []
    for one, other in ((0, 1), (1, 0)):
        best, area = best_layers(halves[one]), np.arange(halves.shape[2])
        crossed.append(np.where(best < 0, np.nan, halves[other][best, area]).mean())
        own.append(_highest(halves[other], 0).mean())
    return float(np.mean(own) - np.mean(crossed)), float(np.mean(crossed))


def against_ceilings(
    value: float, bounds: Mapping[tuple[str, str], Mapping[Any, Any]], areas: Sequence[str]
) -> dict[str, Any]:
    """Compare a score, mean over some areas, with the published ceiling h and with sqrt(2 h / (1 + h)) of a perfect model.

    Parameters
    ----------
    value : float
    bounds : mapping from (area, halves) to a row of `lorafb.experiments.ceiling.summary`
    areas : sequence of str

    Returns
    -------
    dict
        `ceiling`, `fraction_published`, `reach`, `fraction`, `reason`: see `summarise`.
    """
    nan = float("nan")
    if any((area, "units") not in bounds for area in areas):
        nothing = dict.fromkeys(("ceiling", "fraction_published", "reach", "fraction"), nan)
        return {**nothing, "reason": "no ceiling is known"}
    published = float(np.mean([bounds[area, "units"]["half"] for area in areas]))
    clear = all(bounds[area, "units"]["half"] > 2 * bounds[area, "units"]["sd_over_splits"] for area in areas)
    reach = {"ceiling": published, "fraction_published": value / published if clear else nan, "reach": nan}
    reason = "no single repeats"
    if (areas[0], "stimulus") in bounds:
        both = [bounds[area, "stimulus"] for area in areas]
        reach["reach"] = float(np.mean([one["reach"] for one in both]))
        silent = [area for area, one in zip(areas, both, strict=True) if np.isnan(one["half"])]
        weak = [area for area, one in zip(areas, both, strict=True) if one["half"] <= 2 * one["sd_over_splits"]]
        reason = f"halves of {', '.join(weak)} do not agree safely" if weak else ""
        reason = f"halves of {', '.join(silent)} are silent in some frame" if silent else reason
    return {**reach, "fraction": nan if reason else value / reach["reach"], "reason": reason}
