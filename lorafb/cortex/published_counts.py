"""The published arrays of spike counts (Huang et al. 2024): one .npy per area and stimulus, summed over repeats.

They hold no unit ids and no frame rate, so only their shape distinguishes one file from another: it is checked. Whether
their number of frames is right, only the stimulus and the other areas can say: `same_frames`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.arrays import load
from lorafb.artefacts.recordings import Recording
from lorafb.cortex.counts import whole_counts
from lorafb.files import InputError, nearest

AREAS = ("visp", "visl", "visrl", "visal", "vispm", "visam")
"""Areas of the published arrays, in the order of the published results."""
NO_SESSION = -1
"""Session of every unit: the published arrays do not name it."""


@dataclass(frozen=True)
class PublishedStimulus:
    """How a published stimulus was published.

    n_frames, n_repeats : of the published file; a part of it, or another movie in its layout, may have other frames
    rate_hz             : frames a second
    steps               : time bins of each frame in the array (its middle axis)
    """

    n_frames: int
    n_repeats: int
    rate_hz: float
    steps: int

    @property
    def ending(self) -> str:
        """Ending of the file names, without `.npy`."""
        return f"_{self.steps}"

    @property
    def duration_s(self) -> float:
        """Seconds of one repeat, by which the published filter of units counts, however many frames a file has."""
        return self.n_frames / self.rate_hz


STIMULI = {
    "allen_natural_movie_one": PublishedStimulus(900, 20, 30.0, 1),
    "allen_natural_movie_three": PublishedStimulus(3600, 10, 30.0, 1),
    "allen_natural_scenes": PublishedStimulus(118, 50, 4.0, 8),
}
"""Published stimuli by their folder (paper, section 4.1; scenes were on for a quarter of a second)."""


def read(folder: Path | str, stimulus: str, area: str) -> Recording:
    """Read one area's published counts.

    Parameters
    ----------
    folder : holds the folder of each stimulus
    stimulus : `allen_natural_movie_one`, `allen_natural_movie_three` or `allen_natural_scenes`
    area : name of the area (VISp); files are named in lower case

    Returns
    -------
    Recording
        `summed` [T, units] over repeats and over the time bins of a frame; `unit_id` numbers the columns from 0, `session`
        is -1. Scenes have the column `reliability`, the published split-half reliability of each unit.

    Raises
    ------
    InputError
        One line: the file, its shape, what was expected. Pickled arrays are refused.
    """
    published = find(stimulus)
    path = Path(folder) / stimulus / f"{area.lower()}{published.ending}.npy"
    values = whole_counts(load(path), str(path))
    if values.ndim != 3 or values.shape[1] != published.steps or not values.size:
        raise InputError(f"{path}: has shape {list(values.shape)}, expected [frames, {published.steps}, units]")
    n_units = values.shape[2]
    units: dict[str, NDArray[Any]] = {"unit_id": np.arange(n_units), "session": np.full(n_units, NO_SESSION)}
    if published.steps > 1:
        path = path.with_name(f"shr_{area.lower()}.npy")
        reliability = load(path)
        shape = list(reliability.shape)
        if reliability.dtype.kind not in "uif" or reliability.size != n_units or max(shape, default=0) != n_units:
            kind = f"{reliability.dtype} {shape}"
            raise InputError(f"{path}: is {kind}, expected a number for each of {n_units} units")
        units["reliability"] = reliability.reshape(-1).astype(np.float64)
    summed = values.sum(axis=1, dtype=np.int64)
    return Recording(area, stimulus, published.rate_hz, published.n_repeats, None, summed, units)


def find(stimulus: str) -> PublishedStimulus:
    """How a published stimulus was shown; an unknown one is an InputError that names the nearest."""
    if stimulus not in STIMULI:
        raise InputError(
            f"{stimulus!r} is no published stimulus{nearest(stimulus, STIMULI)}; there are {', '.join(STIMULI)}"
        )
    return STIMULI[stimulus]


def same_frames(recordings: Mapping[str, Recording]) -> int:
    """Check that the recordings of all areas, by area or file, have the same number of frames, and return it."""
    lengths = {name: len(recording.summed) for name, recording in recordings.items()}
    if len(set(lengths.values())) != 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items()) or "none"
        raise InputError(f"areas have different numbers of frames: {listed}; they must have seen the same stimulus")
    return next(iter(lengths.values()))
