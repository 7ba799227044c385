"""Products of every pair of frames: all that a correlation needs of a layer, exact where responses are integers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Products:
    """Sums over units of the products of two frames' responses.

    Attributes
    ----------
    products : int64 or float64, shape (T (T + 1) / 2,)
        Upper triangle WITH the diagonal, row by row. Integers: of the raw responses, exact. Floats: of responses
        from which each frame's mean over units was taken first.
    sums : int64 or float64, shape (T,)
        Sum over units of each frame's responses; zeros where the frames are centred.
    n_units : int
        Number of units that the sums run over.
    """

    products: NDArray[np.int64] | NDArray[np.float64]
    sums: NDArray[np.int64] | NDArray[np.float64]
    n_units: int

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return len(self.sums)


def condense(square_products: NDArray[np.generic]) -> NDArray[np.generic]:
    """Upper triangle with the diagonal of a symmetric matrix [T, T], row by row."""
    return square_products[np.triu_indices(len(square_products))]


def square(products: Products) -> NDArray[np.int64] | NDArray[np.float64]:
    """Symmetric matrix [T, T] of the condensed products."""
    n = products.n_frames
    full = np.empty((n, n), products.products.dtype)
    rows, columns = np.triu_indices(n)
    full[rows, columns] = products.products
    full[columns, rows] = products.products
    return full
