"""When frames were shown, from a session's tables of intervals, less the times that the file itself calls invalid.

A row shown while the screen stood still counts spikes of another stimulus, and looks like any other row.
"""

import logging

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.cortex.hdf5_tables import Table, check_times, group_at
from lorafb.cortex.presentations import Presentations
from lorafb.files import InputError

log = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]

INVALID = "invalid_times"
"""Table of the NWB standard: times to be left out of analyses."""
STIMULUS = "stimulus"
"""Allen's tag of times whose frames cannot be relied on; its other tags name probes whose spikes are missing."""


def presentations(name: str, file: h5py.File, stimulus: str) -> Presentations:
    """Read when each frame of a stimulus was shown.

    Parameters
    ----------
    name : str
        What errors call the file.
    file : h5py.File
    stimulus : str
        `natural_movie_one`, `natural_movie_three`, `natural_scenes`, or as the session names it: rows are those of the
        table `intervals/STIMULUS_presentations`, or of `intervals/STIMULUS`.

    Returns
    -------
    Presentations
        In the order of time, without the grey screen (frame -1) and without rows within invalid times of the stimulus.
        Invalid times of spikes alone are named in the log.
    """
    known = group_at(name, file, "intervals") if "intervals" in file else {}
    own = stimulus in known and f"{stimulus}_presentations" not in known
    table = Table(name, file, f"intervals/{stimulus}" if own else f"intervals/{stimulus}_presentations")
    start, stop = _bounds(table)
    frame = table.integers(table.require("frame", "movie_frame_index"))
    block = table.find("stimulus_block")
    blocks = np.zeros(len(start)) if block is None else table.numbers(block).astype(np.float64)
    valid = _valid(name, file, table.where, start, stop) if INVALID in known else np.ones(len(start), bool)
    order = np.argsort(start, kind="stable")
    order = order[(frame >= 0)[order] & valid[order]]
    return Presentations(table.where, start[order], stop[order], frame[order], blocks[order])


def _bounds(table: Table) -> tuple[FloatArray, FloatArray]:
    """Start and stop of each row [rows], seconds."""
    start = table.numbers(table.require("start_time", "start")).astype(np.float64)
    stop = table.numbers(table.require("stop_time", "stop", "end_time", "end")).astype(np.float64)
    check_times(start, f"{table.where}: start_time")
    check_times(stop, f"{table.where}: stop_time")
    if np.any(stop <= start):
        row = int(np.argmax(stop <= start))
        raise InputError(f"{table.where}: row {row} stops at {stop[row]} s, not after its start at {start[row]} s")
    return start, stop


def _valid(name: str, file: h5py.File, shown: str, start: FloatArray, stop: FloatArray) -> NDArray[np.bool_]:
    """Tell which rows [rows] lie outside the invalid times of the stimulus, and log what else is invalid meanwhile."""
    table = Table(name, file, f"intervals/{INVALID}")
    valid = np.ones(len(start), bool)
    for begin, end, tags in zip(*_bounds(table), _tags(table), strict=True):
        meanwhile = (start < end) & (stop > begin)
        if not meanwhile.any():
            continue
        told = f"{shown}: {meanwhile.sum()} rows lie in invalid times, {begin:.3f} to {end:.3f} s ({', '.join(tags)})"
        if not tags or STIMULUS in tags:
            valid &= ~meanwhile
            log.warning("%s; they are left out", told)
        else:
            log.warning("%s; spikes may be missing there, and are counted as they are", told)
    return valid


def _tags(table: Table) -> list[list[str]]:
    """Tags of each row; none where the table has no such column."""
    column = table.find("tags")
    if column is None:
        return [[] for _ in range(len(table.dataset("id")))]
    words = table.texts(column, ragged=True)
    last = table.ends(table.require("tags_index"), len(words), "tags")
    return [words[begin:end] for begin, end in zip([0, *last[:-1]], last, strict=True)]
