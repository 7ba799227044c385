"""Linear CKA (centred kernel alignment): whether two populations place the frames alike, up to rotation and one scale.

The plain estimate, not the debiased one: it rises with the number of units over the number of frames, so that two
unrelated wide layers are above zero. Compare networks on the same frames, and read it beside TSRSA.
"""

import numpy as np
from numpy.typing import NDArray

from lorafb.similarity.pearson import centred_over_frames

FloatArray = NDArray[np.float64]


def prepare(products: FloatArray) -> FloatArray:
    """Centre the products of one side and scale them to unit length.

    Parameters
    ----------
    products : float64, shape (T, T)
        Inner products of the responses to every pair of frames.

    Returns
    -------
    float64, shape (T, T)
        H G H / |H G H|, H = I - 1 / T: each unit's mean over frames is taken off. All NaN where a product is not finite, or
        where the units respond alike to all frames.
    """
    if not np.isfinite(products).all():
        return np.full_like(products, np.nan)
    centred = centred_over_frames(products)
    length = np.linalg.norm(centred)
    # centring equal responses leaves rounding behind: a length that small beside the products is none
    defined = length > 8 * len(products) * np.finfo(float).eps * np.abs(products).max(initial=0)
    return centred / length if defined else np.full_like(centred, np.nan)


def compare(model: FloatArray, area: FloatArray) -> float:
    """Linear CKA of two prepared sides: 0 to 1, or NaN.

    Notes
    -----
    Kornblith et al. 2019: |Y' X|^2 / (|X' X| |Y' Y|) in Frobenius norms, X and Y the responses [T, units] less each unit's
    mean. The same from products, since |Y' X|^2 = <X X', Y Y'>.
    """
    if model.shape != area.shape:
        raise ValueError(f"{len(model)} frames of the model, {len(area)} of the area: they must match")
    return float(np.clip((model * area).sum(), 0, 1))
