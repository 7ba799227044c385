"""A person's own recording as one .npy of spike counts an area, its axes as the config says: nothing in the file does."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lorafb.artefacts import arrays
from lorafb.artefacts.recordings import Recording, smallest
from lorafb.cortex.counts import whole_counts
from lorafb.files import InputError

AXES = ("repeats", "frames", "units")


def read(path: Path | str, area: str, movie: str, rate_hz: float, axes: Sequence[str] = AXES) -> Recording:
    """Read one area's counts.

    Parameters
    ----------
    path : Path or str
        A .npy of whole numbers.
    area, movie : str
    rate_hz : float
        Frames a second.
    axes : sequence of str
        What the array's axes are: repeats, frames and units in any order.

    Returns
    -------
    Recording
        Units are numbered from 0, session 0.

    Raises
    ------
    InputError
        If the array has other axes than said, or holds no counts.
    """
    values = arrays.load(path)
    if values.ndim != 3 or not values.size:
        raise InputError(f"{path}: has shape {list(values.shape)}, expected [{', '.join(axes)}]")
    counts = whole_counts(values, f"{path}: the array").transpose([list(axes).index(axis) for axis in AXES])
    by_repeat = smallest(np.ascontiguousarray(counts))
    n_units = by_repeat.shape[2]
    units = {"unit_id": np.arange(n_units), "session": np.zeros(n_units, np.int64)}
    return Recording(area, movie, rate_hz, len(by_repeat), by_repeat, by_repeat.sum(axis=0, dtype=np.int64), units)
