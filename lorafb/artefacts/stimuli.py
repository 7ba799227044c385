"""Stimulus files: the frames of a movie, or still images, as they were shown, before any preparation for a network.

The one exception is a published tensor, which was prepared by others: it is kept as it is, and served as it is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance

KIND, VERSION = "lorafb-stimulus", 1
BLOCK = 64
"""Frames written at a time."""


class FrameArray(Protocol):
    """What holds a movie: a numpy array, a memory map or an HDF5 dataset."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames first."""

    @property
    def dtype(self) -> Any:
        """Type of the pixels."""

    def __len__(self) -> int:
        """Count the frames."""

    def __getitem__(self, positions: Any, /) -> Any:
        """Frames at ascending positions."""


@dataclass(frozen=True)
class LazyFrames:
    """Frames that are made, or decoded, one by one when they are asked for: a movie that is never whole in memory.

    Attributes
    ----------
    shape : (T, height, width, 3)
    make : callable
        Number of a frame -> uint8, shape (height, width, 3).
    """

    shape: tuple[int, int, int, int]
    make: Callable[[int], NDArray[np.uint8]]

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Type of the pixels."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        """Count the frames."""
        return self.shape[0]

    def __getitem__(self, positions: slice | NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Frames at ascending positions, shape (n, height, width, 3)."""
        numbers = np.arange(len(self))[positions]
        frames = np.empty((len(numbers), *self.shape[1:]), np.uint8)
        for frame, number in zip(frames, numbers.tolist(), strict=True):
            frame[:] = self.make(number)
        return frames


@dataclass(frozen=True)
class Stimulus:
    """A movie, or still images.

    Attributes
    ----------
    frames : uint8, shape (T, height, width, 3) or grey (T, height, width); or float32, shape (T, 3, height, width)
        Red, green, blue, 0 to 255. Floats were prepared for networks by others, normalised too.
    rate_hz : float
        Frames a second.
    source : str
        One line: what it shows and where it comes from.
    """

    frames: FrameArray
    rate_hz: float
    source: str

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """All frames in memory."""
        return np.asarray(self.frames[:])


def write(stimulus: Stimulus, path: Path | str, provenance: Provenance) -> None:
    """Write a stimulus file (HDF5: dataset `frames`, attributes `rate_hz`, `source`), a block of frames in memory."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        shape, dtype = stimulus.frames.shape, stimulus.frames.dtype
        packed = {"compression": "gzip", "compression_opts": 1} if dtype == np.uint8 else {}  # floats hardly shrink
        stored: h5py.Dataset = file.create_dataset(
            "frames", shape, dtype, chunks=(1, *shape[1:]), **packed, **hdf5.CHECKED
        )
        for first in range(0, shape[0], BLOCK):
            stored[first : first + BLOCK] = stimulus.frames[first : first + BLOCK]
        file.attrs["rate_hz"] = stimulus.rate_hz
        file.attrs["source"] = stimulus.source


@contextmanager
def opened(path: Path | str) -> Iterator[Stimulus]:
    """Open a checked stimulus file; frames are read as they are asked for, as long as the block lasts."""
    with hdf5.opened(path, KIND, VERSION) as file:
        yield Stimulus(file["frames"], float(file.attrs["rate_hz"]), str(file.attrs["source"]))


def read(path: Path | str) -> Stimulus:
    """Read and check a stimulus file, all its frames."""
    with opened(path) as stimulus:
        return Stimulus(stimulus.pixels, stimulus.rate_hz, stimulus.source)
