"""Stimulus files: the frames of a movie as they were shown, before any preparation for a network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
