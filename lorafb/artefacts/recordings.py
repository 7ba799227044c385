"""Recordings: the responses of one area's units to one movie, with the unit table."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Recording:
    """Spike counts of one area during one movie.

    Attributes
    ----------
    area : str
        Name of the area as its source spells it (VISp).
    movie : str
        Name of the movie.
    rate_hz : float
        Bins a second; a bin is a frame where the recording is locked to the movie.
    n_repeats : int
        Times that the movie was shown.
    counts : unsigned integer, shape (repeats, T, units), or None
        Counts of single repeats, where the source has them.
    summed : integer, shape (T, units)
        Counts summed over repeats.
    units : dict of arrays, each of shape (units,)
        `unit_id` (int64), `session` (int64) and the quality columns of the source.
    """

    area: str
    movie: str
    rate_hz: float
    n_repeats: int
    counts: NDArray[np.unsignedinteger[Any]] | None
    summed: NDArray[np.integer[Any]]
    units: dict[str, NDArray[Any]] = field(default_factory=dict)
