"""Gram matrices of arrays and the correlation of frames; apart from the metrics, whose edits must not rerun `select_units`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.grams import Gram, centred, condense, square
from lorafb.similarity.pearson import integer_products, pearson_from_centred, pearson_from_products

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def exact_gram(counts: NDArray[np.integer[Any]]) -> Gram:
    """Gram matrix of integer responses [T, units]; ValueError for any other type."""
    products, sums = integer_products(counts)
    return Gram(condense(products), sums, counts.shape[1])


def gram_of(responses: NDArray[Any]) -> Gram:
    """Gram matrix of responses [T, units]: exact of integers; of floats each frame is centred first."""
    if responses.dtype.kind in "iu":
        return exact_gram(responses)
    values = responses.astype(np.float64)
    spread = values - values.mean(axis=1, keepdims=True)
    spread[np.ptp(values, axis=1) == 0] = 0
    return Gram(condense(spread @ spread.T), values.sum(axis=1), values.shape[1])


def correlations(gram: Gram, frames: IntArray) -> FloatArray:
    """RSM [L, L] of some frames in the order given: Pearson r over units; NaN for frames without variance."""
    if gram.products.dtype.kind != "i":
        return pearson_from_centred(centred(gram, frames))
    products: NDArray[Any] = square(gram, frames)
    sums: NDArray[Any] = gram.sums[frames]
    return pearson_from_products(products, sums, gram.n_units)
