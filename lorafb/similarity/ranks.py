"""Ranks of the pairs of frames. Ties decide the score: they are averaged, unless the published order is asked for."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
DoubledRanks = NDArray[np.int32]
Ties = Literal["average", "ordinal"]

DECIMALS = 12  # equal fractions differ in the last digit of a float; twelve digits make them equal again


def ranks(correlations: FloatArray, ties: Ties = "average") -> FloatArray:
    """Rank the pairs of frames by their correlation.

    Parameters
    ----------
    correlations : float64, shape (pairs,)
        Correlations of the pairs.
    ties : "average" or "ordinal"
        `average`: equal correlations, to 12 decimals, share their mean rank. `ordinal`: the published way, kept for
        comparison: 1 - r is ranked without rounding, and ties get the order of an unstable sort (which may differ
        between processors).

    Returns
    -------
    float64, shape (pairs,)
        Ranks from 1, ascending in r (average) or in 1 - r (ordinal); all NaN where one is NaN.

    Raises
    ------
    ValueError
        If `ties` is neither.
    """
    if ties not in ("average", "ordinal"):
        raise ValueError(f"ties {ties!r}: expected 'average' or 'ordinal'")
    if np.isnan(correlations).any():
        return np.full(correlations.shape, np.nan)
    if ties == "average":
        return average_ranks(np.round(correlations, DECIMALS))
    return np.asarray(np.argsort(np.argsort(1 - correlations)) + 1, np.float64)


def average_ranks(values: FloatArray) -> FloatArray:
    """Rank values [n] from 1, equal ones sharing their mean rank: scipy's `rankdata` in half its time, without NaN."""
    order = np.argsort(values)
    ordered = values[order]
    edges = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    # a run of equal values at places start .. end - 1 has ranks start + 1 .. end, of which the mean is taken
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(values)]])
    ranked = np.empty(len(values))
    ranked[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranked


def unit_ranks(correlations: FloatArray, ties: Ties = "average") -> FloatArray:
    """Ranks, centred and scaled to unit length, so that Spearman r is the dot product of two of them.

    Returns
    -------
    float64, shape (pairs,)
        All NaN where a correlation is NaN or all pairs are tied: there is no rank correlation then.
    """
    return unit(doubled_ranks(correlations, ties))


def doubled_ranks(correlations: FloatArray, ties: Ties = "average") -> DoubledRanks:
    """Twice the ranks of fewer than 2^30 pairs: tied ranks are halves, so these are whole numbers in half the memory.

    Returns
    -------
    int32, shape (pairs,)
        All 0, as if all pairs were tied, where a correlation is NaN: neither has a rank correlation.
    """
    ranked = 2 * ranks(correlations, ties)
    return np.zeros(len(ranked), np.int32) if np.isnan(ranked).any() else ranked.astype(np.int32)


def doubled_ranks_among(chosen: DoubledRanks) -> DoubledRanks:
    """Rank some pairs among themselves, from their doubled ranks among more pairs: counted, much faster than sorted."""
    # of c pairs with value v, the last has rank cumsum(c) and the first cumsum(c) - c + 1: twice their mean is the sum
    counts = np.bincount(chosen)
    ranked: DoubledRanks = (2 * np.cumsum(counts) - counts + 1).astype(np.int32)[chosen]
    return ranked


def unit(doubled: DoubledRanks) -> FloatArray:
    """As `unit_ranks`, from doubled ranks."""
    centred = doubled.astype(np.float64) - (len(doubled) + 1)
    length = np.linalg.norm(centred) if len(doubled) and np.ptp(doubled) else 0.0
    return centred / length if length > 0 else np.full(len(doubled), np.nan)
