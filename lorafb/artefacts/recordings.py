"""Recordings: the responses of one area's units to one movie, with the unit table."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance

KIND, VERSION = "lorafb-recording", 1


@dataclass(frozen=True)
class Recording:
    """Spike counts of one area during one movie.

    Attributes
    ----------
    area : str
        Name of the area as its source spells it (VISp).
    movie : str
        Name of the movie.
    rate_hz : float
        Bins a second; a bin is a frame where the recording is locked to the movie.
    n_repeats : int
        Times that the movie was shown.
    counts : unsigned integer, shape (repeats, T, units), or None
        Counts of single repeats, where the source has them.
    summed : integer, shape (T, units)
        Counts summed over repeats.
    units : dict of arrays, each of shape (units,)
        `unit_id` (int64), `session` (int64) and the quality columns of the source.
    """

    area: str
    movie: str
    rate_hz: float
    n_repeats: int
    counts: NDArray[np.unsignedinteger[Any]] | None
    summed: NDArray[np.integer[Any]]
    units: dict[str, NDArray[Any]] = field(default_factory=dict)


def write(recording: Recording, path: Path | str, provenance: Provenance) -> None:
    """Write a recording (HDF5: `counts` and `summed` in the smallest unsigned type, group `units`, attributes)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        for name, values in (("counts", recording.counts), ("summed", recording.summed)):
            if values is not None:
                file.create_dataset(name, data=smallest(values), compression="gzip", compression_opts=1, **hdf5.CHECKED)
        for name, column in sorted(recording.units.items()):
            text = column.dtype.kind in "OUS"
            file.create_dataset(f"units/{name}", data=column.astype("S") if text else column, **hdf5.CHECKED)
        file.attrs.update({key: getattr(recording, key) for key in ATTRIBUTES})


def read(path: Path | str) -> Recording:
    """Read and check a recording."""
    with hdf5.opened(path, KIND, VERSION) as file:
        counts = file["counts"][()] if "counts" in file else None
        units = {name: column[()] for name, column in file["units"].items()}
        told = {key: kind(file.attrs[key]) for key, kind in ATTRIBUTES.items()}
        return Recording(counts=counts, summed=file["summed"][()], units=units, **told)


ATTRIBUTES = {"area": str, "movie": str, "rate_hz": float, "n_repeats": int}


def smallest(counts: NDArray[np.integer[Any]]) -> NDArray[np.unsignedinteger[Any]]:
    """Cast counts (any shape, none negative) to the smallest unsigned type that holds them."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))), copy=False)
