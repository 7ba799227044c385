"""Recordings: the responses of one area's units to one movie, with the unit table."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance

KIND, VERSION = "lorafb-recording", 1
ATTRIBUTES = {"area": str, "movie": str, "rate_hz": float, "n_repeats": int}


class Note(NamedTuple):
    """What stands between a source and the counts made of it; the table of units, the report and the terminal show it.

    what   : column of the table of units (`rows_cut`)
    number : how many, added up in that column
    text   : one line for a reader; empty where the number says enough
    area   : area that it is about; empty for all areas
    """

    what: str
    number: int
    text: str
    area: str = ""


def many(n: int, noun: str) -> str:
    """Say how many: 1 unit, 2 units."""
    return f"{n} {noun}{'s' * (n != 1)}"


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
    notes     : what was left out or changed on the way from the source to these counts
    """

    area: str
    movie: str
    rate_hz: float
    n_repeats: int
    counts: NDArray[Any] | None
    summed: NDArray[Any]
    units: dict[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
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
        notes: tuple[Note, ...] = (),
        bin_s: float | None = None,
    ) -> Self:
        """Make a recording from single repeats (repeats, T, units): counts in the smallest type, floats as they are."""
        by_repeat = np.ascontiguousarray(smallest(counts))
        summed = by_repeat.sum(axis=0, dtype=sum_type(by_repeat))
        return cls(area, movie, rate_hz, len(counts), by_repeat, summed, units, notes, bin_s)


def write(recording: Recording, path: Path | str, provenance: Provenance) -> None:
    """Write a recording (HDF5: `counts` and `summed`, counts in the smallest type, group `units`, attributes; notes as JSON)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        for name, values in (("counts", recording.counts), ("summed", recording.summed)):
            if values is not None:
                file.create_dataset(name, data=smallest(values), compression="gzip", compression_opts=1, **hdf5.CHECKED)
        hdf5.write_columns(file, "units", recording.units)
        file.attrs.update({key: getattr(recording, key) for key in ATTRIBUTES})
        file.attrs["notes"] = json.dumps(recording.notes, ensure_ascii=False)
        if recording.bin_s is not None:
            file.attrs["bin_s"] = recording.bin_s


def read(path: Path | str) -> Recording:
    """Read and check a recording."""
    with hdf5.opened(path, KIND, VERSION) as file:
        counts = file["counts"][()] if "counts" in file else None
        attributes = {key: kind(file.attrs[key]) for key, kind in ATTRIBUTES.items()}
        bin_s = float(file.attrs["bin_s"]) if "bin_s" in file.attrs else None
        notes = tuple(Note(*one) for one in json.loads(file.attrs.get("notes", "[]")))
        units, summed = hdf5.read_columns(file, "units"), file["summed"][()]
        return Recording(counts=counts, summed=summed, units=units, notes=notes, bin_s=bin_s, **attributes)


def smallest(counts: NDArray[Any]) -> NDArray[Any]:
    """Cast counts (any shape, none negative) to the smallest unsigned type that holds them; floats stay as they are."""
    if counts.dtype.kind == "f":
        return counts
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))), copy=False)


def sum_type(values: NDArray[Any]) -> type[np.int64] | type[np.float64]:
    """Type in which counts, or real values, are summed."""
    return np.float64 if values.dtype.kind == "f" else np.int64
