"""When each frame of each repeat was on the screen, from a table with one row per presentation.

A repeat that lacks a frame would, filled with zeros, look like a silent cortex: it is named and left out whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lorafb.files import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Presentations:
    """Rows of a table of presentations, in the order of time, without the grey screen.

    table       : file and table, for messages
    start, stop : float64 (rows,), when the frame came and went, in seconds
    frame       : int64 (rows,), which frame was shown, counted from 0
    block       : float64 (rows,), block of the session that the row belongs to; all 0 where the table has no blocks
    """

    table: str
    start: FloatArray
    stop: FloatArray
    frame: NDArray[np.int64]
    block: FloatArray


@dataclass(frozen=True)
class Repeats:
    """Whole repeats of a movie.

    start, stop : float64 (repeats, T), when each frame came and went, in seconds
    left_out    : one line for each repeat that lacks a frame
    """

    start: FloatArray
    stop: FloatArray
    left_out: tuple[str, ...]

    @property
    def rate_hz(self) -> float:
        """Frames a second, from the median time that a frame was shown, to 0.001 Hz (the clock's own jitter is above that)."""
        return round(float(1 / np.median(self.stop - self.start)), 3)

    def window(self, latency_s: float, bin_s: float | None) -> "Repeats":
        """Intervals in which spikes are counted: from a latency after each onset on, `bin_s` long or as the frame was shown."""
        start = self.start + latency_s
        return replace(self, start=start, stop=self.stop + latency_s if bin_s is None else start + bin_s)


def movie_repeats(rows: Presentations, n_frames: int | None = None) -> Repeats:
    """Cut the presentations of a movie into its repeats and keep the whole ones.

    `n_frames` is the number of frames of the movie; when not given, one more than the largest frame shown.

    Raises
    ------
    InputError
        If a frame is outside the movie, or no repeat is whole.

    Notes
    -----
    A repeat ends where the frame number does not grow, where the block changes, and where the screen was without the
    movie for longer than the frames missing there plus one (a movie stopped half-way and shown again from half-way on
    is not one repeat).
    """
    length = _length(rows, n_frames)
    step = np.diff(rows.frame)
    pause = rows.start[1:] - rows.stop[:-1]
    frame_s = np.median(rows.stop - rows.start)
    ends = (step <= 0) | (np.diff(rows.block) != 0) | (pause > step * frame_s)
    return _whole(rows, np.split(np.arange(len(rows.frame)), np.flatnonzero(ends) + 1), length)


def scene_repeats(rows: Presentations, n_frames: int | None = None) -> Repeats:
    """Sort the presentations of still scenes, in random order, into repeats: the k-th time that each scene was shown.

    Parameters, value and errors are those of `movie_repeats`.
    """
    length = _length(rows, n_frames)
    order = np.argsort(rows.frame, kind="stable")
    first = np.searchsorted(rows.frame[order], np.arange(length))
    nth = np.arange(len(order)) - first[rows.frame[order]]  # how often the row's scene was shown before
    by_repeat = order[np.argsort(nth, kind="stable")]
    return _whole(rows, np.split(by_repeat, np.cumsum(np.bincount(nth))[:-1]), length)


def _length(rows: Presentations, n_frames: int | None) -> int:
    last = int(rows.frame.max(initial=-1))
    if last < 0:
        raise InputError(f"{rows.table}: shows no frame")
    if n_frames is not None and last >= n_frames:
        raise InputError(f"{rows.table}: shows frame {last}, expected 0 to {n_frames - 1}: is it another movie?")
    length = last + 1 if n_frames is None else n_frames
    if length > len(rows.frame):
        raise InputError(f"{rows.table}: no repeat is whole: {length} frames in {len(rows.frame)} rows")
    return length


def _whole(rows: Presentations, pieces: Sequence[NDArray[np.int64]], length: int) -> Repeats:
    whole = [piece for piece in pieces if len(piece) == length]  # no frame comes twice in a piece
    left_out = []
    for number, piece in enumerate(pieces):
        if len(piece) < length:
            missing = np.setdiff1d(np.arange(length), rows.frame[piece])
            repeat = f"repeat {number} (from {rows.start[piece].min():.3f} s)"
            left_out.append(f"{repeat} lacks {missing.size} of {length} frames, the first is {missing[0]}")
    if not whole:
        rest = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        raise InputError(f"{rows.table}: no repeat is whole: {left_out[0]}{rest}")
    kept = np.stack(whole)
    return Repeats(rows.start[kept], rows.stop[kept], tuple(left_out))
