"""Responses: the selected units of one area during one movie, with their Gram matrix and ranks, made once for all scores."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.grams import Gram
from lorafb.artefacts.provenance import Provenance

KIND, VERSION = "lorafb-responses", 1


@dataclass(frozen=True)
class Responses:
    """The selected units of one area during one movie.

    Attributes
    ----------
    area, movie : str
        Lower case name of the area; name of the movie.
    rate_hz : float
        Frames per second.
    n_repeats : int
        Number of times that the movie was shown.
    skip_frames : int
        Frames at the start that no score uses.
    ties : "average" or "ordinal"
        How equal correlations are ranked in `ranks`.
    summed : integer or float64, shape (T, units)
        Counts (or real values) summed over repeats; never divided, so that equal correlations stay equal.
    repeats : integer or float, shape (repeats, T, units), or None
        Counts (or real values) of single repeats, where the source has them.
    gram : Gram
        Of the summed responses: int64 of counts, float64 of real values.
    ranks : int32, shape (pairs,)
        Twice the ranks of all pairs of the scored frames (`lorafb.similarity.ranks.doubled_ranks`).
    units : dict of arrays, each of shape (units,)
        `unit_id`, `session` and the other columns of the recording.
    bin_s : float or None
        Seconds in which spikes were counted, where that is not the time that a frame was shown.
    left_out : int64, shape (n,)
        Frames that no score of this area uses: all units respond alike to them.
    """

    area: str
    movie: str
    rate_hz: float
    n_repeats: int
    skip_frames: int
    ties: str
    summed: NDArray[Any]
    repeats: NDArray[Any] | None
    gram: Gram
    ranks: NDArray[np.int32]
    units: dict[str, NDArray[Any]] = field(default_factory=dict)
    bin_s: float | None = None
    left_out: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def real(self) -> bool:
        """Whether the responses are real values, which have no rate in spikes/s."""
        return self.summed.dtype.kind == "f"

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return len(self.summed)

    @property
    def n_units(self) -> int:
        """Number of selected units."""
        return int(self.summed.shape[1])

    @property
    def scored(self) -> NDArray[np.int64]:
        """Frames that count in a score of the whole movie."""
        return np.setdiff1d(np.arange(self.skip_frames, self.n_frames), self.left_out)


SCALARS = {"area": str, "movie": str, "rate_hz": float, "n_repeats": int, "skip_frames": int, "ties": str}
ARRAYS = ("summed", "repeats", "ranks")


def write(responses: Responses, path: Path | str, provenance: Provenance) -> None:
    """Write responses (HDF5: `summed`, `repeats`, `products`, `sums`, `ranks`, `left_out`, group `units`, attributes)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        arrays = {name: getattr(responses, name) for name in ARRAYS}
        arrays |= {"products": responses.gram.products, "sums": responses.gram.sums}
        for name, values in arrays.items():
            if values is not None:
                file.create_dataset(name, data=values, **hdf5.PACKED)
        hdf5.write_columns(file, "units", responses.units)
        if len(responses.left_out):
            file.create_dataset("left_out", data=responses.left_out, **hdf5.CHECKED)
        file.attrs.update({key: getattr(responses, key) for key in SCALARS})
        if responses.bin_s is not None:
            file.attrs["bin_s"] = responses.bin_s


def read(path: Path | str) -> Responses:
    """Read and check responses."""
    with hdf5.opened(path, KIND, VERSION) as file:
        arrays = {name: _read(file, name) for name in ARRAYS}
        gram = Gram(file["products"][()], file["sums"][()], int(arrays["summed"].shape[1]))
        if "left_out" in file:
            arrays["left_out"] = file["left_out"][()]
        scalars = {key: kind(file.attrs[key]) for key, kind in SCALARS.items()}
        bin_s = float(file.attrs["bin_s"]) if "bin_s" in file.attrs else None
        return Responses(gram=gram, units=hdf5.read_columns(file, "units"), bin_s=bin_s, **arrays, **scalars)


def _read(file: h5py.File, name: str) -> Any:
    return file[name][()] if name in file else None
