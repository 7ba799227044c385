"""Published stimuli: one float32 tensor (T, 3, H, W) in a torch file, normalised for networks; nothing in the file is executed.

Such a file does not say how it was made: `differences` measures it against our own preparation of the same frames.
"""

import re
import zipfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lorafb.artefacts.stimuli import FrameArray, Stimulus
from lorafb.features.prepare import PreparedFrames, prepare
from lorafb.files import InputError
from lorafb.networks.catalogue import NORMALISATIONS

AT_ONCE = 32
"""Frames compared at a time."""


def read_prepared(path: Path | str) -> PreparedFrames:
    """Open a published stimulus.

    Returns
    -------
    PreparedFrames
        float32 (T, 3, H, W), memory-mapped; files older than torch's zip format are read whole.

    Raises
    ------
    InputError
        The file is missing or damaged, holds something else, or a tensor of another type or shape.
    """
    try:
        tensor = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # a damaged or hostile pickle raises whatever it likes
        raise InputError(f"{path}: not a torch file that holds one tensor of frames ({_reason(error)})") from None
    if not isinstance(tensor, Tensor):
        raise InputError(f"{path}: holds a {type(tensor).__name__}, expected one tensor (T, 3, H, W)")
    return PreparedFrames(tensor, name=str(path))


def _reason(error: Exception) -> str:
    """Why torch did not read a file, without its advice to trust the file."""
    asked = re.search(r"GLOBAL\s+([\w.]+)", str(error))
    if asked:
        return f"it asks for {asked.group(1)}, which no tensor needs; nothing of it was run"
    return str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__


def stimulus(path: Path | str, frames: int, rate_hz: float) -> Stimulus:
    """Take a published tensor for a movie, as it is.

    Parameters
    ----------
    path : the .pt file
    frames : number of frames T that it must hold
    rate_hz : frames a second

    Returns
    -------
    Stimulus
        float32, shape (T, 3, H, W); nothing is read before it is asked for.
    """
    prepared = read_prepared(path)
    if prepared.n_frames != frames:
        raise InputError(f"{path}: holds {prepared.n_frames} frames, the config says {frames}")
    return Stimulus(np.asarray(prepared.frames), rate_hz, f"published tensor {Path(path).name}")


@dataclass(frozen=True)
class Difference:
    """How far a published tensor is from our preparation of the same frames.

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


def differences(published: PreparedFrames, movie: FrameArray) -> list[Difference]:
    """Measure a published tensor against each preparation of the frames as they were shown, the nearest one first.

    Parameters
    ----------
    published : of T frames, as high as wide
    movie : uint8, shape (T, height, width) or (T, height, width, 3)

    Raises
    ------
    InputError
        When the tensor has another number of frames, or is not as high as wide.

    Notes
    -----
    Half a grey level (0.004 with "half") at most is what rounding to 8 bits after the resize leaves.
    """
    height, width = published.frame_size
    if (published.n_frames, height) != (len(movie), width):
        raise InputError(
            f"{published.name}: {published.n_frames} frames of {height}x{width} pixels,"
            f" expected {len(movie)} frames as high as wide"
        )
    ways = list(product(NORMALISATIONS, (True, False)))
    largest, total = np.zeros(len(ways)), np.zeros(len(ways))
    for first in range(0, len(movie), AT_ONCE):
        theirs = published(np.arange(first, min(first + AT_ONCE, len(movie))))
        frames = np.asarray(movie[first : first + AT_ONCE])
        for way, (normalisation, antialias) in enumerate(ways):
            apart = (prepare(frames, width, normalisation, antialias=antialias) - theirs).abs()
            largest[way] = max(largest[way], float(apart.max()))
            total[way] += float(apart.sum(dtype=torch.float64))
    mean = total / (published.n_frames * 3 * height * width)
    measured = [
        Difference(*way, float(most), float(usual)) for way, most, usual in zip(ways, largest, mean, strict=True)
    ]
    return sorted(measured, key=lambda one: one.mean)
