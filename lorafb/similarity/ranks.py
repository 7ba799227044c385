"""Ranks of the pairs of frames. Ties decide the score: they are averaged, unless the published order is asked for."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
DoubledRanks = NDArray[np.int32]
Ties = Literal["average", "ordinal"]

DECIMALS = 12  # equal fractions differ in the last digit of a float; twelve digits make them equal again


def ranks(similarity: FloatArray, ties: Ties = "average") -> FloatArray:
    """Rank the pairs of frames by their similarity.

    Parameters
    ----------
    similarity : float64, shape (pairs,)
        Correlations of the pairs.
    ties : "average" or "ordinal"
        `average`: equal correlations, to 12 decimals, share their mean rank. `ordinal`: the published way, kept for
        comparison: 1 - r is ranked without rounding, and ties get the order of an unstable sort (which may differ
        between processors).

    Returns
    -------
    float64, shape (pairs,)
        Ranks from 1, ascending in r (average) or in 1 - r (ordinal); all NaN where any similarity is NaN.

    Raises
    ------
    ValueError
        If `ties` is neither.
    """
    if ties not in ("average", "ordinal"):
        raise ValueError(f"ties {ties!r}: expected 'average' or 'ordinal'")
    if np.isnan(similarity).any():
        return np.full(similarity.shape, np.nan)
    if ties == "average":
        return average_ranks(np.round(similarity, DECIMALS))
    return np.asarray(np.argsort(np.argsort(1 - similarity)) + 1, np.float64)


def average_ranks(values: FloatArray) -> FloatArray:
    """Rank values [n] from 1, equal ones sharing their mean rank: scipy's `rankdata` in half its time, without NaN."""
    order = np.argsort(values)
    ordered = values[order]
    edges = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(values)]])
    ranked = np.empty(len(values))
    ranked[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranked


def unit_ranks(similarity: FloatArray, ties: Ties = "average") -> FloatArray:
    """Ranks, centred and scaled to unit length, so that Spearman r is the dot product of two of them.

    Parameters
    ----------
    similarity, ties
        As for `ranks`.

    Returns
    -------
    float64, shape (pairs,)
        All NaN where any similarity is NaN or all pairs are tied, since then no rank correlation exists.
    """
    centred: FloatArray = ranks(similarity, ties) - (len(similarity) + 1) / 2
    length = np.linalg.norm(centred)
    return centred / length if length > 0 else np.full(similarity.shape, np.nan)


def doubled_ranks(similarity: FloatArray, ties: Ties = "average") -> DoubledRanks:
    """Twice the ranks, which are whole numbers though tied ranks are halves: exact in half the memory.

    Parameters
    ----------
    similarity, ties
        As for `ranks`; fewer than 2^30 pairs.

    Returns
    -------
    int32, shape (pairs,)
        All 0, as if all pairs were tied, where any similarity is NaN: neither has a rank correlation.
    """
    ranked = 2 * ranks(similarity, ties)
    return np.zeros(len(ranked), np.int32) if np.isnan(ranked).any() else ranked.astype(np.int32)


def doubled_ranks_among(chosen: DoubledRanks) -> DoubledRanks:
    """Rank some pairs among themselves, from their doubled ranks among more: counted, not sorted, so many times faster."""
    counts = np.bincount(chosen)
    ranked: DoubledRanks = (2 * np.cumsum(counts) - counts + 1).astype(np.int32)[chosen]
    return ranked


def unit(doubled: DoubledRanks) -> FloatArray:
    """As `unit_ranks`, from doubled ranks."""
    centred = doubled.astype(np.float64) - (len(doubled) + 1)
    length = np.linalg.norm(centred) if len(doubled) and np.ptp(doubled) else 0.0
    return centred / length if length > 0 else np.full(len(doubled), np.nan)
