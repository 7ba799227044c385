"""When frames were shown, from a session's tables of intervals, without the times that the file itself calls invalid.

A row shown while the screen stood still counts spikes of another stimulus, and looks like any other row.
"""

import logging

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.cortex.hdf5_tables import Table, check_times, group_at
from lorafb.cortex.presentations import FloatArray, Presentations
from lorafb.files import InputError

log = logging.getLogger(__name__)

INVALID = "invalid_times"
"""Table of the NWB standard: times to be left out of analyses."""
STIMULUS = "stimulus"
"""Allen's tag of times whose frames cannot be relied on; its other tags name probes whose spikes are missing."""


def presentations(name: str, file: h5py.File, stimulus: str) -> Presentations:
    """Read when each frame of a stimulus was shown.

    Parameters
    ----------
    name : what errors call the file
    file : an open session
    stimulus : `natural_movie_one`, `natural_movie_three`, `natural_scenes`, or as the session names it: rows are those
        of the table `intervals/STIMULUS_presentations`, or of `intervals/STIMULUS`

    Returns
    -------
    Presentations
        In the order of time, without the grey screen (frame -1) and without rows in invalid times of the stimulus.
        Invalid times of spikes alone are named in the log.
    """
    known = group_at(name, file, "intervals") if "intervals" in file else {}
    ending = "" if stimulus in known and f"{stimulus}_presentations" not in known else "_presentations"
    table = Table(name, file, f"intervals/{stimulus}{ending}")
    start, stop = _bounds(table)
    frame = table.integers("frame", "movie_frame_index")
    block = table.numbers("stimulus_block").astype(np.float64) if table.find("stimulus_block") else np.zeros(len(start))
    counted = frame >= 0
    if INVALID in known:
        counted &= _valid(Table(name, file, f"intervals/{INVALID}"), table.where, start, stop)
    order = np.argsort(start, kind="stable")
    order = order[counted[order]]
    return Presentations(table.where, start[order], stop[order], frame[order], block[order])


def _bounds(table: Table) -> tuple[FloatArray, FloatArray]:
    """Start and stop of each row [rows], seconds."""
    start = table.numbers("start_time", "start").astype(np.float64)
    stop = table.numbers("stop_time", "stop", "end_time", "end").astype(np.float64)
    check_times(start, f"{table.where}: start_time")
    check_times(stop, f"{table.where}: stop_time")
    if np.any(stop <= start):
        row = int(np.argmax(stop <= start))
        raise InputError(f"{table.where}: row {row} stops at {stop[row]} s, not after its start at {start[row]} s")
    return start, stop


def _valid(invalid: Table, rows: str, start: FloatArray, stop: FloatArray) -> NDArray[np.bool_]:
    """Whether each row [rows] is outside the invalid times of the stimulus; other invalid times go to the log."""
    tags: list[list[str]] = [[]] * invalid.n_rows
    if invalid.find("tags"):
        words = invalid.texts("tags", ragged=True)
        tags = [words[first:last] for first, last in zip(*invalid.bounds("tags", len(words)), strict=True)]
    valid = np.ones(len(start), bool)
    for begin, end, why in zip(*_bounds(invalid), tags, strict=True):
        inside = (start < end) & (stop > begin)
        if not inside.any():
            continue
        message = f"{rows}: {inside.sum()} rows lie in invalid times, {begin:.3f} to {end:.3f} s ({', '.join(why)})"
        if not why or STIMULUS in why:
            valid &= ~inside
            log.warning("%s; they are left out", message)
        else:
            log.warning("%s; spikes may be missing there, and are counted as they are", message)
    return valid
