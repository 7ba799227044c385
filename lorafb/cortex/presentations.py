"""When each frame of each repeat was on the screen, from a table with one row a presentation.

A repeat that lacks a frame would, filled with zeros, look like a silent cortex: it is named and left out whole.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.files import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Presentations:
    """Rows of a presentation table, in the order of time, the grey screen left out.

    Attributes
    ----------
    table : str
        File and table, for messages.
    start, stop : float64, shape (rows,)
        When the frame came and went, in seconds.
    frame : int64, shape (rows,)
        Which frame was shown, counted from 0.
    block : float64, shape (rows,)
        Block of the session that the row belongs to; all 0 where the table does not tell.
    """

    table: str
    start: FloatArray
    stop: FloatArray
    frame: NDArray[np.int64]
    block: FloatArray


@dataclass(frozen=True)
class Repeats:
    """Whole repeats of a movie.

    Attributes
    ----------
    start, stop : float64, shape (repeats, T)
        When each frame came and went, in seconds.
    left_out : tuple of str
        One line for each repeat that lacks a frame.
    """

    start: FloatArray
    stop: FloatArray
    left_out: tuple[str, ...]

    @property
    def rate_hz(self) -> float:
        """Frames a second, from the median time that a frame was shown, to 0.001 Hz (the clock's own jitter is above that)."""
        return round(float(1 / np.median(self.stop - self.start)), 3)


def movie_repeats(shown: Presentations, n_frames: int | None = None) -> Repeats:
    """Cut the rows of a movie into its repeats and keep the whole ones.

    Parameters
    ----------
    shown : Presentations
    n_frames : int, optional
        Frames of the movie; one more than the largest frame shown when not given.

    Returns
    -------
    Repeats

    Raises
    ------
    InputError
        If a frame lies outside the movie, or no repeat is whole.

    Notes
    -----
    A repeat ends where the frame number does not grow, where the block changes, and where the screen was without the
    movie for longer than the frames missing there plus one (a movie stopped half-way and shown again from half-way on
    is not one repeat).
    """
    length = _length(shown, n_frames)
    pieces = np.split(np.arange(len(shown.frame)), np.flatnonzero(_ends(shown)) + 1)
    return _whole(shown, pieces, length)


def scene_repeats(shown: Presentations, n_frames: int | None = None) -> Repeats:
    """Sort the rows of still scenes, shown in random order, into repeats: the k-th time that each scene was shown.

    Parameters, value and errors are those of `movie_repeats`.
    """
    length = _length(shown, n_frames)
    order = np.argsort(shown.frame, kind="stable")
    first = np.searchsorted(shown.frame[order], np.arange(length))
    nth = np.arange(len(order)) - first[shown.frame[order]]
    by_repeat = order[np.argsort(nth, kind="stable")]
    return _whole(shown, np.split(by_repeat, np.cumsum(np.bincount(nth))[:-1]), length)


def _length(shown: Presentations, n_frames: int | None) -> int:
    last = int(shown.frame.max(initial=-1))
    if last < 0:
        raise InputError(f"{shown.table}: shows no frame")
    if n_frames is not None and last >= n_frames:
        raise InputError(f"{shown.table}: shows frame {last}, expected 0 to {n_frames - 1}: is it another movie?")
    length = last + 1 if n_frames is None else n_frames
    if length > len(shown.frame):
        raise InputError(f"{shown.table}: no repeat is whole: {length} frames in {len(shown.frame)} rows")
    return length


def _ends(shown: Presentations) -> NDArray[np.bool_]:
    """Tell for each row but the last one whether a repeat ends with it [rows - 1]."""
    step = np.diff(shown.frame)
    pause = shown.start[1:] - shown.stop[:-1]
    frame_s = np.median(shown.stop - shown.start)
    ends: NDArray[np.bool_] = (step <= 0) | (np.diff(shown.block) != 0) | (pause > step * frame_s)
    return ends


def _whole(shown: Presentations, pieces: list[NDArray[Any]], length: int) -> Repeats:
    kept, left_out = [], []
    for number, rows in enumerate(pieces):
        if len(rows) < length:  # no frame comes twice in a piece
            missing = np.setdiff1d(np.arange(length), shown.frame[rows])
            at = f"repeat {number} (from {shown.start[rows].min():.3f} s)"
            left_out.append(f"{at} lacks {missing.size} of {length} frames, the first is {missing[0]}")
        else:
            kept.append(rows)
    if not kept:
        rest = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        raise InputError(f"{shown.table}: no repeat is whole: {left_out[0]}{rest}")
    rows = np.stack(kept)
    return Repeats(shown.start[rows], shown.stop[rows], tuple(left_out))
