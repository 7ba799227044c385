"""Time-Series Representational Similarity Analysis: whether two populations find the same pairs of frames alike.

The danger is a number where there is none: a frame without variance has no correlation, and a sort puts its NaN last
without a word. Here NaN in is NaN out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from lorafb.similarity.pearson import pearson_from_centred, upper_triangle
from lorafb.similarity.ranks import Ties, unit_ranks

FloatArray = NDArray[np.float64]


def score(model: FloatArray, area: FloatArray, ties: Ties = "average") -> float:
    """TSRSA of two condensed similarity vectors: their Spearman correlation.

    Parameters
    ----------
    model, area : float64, shape (T (T - 1) / 2,)
        Correlations of all pairs of frames t < u, chronological, of the same frames on both sides.
    ties : "average" or "ordinal"
        See `lorafb.similarity.ranks.ranks`.

    Returns
    -------
    float
        In [-1, 1]; NaN where a frame has no correlation or all pairs of a side are tied.

    Raises
    ------
    ValueError
        If the vectors differ in length.

    Notes
    -----
    Huang et al. 2024, section 3.3.
    """
    return compare(unit_ranks(model, ties), unit_ranks(area, ties))


def compare(model: FloatArray, area: FloatArray) -> float:
    """Compare two sides whose unit ranks are at hand: one dot product, in [-1, 1] or NaN."""
    if len(model) != len(area):
        raise ValueError(f"{len(model)} pairs of frames of the model, {len(area)} of the area: they must match")
    return float(np.clip(model @ area, -1, 1)) if len(model) else float("nan")


def prepare(similarity: FloatArray, ties: Ties = "average") -> FloatArray:
    """Rank the pairs of a similarity matrix [T, T]: unit ranks [T (T - 1) / 2], made once a layer, once an area."""
    return unit_ranks(upper_triangle(similarity), ties)


def prepare_spearman(responses: NDArray[Any], ties: Ties = "average") -> FloatArray:
    """As `prepare`, from responses [T, units] whose frames are correlated by Spearman r (the metric's variant)."""
    return unit_ranks(upper_triangle(spearman(responses, ties)), ties)


def spearman(responses: NDArray[Any], ties: Ties = "average") -> FloatArray:
    """Spearman correlation over units of the responses to every pair of frames.

    Parameters
    ----------
    responses : integer or float, shape (T, units)
        Responses.
    ties : "average" or "ordinal"
        How equal responses within a frame are ranked; ordinal, as published, by the order of an unstable sort.

    Returns
    -------
    float64, shape (T, T)
        NaN in the rows and columns of frames whose units all respond alike.
    """
    if ties == "average":
        ranked = np.asarray(rankdata(responses, axis=1), np.float64)
    else:
        ranked = np.asarray(np.argsort(np.argsort(responses, axis=1), axis=1) + 1, np.float64)
    # twice a centred rank is a whole number, so that these sums are exact up to 300,000 units
    centred = 2 * ranked - (responses.shape[1] + 1)
    centred[np.ptp(responses, axis=1) == 0] = 0
    return pearson_from_centred(centred @ centred.T)
