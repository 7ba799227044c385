"""Recordings: the responses of one area's units to one movie, with the unit table."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance

KIND, VERSION = "lorafb-recording", 1
ATTRIBUTES = {"area": str, "movie": str, "rate_hz": float, "n_repeats": int}


@dataclass(frozen=True)
class Recording:
    """Responses of one area during one movie: spike counts, or real values such as dF/F (then of a type of float).

    area      : name of the area as its source spells it (VISp)
    movie     : name of the movie
    rate_hz   : bins a second; a bin is a frame where the recording is locked to the movie
    n_repeats : times that the movie was shown
    counts    : unsigned integer or float (repeats, T, units), or None where the source has sums alone
    summed    : integer or float64 (T, units), counts summed over repeats
    units     : arrays (units,): `unit_id` and `session` (int64, or text), and the quality columns of the source
    bin_s     : seconds in which spikes were counted, where that is not the time that a frame was shown
    """

    area: str
    movie: str
    rate_hz: float
    n_repeats: int
    counts: NDArray[Any] | None
    summed: NDArray[Any]
    units: dict[str, NDArray[Any]] = field(default_factory=dict)
    bin_s: float | None = None

    @property
    def real(self) -> bool:
        """Whether the responses are real values, which have no rate in spikes/s."""
        return self.summed.dtype.kind == "f"

    @classmethod
    def of_repeats(
        cls,
        area: str,
        movie: str,
        rate_hz: float,
        counts: NDArray[Any],
        units: dict[str, NDArray[Any]],
        bin_s: float | None = None,
    ) -> Self:
        """Make a recording from single repeats (repeats, T, units): counts in the smallest type, floats as they are."""
        by_repeat = np.ascontiguousarray(smallest(counts))
        summed = by_repeat.sum(axis=0, dtype=sum_type(by_repeat))
        return cls(area, movie, rate_hz, len(counts), by_repeat, summed, units, bin_s)


def write(recording: Recording, path: Path | str, provenance: Provenance) -> None:
    """Write a recording (HDF5: `counts` and `summed`, counts in the smallest unsigned type; group `units`; attributes)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        for name, values in (("counts", recording.counts), ("summed", recording.summed)):
            if values is not None:
                file.create_dataset(name, data=smallest(values), compression="gzip", compression_opts=1, **hdf5.CHECKED)
        hdf5.write_columns(file, "units", recording.units)
        file.attrs.update({key: getattr(recording, key) for key in ATTRIBUTES})
        if recording.bin_s is not None:
            file.attrs["bin_s"] = recording.bin_s


def read(path: Path | str) -> Recording:
    """Read and check a recording."""
    with hdf5.opened(path, KIND, VERSION) as file:
        counts = file["counts"][()] if "counts" in file else None
        attributes = {key: kind(file.attrs[key]) for key, kind in ATTRIBUTES.items()}
        bin_s = float(file.attrs["bin_s"]) if "bin_s" in file.attrs else None
        units = hdf5.read_columns(file, "units")
        return Recording(counts=counts, summed=file["summed"][()], units=units, bin_s=bin_s, **attributes)


def smallest(counts: NDArray[Any]) -> NDArray[Any]:
    """Cast counts (any shape, none negative) to the smallest unsigned type that holds them; floats stay as they are."""
    if counts.dtype.kind == "f":
        return counts
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))), copy=False)


def sum_type(values: NDArray[Any]) -> type[np.int64] | type[np.float64]:
    """Type in which counts, or real values, are summed."""
    return np.float64 if values.dtype.kind == "f" else np.int64
