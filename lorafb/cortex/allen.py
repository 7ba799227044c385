"""Read a session of the Allen Visual Coding Neuropixels schema (NWB 2), or one like it, with plain HDF5 calls.

A whole session is 1.5 to 3 GB and a study needs little of it, so columns are read alone, and the spikes of kept units in few
long pieces. A fault that would only make wrong counts (unsorted spikes, NaN, a doubled id) is an error here.
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
from lorafb.cortex.presentations import Presentations
from lorafb.cortex.quality import COLUMNS
from lorafb.files import InputError

log = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]

GAP, PIECE = 2**16, 2**22
"""Spikes of unwanted units read along rather than sought past, and most spikes read at once (32 MB)."""
MOST_SPIKES = 2**25
"""Of one unit: 300 a second for a day."""
NOWHERE = ("", "None", "unknown")
"""What files write where a channel's area is not known."""


class Session:
    """One session, open for reading.

    Attributes
    ----------
    name : str
        Path or other name, the beginning of an error.
    """

    def __init__(self, file: h5py.File, name: str) -> None:
        self.name = name
        self._file = file

    def session_id(self) -> int:
        """Read the number of the session: `general/session_id`, or the file's `identifier`.

        A session that is named in words gets a number that follows from its name.

        Raises
        ------
        InputError
            If it is not named at all.
        """
        found = [text_at(self.name, self._file, path) for path in ("general/session_id", "identifier")]
        numbers = [int(text) for text in found if text.isascii() and text.isdigit() and int(text) < 2**63]
        if numbers:
            return numbers[0]
        if not any(found):
            raise InputError(
                f"{self.name}: session_id and identifier are empty, expected a name or number of the session"
            )
        named = next(filter(None, found))
        number = int.from_bytes(hashlib.sha256(named.encode()).digest()[:6])
        log.info("%s: session %r gets the number %d", self.name, named, number)
        return number

    def units(self) -> pd.DataFrame:
        """Read the table of units, without spikes.

        Returns
        -------
        DataFrame
            One row a unit: `unit_id`, `area` (see `_places`), `peak_channel_id`, `first_spike` and `last_spike` (bounds in
            the file's spike times), and those of the quality columns that the file has.
        """
        table = Table(self.name, self._file, "units")
        n_spikes = len(table.dataset(table.require("spike_times"), ragged=True))
        last = table.ends(table.require("spike_times_index"), n_spikes, "spike times")
        first = np.concatenate([[0], last])[:-1].astype(np.int64)
        ids = table.ids()
        if (last - first).max(initial=0) > MOST_SPIKES:
            unit = int(np.argmax(last - first))
            raise InputError(
                f"{table.where}: spike_times_index gives unit {ids[unit]} {(last - first)[unit]} spikes, "
                f"expected at most {MOST_SPIKES}"
            )
        channel, area = self._places(table)
        units = pd.DataFrame(
            {"unit_id": ids, "area": area, "peak_channel_id": channel, "first_spike": first, "last_spike": last}
        )
        for name in COLUMNS:
            if column := table.find(name):
                units[name] = table.texts(column) if name == "quality" else table.numbers(column)
        return units

    def _places(self, table: Table) -> tuple[NDArray[Any], NDArray[np.object_]]:
        """Peak channel of each unit [units], and its area [units].

        Either by the column `peak_channel_id`, or by the column `electrodes` of the NWB standard: rows of the table of
        electrodes, which give a unit an area where all of them lie in one. An area is missing where the channel is not
        among the electrodes, its place is unknown, or its data are marked as not valid (the AllenSDK leaves such units
        out as well).
        """
        areas = self._areas_of_channels()
        if column := table.find("peak_channel_id"):
            channels = table.numbers(column)
            return channels, pd.Series(channels).map(areas).to_numpy(object)
        if not table.find("electrodes"):
            table.require("peak_channel_id")
        rows = table.integers(table.require("electrodes"), ragged=True)
        if rows.size and not 0 <= rows.min() <= rows.max() < len(areas):
            raise InputError(f"{table.where}: electrodes names row {rows.max()} of {len(areas)} electrodes")
        last = table.ends(table.require("electrodes_index"), len(rows), "electrodes")
        unit = np.repeat(np.arange(len(last)), np.diff(last, prepend=0))
        of_unit = areas.iloc[rows].groupby(unit)
        places = of_unit.first().where(of_unit.nunique(dropna=False) == 1).reindex(range(len(last)))
        peaks = pd.Series(areas.index[rows]).groupby(unit).first().reindex(range(len(last)))
        return peaks.to_numpy(), places.to_numpy(object)

    def _areas_of_channels(self) -> "pd.Series[Any]":
        """Area of each channel, by its id, in the order of the table of electrodes."""
        table = Table(self.name, self._file, "general/extracellular_ephys/electrodes")
        areas = pd.Series(table.texts(table.require("location")), table.ids(), dtype=object)
        if not areas.any():
            raise InputError(f"{table.where}: column 'location' is empty, so no unit has an area")
        valid = table.find("valid_data")
        return areas.where(~areas.isin(NOWHERE) & (table.flags(valid) if valid else True))

    def presentations(self, stimulus: str) -> Presentations:
        """Read when each frame of a stimulus was shown; see `intervals.presentations`."""
        return intervals.presentations(self.name, self._file, stimulus)

    def spikes(self, units: pd.DataFrame) -> Iterator[FloatArray]:
        """Read the spike times of some of the units, in the table's order.

        Parameters
        ----------
        units : DataFrame
            Rows of `Session.units`, in its order.

        Yields
        ------
        float64, shape (spikes,)
            A unit's spike times in seconds, sorted.

        Raises
        ------
        InputError
            If times are NaN, infinite, negative or not sorted.
        """
        table = Table(self.name, self._file, "units")
        dataset = table.dataset(table.require("spike_times"), ragged=True)
        if dataset.dtype.kind not in "uif":
            raise InputError(f"{table.where}: column 'spike_times' is of type {dataset.dtype}, expected seconds")
        for piece in pieces(units["first_spike"].to_numpy(), units["last_spike"].to_numpy()):
            rows = units.iloc[piece]
            origin = rows["first_spike"].iloc[0]
            values = read(dataset, table.where, "spike_times", slice(origin, rows["last_spike"].iloc[-1]))
            for unit_id, first, last in zip(rows["unit_id"], rows["first_spike"], rows["last_spike"], strict=True):
                train = values[first - origin : last - origin].astype(np.float64)
                check_times(train, f"{table.where}: spike_times of unit {unit_id}")
                if np.any(train[1:] < train[:-1]):
                    spike = int(np.argmax(train[1:] < train[:-1])) + 1
                    raise InputError(
                        f"{table.where}: spike_times of unit {unit_id} are not sorted, from spike {spike} on"
                    )
                yield train


@contextmanager
def session(source: Source, name: str | None = None) -> Iterator[Session]:
    """Open a session.

    Parameters
    ----------
    source : path or seekable binary file object
        An NWB file, whole or read by byte ranges.
    name : str, optional
        What errors call it; the path when not given.

    Raises
    ------
    InputError
        One line that names file and table: not HDF5, a table or column missing, columns of different lengths, doubled ids,
        no areas. What lies outside the file (links, external and virtual datasets) is never read.
    """
    name = name or (str(source) if isinstance(source, str | Path) else str(getattr(source, "name", "session")))
    with opened(source, name) as file:
        yield Session(file, name)


def pieces(first: NDArray[np.int64], last: NDArray[np.int64], gap: int = GAP, most: int = PIECE) -> list[slice]:
    """Join neighbouring slices of spike times into longer ones, so that a remote file is asked few times.

    Parameters
    ----------
    first, last : int64, shape (units,)
        Bounds of each unit's spikes, in ascending order.
    gap : int
        Most spikes between two units that are read along.
    most : int
        Most spikes in a piece of more than one unit.

    Returns
    -------
    list of slice
        Ranges of units, in order, that cover them all.
    """
    starts: list[int] = []
    for unit in range(len(first)):
        if not starts or first[unit] - last[unit - 1] > gap or last[unit] - first[starts[-1]] > most:
            starts.append(unit)
    return [slice(*bounds) for bounds in pairwise([*starts, len(first)])]
