"""The embedded task: tell how a round patch of a photograph moves over a dim and blurred ground, in eight ways.

The patch starts near the middle of the frame. Where it is tells of a shift and how large it is of a zoom, but only the
order of frames tells one turn from the other: what a network reaches is not the measure of what it knows of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from lorafb.files import InputError, nearest
from lorafb.stimuli import camera, photographs
from lorafb.stimuli.camera import Pose

MOTIONS = ("left", "right", "up", "down", "zoom in", "zoom out", "clockwise", "anti-clockwise")
SPLITS = ("training", "test")
VARIANTS = ("continuous", "discontinuous", "static")

TRAVEL = (0.35, 0.45)  # shift from first to last frame, in sides of the frame
ZOOM = (0.4, 0.7)  # natural logarithm of the magnification from first to last frame
TURN = (1.0, 1.7)  # radians from first to last frame
FIELD = (27.0, 45.0)  # pixels of the photograph that a side of the frame shows
RADIUS, JITTER = 0.28, 0.06  # of the patch, and spread of its first place, in sides of the frame
GROUND_BLUR, GROUND_LIGHT = 3.0, 0.15  # in pixels of the photograph, and as a part of the photograph's light


@dataclass(frozen=True)
class Task:
    """What is shown: everything that defines the clips beside the seed.

    Attributes
    ----------
    training_clips, test_clips : int
        Best a multiple of 8, so that each motion is as frequent.
    frames : int
        Frames a clip, T; the patch goes as far in however many.
    size : int
        Height and width of a frame.
    variant : str
        `continuous`; `discontinuous`, the same frames in random order; `static`, the first frame T times, which holds
        nothing of the motion.
    """

    training_clips: int = 1024
    test_clips: int = 256
    frames: int = 8
    size: int = 32
    variant: str = "continuous"

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise InputError(
                f"variant {self.variant!r}: expected one of {', '.join(VARIANTS)}{nearest(self.variant, VARIANTS)}"
            )
        if min(self.training_clips, self.test_clips, self.frames, self.size) < 1:
            raise InputError(f"task {self}: expected every number above 0")


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


@dataclass(frozen=True)
class Place:
    """Where the patch is: shift from its first place in sides of the frame, magnification, clockwise turn in radians."""

    down: float = 0.0
    right: float = 0.0
    magnification: float = 1.0
    turn: float = 0.0


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
        Each has its own pictures, places and speed; the motion is `label(number)`.
    seed : int
    photographs_folder : path, optional
        As for `lorafb.stimuli.photographs.photograph`.

    Returns
    -------
    uint8, shape (T, size, size, 3)
    """
    return _clip(task, _pictures(split, photographs_folder), [seed, SPLITS.index(split), number])


def clips(task: Task, split: str, seed: int, photographs_folder: Path | str | None = None) -> Clips:
    """Make all the clips of a split, clip k as `clip` makes it."""
    pictures = _pictures(split, photographs_folder)
    count = task.training_clips if split == "training" else task.test_clips
    frames = np.empty((count, task.frames, 3, task.size, task.size), dtype=np.uint8)
    for number in range(count):
        frames[number] = _clip(task, pictures, [seed, SPLITS.index(split), number]).transpose(0, 3, 1, 2)
    return Clips(torch.from_numpy(frames), torch.tensor([label(number) for number in range(count)]))


def path(motion: str, speed: float, frames: int) -> list[Place]:
    """Places of the patch in each frame, at constant speed.

    Parameters
    ----------
    motion : str
        One of `MOTIONS`.
    speed : float
        0 (slowest) to 1 (fastest).
    frames : int
        Length T.
    """
    kind, backward = divmod(MOTIONS.index(motion), 2)
    way = np.linspace(0, -1 if backward else 1, frames)
    if kind == 0:
        return [Place(right=-step) for step in way * _between(TRAVEL, speed)]
    if kind == 1:
        return [Place(down=-step) for step in way * _between(TRAVEL, speed)]
    if kind == 2:
        return [Place(magnification=factor) for factor in np.exp(way * _between(ZOOM, speed))]
    return [Place(turn=angle) for angle in way * _between(TURN, speed)]


@dataclass(frozen=True)
class _Scene:
    """A patch of a photograph, seen at `pose` around (y, x) of the frame, in front of a ground (size, size, 3)."""

    picture: Image.Image
    pose: Pose
    y: float
    x: float
    ground: NDArray[np.float32]

    def frame(self, place: Place) -> NDArray[np.uint8]:
        size = len(self.ground)
        y, x = self.y + place.down * size, self.x + place.right * size
        scale, angle = self.pose.scale / place.magnification, self.pose.angle - place.turn
        down, right = scale * (size / 2 - y), scale * (size / 2 - x)  # from the patch to the middle of the frame
        cosine, sine = np.cos(angle), np.sin(angle)
        pose = Pose(
            self.pose.y + right * sine + down * cosine, self.pose.x + right * cosine - down * sine, scale, angle
        )

        seen = camera.view(self.picture, pose, size).astype(np.float32)
        pixels = np.arange(size, dtype=np.float32) + 0.5
        distance = np.hypot(pixels[:, None] - y, pixels - x)
        inside = np.clip(RADIUS * size * place.magnification - distance + 0.5, 0, 1)[..., None]  # half a pixel's edge
        return np.asarray(np.rint(self.ground + (seen - self.ground) * inside), dtype=np.uint8)


def _clip(task: Task, pictures: list[tuple[Image.Image, Image.Image]], stream: list[int]) -> NDArray[np.uint8]:
    """Make a clip; of what is drawn only the label knows the motion."""

    def scene(attempt: int) -> _Scene:
        return _scene(pictures, task.size, np.random.default_rng([*stream, attempt]))

    shown = scene(camera.contrasted(lambda attempt: scene(attempt).frame(Place())[None]))
    draws = np.random.default_rng([*stream, camera.DRAWS])
    places = path(MOTIONS[label(stream[-1])], draws.uniform(), task.frames)
    if task.variant == "static":
        return np.repeat(shown.frame(Place())[None], task.frames, axis=0)
    if task.variant == "discontinuous":
        places = [places[number] for number in draws.permutation(task.frames)]
    return np.stack([shown.frame(place) for place in places])


def _scene(pictures: list[tuple[Image.Image, Image.Image]], size: int, draws: np.random.Generator) -> _Scene:
    figure, _ = pictures[int(draws.integers(len(pictures)))]
    _, blurred = pictures[int(draws.integers(len(pictures)))]
    scale, angle = draws.uniform(*FIELD) / size, draws.uniform(0, 2 * np.pi)
    ground = camera.view(blurred, _pose(blurred, scale, angle, camera.reach(scale, angle, size), draws), size)
    pose = _pose(figure, scale, angle, RADIUS * size * scale + 1, draws)
    y, x = size * (0.5 + JITTER * draws.standard_normal(2))
    return _Scene(figure, pose, y, x, np.float32(GROUND_LIGHT) * ground.astype(np.float32))


def _pose(picture: Image.Image, scale: float, angle: float, margin: float, draws: np.random.Generator) -> Pose:
    """Draw a pose at least `margin` pixels from the edges of the photograph."""
    y, x = draws.uniform(margin, picture.height - margin), draws.uniform(margin, picture.width - margin)
    return Pose(y, x, scale, angle)


def _between(limits: Sequence[float], place: float) -> float:
    return limits[0] + place * (limits[1] - limits[0])


def _pictures(split: str, folder: Path | str | None) -> list[tuple[Image.Image, Image.Image]]:
    """Photographs of a split, upright and mirrored, sharp and blurred."""
    if split not in SPLITS:
        raise InputError(f"split {split!r}: expected one of {', '.join(SPLITS)}{nearest(split, SPLITS)}")
    upright = photographs.regions(split, folder)
    sharp = [Image.fromarray(picture) for picture in [*upright, *(one[:, ::-1] for one in upright)]]
    return [(picture, picture.filter(ImageFilter.GaussianBlur(GROUND_BLUR))) for picture in sharp]
