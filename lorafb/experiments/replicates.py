"""Scores of networks on one movie in every replicate of it: other units, other blocks of time, shifted in time.

Nothing is extracted again for a replicate: the products of units that are left out are subtracted, the pairs of frames that
are left out are dropped, and the ranks of the pairs that stay are counted from the ranks of all. What depends on the areas
alone is made once for all networks, where it fits the memory.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lorafb import draws
from lorafb.artefacts.grams import Gram, centred
from lorafb.artefacts.responses import Responses
from lorafb.experiments.rsm import correlations
from lorafb.experiments.table import UndefinedScore
from lorafb.similarity import jackknife, lag
from lorafb.similarity.pearson import (
    integer_products,
    pearson,
    pearson_from_centred,
    pearson_from_products,
    upper_triangle,
)
from lorafb.similarity.ranks import DoubledRanks, Ties, doubled_ranks, doubled_ranks_among, unit

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

LAG_ONLY = "lag_only"
"""A baseline of one layer that sees no stimulus: s = -|t - u|, so near frames are alike."""
LATER_S = 1.0
"""The lag-controlled test is made once more without the first second: a shared onset looks like agreement."""
HELD = 2**29
"""Bytes of the areas' replicates, and of their spectra, up to which they are held for the next network, not made again."""
CHECKS = ("", "_later", "_detrended", "_frames")
"""The lag-controlled test, and it without the first second, without each unit's linear trend, and without each frame's mean."""


@dataclass(frozen=True)
class RankedPairs:
    """A layer or an area: twice the ranks of all pairs of frames, and the same of units without their linear trend."""

    ranked: DoubledRanks
    detrended: DoubledRanks


@dataclass(frozen=True)
class Scores:
    """Scores of one network's layers against the areas of a movie.

    Attributes
    ----------
    whole : float64, shape (layers, areas)
    units : float64, shape (groups, layers, areas)
        Each group of the areas' units left out in turn.
    blocks : float64, shape (blocks, layers, areas)
        Each block of frames left out in turn.
    halves : float64, shape (2, layers, areas)
        On alternate blocks of frames.
    shifts : mapping from check to float64, shape (layers, areas, T)
        Agreement at every circular shift, for each of `CHECKS` that the movie is long enough for.
    truth : float64, shape (layers, areas), or None
        Against the true rates of simulated mice: the score without noise.
    """

    whole: FloatArray
    units: FloatArray
    blocks: FloatArray
    halves: FloatArray
    shifts: dict[str, FloatArray]
    truth: FloatArray | None


class Movie:
    """A movie's cortical side with every replicate of it, ranked once for all networks.

    Parameters
    ----------
    areas : sequence of Responses
    controls : names of areas that are in no mean, in any case
    seed : int
        Seed of the random groups of units.
    truths : mapping from area to true rates [T, units] of its kept units, of simulated mice

    Attributes
    ----------
    counted : bool, shape (areas,)
        Whether an area is in means: it is no control.
    left_out : bool, shape (groups, areas)
        Whether a group holds any unit of an area.
    sessions_as_groups : bool
        Whether groups are mice, or random units.
    correlation_time : int
        Longest of the areas', frames.

    Warns
    -----
    UndefinedScore
        Where an area has no score without some of its units.
    UserWarning
        Where blocks of frames are shorter than three correlation times: intervals over time are too narrow then.

    Notes
    -----
    Beside ranks, 4 bytes a pair of frames for each area and layer, a network's layers are held once as floats: `HELD` bounds
    the rest. docs/benchmarks.md has times and peaks.
    """

    def __init__(
        self,
        areas: Sequence[Responses],
        controls: Sequence[str] = (),
        *,
        seed: int = draws.PUBLISHED_SEED,
        truths: Mapping[str, FloatArray] | None = None,
    ) -> None:
        self.areas = areas
        self.ties: Ties = "ordinal" if areas[0].ties == "ordinal" else "average"
        self.counted = np.array([area.area not in {one.lower() for one in controls} for area in areas])
        self.frames = np.arange(areas[0].skip_frames, areas[0].n_frames)
        self.own = [np.isin(self.frames, area.scored) for area in areas]
        rsms = (correlations(area.gram, area.scored) for area in areas)
        self.correlation_time = max((lag.correlation_time(rsm) for rsm in rsms if not np.isnan(rsm).any()), default=1)
        if self.short_blocks:
            problem = f"shorter than three correlation times of {self.correlation_time} frames"
            warnings.warn(
                f"{areas[0].movie}: blocks of time are {problem}: intervals over time too narrow", stacklevel=2
            )
        self.blocks = [self._pairs(frames) for frames in jackknife.without_blocks(self.frames)]
        self.halves = [self._pairs(half) for half in jackknife.alternate_blocks(self.frames, self.correlation_time)]
        later = self.frames[round(LATER_S * areas[0].rate_hz) :]
        self.later = np.isin(self.frames, later) if len(later) >= draws.SHORTEST else None
        sessions = [area.units["session"] for area in areas]
        streams = [draws.stream(seed, "groups of units", 0, place) for place in range(len(areas))]
        self.groups = jackknife.groups_of_units(sessions, streams)
        self.sessions_as_groups = len(np.unique(np.concatenate(sessions))) >= jackknife.FEWEST_SESSIONS
        self.left_out = np.array([[len(group) > 0 for group in one] for one in self.groups]).T
        self.sides = [RankedPairs(area.ranks, self._detrended(area.gram, own)) for area, own in self._with_own(areas)]
        for area, groups in zip(areas, self.groups, strict=True):
            _warn_of_undefined(area, groups)
        self.truths = None if truths is None else [self._rank(pearson(truths[one.area][one.scored])) for one in areas]
        self.units = self._held(
            self._without_units, range(len(areas)), self.left_out.size * self.sides[0].ranked.nbytes
        )
        self.spectra = self._held(
            self._area_spectra, CHECKS, len(CHECKS) * len(areas) * 2 * self.sides[0].ranked.nbytes
        )

    @property
    def name(self) -> str:
        """Name of the movie."""
        return self.areas[0].movie

    @property
    def short_blocks(self) -> bool:
        """Whether blocks of time are too short for their interval."""
        return len(self.frames) < 3 * self.correlation_time * jackknife.BLOCKS

    def _with_own(self, of_areas: Iterable[T]) -> Iterator[tuple[T, Mask]]:
        """Give each area its own frames: bool (T,), which of the movie's scored frames it does not leave out."""
        yield from zip(of_areas, self.own, strict=True)

    def score(self, layers: Mapping[str, Gram]) -> Scores:
        """Score a network's layers in every replicate."""
        return self._score(
            [
                RankedPairs(self._rank(correlations(gram, self.frames)), self._detrended(gram, self._all))
                for gram in layers.values()
            ]
        )

    def score_lag_only(self) -> Scores:
        """Score the baseline that knows nothing but the distance of two frames in time."""
        nearness = -np.abs(np.subtract.outer(self.frames, self.frames)).astype(np.float64)
        ranked = self._rank(nearness)
        return self._score([RankedPairs(ranked, np.zeros_like(ranked))])

    def _score(self, sides: Sequence[RankedPairs]) -> Scores:
        checks = [check for check in CHECKS if check != "_later" or self.later is not None]
        shifts = {check: self._shift_scores(sides, check) for check in checks}
        return Scores(
            whole=self._against(sides, ([area.ranks] for area in self.areas))[0],
            units=self._against(sides, map(self.units, range(len(self.areas)))),
            blocks=np.array([self._among(sides, pairs) for pairs in self.blocks]),
            halves=np.array([self._among(sides, pairs) for pairs in self.halves]),
            shifts=shifts,
            truth=None if self.truths is None else self._against(sides, ([one] for one in self.truths))[0],
        )

    def _among(self, sides: Sequence[RankedPairs], pairs: Mask) -> FloatArray:
        """Score on some pairs of frames alone, ranked among themselves on both sides."""
        areas = ([doubled_ranks_among(side.ranked[pairs[_pairs(own)]])] for side, own in self._with_own(self.sides))
        return np.asarray(self._against(sides, areas, pairs)[0])

    def _against(
        self, sides: Sequence[RankedPairs], areas: Iterable[Iterable[DoubledRanks]], pairs: Mask | None = None
    ) -> FloatArray:
        """Scores [n, layers, areas] of n rankings of each area's own pairs of frames, some of them where `pairs` says so."""
        layers: dict[bytes, FloatArray] = {}  # usually all areas have the same frames
        columns = []
        for ranked, own in self._with_own(areas):
            frames = own.tobytes()
            if frames not in layers:
                layers[frames] = _unit_ranks(sides, own, pairs)
            columns.append(np.stack([_product(layers[frames], one) for one in ranked]))
        return np.asarray(np.clip(np.stack(columns, axis=2), -1, 1))

    def _shift_scores(self, sides: Sequence[RankedPairs], check: str) -> FloatArray:
        """Agreement [layers, areas, T] at every circular shift."""
        areas = self.spectra(check)
        spectra = (lag.spectrum(self._residuals(side, self._all, check)) for side in sides)
        return np.array([[lag.shift_scores(one, area) for area in areas] for one in spectra])

    def _area_spectra(self, check: str) -> list[lag.Spectrum]:
        if check == "_later" and self.later is None:
            return []
        return [lag.spectrum(self._residuals(side, own, check)) for side, own in self._with_own(self.sides)]

    def _residuals(self, side: RankedPairs, own: Mask, check: str) -> FloatArray:
        """Residual ranks [T, T] of a check; 0 for pairs with a frame that is not among the side's own."""
        frames = np.flatnonzero(own)
        if check == "_later":
            assert self.later is not None, "the movie is too short for this check"
            pairs = _pairs(self.later)[_pairs(own)]
            later = lag.residual_ranks(doubled_ranks_among(side.ranked[pairs]), frames[self.later[own]])
            return _spread(later, own[self.later])
        residuals = lag.residual_ranks(side.detrended if check == "_detrended" else side.ranked, frames)
        return _spread(lag.without_frame_means(residuals, frames) if check == "_frames" else residuals, own)

    def _held(self, make: Callable[[K], Iterable[V]], of: Sequence[K], n_bytes: int) -> Callable[[K], Iterable[V]]:
        """Make what `make` gives of each now and hold it where it is small; else it is made anew each time."""
        if n_bytes > HELD:
            return make
        return {one: list(make(one)) for one in of}.__getitem__

    @property
    def _all(self) -> Mask:
        return np.ones(len(self.frames), bool)

    def _detrended(self, gram: Gram, own: Mask) -> DoubledRanks:
        frames = self.frames[own]
        return self._rank(pearson_from_centred(lag.detrended(centred(gram, frames), frames)))

    def _rank(self, rsm: FloatArray) -> DoubledRanks:
        return doubled_ranks(upper_triangle(rsm), self.ties)

    def _pairs(self, frames: IntArray) -> Mask:
        """Pairs of the scored frames that are pairs of some of them [T (T - 1) / 2]."""
        return _pairs(np.isin(self.frames, frames))

    def _without_units(self, place: int) -> Iterator[DoubledRanks]:
        """Rank an area without each group of its units, by subtracting the products of the group."""
        area = self.areas[place]
        for rsm in _without_groups(area.summed[area.scored], self.groups[place]):
            yield self._rank(rsm)


def _warn_of_undefined(area: Responses, groups: Sequence[IntArray]) -> None:
    """Warn where an area has no score without some of its units."""
    counts = area.summed[area.scored]
    others = (np.delete(counts, group, axis=1) for group in groups)
    undefined = sum(bool((left == left[:, :1]).all(axis=1).any()) for left in others)  # also where no unit is left
    if undefined:
        problem = f"without {undefined} of {len(groups)} groups of units all others respond alike to a frame"
        warnings.warn(UndefinedScore(f"area {area.area}: {problem}: no interval over units"), stacklevel=3)


def _without_groups(responses: NDArray[Any], groups: Sequence[IntArray]) -> Iterator[FloatArray]:
    """RSM of responses [T, units] without each group of units; of counts by subtracting the products of the group."""
    if responses.dtype.kind == "f":  # products of floats are of centred frames, and the others have another mean
        yield from (pearson(np.delete(responses, group, axis=1)) for group in groups)
        return
    products, sums = integer_products(responses)
    for group in groups:
        less, fewer = integer_products(responses[:, group])
        yield pearson_from_products(products - less, sums - fewer, responses.shape[1] - len(group))


def _pairs(kept: Mask) -> Mask:
    """Pairs of frames of which both are kept [T (T - 1) / 2]."""
    return upper_triangle(np.outer(kept, kept))


def _unit_ranks(sides: Sequence[RankedPairs], own: Mask, pairs: Mask | None) -> FloatArray:
    """Rank an area's own pairs in every layer, unit ranks [layers, pairs], without a second copy of them."""
    matrix = np.empty((len(sides), 0))
    for place, side in enumerate(sides):
        ranked = unit(_chosen(side.ranked, own, pairs))
        matrix = np.empty((len(sides), len(ranked))) if place == 0 else matrix
        matrix[place] = ranked
    return matrix


def _chosen(ranked: DoubledRanks, own: Mask, pairs: Mask | None) -> DoubledRanks:
    """Ranks of those of some pairs whose frames are an area's own, among themselves."""
    if own.all():
        return ranked if pairs is None else doubled_ranks_among(ranked[pairs])
    return doubled_ranks_among(ranked[_pairs(own) if pairs is None else _pairs(own) & pairs])


def _spread(matrix: FloatArray, own: Mask) -> FloatArray:
    """Matrix of an area's own frames as one of all frames, 0 elsewhere."""
    if own.all():
        return matrix
    whole = np.zeros((len(own), len(own)))
    whole[np.ix_(own, own)] = matrix
    return whole


def _product(layers: FloatArray, area: DoubledRanks) -> FloatArray:
    """Scores [layers] of unit ranks [layers, pairs] against an area of the same pairs; NaN where there is none."""
    return np.asarray(layers @ unit(area)) if len(area) else np.full(len(layers), np.nan)
