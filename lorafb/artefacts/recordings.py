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
    """Spike counts of one area during one movie.

    area      : name of the area as its source spells it (VISp)
    movie     : name of the movie
    rate_hz   : bins a second; a bin is a frame where the recording is locked to the movie
    n_repeats : times that the movie was shown
    counts    : unsigned integer (repeats, T, units), or None where the source has sums alone
    summed    : integer (T, units), counts summed over repeats
    units     : arrays (units,): `unit_id` (int64), `session` (int64) and the quality columns of the source
    notes     : what was left out or changed on the way from the source to these counts
    """

    area: str
    movie: str
    rate_hz: float
    n_repeats: int
    counts: NDArray[np.unsignedinteger[Any]] | None
    summed: NDArray[np.integer[Any]]
    units: dict[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @classmethod
    def of_repeats(
        cls,
        area: str,
        movie: str,
        rate_hz: float,
        counts: NDArray[np.integer[Any]],
        units: dict[str, NDArray[Any]],
        notes: tuple[Note, ...] = (),
    ) -> Self:
        """Make a recording from counts of single repeats (repeats, T, units), in the smallest type that holds them."""
        by_repeat = np.ascontiguousarray(smallest(counts))
        return cls(area, movie, rate_hz, len(counts), by_repeat, by_repeat.sum(axis=0, dtype=np.int64), units, notes)


def write(recording: Recording, path: Path | str, provenance: Provenance) -> None:
    """Write a recording (HDF5: `counts` and `summed` in the smallest unsigned type, group `units`, attributes; notes as JSON)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        for name, values in (("counts", recording.counts), ("summed", recording.summed)):
            if values is not None:
                file.create_dataset(name, data=smallest(values), compression="gzip", compression_opts=1, **hdf5.CHECKED)
        hdf5.write_columns(file, "units", recording.units)
        file.attrs.update({key: getattr(recording, key) for key in ATTRIBUTES})
        file.attrs["notes"] = json.dumps(recording.notes, ensure_ascii=False)


def read(path: Path | str) -> Recording:
    """Read and check a recording."""
    with hdf5.opened(path, KIND, VERSION) as file:
        counts = file["counts"][()] if "counts" in file else None
        units = hdf5.read_columns(file, "units")
        attributes = {key: kind(file.attrs[key]) for key, kind in ATTRIBUTES.items()}
        summed = file["summed"][()]
        notes = tuple(Note(*one) for one in json.loads(file.attrs.get("notes", "[]")))
    return Recording(counts=counts, summed=summed, units=units, notes=notes, **attributes)


def smallest(counts: NDArray[np.integer[Any]]) -> NDArray[np.unsignedinteger[Any]]:
    """Cast counts (any shape, none negative) to the smallest unsigned type that holds them."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))), copy=False)
