"""Read a session of the Allen Visual Coding Neuropixels schema (NWB 2), or one like it, with plain HDF5 calls.

A whole session is 1.5 to 3 GB and a study needs little of it, so columns are read alone, and the spikes of good units in few
long pieces. A fault that would only give wrong counts (unsorted spikes, NaN, a doubled id) is an error here.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.cortex import intervals
from lorafb.cortex.hdf5_tables import Source, Table, check_times, opened, read, text_at
from lorafb.cortex.presentations import FloatArray, Presentations
from lorafb.cortex.quality import COLUMNS
from lorafb.files import InputError

log = logging.getLogger(__name__)

GAP, PIECE = 2**16, 2**22
"""Spikes of unwanted units read along rather than skipped, and most spikes read at once (32 MB)."""
MOST_SPIKES = 2**25
"""Of one unit: 300 a second for a day."""
NOWHERE = ("", "None", "unknown")
"""What files write where a channel's area is not known."""


class Session:
    """One session, open for reading; `name` is its path or other name, the beginning of an error."""

    def __init__(self, file: h5py.File, name: str) -> None:
        self.name = name
        self._file = file

    def session_id(self) -> int:
        """Read the number of the session: `general/session_id`, or the file's `identifier`.

        A session that is named in words gets a number that follows from its name; one without a name is an InputError.
        """
        names = [text_at(self.name, self._file, path) for path in ("general/session_id", "identifier")]
        for text in names:
            if text.isascii() and text.isdigit() and int(text) < 2**63:
                return int(text)
        words = next(filter(None, names), None)
        if words is None:
            raise InputError(
                f"{self.name}: session_id and identifier are empty, expected a name or number of the session"
            )
        number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:6])
        log.info("%s: session %r gets the number %d", self.name, words, number)
        return number

    def units(self) -> pd.DataFrame:
        """Read the table of units, without spikes.

        Returns
        -------
        DataFrame
            One row per unit: `unit_id`, `area` (see `_places`), `peak_channel_id`, `first_spike` and `last_spike`
            (bounds in the file's spike times), and those of the quality columns that the file has.
        """
        table = Table(self.name, self._file, "units")
        first, last = table.bounds("spike_times", len(table.column("spike_times", ragged=True)[1]))
        ids = table.ids()
        if (last - first).max(initial=0) > MOST_SPIKES:
            unit = int(np.argmax(last - first))
            n_spikes = f"unit {ids[unit]} {(last - first)[unit]} spikes"
            raise InputError(f"{table.where}: spike_times_index gives {n_spikes}, expected at most {MOST_SPIKES}")
        channel, area = self._places(table)
        columns: dict[str, Any] = {"unit_id": ids, "area": area, "peak_channel_id": channel}
        columns |= {"first_spike": first, "last_spike": last}
        for name in filter(table.find, COLUMNS):
            columns[name] = table.texts(name) if name == "quality" else table.numbers(name)
        return pd.DataFrame(columns)

    def _places(self, table: Table) -> tuple[NDArray[Any], NDArray[np.object_]]:
        """Peak channel of each unit [units], and its area [units].

        Either by the column `peak_channel_id`, or by the column `electrodes` of the NWB standard: rows of the table of
        electrodes, which give a unit an area where all of them are in one. An area is missing where the channel is not
        among the electrodes, its place is unknown, or its data are marked as not valid (the AllenSDK leaves such units
        out as well).
        """
        electrodes = Table(self.name, self._file, "general/extracellular_ephys/electrodes")
        areas = pd.Series(electrodes.texts("location"), electrodes.ids(), dtype=object)
        if not areas.any():
            raise InputError(f"{electrodes.where}: column 'location' is empty, so no unit has an area")
        valid = electrodes.find("valid_data")
        is_valid = electrodes.numbers(valid, kinds="b", expected="true and false").astype(bool) if valid else True
        areas = areas.where(~areas.isin(NOWHERE) & is_valid)
        if table.find("peak_channel_id") or not table.find("electrodes"):
            channels = table.numbers("peak_channel_id")
            return channels, pd.Series(channels).map(areas).to_numpy(object)
        rows = table.integers("electrodes", ragged=True)
        if rows.size and not 0 <= rows.min() <= rows.max() < len(areas):
            raise InputError(f"{table.where}: electrodes names row {rows.max()} of {len(areas)} electrodes")
        first, last = table.bounds("electrodes", len(rows))
        unit = np.repeat(np.arange(len(last)), last - first)
        every = range(len(last))  # a unit without electrodes has neither channel nor area
        of_unit = areas.iloc[rows].groupby(unit)
        places = of_unit.first().where(of_unit.nunique(dropna=False) == 1).reindex(every)
        peaks = pd.Series(areas.index[rows]).groupby(unit).first().reindex(every)
        return peaks.to_numpy(), places.to_numpy(object)

    def presentations(self, stimulus: str) -> Presentations:
        """Read when each frame of a stimulus was shown; see `intervals.presentations`."""
        return intervals.presentations(self.name, self._file, stimulus)

    def spikes(self, units: pd.DataFrame) -> Iterator[FloatArray]:
        """Yield the sorted spike times (spikes,) of some of the units in seconds, unit by unit.

        `units` are rows of `Session.units`, in its order.

        Raises
        ------
        InputError
            If times are NaN, infinite, negative or not sorted.
        """
        table = Table(self.name, self._file, "units")
        what, times = table.column("spike_times", ragged=True)
        if times.dtype.kind not in "uif":
            raise InputError(f"{what} is of type {times.dtype}, expected seconds")
        for piece in pieces(units["first_spike"].to_numpy(), units["last_spike"].to_numpy()):
            rows = units.iloc[piece]
            origin = rows["first_spike"].iloc[0]
            values = read(times, what, slice(origin, rows["last_spike"].iloc[-1]))
            for unit_id, first, last in zip(rows["unit_id"], rows["first_spike"], rows["last_spike"], strict=True):
                train = values[first - origin : last - origin].astype(np.float64)
                where = f"{table.where}: spike_times of unit {unit_id}"
                check_times(train, where)
                if np.any(train[1:] < train[:-1]):
                    spike = int(np.argmax(train[1:] < train[:-1])) + 1
                    raise InputError(f"{where} are not sorted, from spike {spike} on")
                yield train


@contextmanager
def session(source: Source, name: str | None = None) -> Iterator[Session]:
    """Open a session: an NWB file, whole or read by byte ranges; `name` is what errors call it, its path by default.

    Raises
    ------
    InputError
        One line that names file and table: not HDF5, a table or column missing, columns of different lengths, doubled ids,
        no areas. What is outside the file (links, external and virtual datasets) is never read.
    """
    name = name or (str(source) if isinstance(source, str | Path) else str(getattr(source, "name", "session")))
    with opened(source, name) as file:
        yield Session(file, name)


def pieces(first: NDArray[np.int64], last: NDArray[np.int64], gap: int = GAP, most: int = PIECE) -> list[slice]:
    """Join neighbouring slices of spike times into longer ones, so that a remote file is asked few times.

    Parameters
    ----------
    first, last : int64 (units,), bounds of each unit's spikes, in ascending order
    gap : most spikes between two units that are read along
    most : most spikes in a piece of more than one unit

    Returns
    -------
    Ranges of units, in order, that cover them all.
    """
    starts: list[int] = []
    for unit in range(len(first)):
        if not starts or first[unit] - last[unit - 1] > gap or last[unit] - first[starts[-1]] > most:
            starts.append(unit)
    return [slice(*bounds) for bounds in pairwise([*starts, len(first)])]
