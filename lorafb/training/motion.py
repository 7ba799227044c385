"""The embedded task: tell how a photograph moves. Opposite motions show the same frames, so no one frame can tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lorafb.files import InputError, nearest
from lorafb.stimuli import camera, photographs
from lorafb.stimuli.camera import Pose

MOTIONS = ("left", "right", "up", "down", "zoom in", "zoom out", "clockwise", "anti-clockwise")
SPLITS = ("training", "test")
VARIANTS = ("continuous", "discontinuous", "static")

SPEED = (1.5, 3.0)  # pixels of the frame a frame
ZOOM = (0.02, 0.035)  # natural logarithm of the magnification a frame
TURN = np.deg2rad((2.5, 5.0))  # radians a frame
SCALE = (0.6, 1.0)  # pixels of the photograph a pixel of the frame, in the middle of the clip


@dataclass(frozen=True)
class Task:
    """What is shown: everything that defines the clips beside the seed.

    Attributes
    ----------
    training_clips, test_clips : int
        Best a multiple of 8, so that each motion is as frequent.
    frames : int
        Frames a clip, T.
    size : int
        Height and width of a frame.
    variant : str
        `continuous`; `discontinuous`, the same frames in random order; `static`, the middle frame T times. In the
        last no motion is to be seen, in the one before it opposite motions are one: their limits are chance and half.
    """

    training_clips: int = 512
    test_clips: int = 256
    frames: int = 16
    size: int = 64
    variant: str = "continuous"

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise InputError(
                f"variant {self.variant!r}: expected one of {', '.join(VARIANTS)}{nearest(self.variant, VARIANTS)}"
            )


@dataclass(frozen=True)
class Clips:
    """Clips in memory, and how they are handed to a network.

    Attributes
    ----------
    frames : uint8, shape (N, T, 3, size, size)
    labels : int64, shape (N,)
        Index into `MOTIONS`.
    """

    frames: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """Count the clips."""
        return len(self.labels)

    def batch(self, numbers: Sequence[int], epoch: int) -> tuple[Tensor, Tensor]:
        """Take some clips, alike in every epoch.

        Returns
        -------
        frames : float32, shape (T, B, 3, size, size)
            (value / 255 - 0.5) / 0.5, in [-1, 1].
        labels : int64, shape (B,)
        """
        chosen = torch.as_tensor(numbers)
        frames = self.frames[chosen].transpose(0, 1).contiguous().float()
        return frames.div_(255).sub_(0.5).div_(0.5), self.labels[chosen]


def label(number: int) -> int:
    """Motion of a clip, an index into `MOTIONS`."""
    return number % len(MOTIONS)


def clip(
    task: Task, split: str, number: int, seed: int, photographs_folder: Path | str | None = None
) -> NDArray[np.uint8]:
    """Make one clip.

    Parameters
    ----------
    task : Task
    split : str
        `training` or `test`: two parts of the photographs that share no pixel with each other or the embedded movie.
    number : int
        Each has its own picture, pose and speed; the motion is `label(number)`.
    seed : int
    photographs_folder : path, optional
        As for `lorafb.stimuli.photographs.photograph`.

    Returns
    -------
    uint8, shape (T, size, size, 3)
    """
    return _clip(task, _pictures(split, photographs_folder), split, number, seed)


def clips(task: Task, split: str, seed: int, photographs_folder: Path | str | None = None) -> Clips:
    """Make all the clips of a split, clip k as `clip` makes it."""
    pictures = _pictures(split, photographs_folder)
    count = task.training_clips if split == "training" else task.test_clips
    frames = np.empty((count, task.frames, 3, task.size, task.size), dtype=np.uint8)
    for number in range(count):
        frames[number] = _clip(task, pictures, split, number, seed).transpose(0, 3, 1, 2)
    return Clips(torch.from_numpy(frames), torch.tensor([label(number) for number in range(count)]))


def path(motion: str, middle: Pose, speed: float, frames: int) -> list[Pose]:
    """Move the camera at constant speed through a pose in the middle of the clip.

    Parameters
    ----------
    motion : str
        One of `MOTIONS`, as the picture moves in the frame. Its opposite passes the same poses the other way.
    middle : Pose
    speed : float
        0 (slowest) to 1 (fastest).
    frames : int
        Length T.

    Returns
    -------
    list of Pose
    """
    kind, sign = divmod(MOTIONS.index(motion), 2)
    time = (np.arange(frames) - (frames - 1) / 2) * (1 if sign == 0 else -1)
    shift = time * _between(SPEED, speed) * middle.scale
    cosine, sine = np.cos(middle.angle), np.sin(middle.angle)
    if kind == 0:
        return [Pose(middle.y + s * sine, middle.x + s * cosine, middle.scale, middle.angle) for s in shift]
    if kind == 1:
        return [Pose(middle.y + s * cosine, middle.x - s * sine, middle.scale, middle.angle) for s in shift]
    if kind == 2:
        scales = middle.scale * np.exp(-time * _between(ZOOM, speed))
        return [Pose(middle.y, middle.x, float(scale), middle.angle) for scale in scales]
    angles = middle.angle - time * _between(TURN, speed)
    return [Pose(middle.y, middle.x, middle.scale, float(angle)) for angle in angles]


def _between(limits: Sequence[float] | NDArray[np.float64], place: float) -> float:
    return float(limits[0] + place * (limits[1] - limits[0]))


def _pictures(split: str, folder: Path | str | None) -> list[Image.Image]:
    if split not in SPLITS:
        raise InputError(f"split {split!r}: expected one of {', '.join(SPLITS)}{nearest(split, SPLITS)}")
    upright = photographs.regions(split, folder)
    return [Image.fromarray(picture) for picture in [*upright, *(one[:, ::-1] for one in upright)]]


def _clip(task: Task, pictures: list[Image.Image], split: str, number: int, seed: int) -> NDArray[np.uint8]:
    stream = [seed, SPLITS.index(split), number]

    def draw(attempt: int) -> tuple[Image.Image, Pose, float]:
        draws = np.random.default_rng([*stream, attempt])
        picture = pictures[int(draws.integers(len(pictures)))]
        down, right, far, speed = draws.uniform(size=4)
        scale, angle = _between(SCALE, far), draws.uniform(0, 2 * np.pi)
        margin = _margin(scale, task)  # of all motions, so that what a frame shows says nothing of how it moves
        if 2 * margin > min(picture.size):
            raise InputError(
                f"{task.frames} frames of {task.size} pixels move over {2 * margin:.0f} pixels of a photograph;"
                f" expected at most {min(picture.size)}: show fewer or smaller frames"
            )
        y, x = (margin + at * (side - 2 * margin) for at, side in ((down, picture.height), (right, picture.width)))
        return picture, Pose(y, x, scale, angle), speed

    def middle_frame(attempt: int) -> NDArray[np.uint8]:
        picture, middle, _ = draw(attempt)
        return camera.view(picture, middle, task.size)[None]

    picture, middle, speed = draw(camera.contrasted(middle_frame))
    if task.variant == "static":
        return np.repeat(camera.view(picture, middle, task.size)[None], task.frames, axis=0)
    poses = path(MOTIONS[label(number)], middle, speed, task.frames)
    frames = np.stack([camera.view(picture, pose, task.size) for pose in poses])
    if task.variant == "discontinuous":
        return frames[np.random.default_rng([*stream, camera.DRAWS]).permutation(task.frames)]
    return frames


def _margin(scale: float, task: Task) -> float:
    """Distance from the edges, in pixels of the photograph, at which every motion stays inside at any angle."""
    half, corner = task.frames / 2, camera.reach(scale, np.pi / 4, task.size)
    return float(max(corner * np.exp(half * ZOOM[1]), corner + half * SPEED[1] * scale))
