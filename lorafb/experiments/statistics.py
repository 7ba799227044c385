"""What a score is worth: its intervals over units and over time, its lag-controlled twin, how far it is from a ceiling.

E1 is the score to be expected with other units of these areas, E2 with other movies of this kind and length; one
checkpoint stands for this network, never for its architecture. Every choice of a best layer is made anew in each replicate.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb import trials
from lorafb.artefacts.grams import Products
from lorafb.experiments.ceiling import summary
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import correlations
from lorafb.similarity import jackknife, lag
from lorafb.similarity.pearson import integer_products, pearson, pearson_from_products
from lorafb.similarity.ranks import Ties
from lorafb.similarity.tsrsa import compare, prepare

log = logging.getLogger(__name__)

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Layers = Mapping[str, Products]
LAG_ONLY = "lag_only"
"""A network of one layer that sees no stimulus: s = -|t - u|, frames are the more alike the nearer they are."""
SECOND_SKIP_S = 1.0
"""The lag-controlled test is made once more without the first second: a shared onset looks like agreement."""


@dataclass(frozen=True)
class Scores:
    """Scores of one network's layers against the areas of a movie.

    Attributes
    ----------
    whole : float64, shape (layers, areas)
    units : list of float64, one an area, each of shape (groups, layers)
        Each group of the area's units left out in turn.
    blocks : float64, shape (blocks, layers, areas)
        Each block of frames left out in turn.
    halves : float64, shape (2, layers, areas)
        On alternate blocks of frames.
    shifts : list of float64, shape (layers, areas, T)
        Agreement at every circular shift, after the frames skipped and after those of the first second.
    truth : float64, shape (layers, areas), or None
        Against the true rates of simulated mice.
    """

    whole: FloatArray
    units: list[FloatArray]
    blocks: FloatArray
    halves: FloatArray
    shifts: list[FloatArray]
    truth: FloatArray | None


class Movie:
    """A movie's cortical side with every replicate of it, ranked once for all networks.

    Parameters
    ----------
    areas : sequence of Area
    controls : names of areas that no mean holds
    rate_hz : frames a second
    ties, seed, skip_frames
        As for the scores.
    truths : mapping from area to true rates [T, units] of its kept units, of simulated mice
    """

    def __init__(
        self,
        areas: Sequence[Area],
        controls: Sequence[str],
        rate_hz: float,
        *,
        ties: Ties = "average",
        seed: int = trials.PUBLISHED_SEED,
        skip_frames: int = 1,
        truths: Mapping[str, FloatArray] | None = None,
    ) -> None:
        self.areas, self.ties = areas, ties
        self.counted = np.array([area.name not in {one.lower() for one in controls} for area in areas])
        self.frames = trials.movie_frames(areas[0].n_frames, skip_frames)
        self.later = trials.movie_frames(areas[0].n_frames, skip_frames + round(SECOND_SKIP_S * rate_hz))
        similar = [correlations(area.products, self.frames) for area in areas]
        self.gap = max(map(lag.correlation_time, similar))
        self.whole = [prepare(one, ties) for one in similar]
        sessions = [area.units["session"] for area in areas]
        streams = [trials.stream(seed, "groups of units", 0, place) for place in range(len(areas))]
        groups = jackknife.groups_of_units(sessions, streams)
        self.sessions_as_groups = len(np.unique(np.concatenate(sessions))) >= jackknife.FEWEST_SESSIONS
        self.units = [list(self._without_units(*one)) for one in zip(areas, groups, strict=True)]
        self.block_frames = jackknife.without_blocks(self.frames)
        self.half_frames = jackknife.alternate_blocks(self.frames, self.gap)
        self.truths = (
            None if truths is None else [prepare(pearson(truths[area.name][self.frames]), ties) for area in areas]
        )
        self.spectra = [
            [self._spectrum(correlations(area.products, frames)) for area in areas] for frames in self._lag_frames()
        ]

    def score(self, layers: Layers) -> Scores:
        """Score a network's layers in every replicate."""
        return self._score(len(layers), lambda frames: (correlations(layer, frames) for layer in layers.values()))

    def score_lag_only(self) -> Scores:
        """Score the baseline that knows nothing but the distance of two frames in time."""
        return self._score(1, lambda frames: iter([-np.abs(np.subtract.outer(frames, frames)).astype(np.float64)]))

    def _score(self, n_layers: int, similar: Callable[[IntArray], Iterator[FloatArray]]) -> Scores:
        ranked = [prepare(one, self.ties) for one in similar(self.frames)]
        shifts = []
        for frames, areas in zip(self._lag_frames(), self.spectra, strict=True):
            spectra = (self._spectrum(one) for one in similar(frames))
            shifts.append(np.array([[lag.shift_scores(one, area, len(frames)) for area in areas] for one in spectra]))
        return Scores(
            whole=_against(ranked, self.whole),
            units=[_against(ranked, groups).T for groups in self.units],
            blocks=np.array([self._on(similar, frames) for frames in self.block_frames]),
            halves=np.array([self._on(similar, frames) for frames in self.half_frames]),
            shifts=shifts,
            truth=None if self.truths is None else _against(ranked, self.truths),
        )

    def _on(self, similar: Callable[[IntArray], Iterator[FloatArray]], frames: IntArray) -> FloatArray:
        areas = [prepare(correlations(area.products, frames), self.ties) for area in self.areas]
        return _against((prepare(one, self.ties) for one in similar(frames)), areas)

    def _lag_frames(self) -> tuple[IntArray, ...]:
        return (self.frames, self.later) if len(self.later) > trials.SHORTEST else (self.frames,)

    def _spectrum(self, similarity: FloatArray) -> lag.Spectrum:
        return lag.spectrum(lag.residual_ranks(similarity, self.ties))

    def _without_units(self, area: Area, groups: Sequence[IntArray]) -> Iterator[FloatArray]:
        """Rank an area without each group of its units: the group's products are taken off, nothing is made again."""
        counts = area.summed[self.frames]
        products, sums = integer_products(counts)
        for group in groups:
            less, fewer = integer_products(counts[:, group])
            rest = pearson_from_products(products - less, sums - fewer, area.n_units - len(group))
            yield prepare(rest, self.ties)


def _against(layers: Sequence[FloatArray] | Iterator[FloatArray], areas: Sequence[FloatArray]) -> FloatArray:
    return np.array([[compare(layer, area) for area in areas] for layer in layers])


def summarise(
    networks: Mapping[str, Scores], layers: Mapping[str, Sequence[str]], movie: Movie, name: str, ceilings: pd.DataFrame
) -> pd.DataFrame:
    """Lay the statistics of all networks on a movie out in one table.

    Parameters
    ----------
    networks : mapping from subject to Scores
    layers : mapping from subject to the names of its layers
    movie : Movie
    name : name of the movie
    ceilings : pandas.DataFrame
        Tidy scores of `lorafb.experiments.ceiling`.

    Returns
    -------
    pandas.DataFrame
        One row a subject and area, and one with area `mean` (over the areas that are no controls): `layer` the best one,
        `value`, `ci_low`, `ci_high` (E1, over units), `e2_low`, `e2_high` (E2, over time), `n_groups`, `sessions_as_groups`,
        `short_blocks` (blocks shorter than three correlation times: E2 too narrow), `score_lag`, `p_lag`, `p_lag_later`,
        `ceiling` (halves of units), `fraction_published`, `reach` (of a perfect model), `fraction`, `reason` where that is
        empty, `optimism`, `cross_fitted`, `truth_value`.
    """
    bounds = {(str(one["area"]), str(one["halves"])): one for one in summary(ceilings).to_dict("records")}
    rows = []
    for subject, scores in networks.items():
        best = _best(scores.whole)
        for place, area in enumerate(movie.areas):
            found = _row(scores, movie, np.array([place]))
            found["layer"] = layers[subject][best[place]] if best[place] >= 0 else ""
            rows.append(
                {"subject": subject, "movie": name, "area": area.name, **found, **_reach(found, bounds, [area.name])}
            )
        counted = np.flatnonzero(movie.counted)
        found = _row(scores, movie, counted)
        names = [movie.areas[int(place)].name for place in counted]
        rows.append(
            {"subject": subject, "movie": name, "area": "mean", "layer": "", **found, **_reach(found, bounds, names)}
        )
    return pd.DataFrame(rows)


def pairs(networks: Mapping[str, Scores], movie: Movie, name: str) -> pd.DataFrame:
    """Compare every two networks on a movie, in the same replicates, by the mean over areas.

    Returns
    -------
    pandas.DataFrame
        `subject_a`, `subject_b`, `difference` (a - b), `ci_low`, `ci_high`, `p`, `p_holm` (E1, over units), `e2_low`,
        `e2_high`, `e2_p`, `e2_p_holm` (E2, over time); Holm's correction is over the pairs of this table.
    """
    counted = np.flatnonzero(movie.counted)
    found = {subject: _replicates(scores, counted) for subject, scores in networks.items()}
    rows = []
    for a, b in combinations(found, 2):
        value, units, blocks = (one - other for one, other in zip(found[a], found[b], strict=True))
        row: dict[str, Any] = {"movie": name, "subject_a": a, "subject_b": b, "difference": float(value)}
        for prefix, replicates in (("ci", units), ("e2", blocks)):
            bounds = jackknife.interval(float(value), replicates)
            row |= {f"{prefix}_low": bounds.low, f"{prefix}_high": bounds.high}
            row[f"{prefix}_p"] = jackknife.p_of(float(value), replicates)
        rows.append(row)
    table = pd.DataFrame(rows)
    for prefix in ("ci", "e2") if len(table) else ():
        table[f"{prefix}_p_holm"] = jackknife.holm(table[f"{prefix}_p"].tolist())
    return table


def _highest(scores: FloatArray, axis: int) -> FloatArray:
    """Highest score over layers; NaN where no layer has one."""
    highest = np.where(np.isnan(scores), -np.inf, scores).max(axis=axis)
    return np.where(np.isinf(highest), np.nan, highest)


def _best(scores: FloatArray) -> IntArray:
    """Best layer of each area, -1 where none has a score."""
    return np.where(np.isnan(scores).all(axis=0), -1, np.where(np.isnan(scores), -np.inf, scores).argmax(axis=0))


def _replicates(scores: Scores, places: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean over some areas of their best layers' scores: of all data, without groups of units [g], without blocks [b].

    Areas are jackknifed together, group k of each left out at once: they are other units of the same mice.
    """
    units = np.stack([_highest(scores.units[place], 1) for place in places], axis=1)
    return (
        np.asarray(_highest(scores.whole[:, places], 0).mean()),
        units.mean(axis=1),
        _highest(scores.blocks[:, :, places], 1).mean(axis=1),
    )


def _row(scores: Scores, movie: Movie, places: IntArray) -> dict[str, Any]:
    value, units, blocks = _replicates(scores, places)
    over_units, over_time = jackknife.interval(float(value), units), jackknife.interval(float(value), blocks)
    shifted = [lag.against_shifts(_highest(one[:, places], 0).mean(axis=0)) for one in scores.shifts]
    optimism, cross_fitted = _selection(scores.halves[:, :, places])
    return {
        "value": float(value),
        "ci_low": over_units.low,
        "ci_high": over_units.high,
        "e2_low": over_time.low,
        "e2_high": over_time.high,
        "n_groups": over_units.n_groups,
        "sessions_as_groups": movie.sessions_as_groups,
        "short_blocks": bool(len(movie.frames) / jackknife.BLOCKS < 3 * movie.gap),
        "score_lag": shifted[0].score,
        "p_lag": shifted[0].p,
        "p_lag_later": shifted[-1].p if len(shifted) > 1 else float("nan"),
        "optimism": optimism,
        "cross_fitted": cross_fitted,
        "truth_value": float("nan") if scores.truth is None else float(_highest(scores.truth[:, places], 0).mean()),
    }


def _selection(halves: FloatArray) -> tuple[float, float]:
    """Optimism of choosing the best layer, and the score cross-fitted: chosen on one half of time, scored on the other.

    Notes
    -----
    optimism = mean over both directions of score_B(best on B) - score_B(best on A).
    """
    own, crossed = [], []
    for one, other in ((0, 1), (1, 0)):
        best, area = _best(halves[one]), np.arange(halves.shape[2])
        crossed.append(np.where(best < 0, np.nan, halves[other][best, area]).mean())
        own.append(_highest(halves[other], 0).mean())
    return float(np.mean(own) - np.mean(crossed)), float(np.mean(crossed))


def _reach(
    found: Mapping[str, Any], bounds: Mapping[tuple[str, str], Mapping[Any, Any]], areas: Sequence[str]
) -> dict[str, Any]:
    """Set a score beside what the recording allows: the published ceiling h, and sqrt(2 h / (1 + h)) of a perfect model."""
    published = float(np.mean([bounds[area, "units"]["half"] for area in areas]))
    row = {"ceiling": published, "fraction_published": found["value"] / published, "reach": float("nan")}
    reason = "no single repeats"
    if (areas[0], "stimulus") in bounds:
        both = [bounds[area, "stimulus"] for area in areas]
        row["reach"] = float(np.mean([one["reach"] for one in both]))
        weak = [area for area, one in zip(areas, both, strict=True) if not one["half"] > 2 * one["sd_over_splits"]]
        reason = f"halves of {', '.join(weak)} do not agree safely" if weak else ""
    return {**row, "fraction": float("nan") if reason else found["value"] / row["reach"], "reason": reason}
