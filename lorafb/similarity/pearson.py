"""Correlation of every pair of frames over units, exact where responses are integers.

Two pairs with the same correlation must give the same number, or the ranks miss the tie and the score changes without a
warning. Centring floats changes the last digit; sums of integers do not. So integers stay integers to the end.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Products = NDArray[np.int64] | NDArray[np.floating[Any]]
FloatArray = NDArray[np.float64]

FLOAT32_EXACT, FLOAT64_EXACT = 2**24, 2**53
ROWS = 32
"""Frames correlated with all others at a time: what is held beside the result, in a processor's cache."""
INT64_MAX = 2**63 - 1
# a frame whose variance is this small beside the largest one is constant up to rounding: float32 responses differ
# by 1e-7 of themselves or not at all, a squared 1e-14; centring a constant in float64 leaves a squared 1e-30
ROUNDING = 1e-24


def integer_products(responses: NDArray[np.integer[Any]]) -> tuple[IntArray, IntArray]:
    """Sum over units the products of every two frames' integer responses, without rounding.

    Parameters
    ----------
    responses : integer, shape (T, units)
        Counts.

    Returns
    -------
    products : int64, shape (T, T)
    sums : int64, shape (T,)

    Raises
    ------
    ValueError
        If the responses are not integers, or a product could pass 2^63.
    """
    if responses.dtype.kind not in "iu":
        raise ValueError(f"responses of type {responses.dtype}: exact products need integers")
    bound = max((abs(int(end)) for end in (responses.min(initial=0), responses.max(initial=0))), default=0)
    largest = responses.shape[1] * bound**2
    if largest > INT64_MAX:
        raise ValueError(f"{responses.shape[1]} units with responses to {bound}: their products pass 2^63")
    wide = responses.astype(exact_type(responses))
    return (wide @ wide.T).astype(np.int64), responses.sum(axis=1, dtype=np.int64)


def exact_type(responses: NDArray[np.integer[Any]]) -> type[np.generic]:
    """Fastest type whose matrix products of these responses [T, units] are exact, of all units or some.

    The sum of a frame's squares bounds every partial sum of products with any other frame (Cauchy-Schwarz).
    """
    squares = np.einsum("tu,tu->t", responses, responses, dtype=np.int64, casting="unsafe")
    largest = int(squares.max(initial=0))
    return np.float32 if largest < FLOAT32_EXACT else np.float64 if largest < FLOAT64_EXACT else np.int64


def pearson_from_products(products: Products, sums: IntArray, n_units: int) -> FloatArray:
    """Correlate every pair of frames, from exact integer products.

    Parameters
    ----------
    products : int64, or floats that hold exact integers, shape (T, T)
        Sum over units of the product of the responses to two frames.
    sums : int64, shape (T,)
        Sum over units of the responses to a frame.
    n_units : int
        Number of units N that the sums run over.

    Returns
    -------
    float64, shape (T, T)
        r = (N G[t, u] - S[t] S[u]) / sqrt((N G[t, t] - S[t]^2)(N G[u, u] - S[u]^2)), in [-1, 1]; NaN in the rows and
        columns of frames whose units all respond alike.

    Notes
    -----
    Huang et al. 2024, section 3.3. N times the largest product bounds every integer here (Cauchy-Schwarz); where it
    could pass 2^63 the same formula runs in Python's own integers, slower.
    """
    r = np.empty(products.shape)
    for first, rows in _correlated_rows(products, sums, n_units, upper=False):
        r[first : first + len(rows)] = rows
    return r


def pairs_from_products(products: Products, sums: IntArray, n_units: int) -> FloatArray:
    """As `pearson_from_products`, of the pairs t < u alone, row by row [T (T - 1) / 2]."""
    n, end = len(products), 0
    r = np.empty(n * (n - 1) // 2)
    for first, rows in _correlated_rows(products, sums, n_units, upper=True):
        for place, row in enumerate(rows[: n - 1 - first]):  # the last frame has none after it
            r[end : end + n - 1 - first - place] = row[place + 1 :]
            end += n - 1 - first - place
    return r


def _correlated_rows(products: Products, sums: IntArray, n_units: int, upper: bool) -> Iterator[tuple[int, FloatArray]]:
    """Correlations of some frames with all, or with themselves and all after them (`upper`), and the first one's place."""
    diagonal = np.diagonal(products)
    largest = n_units * int(np.abs(diagonal).max(initial=0))
    exact = np.float64 if largest < FLOAT64_EXACT else np.int64 if largest <= INT64_MAX else object
    sums = sums.astype(exact)
    variance = (n_units * diagonal.astype(exact) - sums * sums).astype(np.float64)
    for first in range(0, len(products), ROWS):
        here, there = slice(first, first + ROWS), slice(first if upper else 0, None)
        covariance = products[here, there].astype(exact)
        covariance *= n_units
        covariance -= np.outer(sums[here], sums[there])
        scale = np.outer(variance[here], variance[there])
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is the NaN that the docstring promises
            rows: FloatArray = covariance.astype(np.float64, copy=False)
            rows /= np.sqrt(scale, out=scale)
        yield first, rows


def pearson_from_centred(products: FloatArray) -> FloatArray:
    """Correlate every pair of frames, from products of frames that were centred over their units.

    Parameters
    ----------
    products : float64, shape (T, T)
        Sum over units of the product of the centred responses to two frames.

    Returns
    -------
    float64, shape (T, T)
        Pearson r in [-1, 1]; NaN in the rows and columns of frames whose units all respond alike, up to rounding.
    """
    variance = np.diagonal(products).copy()
    variance[variance <= ROUNDING * np.fmax.reduce(variance, initial=0)] = np.nan
    scale = np.outer(variance, variance)
    np.divide(products, np.sqrt(scale, out=scale), out=scale)
    return np.asarray(np.clip(scale, -1, 1, out=scale))


def pearson(responses: NDArray[Any]) -> FloatArray:
    """Correlate the responses to every pair of frames over units; integers exactly, floats centred in float64.

    Parameters
    ----------
    responses : integer or float, shape (T, units)

    Returns
    -------
    float64, shape (T, T)
        As `pearson_from_products` or `pearson_from_centred`.
    """
    if responses.dtype.kind in "iu":
        return pearson_from_products(*integer_products(responses), responses.shape[1])
    centred = responses.astype(np.float64)
    centred -= centred.mean(axis=1, keepdims=True)
    centred[np.ptp(responses, axis=1) == 0] = 0
    return pearson_from_centred(centred @ centred.T)


def centred_over_frames(products: FloatArray) -> FloatArray:
    """Take each unit's mean over frames out of products [T, T] of raw responses: H G H, H = I - 1 / T."""
    centred: FloatArray = products - products.mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    return centred


def upper_triangle(matrix: FloatArray) -> FloatArray:
    """Every pair of frames t < u of a [T, T] matrix, row by row: the condensed vector [T (T - 1) / 2]."""
    rows = [row[t + 1 :] for t, row in enumerate(matrix)]  # index arrays would take twice the matrix
    return np.concatenate(rows) if rows else np.zeros(0)


def undefined_frames(r: FloatArray) -> IntArray:
    """Positions of the frames without a correlation in an rsm [T, T]: NaN on the diagonal."""
    return np.flatnonzero(np.isnan(np.diagonal(r)))
