"""Places of frames along the principal axes of a layer, for metrics that see responses."""

import numpy as np
from numpy.typing import NDArray

from lorafb.similarity.pearson import centred_over_frames

FloatArray = NDArray[np.float64]
RANDOMISED_FROM = 500  # scikit-learn's PCA solves smaller arrays exactly


def coordinates_of_products(products: FloatArray, n_units: int = 0) -> FloatArray:
    """Compute the places of frames along all principal axes of a layer from the products of its responses.

    Parameters
    ----------
    products : float64, shape (T, T)
        Sum over units of the product of the responses to two frames, neither centred nor scaled.
    n_units : int
        Units of the layer: zeros are added up to as many dimensions as decide how scikit-learn solves it.

    Returns
    -------
    float64, shape (T, dims)
        Largest axis first; distances and angles between frames are those of the layer less each unit's mean. Principal
        components of any choice of frames are those of the responses, and a fold costs T x T instead of T x units. A layer
        that responds alike to all frames has no axis: one column of zeros, which explains nothing. All NaN where a product
        is not finite.

    Notes
    -----
    Eigenvectors of H G H, H = I - 1 / T, times the roots of their eigenvalues.
    """
    if not np.isfinite(products).all():
        return np.full_like(products, np.nan)
    centred = centred_over_frames(products)
    powers, axes = np.linalg.eigh((centred + centred.T) / 2)
    # eigh sorts from the smallest; axes without power are rounding, and the order is turned round
    dimensions = np.flatnonzero(powers > powers[-1] * len(powers) * np.finfo(float).eps)[::-1]
    rotated: FloatArray = axes[:, dimensions] * np.sqrt(powers[dimensions])
    rotated = rotated if len(dimensions) else np.zeros((len(products), 1))
    width = min(n_units, max(len(products), RANDOMISED_FROM) + 1)
    return np.pad(rotated, ((0, 0), (0, max(width - rotated.shape[1], 0))))
