"""Read a session of the Allen Visual Coding Neuropixels schema (NWB 2), or one like it, with plain HDF5 calls.

A whole session is 1.5 to 3 GB and a study needs little of it, so columns are read alone, and the spikes of good units in few
long pieces. A fault that would only give wrong counts (unsorted spikes, NaN, a doubled id) is an error here.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.cortex import intervals
from lorafb.cortex.hdf5_tables import (
    MOST_BYTES,
    Source,
    Table,
    check_times,
    group_at,
    opened,
    own_dataset,
    read,
    text_at,
)
from lorafb.cortex.intervals import Invalid, Layout
from lorafb.cortex.places import Areas, place
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
    """One session, open for reading.

    name   : its path or other name, the beginning of an error
    probes : names of its probes, once its units have been read
    """

    def __init__(self, file: h5py.File, name: str) -> None:
        self.name = name
        self._file = file
        self.probes: list[str] = []

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

    def tables(self) -> list[str]:
        """Names of the tables of intervals, but for the invalid times, and of the series of frames that were shown."""
        folders = ("intervals", intervals.SERIES)
        known = [name for one in folders if one in self._file for name in sorted(group_at(self.name, self._file, one))]
        return [name for name in dict.fromkeys(known) if name != intervals.INVALID]

    def columns(self, folder: str, table: str) -> list[str]:
        """Names of the columns of a table in a folder of the file; none of a series."""
        path = f"{folder}/{table}".lstrip("/")
        return sorted(group_at(self.name, self._file, path)) if path in self._file else []

    def units(self, areas: Areas = (), area_column: str | None = None) -> pd.DataFrame:
        """Read the table of units, without spikes.

        Parameters
        ----------
        areas : a study's areas: a recorded place in one of them gets its name (`places.place`)
        area_column : column with each unit's place; its electrodes' when not given

        Returns
        -------
        DataFrame
            One row per unit: `unit_id`, `area` (see `_places`), `several` (whether its electrodes are in several areas),
            `peak_channel_id`, `probe` (names of its electrodes' group; empty where the file has none), `first_spike` and
            `last_spike` (bounds in the file's spike times), and those of the quality columns that the file has.
        """
        table = Table(self.name, self._file, "units")
        first, last = table.bounds("spike_times", len(table.column("spike_times", ragged=True)[1]))
        ids = table.ids()
        if (last - first).max(initial=0) > MOST_SPIKES:
            unit = int(np.argmax(last - first))
            n_spikes = f"unit {ids[unit]} {(last - first)[unit]} spikes"
            raise InputError(f"{table.where}: spike_times_index gives {n_spikes}, expected at most {MOST_SPIKES}")
        where = self._places(table, areas) if area_column is None else _own_places(table, area_column, areas)
        columns: dict[str, Any] = {"unit_id": ids, **where}
        columns |= {"first_spike": first, "last_spike": last}
        for name in filter(table.find, COLUMNS):
            columns[name] = table.texts(name) if name == "quality" else table.numbers(name)
        return pd.DataFrame(columns)

    def _places(self, table: Table, areas: Areas) -> dict[str, Any]:
        """Columns of the table of units that say where each unit is.

        Either by the column `peak_channel_id`, or by the column `electrodes` of the NWB standard: rows of the table of
        electrodes. Where these are in several areas, a unit is where its waveform is largest, if `waveform_mean` has an axis
        of electrodes. An area is missing where that does not help, where the channel is not among the electrodes, its place
        is unknown, or its data are marked as not valid (the AllenSDK leaves such units out as well).
        """
        if "general/extracellular_ephys/electrodes" not in self._file:
            column = "name the column of the table units that has each unit's place, by `unit_area`"
            raise InputError(f"{self.name}: general/extracellular_ephys/electrodes is missing; {column}")
        electrodes = Table(self.name, self._file, "general/extracellular_ephys/electrodes")
        locations = electrodes.texts("location")
        if not any(locations):
            raise InputError(f"{electrodes.where}: column 'location' is empty, so no unit has an area")
        area = _areas(locations, areas)
        if electrodes.find("valid_data"):
            area = area.where(electrodes.numbers("valid_data", kinds="b", expected="true and false").astype(bool))
        probe = self._probes(electrodes)
        self.probes = sorted(set(probe))
        channel = electrodes.integers("id")
        by_row = table.find("electrodes") and (len(set(channel)) < len(channel) or not table.find("peak_channel_id"))
        if not by_row:
            peaks = table.numbers("peak_channel_id")
            row = pd.Series(np.arange(len(channel)), electrodes.ids()).reindex(peaks).to_numpy()
            several = np.zeros(len(peaks), bool)
        else:
            row, several = self._rows_of(table, area)
            peaks = pd.Series(channel).reindex(row).to_numpy()
        return {
            "area": area.reindex(row).to_numpy(object),
            "several": several,
            "peak_channel_id": peaks,
            "probe": probe.reindex(row).fillna("").to_numpy(object),
        }

    def _rows_of(self, table: Table, area: pd.Series) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Row of each unit among the electrodes (NaN where it has none or no one is its own), and whether areas differ."""
        rows = table.integers("electrodes", ragged=True)
        if rows.size and not 0 <= rows.min() <= rows.max() < len(area):
            raise InputError(f"{table.where}: electrodes names row {rows.max()} of {len(area)} electrodes")
        first, last = table.bounds("electrodes", len(rows))
        row, several = np.full(len(last), np.nan), np.zeros(len(last), bool)
        places = area.fillna("").to_numpy()
        for unit, (begin, end) in enumerate(zip(first, last, strict=True)):
            mine = rows[begin:end]
            several[unit] = len(set(places[mine])) > 1
            if len(mine) and not several[unit]:
                row[unit] = mine[0]
        name = table.find("waveform_mean")
        what = f"{table.where}: column {name!r}"
        waveforms = own_dataset(what, table.group, name) if name and several.any() else None
        if waveforms is None or waveforms.ndim != 3 or waveforms.shape[0] != table.n_rows:
            return row, several
        for unit in map(int, np.flatnonzero(several)):
            mine, spread = (
                rows[first[unit] : last[unit]],
                np.ptp(read(waveforms, what, unit).astype(float), axis=0),
            )
            if len(spread) != len(mine):  # of all electrodes of the table, or of nobody knows which
                spread = spread[mine] if len(spread) == len(area) else np.zeros(len(mine))
            if np.isfinite(spread).all() and spread.max() > 0:
                row[unit] = mine[np.argmax(spread)]
        return row, several

    def _probes(self, electrodes: Table) -> pd.Series:
        """Names of the probe of each electrode, as tags of invalid times may call it: name of its group, and its number."""
        names = [""] * electrodes.n_rows
        if electrodes.find("group_name"):
            names = electrodes.texts("group_name")
        if electrodes.find("probe_id"):
            numbers = electrodes.integers("probe_id")
            names = [f"{name}\n{number}" for name, number in zip(names, numbers, strict=True)]
        return pd.Series(names, dtype=object)

    def observed(self) -> list[FloatArray] | None:
        """Read the times in which each unit was observed: arrays (intervals, 2) of seconds; None where nothing says so."""
        table = Table(self.name, self._file, "units")
        name = table.find("obs_intervals")
        if name is None:
            return None
        what = f"{table.where}: column {name!r}"
        times = own_dataset(what, table.group, name)
        if times.ndim != 2 or times.shape[1] != 2 or times.dtype.kind not in "uif":
            raise InputError(f"{what} is {times.dtype} of shape {times.shape}, expected seconds [intervals, 2]")
        if times.nbytes > MOST_BYTES:
            raise InputError(f"{what} declares {times.nbytes} bytes, expected {MOST_BYTES} at most")
        values = read(times, what).astype(np.float64)
        first, last = table.bounds(name, len(values))
        if np.isnan(values).any() or np.any(values[:, 1] < values[:, 0]):
            row = int(np.argmax(np.isnan(values).any(axis=1) | (values[:, 1] < values[:, 0])))
            raise InputError(f"{what}: interval {row} is from {values[row, 0]} to {values[row, 1]} s")
        if not len(values):
            return None
        return [values[begin:end][np.argsort(values[begin:end, 0])] for begin, end in zip(first, last, strict=True)]

    def presentations(
        self,
        stimulus: str | Sequence[str],
        layout: Layout | None = None,
        n_frames: int | None = None,
        rate_hz: float | None = None,
    ) -> Presentations:
        """Read when each frame of a stimulus was shown; see `intervals.presentations`."""
        return intervals.presentations(self.name, self._file, stimulus, layout, n_frames, rate_hz, self.probes)

    def invalid_times(self) -> list[Invalid]:
        """Read the times that the file calls invalid."""
        return intervals.invalid_times(self.name, self._file)

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


def _areas(locations: Sequence[str], areas: Areas) -> pd.Series:
    """Area of the study of each place, the place itself where it is in none; missing where it is not known."""
    named = {location: place(location, areas) or location for location in set(locations)}
    area = pd.Series([named[location] for location in locations], dtype=object)
    return area.where(~pd.Series(locations, dtype=object).isin(NOWHERE))


def _own_places(table: Table, column: str, areas: Areas) -> dict[str, Any]:
    """Columns as of `Session._places`, from a column of the table of units."""
    area = _areas(table.texts(column), areas).to_numpy(object)
    n = len(area)
    return {"area": area, "several": np.zeros(n, bool), "peak_channel_id": np.full(n, np.nan), "probe": [""] * n}


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
