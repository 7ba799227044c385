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
    if not len(correlations) or np.isnan(correlations).any():
        return np.zeros(len(correlations), np.int32)
    if ties == "average" and (ranked := _by_one_sort(correlations)) is not None:
        return ranked
    return np.asarray(2 * ranks(correlations, ties), np.int32)


def _by_one_sort(correlations: FloatArray) -> DoubledRanks | None:
    """Twice the average ranks, as `ranks` gives them, in a fifth of the time; None where values and places exceed 64 bits.

    A value as a whole number of its last decimals, and its place behind it, are one integer, and integers sort fastest.
    """
    keys = correlations * 10.0**DECIMALS
    np.rint(keys, out=keys)
    keys -= keys.min()
    n = len(keys)
    bits = int(n).bit_length()
    if int(keys.max()).bit_length() + bits > 64:
        return None
    ordered = keys.astype(np.uint64)
    ordered <<= np.uint64(bits)
    ordered |= np.arange(n, dtype=np.uint64)
    ordered.sort()
    order = (ordered & np.uint64(2**bits - 1)).view(np.int64)
    ordered >>= np.uint64(bits)
    sorted_ranks = np.arange(2, 2 * n + 2, 2, dtype=np.int32)
    tied = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(tied):  # places i and i + 1 are tied; those of one run follow each other
        new = np.flatnonzero(np.diff(tied) != 1) + 1
        starts, ends = tied[np.r_[0, new]], tied[np.r_[new - 1, -1]] + 2
        lengths = ends - starts
        places = np.repeat(starts - np.r_[0, np.cumsum(lengths)[:-1]], lengths) + np.arange(lengths.sum())
        sorted_ranks[places] = np.repeat(starts + ends + 1, lengths)
    ranked = np.empty(n, np.int32)
    ranked[order] = sorted_ranks
    return ranked


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
