"""A person's own recording as one .npy of spike counts per area; the config names its axes, since the file does not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lorafb.artefacts import arrays
from lorafb.artefacts.recordings import Recording
from lorafb.cortex.counts import whole_counts
from lorafb.files import InputError

AXES = ("repeats", "frames", "units")


def read(path: Path | str, area: str, movie: str, rate_hz: float, axes: Sequence[str] = AXES) -> Recording:
    """Read one area's counts, whole numbers in a .npy whose axes are repeats, frames and units in the order of `axes`.

    Units are numbered from 0, of session 0; `rate_hz` is frames a second. An InputError if the array has another number
    of axes, or holds no counts.
    """
    values = arrays.load(path)
    if values.ndim != 3 or not values.size:
        raise InputError(f"{path}: has shape {list(values.shape)}, expected [{', '.join(axes)}]")
    counts = whole_counts(values, f"{path}: the array").transpose([list(axes).index(axis) for axis in AXES])
    n_units = counts.shape[2]
    units = {"unit_id": np.arange(n_units), "session": np.zeros(n_units, np.int64)}
    return Recording.of_repeats(area, movie, rate_hz, counts, units)
