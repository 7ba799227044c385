"""Products of every pair of frames: all that a correlation needs of a layer, exact where responses are integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance

KIND, VERSION = "lorafb-gram", 1
Numbers = NDArray[np.int64] | NDArray[np.float64]


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

    products: Numbers
    sums: Numbers
    n_units: int

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return len(self.sums)


def condense(square_products: Numbers) -> Numbers:
    """Upper triangle with the diagonal of a symmetric matrix [T, T], row by row."""
    return square_products[np.triu_indices(len(square_products))]


def square(products: Products) -> Numbers:
    """Symmetric matrix [T, T] of the condensed products."""
    n = products.n_frames
    full: NDArray[Any] = np.zeros((n, n), products.products.dtype)
    rows, columns = np.triu_indices(n)
    full[rows, columns] = products.products
    full[columns, rows] = products.products
    return full


def write(layers: Mapping[str, Products], path: Path | str, provenance: Provenance) -> None:
    """Write the products of a network's layers, in their order (HDF5: a group a layer; attribute `layers`)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        file.attrs["layers"] = list(layers)
        for name, products in layers.items():
            group = file.create_group(name)
            group.create_dataset(
                "products", data=products.products, compression="gzip", compression_opts=1, shuffle=True, **hdf5.CHECKED
            )
            group.create_dataset("sums", data=products.sums, **hdf5.CHECKED)
            group.attrs["n_units"] = products.n_units


def read(path: Path | str) -> dict[str, Products]:
    """Read and check the products of every layer, in the network's order."""
    with hdf5.opened(path, KIND, VERSION) as file:
        names = [str(name) for name in file.attrs["layers"]]
        return {
            name: Products(file[name]["products"][()], file[name]["sums"][()], int(file[name].attrs["n_units"]))
            for name in names
        }
