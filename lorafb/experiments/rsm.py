"""Correlation of frames from a Gram matrix; apart from the metrics, so that an edit of one selects no units anew."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.grams import Gram, centred, square
from lorafb.similarity.pearson import pearson_from_centred, pearson_from_products

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def correlations(gram: Gram, frames: IntArray) -> FloatArray:
    """RSM [L, L] of some frames in the order given: Pearson r over units; NaN for frames without variance."""
    if gram.products.dtype.kind != "i":
        return pearson_from_centred(centred(gram, frames))
    products: NDArray[Any] = square(gram, frames)
    sums: NDArray[Any] = gram.sums[frames]
    return pearson_from_products(products, sums, gram.n_units)
