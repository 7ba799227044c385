"""When frames were shown, from a session's tables of intervals, without the times that the file itself calls invalid.

A row shown while the screen stood still counts spikes of another stimulus, and looks like any other row.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lorafb.artefacts.recordings import Note, many
from lorafb.cortex.hdf5_tables import MOST_BYTES, MOST_NAMES, Table, check_times, group_at, own_dataset, read
from lorafb.cortex.presentations import SPEED_TOLERANCE, TICK_S, FloatArray, IntArray, Presentations, stops, trimmed
from lorafb.files import InputError
from lorafb.records import Model

ENDING = "_presentations"
"""Ending of the names of Allen's tables."""
SERIES = "stimulus/presentation"
"""Where the NWB standard has series of the frames that were shown (IndexSeries)."""
INVALID = "invalid_times"
"""Table of the NWB standard: times to be left out of analyses."""
STIMULUS = "stimulus"
"""Allen's tag of times whose frames cannot be relied on; its other tags name probes whose spikes are missing."""
ALL_PROBES = "all_probes"
"""Allen's tag of invalid times of every probe."""


class Columns(Model):
    """Names of the columns of a table of presentations, where they are not Allen's."""

    frame: str | None = Field(None, description="which frame was shown, counted from 0 or 1; below 0: grey screen")
    start: str | None = Field(None, description="when it came, seconds")
    stop: str | None = Field(None, description="when it went, seconds")
    repeat: str | None = Field(
        None, description="number of the repeat that the row belongs to; worked out from the frames when null"
    )
    frame_times: str | None = Field(
        None, description="of rows that are showings: list of the times at which each frame came, seconds"
    )


class Layout(Model):
    """How the tables of presentations of a session are read."""

    columns: Columns = Field(default_factory=Columns, description="names of columns, where they are not Allen's")
    where: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="column to the value that rows of this movie have there; all rows when empty"
    )
    unit_area: str | None = Field(
        None, description="column of the table of units with each unit's place, where the electrodes do not tell"
    )
    rows: Literal["frames", "showings"] = Field(
        "frames",
        description="what a row is: one frame, or one showing of the whole movie, whose frames follow from frame_times or "
        "from the stimulus' frames and rate",
    )


class Invalid(NamedTuple):
    """Times that the file calls invalid, with its tags, and what other columns of text say (which probe)."""

    begin: float
    end: float
    tags: list[str]
    words: list[str]

    def names(self, probe: str) -> bool:
        """Whether they are of a probe, by one of its names (one a line), in capitals or not."""
        said = {word.lower() for word in (*self.tags, *self.words)}
        return ALL_PROBES in said or not said.isdisjoint(filter(None, probe.lower().split("\n")))

    def of_stimulus(self, probes: Sequence[str]) -> bool:
        """Whether frames cannot be relied on: tagged so, or without a tag and of none of the probes."""
        return STIMULUS in self.tags or (not self.tags and not any(map(self.names, probes)))


def presentations(
    name: str,
    file: h5py.File,
    stimulus: str | Sequence[str],
    layout: Layout | None = None,
    n_frames: int | None = None,
    rate_hz: float | None = None,
    probes: Sequence[str] = (),
) -> Presentations:
    """Read when each frame of a stimulus was shown.

    Parameters
    ----------
    name : what errors call the file
    file : an open session
    stimulus : `natural_movie_one`, `natural_movie_three`, `natural_scenes`, or as the session names it: rows are those
        of the table `intervals/STIMULUS_presentations`, or of `intervals/STIMULUS`, or samples of the IndexSeries
        `stimulus/presentation/STIMULUS`; of several tables where several are named
    layout : names of columns, which rows, and what a row is
    n_frames, rate_hz : of the stimulus; needed where a row is a showing without times of frames
    probes : names of the session's probes, one a line each: invalid times that name one are not of the stimulus

    Returns
    -------
    Presentations
        In the order of time, without the grey screen (frame -1), without rows in invalid times of the stimulus, and cut as
        `presentations.trimmed` says. Its notes say what was left out or cut.
    """
    known = sorted(group_at(name, file, "intervals")) if "intervals" in file else []
    series = sorted(group_at(name, file, SERIES)) if SERIES in file else []
    names = [stimulus] if isinstance(stimulus, str) else list(stimulus)
    of_series = [one for one in names if one in series and not {one, f"{one}{ENDING}"} & set(known)]
    endings = not known or any(table.endswith(ENDING) for table in known)
    plain = [one for one in names if f"{one}{ENDING}" not in known and (one in known or not endings)]
    tables = [one if one in plain else f"{one}{ENDING}" for one in names if one not in of_series]
    if tables and "intervals" not in file:
        other = f"; it has the series {', '.join(series)}" if series else " and no IndexSeries"
        raise InputError(f"{name}: intervals/{tables[0]} is missing: the file has no table of intervals{other}")
    if of_series and layout is not None and layout != Layout(unit_area=layout.unit_area):
        raise InputError(
            f"{name}: {of_series[0]} is an IndexSeries, which has no columns and rows; leave their keys out"
        )
    invalid = [one for one in invalid_times(name, file) if one.of_stimulus(probes)]
    opened = [Table(name, file, f"intervals/{table}") for table in tables]
    found = [_rows(table, layout or Layout(), n_frames, rate_hz) for table in opened]
    parts = [_cleaned(one, invalid) for one in (*found, *(_samples(name, file, one) for one in of_series))]
    more = [table for table in known if table not in tables and any(table.startswith(f"{one}_") for one in names)]
    listed = f"{name}: other tables of a like name are not used: {', '.join(more)}"
    notes = [note for part in parts for note in part.notes] + (
        [Note("tables_unused", len(more), listed)] if more else []
    )
    return _in_order(parts, tuple(notes))


def invalid_times(name: str, file: h5py.File) -> list[Invalid]:
    """Read the times that a session calls invalid; none where it has no such table."""
    if "intervals" not in file or INVALID not in group_at(name, file, "intervals"):
        return []
    table = Table(name, file, f"intervals/{INVALID}")
    tags: list[list[str]] = [[]] * table.n_rows
    if table.find("tags"):
        words = table.texts("tags", ragged=True)
        tags = [words[first:last] for first, last in zip(*table.bounds("tags", len(words)), strict=True)]
    others = [name for name in table.columns if name not in ("tags", "id") and table.is_text(name)]
    said = [list(row) for row in zip(*map(table.texts, others), strict=True)] if others else [[]] * table.n_rows
    begin, end = _bounds(table, Columns(), np.arange(table.n_rows))
    return [Invalid(*one) for one in zip(begin, end, tags, said, strict=True)]


def _samples(name: str, file: h5py.File, series: str) -> Presentations:
    """Read an IndexSeries: which frame came at which time; it went when the next one came (`presentations.stops`)."""
    group = group_at(name, file, f"{SERIES}/{series}")
    where = f"{name}: {SERIES}/{series}"
    data = own_dataset(f"{where}: data", group, "data") if "data" in group else None
    if data is None or data.ndim != 1 or data.dtype.kind not in "ui" or data.nbytes > MOST_BYTES:
        raise InputError(
            f"{where} does not say which frame was shown when: expected an IndexSeries, or a table of intervals"
        )
    if "timestamps" in group:
        times = own_dataset(f"{where}: timestamps", group, "timestamps")
        start = np.asarray(read(times, f"{where}: timestamps"), np.float64)
    else:
        began = own_dataset(f"{where}: starting_time", group, "starting_time") if "starting_time" in group else None
        rate_hz = float(began.attrs.get("rate", 0)) if began is not None else 0.0
        if not rate_hz > 0:
            raise InputError(f"{where} has neither timestamps nor a rate")
        start = float(read(began, where, ())) + np.arange(len(data)) / rate_hz
    if start.shape != data.shape or not np.all(np.diff(start) > 0):
        raise InputError(f"{where}: expected a time that grows for each of its {len(data)} samples")
    check_times(start, f"{where}: timestamps")
    frame = np.asarray(read(data, f"{where}: data")).astype(np.int64)
    return Presentations(where, start, stops(start, where), frame, np.zeros(len(frame)))


def _rows(table: Table, layout: Layout, n_frames: int | None, rate_hz: float | None) -> Presentations:
    """Read one table of presentations."""
    columns, of_movie = layout.columns, _chosen(table, layout.where)
    start, stop = _bounds(table, columns, of_movie)
    if layout.rows == "showings":
        return _showings(table, columns, of_movie, start, stop, n_frames, rate_hz)
    spellings = (columns.frame,) if columns.frame else ("frame", "movie_frame_index")
    if (name := table.find(*spellings)) and table.is_text(name):
        held = ", ".join(sorted(set(table.texts(name)))[:3])
        raise InputError(
            f"{table.where}: column {name!r} is of type object, expected numbers: it names frames by text ({held}, ...); add a "
            "column with the place of each in the stimulus, counted from 0, and name it by columns: {frame: ...}"
        )
    frame = table.integers(*spellings, rows=of_movie)
    repeat = table.integers(columns.repeat, rows=of_movie) if columns.repeat else None
    has_blocks = table.find("stimulus_block")
    block = table.numbers("stimulus_block")[of_movie].astype(np.float64) if has_blocks else np.zeros(len(frame))
    return Presentations(table.where, start, stop, frame, block, repeat)


def _cleaned(rows: Presentations, invalid: Sequence[Invalid]) -> Presentations:
    """Sort rows by time; cut, and leave out, as `presentations` says."""
    order = np.argsort(rows.start, kind="stable")
    order, doubled = _once(rows, order)
    rows = _take(rows, order)
    ends, cut = trimmed(rows.table, rows.start, rows.stop, rows.frame >= 0)
    inside = np.zeros(len(ends), bool)
    notes = [doubled, cut]
    for one in invalid:
        hit = (rows.start < one.end) & (ends > one.begin) & (rows.frame >= 0)
        inside |= hit
        times = f"{one.begin:.3f} to {one.end:.3f} s" + (f" ({', '.join(one.tags)})" if one.tags else "")
        told = f"{rows.table}: {many(int(hit.sum()), 'row')} in invalid times, {times}: left out"
        notes += [Note("rows_invalid", int(hit.sum()), told)] if hit.any() else []
    kept = np.flatnonzero((rows.frame >= 0) & ~inside)
    rows = Presentations(rows.table, rows.start, ends, rows.frame, rows.block, rows.repeat, (*rows.notes, *notes))
    return _take(rows, kept)


def _chosen(table: Table, where: dict[str, str | int | float | bool]) -> IntArray:
    """Rows in which every column has its value."""
    chosen = np.ones(table.n_rows, bool)
    for column, value in where.items():
        text = isinstance(value, str)
        held = np.array(table.texts(column)) if text else table.numbers(column, kinds="buif")
        same = held == value
        if not same.any():
            known = ", ".join(map(str, np.unique(held)[:MOST_NAMES])) or "nothing"
            raise InputError(f"{table.where}: column {column!r} is {value!r} in no row; it holds {known}")
        chosen &= same
    if not chosen.any():
        raise InputError(f"{table.where}: no row has {', '.join(f'{key}: {value}' for key, value in where.items())}")
    return np.flatnonzero(chosen)


def _bounds(table: Table, columns: Columns, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Start and stop of some rows, seconds."""
    begin = (columns.start,) if columns.start else ("start_time", "start")
    end = (columns.stop,) if columns.stop else ("stop_time", "stop", "end_time", "end")
    start = table.numbers(*begin)[rows].astype(np.float64)
    stop = table.numbers(*end)[rows].astype(np.float64)
    check_times(start, f"{table.where}: {begin[0]}", rows)
    check_times(stop, f"{table.where}: {end[0]}", rows)
    if np.any(stop <= start):
        row = int(np.argmax(stop <= start))
        times = f"at {stop[row]} s, not after its start at {start[row]} s"
        raise InputError(f"{table.where}: row {rows[row]} stops {times}")
    return start, stop


def _showings(
    table: Table,
    columns: Columns,
    rows: IntArray,
    start: FloatArray,
    stop: FloatArray,
    n_frames: int | None,
    rate_hz: float | None,
) -> Presentations:
    """Rows of frames from rows that are showings of the whole movie; a showing that ended early lacks its last frames."""
    frames: list[tuple[FloatArray, FloatArray]] = []
    notes = []
    if columns.frame_times:
        times = table.numbers(columns.frame_times, ragged=True).astype(np.float64)
        check_times(times, f"{table.where}: {columns.frame_times}")
        first, last = (one[rows] for one in table.bounds(columns.frame_times, len(times)))
        for begin, end, row in zip(first, last, rows, strict=True):
            came = times[begin:end]
            if len(came) < 2 or np.any(np.diff(came) <= 0):
                raise InputError(f"{table.where}: {columns.frame_times} of row {row} do not grow from frame to frame")
            edges = np.append(came, came[-1] + np.median(np.diff(came)))
            edges = edges[: n_frames + 1] if n_frames and len(came) == n_frames + 1 else edges  # the last one: its end
            frames.append((edges[:-1], edges[1:]))
    elif n_frames is None or rate_hz is None:
        raise InputError(
            f"{table.where}: a row is a showing, and its frames follow from the stimulus' frames and rate: give the movie a "
            "stimulus with rate_hz, or name the column frame_times"
        )
    else:
        stretched = 0
        for begin, end in zip(start, stop, strict=True):
            shown_s = end - begin
            fits = abs(shown_s * rate_hz / n_frames - 1) <= SPEED_TOLERANCE
            frame_s = shown_s / n_frames if fits else 1 / rate_hz
            n = n_frames if fits else min(n_frames, int(shown_s / frame_s + TICK_S))
            stretched += not fits and n == n_frames
            edges = begin + np.arange(n + 1) * frame_s
            frames.append((edges[:-1], edges[1:]))
        if stretched:
            movie_s = f"longer than the movie's {n_frames / rate_hz:.3f} s: frames are counted from their start on"
            notes = [Note("showings_long", stretched, f"{table.where}: {many(stretched, 'showing')} {movie_s}")]
    number = np.concatenate([np.arange(len(came)) for came, _ in frames] or [np.zeros(0, np.int64)]).astype(np.int64)
    repeat = np.repeat(np.arange(len(frames)), [len(came) for came, _ in frames])
    came, went = (np.concatenate([one[end] for one in frames] or [np.zeros(0)]) for end in (0, 1))
    return Presentations(table.where, came, went, number, np.zeros(len(number)), repeat, tuple(notes))


def _once(rows: Presentations, order: IntArray) -> tuple[IntArray, Note]:
    """Order of the rows without those that are there twice: same times, same frame."""
    same = np.ones(max(len(order) - 1, 0), bool)
    for column in (rows.start, rows.stop, rows.frame):
        same &= np.diff(column[order]) == 0
    n = int(same.sum())
    note = Note("rows_doubled", n, f"{rows.table}: {many(n, 'row')} there twice: counted once" if n else "")
    return order[np.append(True, ~same)] if len(order) else order, note


def _take(rows: Presentations, order: IntArray) -> Presentations:
    repeat = None if rows.repeat is None else rows.repeat[order]
    columns = (rows.start[order], rows.stop[order], rows.frame[order], rows.block[order])
    return Presentations(rows.table, *columns, repeat, rows.notes)


def _in_order(parts: Sequence[Presentations], notes: tuple[Note, ...]) -> Presentations:
    """Join the rows of several tables in the order of time; tables that were shown at once are an error."""
    if len(parts) == 1:
        return Presentations(**{**vars(parts[0]), "notes": notes})
    table = ", ".join([parts[0].table, *(part.table.rpartition("/")[2] for part in parts[1:])])
    for one, other in pairwise(sorted((part for part in parts if len(part.start)), key=lambda part: part.start[0])):
        if one.stop[-1] > other.start[0] + TICK_S and _interleaved(one, other):
            raise InputError(f"{one.table} and {other.table.rpartition('/')[2]} show frames at the same time")
    place = np.repeat(np.arange(len(parts)), [len(part.start) for part in parts])
    start, stop, frame = (np.concatenate([getattr(part, one) for part in parts]) for one in ("start", "stop", "frame"))
    block = np.concatenate([_numbers(part.block) for part in parts])
    block = _numbers(np.stack([place, block], axis=1)).astype(np.float64)  # no repeat goes from one table to another
    repeats = [part.repeat for part in parts]
    repeat = None
    if all(one is not None for one in repeats):
        both = np.stack([place, np.concatenate([one for one in repeats if one is not None])], axis=1)
        repeat = _numbers(both)
    rows = Presentations(table, start, stop, frame, block, repeat, notes)
    return _take(rows, np.argsort(rows.start, kind="stable"))


def _numbers(values: NDArray[Any]) -> IntArray:
    """Give numbers to values: equal ones, or equal rows, the same."""
    return np.asarray(np.unique(values, axis=0, return_inverse=True)[1].reshape(-1))


def _interleaved(one: Presentations, other: Presentations) -> bool:
    start, stop = np.concatenate([one.start, other.start]), np.concatenate([one.stop, other.stop])
    order = np.argsort(start)
    return bool((stop[order][:-1] > start[order][1:] + TICK_S).any())
