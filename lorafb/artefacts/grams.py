"""Gram matrices of a pass: for each layer the product of the responses to every two frames, and the frames presented.

All that a correlation between frames needs of a layer, exact where responses are integers.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance
from lorafb.files import InputError
from lorafb.trials import IntArray, Trial

KIND, TRIALS_KIND, VERSION = "lorafb-gram", "lorafb-grams-of-trials", 2
Numbers = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True)
class Gram:
    """Sums over units of the products of the responses to two frames.

    Attributes
    ----------
    products : int64 or float64, shape (T (T + 1) / 2,)
        Upper triangle WITH the diagonal, row by row. Integers: of the responses themselves, exact. Floats: of responses
        from which each frame's mean over units was subtracted.
    sums : int64 or float64, shape (T,)
        Sum over units of each frame's responses.
    n_units : int
        Number of units N.
    scale : int
        Factor that made the responses whole numbers; no correlation depends on it.
    """

    products: Numbers
    sums: Numbers
    n_units: int
    scale: int = 1

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return len(self.sums)


@dataclass(frozen=True)
class Pass:
    """What one pass of a network leaves.

    Attributes
    ----------
    order : int64, shape (n,)
        Frames in the order they were presented; T + k is frame k of the noise movie.
    layers : mapping from layer to Gram
        In the network's order.
    ranked : mapping from layer to Gram
        The same of the ranks of each frame's responses over units, for metrics that need them; else empty.
    """

    order: IntArray
    layers: Mapping[str, Gram]
    ranked: Mapping[str, Gram] = field(default_factory=dict)


def condense(square_products: Numbers) -> Numbers:
    """Upper triangle with the diagonal of a symmetric matrix [T, T], row by row."""
    # Index arrays would take twice the memory of the matrix.
    return np.concatenate([row[t:] for t, row in enumerate(square_products)])


def square(gram: Gram, frames: IntArray | None = None) -> Numbers:
    """Symmetric matrix [L, L] of some frames of a Gram in the order given; of all frames when not given."""
    frames = np.arange(gram.n_frames) if frames is None else frames
    order = np.argsort(frames)
    ascending = frames[order]
    # row t of the triangle holds the pairs (t, t), (t, t + 1), ... and starts after the t longer rows above it
    starts = ascending * gram.n_frames - ascending * (ascending - 1) // 2
    matrix: NDArray[Any] = np.empty((len(frames), len(frames)), gram.products.dtype)
    for place, (frame, start) in enumerate(zip(ascending, starts, strict=True)):
        row = gram.products[start + ascending[place:] - frame]
        matrix[place, place:] = matrix[place:, place] = row
    if (frames == ascending).all():
        return matrix
    back = np.argsort(order)
    return matrix[np.ix_(back, back)]


def raw(gram: Gram, frames: IntArray | None = None) -> NDArray[np.float64]:
    """Inner products [L, L] of the responses themselves, neither centred nor scaled."""
    full = square(gram, frames).astype(np.float64)
    if gram.products.dtype.kind != "i":
        sums = gram.sums if frames is None else gram.sums[frames]
        full += np.outer(sums, sums) / gram.n_units
    return np.asarray(full / gram.scale**2)


def centred(gram: Gram, frames: IntArray | None = None) -> NDArray[np.float64]:
    """Inner products [L, L] of responses from which each frame's mean over units was subtracted."""
    full = square(gram, frames).astype(np.float64)
    if gram.products.dtype.kind == "i":
        sums = gram.sums if frames is None else gram.sums[frames]
        full -= np.outer(sums, sums.astype(np.float64)) / gram.n_units
    return full


def write(made: Pass, path: Path | str, provenance: Provenance) -> None:
    """Write one pass (HDF5: a group for each layer; attribute `layers`; dataset `order`)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        _write(file, made)


def read(path: Path | str, layers: Collection[str] | None = None) -> Pass:
    """Read and check a pass, all layers or some."""
    with hdf5.opened(path, KIND, VERSION) as file:
        return _read(file, layers)


@contextmanager
def opened(path: Path | str) -> Iterator[Pass]:
    """Open a checked pass whose layers are read each time they are asked for, without ranks: one is in memory, not all."""
    with hdf5.opened(path, KIND, VERSION) as file:
        yield Pass(file["order"][()], _LayersOfFile(file))


class _LayersOfFile(Mapping[str, Gram]):
    def __init__(self, group: h5py.Group) -> None:
        self.group, self.names = group, [str(name) for name in group.attrs["layers"]]

    def __getitem__(self, layer: str) -> Gram:
        return _read_gram(self.group[layer])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def write_trials(path: Path | str, provenance: Provenance, passes: Iterable[tuple[Trial, Pass]]) -> None:
    """Write the passes of many trials as they come, one in memory.

    HDF5: groups 0, 1, ..., each as `write` makes it, with the trial: datasets `scored` and `recorded`, attributes
    `experiment` and the columns of the score table.
    """
    with hdf5.create(path, TRIALS_KIND, VERSION, provenance) as file:
        for place, (trial, made) in enumerate(passes):
            group = file.create_group(str(place))
            _write(group, made)
            for name in ("scored", "recorded"):
                group.create_dataset(name, data=getattr(trial, name), **hdf5.PACKED)
            group.attrs["experiment"] = trial.experiment
            group.attrs.update(trial.labels)


def read_trials(path: Path | str, layers: Collection[str] | None = None) -> Iterator[tuple[Trial, Pass]]:
    """Read trials with their passes one by one, all layers or some; what is read is checked.

    A file of one pass, as `write` makes it, is that of one trial that scores nothing.

    Raises
    ------
    InputError
        If the file is no such artefact, or a layer is missing.
    """
    with hdf5.opened(path, (KIND, TRIALS_KIND), VERSION, whole=False) as file:
        if file.attrs["format"] == KIND:
            made, nothing = _read(file, layers), np.arange(0)
            yield Trial("pass", made.order, nothing, nothing), made
            return
        for place in sorted(file, key=int):
            group = file[place]
            made = _read(group, layers)
            labels = {key: value for key, value in group.attrs.items() if key not in ("layers", "experiment")}
            scored, recorded = group["scored"][()], group["recorded"][()]
            yield Trial(str(group.attrs["experiment"]), made.order, scored, recorded, labels), made


def _write(group: h5py.Group, made: Pass) -> None:
    group.attrs["layers"] = list(made.layers)
    group.create_dataset("order", data=made.order, **hdf5.PACKED)
    for name, gram in made.layers.items():
        _write_gram(group.create_group(name), gram)
        if name in made.ranked:
            _write_gram(group.create_group(f"{name}/ranked"), made.ranked[name])


def _write_gram(group: h5py.Group, gram: Gram) -> None:
    group.create_dataset("products", data=gram.products, **hdf5.PACKED)
    group.create_dataset("sums", data=gram.sums, **hdf5.CHECKED)
    group.attrs["n_units"] = gram.n_units
    group.attrs["scale"] = gram.scale


def _read(group: h5py.Group, wanted: Collection[str] | None) -> Pass:
    names = [str(name) for name in group.attrs["layers"]]
    missing = sorted(set(wanted or ()) - set(names))
    if missing:
        raise InputError(f"{group.file.filename}: no layer {', '.join(missing)}: there are {', '.join(names)}")
    groups = {name: group[name] for name in names if wanted is None or name in wanted}
    layers = {name: _read_gram(layer) for name, layer in groups.items()}
    ranked = {name: _read_gram(layer["ranked"]) for name, layer in groups.items() if "ranked" in layer}
    return Pass(group["order"][()], layers, ranked)


def _read_gram(group: h5py.Group) -> Gram:
    return Gram(group["products"][()], group["sums"][()], int(group.attrs["n_units"]), int(group.attrs["scale"]))
