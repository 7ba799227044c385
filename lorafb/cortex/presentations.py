"""When each frame of each repeat was on the screen, from a table with one row per presentation.

A repeat that lacks a frame would, filled with zeros, look like a silent cortex: it is named and left out whole. A row that
lasts until the next showing would look like a burst of spikes: it is cut, and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Note, many
from lorafb.files import InputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TICK_S = 1e-6
"""Overlap of two rows that is rounding: less than a tick of any spike clock."""
LONGEST = 1.5 * 1.01
"""Longest row, in usual rows: half a row more, and the clock's jitter."""
SPEED_TOLERANCE = 0.01
"""Largest relative difference between the speed of a repeat and the usual one; a frame more or less is no other speed."""
PAUSE = 1.5
"""Where the next frame came later than so many usual frames after, the screen is taken to have been without the movie."""
MOST_APART = 3
"""Longest time from one frame to the next, in usual rows, where the table does not number its repeats."""
NAMED = 3
"""Repeats that a note names one by one."""


@dataclass(frozen=True)
class Presentations:
    """Rows of a table of presentations, in the order of time, without the grey screen.

    table       : file and table, for messages
    start, stop : float64 (rows,), when the frame came and went, in seconds
    frame       : int64 (rows,), which frame was shown, counted from 0
    block       : float64 (rows,), block of the session that the row belongs to; all 0 where the table has no blocks
    repeat      : int64 (rows,), the repeat that the row belongs to, where the table says so
    notes       : what was cut or left out already
    """

    table: str
    start: FloatArray
    stop: FloatArray
    frame: IntArray
    block: FloatArray
    repeat: IntArray | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Repeats:
    """Whole repeats of a movie.

    start, stop : float64 (repeats, T), when each frame came and went, in seconds
    left_out    : one line for each repeat that lacks a frame, or ran at another speed
    notes       : what was cut or left out, those of the rows included
    """

    start: FloatArray
    stop: FloatArray
    left_out: tuple[str, ...]
    notes: tuple[Note, ...] = ()

    @property
    def rate_hz(self) -> float:
        """Frames a second, to 0.001 Hz (the clock's own jitter is above that).

        From the median time that a frame was shown; where that disagrees with the time from a repeat's first frame to its
        last (frames apart from each other, times rounded to milliseconds), from the latter.
        """
        shown_hz = 1 / np.median(self.stop - self.start)
        in_order = self.start.shape[1] > 1 and bool((np.diff(self.start, axis=1) > 0).all())
        apart_hz = 1 / np.median(_apart(self.start)) if in_order else shown_hz
        return round(float(shown_hz if abs(shown_hz / apart_hz - 1) <= SPEED_TOLERANCE / 2 else apart_hz), 3)

    def window(self, latency_s: float, bin_s: float | None) -> "Repeats":
        """Intervals in which spikes are counted: from a latency after each onset on, `bin_s` long or as the frame was shown."""
        start = self.start + latency_s
        return replace(self, start=start, stop=self.stop + latency_s if bin_s is None else start + bin_s)


def stops(start: FloatArray, where: str) -> FloatArray:
    """When frames went, from sorted onsets alone (rows,): when the next one came, or after the usual time."""
    if len(start) < 2:
        raise InputError(f"{where}: holds one onset and no offset, so how long it was shown is not known")
    shown = np.diff(start)
    usual = float(np.median(shown))
    return np.asarray(start + np.append(np.where(shown > PAUSE * usual, usual, shown), usual))


def trimmed(table: str, start: FloatArray, stop: FloatArray, shown: NDArray[np.bool_]) -> tuple[FloatArray, Note]:
    """Cut the rows that reach into the next one of their table, and those much longer than the usual row.

    Parameters
    ----------
    table : file and table, for messages
    start, stop : float64 (rows,), seconds, in the order of time
    shown : bool (rows,), rows of a frame; others are of the grey screen

    Returns
    -------
    stop : float64 (rows,)
        Of a row of a frame at most the next row's start; where that is longer than 1.5 usual (median) rows, the end of a usual
        one. Rows of the grey screen are as they were.
    note : Note
        How many rows were cut.

    Raises
    ------
    InputError
        If two rows of frames overlap by more than half a row: two frames cannot be shown at once.
    """
    if not shown.any():
        return stop, Note("rows_cut", 0, "")
    begin, end, grey = start[shown], stop[shown], np.append(start[~shown], np.inf)
    following = np.append(begin[1:], np.inf)
    ends = np.minimum(end, following)
    usual = float(np.median(ends - begin))
    hidden = np.flatnonzero((ends < end) & (ends - begin < usual / 2))
    if hidden.size:
        at = hidden[0]
        rows = f"{begin[at]:.3f} to {end[at]:.3f} s, the next one begins at {following[at]:.3f} s"
        raise InputError(f"{table}: a row lasts from {rows}: two frames cannot be on the screen at once")
    next_grey = grey[np.searchsorted(grey, begin + usual / 2)]  # a grey row beside a frame hides no frame
    ends = np.minimum(ends, next_grey)
    ends = np.where(ends - begin > LONGEST * usual, begin + usual, ends)
    n_cut = int((ends < end - TICK_S).sum())
    cut = f"{n_cut} of {many(len(end), 'row')} reached into the next one, or lasted more than 1.5 usual rows ({usual:.4f} s)"
    whole = stop.copy()
    whole[shown] = ends
    return whole, Note("rows_cut", n_cut, f"{table}: {cut}: cut" if n_cut else "")


def movie_repeats(rows: Presentations, n_frames: int | None = None) -> Repeats:
    """Cut the presentations of a movie into its repeats and keep the whole ones.

    `n_frames` is the number of frames of the movie; when not given, one more than the largest frame shown.

    Raises
    ------
    InputError
        If a frame is outside the movie, or no repeat is whole.

    Notes
    -----
    Where the table does not number its repeats, a repeat ends where the frame number does not grow, where the block
    changes, and where the screen was without the movie for longer than the frames missing there plus one (a movie stopped
    half-way and shown again from half-way on is not one repeat). A repeat at another speed than the others is left out.
    """
    rows, length = _numbered(rows, n_frames)
    if rows.repeat is None:
        step = np.diff(rows.frame)
        pause = rows.start[1:] - rows.stop[:-1]
        frame_s = np.median(rows.stop - rows.start)
        if (step > 0).any():  # frames may be apart from each other: on for 20 ms of every 33
            apart = (np.diff(rows.start)[step > 0] / step[step > 0]).min()
            frame_s = np.clip(apart, frame_s, MOST_APART * frame_s)
        ends = (step <= 0) | (np.diff(rows.block) != 0) | (pause > step * frame_s)
        pieces = np.split(np.arange(len(rows.frame)), np.flatnonzero(ends) + 1)
    else:
        _, first, which = np.unique(rows.repeat, return_index=True, return_inverse=True)
        by_frame = np.argsort(rows.frame, kind="stable")
        pieces = [by_frame[which[by_frame] == k] for k in np.argsort(first)]
    return _alike(_whole(rows, pieces, length), rows)


def scene_repeats(rows: Presentations, n_frames: int | None = None) -> Repeats:
    """Sort the presentations of still scenes, in random order, into repeats: the k-th time that each scene was shown.

    Parameters, value and errors are those of `movie_repeats`.
    """
    rows, length = _numbered(rows, n_frames)
    order = np.argsort(rows.frame, kind="stable")
    first = np.searchsorted(rows.frame[order], np.arange(length))
    nth = np.arange(len(order)) - first[rows.frame[order]]  # how often the row's scene was shown before
    by_repeat = order[np.argsort(nth, kind="stable")]
    return _noted(_whole(rows, np.split(by_repeat, np.cumsum(np.bincount(nth))[:-1]), length), rows)


def _numbered(rows: Presentations, n_frames: int | None) -> tuple[Presentations, int]:
    """Rows whose frames count from 0, and the number of frames of the movie."""
    last, first = int(rows.frame.max(initial=-1)), int(rows.frame.min(initial=2**62))
    if last < 0:
        raise InputError(f"{rows.table}: shows no frame")
    if first == 1 and n_frames in (None, last):
        note = Note(
            "frames_from_1", 1, f"{rows.table}: numbers its frames from 1 to {last}: they are taken as 0 to {last - 1}"
        )
        rows, last = replace(rows, frame=rows.frame - 1, notes=(*rows.notes, note)), last - 1
    if n_frames is not None and last >= n_frames:
        raise InputError(f"{rows.table}: shows frame {last}, expected 0 to {n_frames - 1}: is it another movie?")
    length = last + 1 if n_frames is None else n_frames
    if length > len(rows.frame):
        raise InputError(f"{rows.table}: no repeat is whole: {length} frames in {len(rows.frame)} rows")
    return rows, length


def _whole(rows: Presentations, pieces: Sequence[IntArray], length: int) -> Repeats:
    whole, left_out = [], []
    for number, piece in enumerate(pieces):
        shown, times = np.unique(rows.frame[piece], return_counts=True)
        repeat = f"repeat {number} (from {rows.start[piece].min():.3f} s)"
        if len(shown) < length:
            missing = np.setdiff1d(np.arange(length), shown)
            left_out.append(f"{repeat} lacks {missing.size} of {length} frames, the first is {missing[0]}")
        elif len(piece) > length:
            left_out.append(f"{repeat} shows frame {shown[times > 1][0]} more than once")
        else:
            whole.append(piece)
    if not whole:
        rest = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        raise InputError(f"{rows.table}: no repeat is whole: {left_out[0]}{rest}")
    kept = np.stack(whole)
    return Repeats(rows.start[kept], rows.stop[kept], tuple(left_out))


def _apart(start: FloatArray) -> FloatArray:
    """Mean time between the starts of two frames, of each repeat (repeats,)."""
    return np.asarray((start[:, -1] - start[:, 0]) / max(start.shape[1] - 1, 1))


def _alike(repeats: Repeats, rows: Presentations) -> Repeats:
    """Leave out the repeats that ran at another speed than the others."""
    apart = _apart(repeats.start)
    usual = float(np.median(apart))
    one_frame = 1 / max(repeats.start.shape[1] - 1, 1)
    alike = np.abs(apart - usual) <= max(SPEED_TOLERANCE, one_frame) * abs(usual)
    if not alike.any():
        speeds = ", ".join(f"{1 / one:.3f}" for one in apart[:NAMED])
        raise InputError(f"{rows.table}: its repeats ran at different speeds ({speeds} frames a second)")
    odd = tuple(
        f"the repeat from {begin:.3f} s ran at {1 / one:.3f} frames a second, the others at {1 / usual:.3f}"
        for begin, one in zip(repeats.start[~alike, 0], apart[~alike], strict=True)
    )
    return _noted(Repeats(repeats.start[alike], repeats.stop[alike], repeats.left_out + odd), rows)


def _noted(repeats: Repeats, rows: Presentations) -> Repeats:
    """Add what became of the rows and of the repeats."""
    n_out = len(repeats.left_out)
    named = "; ".join(repeats.left_out[:NAMED]) + (f"; and {n_out - NAMED} more" if n_out > NAMED else "")
    left_out = Note(
        "repeats_left_out", n_out, f"{rows.table}: {many(n_out, 'repeat')} left out: {named}" if n_out else ""
    )
    gaps = _gaps(repeats)
    apart = f"{rows.table}: the screen was without a frame for {gaps:.0%} of each repeat; spikes there are not counted"
    return replace(repeats, notes=(*rows.notes, left_out, *([Note("frames_apart", 1, apart)] if gaps else [])))


def _gaps(repeats: Repeats) -> float:
    """Share of a repeat of a movie between its frames; 0 where it is within the jitter, or frames came in random order."""
    if repeats.start.shape[1] < 2 or not (np.diff(repeats.start, axis=1) > 0).all():
        return 0.0
    between = np.median(repeats.start[:, 1:] - repeats.stop[:, :-1]) / np.median(_apart(repeats.start))
    return float(between) if between > SPEED_TOLERANCE else 0.0
