"""Read a session of the Allen Visual Coding Neuropixels schema (NWB 2) with plain HDF5 calls.

A whole session is 1.5 to 3 GB and a study needs little of it, so columns are read alone, and the spikes of kept units in few
long pieces. A fault that would only make wrong counts (unsorted spikes, NaN, a doubled id) is an error here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.cortex.hdf5_tables import Source, Table, opened, read, text_at
from lorafb.cortex.presentations import Presentations
from lorafb.cortex.quality import COLUMNS
from lorafb.files import InputError

FloatArray = NDArray[np.float64]

GAP, PIECE = 2**16, 2**23
"""Spikes of unwanted units read along rather than sought past, and most spikes read at once (64 MB)."""


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

        Raises
        ------
        InputError
            If neither is a whole number.
        """
        found = [text_at(self.name, self._file, path) for path in ("general/session_id", "identifier")]
        numbers = [text for text in found if text.isascii() and text.isdigit()]
        if not numbers:
            raise InputError(f"{self.name}: session_id and identifier are {found}, expected a whole number")
        return int(numbers[0])

    def units(self) -> pd.DataFrame:
        """Read the table of units, without spikes.

        Returns
        -------
        DataFrame
            One row a unit: `unit_id`, `area` (location of its peak channel; missing where that channel is not among the
            electrodes), `peak_channel_id`, `first_spike` and `last_spike` (bounds in the file's spike times), and those
            of the quality columns that the file has.
        """
        table = Table(self.name, self._file, "units")
        last = table.integers(table.require("spike_times_index"))
        n_spikes = len(table.dataset(table.require("spike_times"), ragged=True))
        if np.any(np.diff(last, prepend=0) < 0) or (last[-1] if len(last) else 0) != n_spikes:
            raise InputError(f"{table.where}: spike_times_index does not cut the {n_spikes} spike times into units")
        units = pd.DataFrame(
            {
                "unit_id": table.ids(),
                "peak_channel_id": table.numbers(table.require("peak_channel_id")),
                "first_spike": np.concatenate([[0], last])[:-1].astype(np.int64),
                "last_spike": last,
            }
        )
        for name in COLUMNS:
            if column := table.find(name):
                units[name] = table.texts(column) if name == "quality" else table.numbers(column)
        units.insert(1, "area", units["peak_channel_id"].map(self._locations()))
        return units

    def _locations(self) -> dict[int, str]:
        """Area of each channel id."""
        table = Table(self.name, self._file, "general/extracellular_ephys/electrodes")
        areas = table.texts(table.require("location"))
        if not any(areas):
            raise InputError(f"{table.where}: column 'location' is empty, so no unit has an area")
        return dict(zip(table.ids().tolist(), areas, strict=True))

    def presentations(self, stimulus: str) -> Presentations:
        """Read when each frame of a stimulus was shown, from the table `intervals/STIMULUS_presentations`.

        Parameters
        ----------
        stimulus : str
            `natural_movie_one`, `natural_movie_three`, `natural_scenes`, or as the session names it.
        """
        table = Table(self.name, self._file, f"intervals/{stimulus}_presentations")
        start = table.numbers(table.require("start_time", "start")).astype(np.float64)
        stop = table.numbers(table.require("stop_time", "stop", "end_time", "end")).astype(np.float64)
        frame = table.integers(table.require("frame", "movie_frame_index"))
        block = table.find("stimulus_block")
        blocks = np.zeros(len(start)) if block is None else table.numbers(block).astype(np.float64)
        _times(start, f"{table.where}: start_time")
        _times(stop, f"{table.where}: stop_time")
        if np.any(stop <= start):
            row = int(np.argmax(stop <= start))
            raise InputError(f"{table.where}: row {row} stops at {stop[row]} s, not after its start at {start[row]} s")
        order = np.argsort(start, kind="stable")
        order = order[frame[order] >= 0]  # -1 is the grey screen
        return Presentations(table.where, start[order], stop[order], frame[order], blocks[order])

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
        for piece in pieces(units["first_spike"].to_numpy(), units["last_spike"].to_numpy()):
            rows = units.iloc[piece]
            origin = rows["first_spike"].iloc[0]
            values = read(dataset, table.where, "spike_times", slice(origin, rows["last_spike"].iloc[-1]))
            if values.dtype.kind not in "uif":
                raise InputError(f"{table.where}: column 'spike_times' is of type {values.dtype}, expected seconds")
            for unit_id, first, last in zip(rows["unit_id"], rows["first_spike"], rows["last_spike"], strict=True):
                train = values[first - origin : last - origin].astype(np.float64)
                _times(train, f"{table.where}: spike_times of unit {unit_id}")
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


def _times(seconds: FloatArray, what: str) -> None:
    if not np.isfinite(seconds).all():
        raise InputError(f"{what} is {seconds[~np.isfinite(seconds)][0]} in row {np.argmin(np.isfinite(seconds))}")
    if seconds.size and seconds.min() < 0:
        raise InputError(f"{what} is {seconds.min()} s in row {np.argmin(seconds)}, expected no time before 0")
