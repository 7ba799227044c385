"""Stimulus files: the frames of a movie as they were shown, before any preparation for a network."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance

KIND, VERSION = "lorafb-stimulus", 1


@dataclass(frozen=True)
class Stimulus:
    """A movie.

    Attributes
    ----------
    frames : uint8, shape (T, height, width, 3)
        Red, green, blue, 0 to 255.
    rate_hz : float
        Frames a second.
    source : str
        One line: what it shows and where it comes from.
    """

    frames: NDArray[np.uint8]
    rate_hz: float
    source: str


def write(stimulus: Stimulus, path: Path | str, provenance: Provenance) -> None:
    """Write a stimulus file (HDF5: dataset `frames`, attributes `rate_hz`, `source`)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        one = (1, *stimulus.frames.shape[1:])
        file.create_dataset(
            "frames", data=stimulus.frames, chunks=one, compression="gzip", compression_opts=1, **hdf5.CHECKED
        )
        file.attrs["rate_hz"] = stimulus.rate_hz
        file.attrs["source"] = stimulus.source


def read(path: Path | str) -> Stimulus:
    """Read and check a stimulus file."""
    with hdf5.opened(path, KIND, VERSION) as file:
        return Stimulus(file["frames"][()], float(file.attrs["rate_hz"]), str(file.attrs["source"]))
