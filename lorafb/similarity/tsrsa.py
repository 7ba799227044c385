"""Time-Series Representational Similarity Analysis: whether the same pairs of frames are alike in two populations.

Each side is a representational similarity matrix (rsm [T, T], the Pearson r of every pair of frames); the score is the
Spearman r of their pairs. A frame without variance has no correlation, and a sort would put its NaN last without a
warning. Here NaN in is NaN out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.similarity.pearson import pearson, pearson_from_centred, upper_triangle
from lorafb.similarity.ranks import Ties, unit_ranks

FloatArray = NDArray[np.float64]


def score(model: NDArray[Any], area: NDArray[Any], ties: Ties = "average") -> float:
    """TSRSA of two populations from their responses to the same frames.

    Parameters
    ----------
    model, area : integer or float, shape (T, units)
        Integers are correlated exactly.
    ties : "average" or "ordinal"
        See `lorafb.similarity.ranks.ranks`.

    Returns
    -------
    float
        In [-1, 1]; NaN where the units respond alike to a frame, or all pairs of frames are tied on a side.

    Raises
    ------
    ValueError
        If the numbers of frames differ.

    Notes
    -----
    Huang et al. 2024, section 3.3.
    """
    return compare(prepare(pearson(model), ties), prepare(pearson(area), ties))


def compare(model: FloatArray, area: FloatArray) -> float:
    """Spearman correlation of two sides whose unit ranks were prepared: one dot product, in [-1, 1] or NaN."""
    if len(model) != len(area):
        raise ValueError(f"{len(model)} pairs of frames of the model, {len(area)} of the area: they must match")
    return float(np.clip(model @ area, -1, 1)) if len(model) else float("nan")


def prepare(rsm: FloatArray, ties: Ties = "average") -> FloatArray:
    """Rank the pairs of frames of an rsm [T, T]: unit ranks [T (T - 1) / 2], made once a layer, once an area."""
    return unit_ranks(upper_triangle(rsm), ties)


def spearman(responses: NDArray[Any], ties: Ties = "average") -> FloatArray:
    """Spearman correlation over units of the responses to every pair of frames.

    Parameters
    ----------
    responses : integer or float, shape (T, units)
    ties : "average" or "ordinal"
        How equal responses to a frame are ranked; ordinal, as published, by the order of an unstable sort.

    Returns
    -------
    float64, shape (T, T)
        NaN in the rows and columns of frames whose units all respond alike.
    """
    ranked = frame_ranks(responses, ties)
    return pearson_from_centred(ranked @ ranked.T)


def frame_ranks(responses: NDArray[Any], ties: Ties = "average") -> FloatArray:
    """Rank the units of each frame: what Spearman r of frames is the Pearson r of.

    Returns
    -------
    float64, shape (T, units)
        Twice the ranks less their mean: whole numbers, so that their products are exact up to 300,000 units. All 0 in
        frames whose units respond alike.
    """
    if ties == "average":
        from scipy.stats import rankdata  # takes a second to load, and few scores need it

        ranked = np.asarray(rankdata(responses, axis=1), np.float64)
    else:
        ranked = np.asarray(np.argsort(np.argsort(responses, axis=1), axis=1) + 1, np.float64)
    centred: FloatArray = 2 * ranked - (responses.shape[1] + 1)
    centred[np.ptp(responses, axis=1) == 0] = 0
    return centred
