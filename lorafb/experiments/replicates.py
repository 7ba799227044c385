"""Scores of networks on one movie in every replicate of it: other units, other blocks of time, shifted in time.

Nothing is extracted again for a replicate: the products of units that are left out are subtracted, the pairs of frames that
are left out are dropped, and the ranks of the pairs that stay are counted from the ranks of all. What depends on the areas
alone is made once for all networks.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

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

LAG_ONLY = "lag_only"
"""A baseline of one layer that sees no stimulus: s = -|t - u|, so near frames are alike."""
LATER_S = 1.0
"""The lag-controlled test is made once more without the first second: a shared onset looks like agreement."""
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
    Seven areas and twenty groups of units at T = 600 take 4 s and 0.2 GB, and each network of five layers 1 s; at T = 3600
    3 minutes and 5 GB, and each network a minute. Ranks without groups of units lie in a scratch file (4 GB at T = 3600).
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
        self.frames = areas[0].scored
        rsms = [correlations(area.gram, self.frames) for area in areas]
        self.correlation_time = max((lag.correlation_time(rsm) for rsm in rsms if not np.isnan(rsm).any()), default=1)
        if self.short_blocks:
            problem = f"shorter than three correlation times of {self.correlation_time} frames"
            warnings.warn(
                f"{areas[0].movie}: blocks of time are {problem}: intervals over time too narrow", stacklevel=2
            )
        self.blocks = [self._pairs(frames) for frames in jackknife.without_blocks(self.frames)]
        self.halves = [self._pairs(half) for half in jackknife.alternate_blocks(self.frames, self.correlation_time)]
        later = self.frames[round(LATER_S * areas[0].rate_hz) :]
        self.later = self._pairs(later) if len(later) >= draws.SHORTEST else None
        sessions = [area.units["session"] for area in areas]
        streams = [draws.stream(seed, "groups of units", 0, place) for place in range(len(areas))]
        groups = jackknife.groups_of_units(sessions, streams)
        self.sessions_as_groups = len(np.unique(np.concatenate(sessions))) >= jackknife.FEWEST_SESSIONS
        self.left_out = np.array([[len(group) > 0 for group in one] for one in groups]).T
        self.sides = [RankedPairs(area.ranks, self._detrended(area.gram)) for area in areas]
        self.units = [self._without_units(*one) for one in zip(areas, groups, strict=True)]
        self.truths = None if truths is None else [self._rank(pearson(truths[one.area][self.frames])) for one in areas]
        self.spectra = [{check: lag.spectrum(one) for check, one in self._residuals(side)} for side in self.sides]

    @property
    def name(self) -> str:
        """Name of the movie."""
        return self.areas[0].movie

    @property
    def short_blocks(self) -> bool:
        """Whether blocks of time are too short for their interval."""
        return len(self.frames) < 3 * self.correlation_time * jackknife.BLOCKS

    def score(self, layers: Mapping[str, Gram]) -> Scores:
        """Score a network's layers in every replicate."""
        return self._score(
            [
                RankedPairs(self._rank(correlations(gram, self.frames)), self._detrended(gram))
                for gram in layers.values()
            ]
        )

    def score_lag_only(self) -> Scores:
        """Score the baseline that knows nothing but the distance of two frames in time."""
        nearness = -np.abs(np.subtract.outer(self.frames, self.frames)).astype(np.float64)
        ranked = self._rank(nearness)
        return self._score([RankedPairs(ranked, np.zeros_like(ranked))])

    def _score(self, sides: Sequence[RankedPairs]) -> Scores:
        whole = np.array([unit(side.ranked) for side in sides])
        shifts: dict[str, list[list[FloatArray]]] = {}
        for side in sides:
            for check, residuals in self._residuals(side):
                spectrum = lag.spectrum(residuals)
                scores = [lag.shift_scores(spectrum, spectra[check]) for spectra in self.spectra]
                shifts.setdefault(check, []).append(scores)
        return Scores(
            whole=_against(whole, [area.ranks for area in self.areas]),
            units=np.stack([_against(whole, groups).T for groups in self.units], axis=2),
            blocks=np.array([self._among(sides, pairs) for pairs in self.blocks]),
            halves=np.array([self._among(sides, pairs) for pairs in self.halves]),
            shifts={check: np.array(scores) for check, scores in shifts.items()},
            truth=None if self.truths is None else _against(whole, self.truths),
        )

    def _among(self, sides: Sequence[RankedPairs], pairs: Mask) -> FloatArray:
        """Score on some pairs of frames alone, ranked among themselves on both sides."""
        layers = np.array([unit(doubled_ranks_among(side.ranked[pairs])) for side in sides])
        return _against(layers, (doubled_ranks_among(area.ranked[pairs]) for area in self.sides))

    def _residuals(self, side: RankedPairs) -> Iterator[tuple[str, FloatArray]]:
        whole = lag.residual_ranks(side.ranked)
        yield "", whole
        if self.later is not None:
            yield "_later", lag.residual_ranks(doubled_ranks_among(side.ranked[self.later]))
        yield "_detrended", lag.residual_ranks(side.detrended)
        yield "_frames", lag.without_frame_means(whole)

    def _detrended(self, gram: Gram) -> DoubledRanks:
        return self._rank(pearson_from_centred(lag.detrended(centred(gram, self.frames))))

    def _rank(self, rsm: FloatArray) -> DoubledRanks:
        return doubled_ranks(upper_triangle(rsm), self.ties)

    def _pairs(self, frames: IntArray) -> Mask:
        """Pairs of the scored frames that are pairs of some of them [T (T - 1) / 2]."""
        kept = np.isin(self.frames, frames)
        return np.outer(kept, kept)[np.triu_indices(len(kept), 1)]

    def _without_units(self, area: Responses, groups: Sequence[IntArray]) -> DoubledRanks:
        """Rank an area without each group of its units, by subtracting the products of the group."""
        counts = area.summed[self.frames]
        with TemporaryFile() as scratch:  # the mapping holds it open
            replicates = np.memmap(scratch, np.int32, "w+", shape=(len(groups), len(self.blocks[0])))
        for replicate, rsm in zip(replicates, _without_groups(counts, groups), strict=True):
            replicate[:] = self._rank(rsm)
        undefined = sum(not ranked.any() for ranked in replicates)
        if undefined:
            problem = f"without {undefined} of {len(groups)} groups of units all others respond alike to a frame"
            warnings.warn(UndefinedScore(f"area {area.area}: {problem}: no interval over units"), stacklevel=3)
        return replicates


def _without_groups(responses: NDArray[Any], groups: Sequence[IntArray]) -> Iterator[FloatArray]:
    """RSM of responses [T, units] without each group of units; of counts by subtracting the products of the group."""
    if responses.dtype.kind == "f":  # products of floats are of centred frames, and the others have another mean
        yield from (pearson(np.delete(responses, group, axis=1)) for group in groups)
        return
    products, sums = integer_products(responses)
    for group in groups:
        less, fewer = integer_products(responses[:, group])
        yield pearson_from_products(products - less, sums - fewer, responses.shape[1] - len(group))


def _against(layers: FloatArray, areas: Iterable[DoubledRanks]) -> FloatArray:
    """Scores [layers, areas] of unit ranks [layers, pairs] against areas of the same pairs; NaN where there is none."""
    columns = [layers @ unit(area) if len(area) else np.full(len(layers), np.nan) for area in areas]
    return np.asarray(np.clip(np.stack(columns, axis=1), -1, 1))
