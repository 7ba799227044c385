"""Stimuli that others have prepared for networks, and how far ours lie from them: nothing in such a file says how it was made."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch

from lorafb.artefacts.stimuli import FrameArray
from lorafb.features import tensor_file
from lorafb.features.prepare import NORMALISATIONS, PreparedFrames, prepare
from lorafb.files import InputError

AT_ONCE = 32
"""Frames compared at a time."""


@dataclass(frozen=True)
class Difference:
    """How far a published tensor lies from our preparation of the same frames.

    Attributes
    ----------
    normalisation : "half" or "imagenet"
    antialias : bool
        Whether frames are smoothed before they shrink, as we do for every network.
    largest, mean : float
        Absolute difference of two values, in the tensor's own units (black to white is 2 with "half").
    """

    normalisation: str
    antialias: bool
    largest: float
    mean: float


def read_prepared(path: Path | str) -> PreparedFrames:
    """Open a published stimulus, memory-mapped; InputError when the file holds no tensor of that kind."""
    return PreparedFrames(tensor_file.load(path), name=str(path))


def differences(published: PreparedFrames, shown: FrameArray) -> list[Difference]:
    """Measure a published tensor against each preparation of the frames as they were shown, the nearest one first.

    Parameters
    ----------
    published : of T frames, as high as wide
    shown : uint8, shape (T, height, width) or (T, height, width, 3)

    Raises
    ------
    InputError
        When the tensor has another number of frames, or is not as high as wide.

    Notes
    -----
    Half a grey level (0.004 with "half") at most is what rounding to 8 bits after the resize leaves.
    """
    height, width = published.frame_size
    if (published.n_frames, height) != (len(shown), width):
        raise InputError(
            f"{published.name}: {published.n_frames} frames of {height}x{width} pixels,"
            f" expected {len(shown)} frames as high as wide"
        )
    ways = list(product(NORMALISATIONS, (True, False)))
    largest, total = np.zeros(len(ways)), np.zeros(len(ways))
    for first in range(0, len(shown), AT_ONCE):
        theirs = published(np.arange(first, min(first + AT_ONCE, len(shown))))
        frames = np.asarray(shown[first : first + AT_ONCE])
        for way, (normalisation, antialias) in enumerate(ways):
            apart = (prepare(frames, width, normalisation, antialias=antialias) - theirs).abs()
            largest[way] = max(largest[way], float(apart.max()))
            total[way] += float(apart.sum(dtype=torch.float64))
    mean = total / (published.n_frames * 3 * height * width)
    found = [Difference(*way, float(most), float(usual)) for way, most, usual in zip(ways, largest, mean, strict=True)]
    return sorted(found, key=lambda one: one.mean)
