"""Products of every pair of frames: all that a correlation needs of a layer, exact where responses are integers."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance
from lorafb.files import InputError

KIND, TRIALS_KIND, VERSION = "lorafb-gram", "lorafb-grams-of-trials", 1
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
        Sum over units of each frame's responses; so the raw products of centred frames follow too (`raw`).
    n_units : int
        Number of units that the sums run over.
    scale : int
        What responses were multiplied by to be whole numbers: no correlation sees it.
    """

    products: Numbers
    sums: Numbers
    n_units: int
    scale: int = 1

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return len(self.sums)


def raw(products: Products) -> NDArray[np.float64]:
    """Products [T, T] of the responses themselves, neither centred nor scaled, in float64."""
    full = square(products).astype(np.float64)
    if products.products.dtype.kind != "i":
        full += np.outer(products.sums, products.sums) / products.n_units
    return np.asarray(full / products.scale**2)


def centred(products: Products) -> NDArray[np.float64]:
    """Products [T, T] of responses from which each frame's mean over units was taken, in float64."""
    full = square(products).astype(np.float64)
    if products.products.dtype.kind == "i":
        full -= np.outer(products.sums, products.sums.astype(np.float64)) / products.n_units
    return full


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
        _write(file, layers)


def read(path: Path | str) -> dict[str, Products]:
    """Read and check the products of every layer, in the network's order."""
    with hdf5.opened(path, KIND, VERSION) as file:
        return _read(file)


def write_trials(
    path: Path | str, provenance: Provenance, trials: Iterable[tuple[str, Mapping[str, Products]]]
) -> None:
    """Write the products of many trials as they come, one in memory (HDF5: a group a trial, in it as `write`)."""
    with hdf5.create(path, TRIALS_KIND, VERSION, provenance) as file:
        for trial, layers in trials:
            _write(file.create_group(trial), layers)


def read_trial(path: Path | str, trial: str, layers: Collection[str] | None = None) -> dict[str, Products]:
    """Read a trial's products, of all layers or of some; what is read is checked, the whole file is not hashed.

    Raises
    ------
    InputError
        If the file holds no such trial.
    """
    with hdf5.opened(path, TRIALS_KIND, VERSION, whole=False) as file:
        if trial not in file:
            raise InputError(f"{path}: holds no trial {trial}")
        return _read(file[trial], layers)


def _write(group: h5py.Group, layers: Mapping[str, Products]) -> None:
    group.attrs["layers"] = list(layers)
    for name, products in layers.items():
        layer = group.create_group(name)
        layer.create_dataset(
            "products", data=products.products, compression="gzip", compression_opts=1, shuffle=True, **hdf5.CHECKED
        )
        layer.create_dataset("sums", data=products.sums, **hdf5.CHECKED)
        layer.attrs["n_units"] = products.n_units
        layer.attrs["scale"] = products.scale


def _read(group: h5py.Group, wanted: Collection[str] | None = None) -> dict[str, Products]:
    names = [str(name) for name in group.attrs["layers"]]
    return {name: _layer(group[name]) for name in names if wanted is None or name in wanted}


def _layer(group: h5py.Group) -> Products:
    products, sums = group["products"][()], group["sums"][()]
    return Products(products, sums, int(group.attrs["n_units"]), int(group.attrs["scale"]))
