"""A person's own recording as one .npy or .mat per area; the config names its axes, since the file does not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import arrays
from lorafb.artefacts.recordings import Recording
from lorafb.cortex import own_archives
from lorafb.cortex.counts import real_values, whole_counts
from lorafb.files import InputError

AXES = ("repeats", "frames", "units")


def read(
    path: Path | str, area: str, movie: str, rate_hz: float, axes: Sequence[str] = AXES, real: bool = False
) -> Recording:
    """Read one area's counts: whole numbers in a .npy or .mat whose axes are repeats, frames and units in the order of `axes`.

    Units are numbered from 0, of session 0; `rate_hz` is frames a second; `real` allows real values in place of counts. A
    .mat holds one array, or one named as the area. An InputError if the array has another number of axes, or holds no counts.
    """
    values = _of_archive(path, area) if own_archives.is_archive(path) else arrays.load(path)
    if values.ndim > 3 and values.shape.count(1) == values.ndim - 3:
        values = np.squeeze(values)
    if values.ndim != 3 or not values.size:
        raise InputError(f"{path}: has shape {list(values.shape)}, expected [{', '.join(axes)}]")
    checked = (real_values if real else whole_counts)(values, f"{path}: the array")
    counts = checked.transpose([list(axes).index(axis) for axis in AXES])
    n_units = counts.shape[2]
    units = {"unit_id": np.arange(n_units), "session": np.zeros(n_units, np.int64)}
    return Recording.of_repeats(area, movie, rate_hz, counts, units)


def _of_archive(path: Path | str, area: str) -> NDArray[Any]:
    """Read the array of an area, or the only one; MATLAB leaves out axes of length one at the end."""
    held = own_archives.arrays(path)
    name = area if area in held else next(iter(held), "")
    if area not in held and len(held) != 1:
        raise InputError(f"{path}: holds {', '.join(held) or 'nothing'}; expected one array, or one named {area}")
    values = held[name]
    return values[:, :, None] if values.ndim == 2 and own_archives.is_matlab(path) else values
