"""How well two halves of an area's data agree: the ceiling that a model's score is compared with.

Halves of units share the animal's slow state, and halves of repeats share the units: each alone overestimates the
agreement about the movie. Halves that differ in both are the default wherever single repeats exist.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.similarity.pearson import exact_type, integer_products, pairs_from_products
from lorafb.similarity.ranks import Ties, unit_ranks
from lorafb.similarity.tsrsa import compare, score

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Counts = NDArray[Any]
"""Spike counts, whole numbers that are summed exactly, or real values."""


def halves(order: IntArray, equal: bool = True) -> tuple[IntArray, IntArray]:
    """First n // 2 entries of an order, and the next n // 2 (`equal`) or all others (as published)."""
    half = len(order) // 2
    return order[:half], order[half : 2 * half] if equal else order[half:]


def between_units(counts: Counts, orders: IntArray, equal: bool = False, ties: Ties = "average") -> FloatArray:
    """TSRSA between random halves of the units.

    Parameters
    ----------
    counts : integer or float, shape (T, units)
        Counts summed over repeats, of the scored frames.
    orders : int64, shape (splits, units)
        A permutation of the units for each split.
    equal : bool
        Whether halves have the same number of units; if not, the second has the odd one, as published.
    ties : "average" or "ordinal"
        See `lorafb.similarity.ranks.ranks`.

    Returns
    -------
    float64, shape (splits,)
        NaN where all units of a half respond alike to a frame.

    Notes
    -----
    Huang et al. 2024, section 4.1 (the published ceiling).
    """
    pairs = [halves(order, equal) for order in orders]
    if counts.dtype.kind == "f":
        return np.array([score(counts[:, first], counts[:, second], ties) for first, second in pairs])
    whole, sums = integer_products(counts)
    by_unit = np.ascontiguousarray(counts.astype(exact_type(counts)).T)
    return np.array([_between(by_unit, whole, sums, *pair, ties) for pair in pairs])


def _between(by_unit: Counts, whole: Counts, sums: IntArray, first: IntArray, second: IntArray, ties: Ties) -> float:
    """TSRSA between two halves of counts [units, T]: the second's products are those of all less those of the others."""
    one, others = by_unit[first], by_unit[np.setdiff1d(np.arange(len(by_unit)), second)]
    products, sums_one = one.T @ one, one.sum(axis=0, dtype=np.int64)
    less, fewer = (products, sums_one) if len(others) == len(one) else (others.T @ others, others.sum(0, np.int64))
    sides = ((products, sums_one, len(first)), (whole - less, sums - fewer, len(second)))
    return compare(*(unit_ranks(pairs_from_products(*side), ties) for side in sides))


def between_repeats(counts: Counts, orders: IntArray, ties: Ties = "average") -> FloatArray:
    """TSRSA between random halves of the repeats, all units in both.

    Parameters
    ----------
    counts : integer or float, shape (repeats, T, units)
        Counts of single repeats, of the scored frames.
    orders : int64, shape (splits, repeats)
        A permutation of the repeats for each split; of an odd number one is left out.
    ties : "average" or "ordinal"

    Returns
    -------
    float64, shape (splits,)
    """
    pairs = (halves(order) for order in orders)
    return np.array([score(_summed(counts, one), _summed(counts, two), ties) for one, two in pairs])


def between_both(counts: Counts, units: IntArray, repeats: IntArray, ties: Ties = "average") -> FloatArray:
    """TSRSA between halves that differ in units AND in repeats, so that they share only the stimulus.

    Parameters
    ----------
    counts : integer or float, shape (repeats, T, units)
    units : int64, shape (splits, units)
    repeats : int64, shape (splits, repeats)
        Permutations for each split.
    ties : "average" or "ordinal"

    Returns
    -------
    float64, shape (splits,)

    Raises
    ------
    ValueError
        If the numbers of splits differ.
    """
    scores = []
    for unit_order, repeat_order in zip(units, repeats, strict=True):
        (units_one, units_two), (one, two) = halves(unit_order), halves(repeat_order)
        first, second = _summed(counts, one)[:, units_one], _summed(counts, two)[:, units_two]
        scores.append(score(first, second, ties))
    return np.array(scores)


@dataclass(frozen=True)
class Ceiling:
    """Summary of random splits.

    Attributes
    ----------
    half : float
        Mean h of the splits' scores: the published ceiling, where the splits are of units.
    sd_over_splits : float
        Their standard deviation. Splits overlap: this is NOT a standard error of the ceiling.
    reliability : float
        r = 2 h / (1 + h), Spearman-Brown: of all the data, where h is of halves.
    reach : float
        sqrt(r), the score of a perfect model; NaN where h is not above 0.
    """

    half: float
    sd_over_splits: float
    reliability: float
    reach: float


def ceiling(scores: FloatArray) -> Ceiling:
    """Summarise the scores [splits] of `between_units`, `between_repeats` or `between_both`; NaN stays NaN."""
    half = float(np.mean(scores))
    reliability = spearman_brown(half)
    reach = float(np.sqrt(reliability)) if half > 0 else float("nan")
    return Ceiling(half, float(np.std(scores, ddof=1)) if len(scores) > 1 else float("nan"), reliability, reach)


def spearman_brown(half: float) -> float:
    """Reliability of all the data, 2 h / (1 + h), from the correlation h of halves; NaN at h = -1."""
    return 2 * half / (1 + half) if half > -1 else float("nan")


def _summed(counts: Counts, repeats: IntArray) -> Counts:
    return np.asarray(counts[repeats].sum(axis=0, dtype=np.float64 if counts.dtype.kind == "f" else np.int64))
