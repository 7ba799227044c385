"""Movie frames as a network sees them, made when they are asked for: a frame in the wrong range still gives scores.

A movie on disk stays uint8 (or a published float32 tensor, memory-mapped); only the frames of one forward call are ever
prepared. Orders, repeats and replaced frames are nothing but the positions that a source is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from lorafb.artefacts.stimuli import FrameArray, Stimulus
from lorafb.files import InputError, nearest
from lorafb.networks.catalogue import NORMALISATIONS, Normalisation, mean_and_deviation

Positions = NDArray[np.integer[Any]]
FrameSource = Callable[[Positions], Tensor]
"""Positions in a movie, shape (n,) -> normalised float32 frames, shape (n, 3, H, W), in the order asked for."""


@dataclass(frozen=True)
class Frames:
    """Prepare the asked frames of a uint8 movie for a network.

    Attributes
    ----------
    frames : uint8, shape (T, height, width, 3) or grey (T, height, width)
        Array, memory map or HDF5 dataset; only the asked frames are read.
    size : int
        Height and width that the network takes, in pixels.
    normalisation : str or Normalisation
        "half" (mean = sd = 0.5), "imagenet", or any mean and deviation.

    Notes
    -----
    Three channels, [0, 1], antialiased bilinear resize to size x size (the aspect is not kept: published tensors are
    square), normalised. Always on the CPU, so that every device is shown the same bits.
    """

    frames: FrameArray
    size: int
    normalisation: str | Normalisation

    def __post_init__(self) -> None:
        shape = tuple(self.frames.shape)
        if self.frames.dtype != np.uint8 or not (len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)):
            raise ValueError(
                f"movie frames are {self.frames.dtype} {shape}, expected uint8 (T, height, width, 3) or grey "
                "(T, height, width)"
            )
        if self.size < 1:
            raise ValueError(f"size of a frame is {self.size}, expected at least 1 pixel")
        if isinstance(self.normalisation, str) and self.normalisation not in NORMALISATIONS:
            raise ValueError(
                f"normalisation '{self.normalisation}' is none of {', '.join(NORMALISATIONS)}"
                + nearest(self.normalisation, NORMALISATIONS)
            )

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return int(self.frames.shape[0])

    @property
    def frame_size(self) -> tuple[int, int]:
        """Height and width of a frame as it is served."""
        return self.size, self.size

    def __call__(self, positions: Positions) -> Tensor:
        """Frames at `positions`, float32 (n, 3, size, size)."""
        different, back = _each_once(positions, self.n_frames)
        return prepare(np.asarray(_rows(self.frames, different)), self.size, self.normalisation)[back]


@dataclass(frozen=True)
class PreparedFrames:
    """Serve a movie that was prepared before, as the published tensors are.

    Attributes
    ----------
    frames : float32 Tensor or HDF5 dataset, shape (T, 3, H, W)
        Normalised already; memory-mapped when it comes from `published_tensors.read_prepared`.
    name : str
        What an error calls it.
    """

    frames: Tensor | FrameArray
    name: str = "prepared frames"

    def __post_init__(self) -> None:
        shape = tuple(self.frames.shape)
        if self.frames.dtype not in (torch.float32, np.float32) or len(shape) != 4 or shape[1] != 3 or 0 in shape:
            raise InputError(f"{self.name}: holds {self.frames.dtype} {shape}, expected torch.float32 (T, 3, H, W)")

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return len(self.frames)

    @property
    def frame_size(self) -> tuple[int, int]:
        """Height and width of a frame."""
        height, width = self.frames.shape[2:]
        return int(height), int(width)

    def __call__(self, positions: Positions) -> Tensor:
        """Frames at `positions`, float32 (n, 3, H, W); a frame with a value that is no number is an InputError."""
        different, back = _each_once(positions, self.n_frames)
        frames = torch.as_tensor(_rows(self.frames, different))
        finite = frames.isfinite().flatten(1).all(dim=1).numpy()
        if not finite.all():
            raise InputError(f"{self.name}: frame {different[~finite][0]} holds a value that is not finite")
        return frames[back]


@dataclass(frozen=True)
class Joined:
    """Serve several movies as one, end to end: position T + k is frame k of the movie after one of T frames.

    A movie with frames replaced by those of a noise movie is `Joined((movie, noise))` asked at
    `np.where(replaced, n_frames + k, k)`.

    Attributes
    ----------
    parts : tuple of Frames or PreparedFrames
        Movies of one frame size.
    """

    parts: tuple[Frames | PreparedFrames, ...]

    def __post_init__(self) -> None:
        sizes = [part.frame_size for part in self.parts]
        if len(set(sizes)) != 1:
            raise ValueError(f"joined movies have frames of {sizes} pixels, expected one size")

    @property
    def n_frames(self) -> int:
        """Number of frames of all parts."""
        return sum(part.n_frames for part in self.parts)

    def __call__(self, positions: Positions) -> Tensor:
        """Frames at `positions`, float32 (n, 3, H, W)."""
        different, back = _each_once(positions, self.n_frames)
        starts = np.cumsum([0] + [part.n_frames for part in self.parts])
        served = [
            part(different[(different >= start) & (different < end)] - start)
            for part, start, end in zip(self.parts, starts, starts[1:], strict=False)
            if np.any((different >= start) & (different < end))
        ]
        return torch.cat(served)[back]


def frame_source(stimulus: Stimulus, size: int, normalisation: str | Normalisation) -> Frames | PreparedFrames:
    """Serve a stimulus to a network: prepared for it, or as it is where others have prepared it.

    Parameters
    ----------
    stimulus : Stimulus
        In memory, or open.
    size : height and width that the network takes, in pixels
    normalisation : "half", "imagenet", or any mean and deviation

    Raises
    ------
    InputError
        If frames that were prepared have another size.
    """
    if stimulus.frames.dtype == np.uint8:
        return Frames(stimulus.frames, size, normalisation)
    served = PreparedFrames(stimulus.frames, stimulus.source)
    if served.frame_size != (size, size):
        raise InputError(f"{stimulus.source}: frames of {served.frame_size} pixels, and the subject's size is {size}")
    return served


def _rows(frames: Tensor | FrameArray, positions: NDArray[np.int64]) -> Any:
    """Frames at ascending positions; a run of them is read as one piece, which HDF5 does far faster."""
    if len(positions) and positions[-1] - positions[0] == len(positions) - 1:
        return frames[int(positions[0]) : int(positions[-1]) + 1]
    return frames[torch.from_numpy(positions)] if isinstance(frames, Tensor) else frames[positions]


def prepare(
    frames: NDArray[np.uint8], size: int, normalisation: str | Normalisation, *, antialias: bool = True
) -> Tensor:
    """Prepare frames for a network: three channels, [0, 1], size x size, normalised.

    Parameters
    ----------
    frames : uint8, shape (n, height, width, 3) or grey (n, height, width)
        Frames as they were shown.
    size : int
        Height and width wanted, in pixels.
    normalisation : str or Normalisation
        A key of `NORMALISATIONS`, or any mean and deviation.
    antialias : bool
        Average what lies under a pixel where frames shrink; false to compare with those who did not.

    Returns
    -------
    float32 Tensor, shape (n, 3, size, size)
    """
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).to(torch.float32) / 255
    pixels = pixels.permute(0, 3, 1, 2) if pixels.ndim == 4 else pixels[:, None].expand(-1, 3, -1, -1)
    if tuple(pixels.shape[2:]) != (size, size):
        pixels = interpolate(pixels.contiguous(), size=(size, size), mode="bilinear", antialias=antialias)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in mean_and_deviation(normalisation))
    return ((pixels - mean) / deviation).contiguous()


def _each_once(positions: Positions, n_frames: int) -> tuple[NDArray[np.int64], Tensor]:
    """Sort out repeats: the different positions in ascending order, as HDF5 wants them, and the way back."""
    positions = np.asarray(positions)
    if positions.ndim != 1 or not np.issubdtype(positions.dtype, np.integer):
        raise ValueError(f"positions are {positions.dtype} {positions.shape}, expected integers (n,)")
    different, back = np.unique(positions.astype(np.int64), return_inverse=True)
    if len(different) and (different[0] < 0 or different[-1] >= n_frames):
        wrong = different[0] if different[0] < 0 else different[-1]
        raise ValueError(f"frame {wrong} was asked of a movie whose frames are 0 to {n_frames - 1}")
    return different, torch.from_numpy(back)
