"""The embedded task: recognise how a round patch of a photograph moves over a dim and blurred ground, in eight ways.

The patch starts near the middle of the frame. One frame shows position (a shift) and size (a zoom); only rotation needs
the order of frames. So the accuracy of a network does not measure what it knows of time.
Videos are longer than clips, and a training set is a way to take clips out of them, as UCF101 and its subsets are:

`motion`: two clips a video, one from its first frame on, one up to its last.
`motion_subset` (the paper's Continuous): one run of consecutive frames a video, drawn anew each epoch.
`motion_random` (Discontinuous): T frames drawn without replacement, in the order drawn, anew each epoch.
`motion_still`: the first frame, shown 4 times; it holds nothing of the motion, so that no training can succeed.

Each is tested on clips of the same kind, always the same ones; the first two on both clips of every test video, so that
their tests are equal (Huang et al. 2024, section 4.2, Table 2).
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
from lorafb.networks.catalogue import MOTION_TRAININGS
from lorafb.stimuli import camera, photographs
from lorafb.stimuli.camera import Pose
from lorafb.training.settings import Task

MOTIONS = ("left", "right", "up", "down", "zoom in", "zoom out", "clockwise", "anti-clockwise")
SPLITS = ("training", "test")
STILL_STEPS = 4  # time steps for which a still frame is shown, as the catalogue feeds them

TRAVEL = (0.35, 0.45)  # shift from first to last frame, in sides of the frame
ZOOM = (0.4, 0.7)  # natural logarithm of the magnification from first to last frame
TURN = (1.0, 1.7)  # radians from first to last frame
FIELD = (27.0, 45.0)  # pixels of the photograph that a side of the frame shows
RADIUS, JITTER = 0.28, 0.06  # of the patch, and spread of its first place, in sides of the frame
GROUND_BLUR, GROUND_LIGHT = 3.0, 0.15  # in pixels of the photograph, and as a part of the photograph's light


@dataclass(frozen=True)
class Clips:
    """Videos in memory, and how clips of them are handed to a network.

    Attributes
    ----------
    videos : uint8, shape (V, F, 3, size, size)
    labels : int64, shape (V,)
        Index into `MOTIONS`.
    task : Task
    training : str
        Which clips are taken of the videos.
    stream : tuple of int
        Key of the random draws of frames.
    test : bool
        The same clips in every epoch, and every one where the training takes runs.
    """

    videos: Tensor
    labels: Tensor
    task: Task
    training: str
    stream: tuple[int, ...]
    test: bool

    def __len__(self) -> int:
        """Count the clips of an epoch."""
        return len(self.labels) * len(self._starts)

    @property
    def independent(self) -> int:
        """Count the videos: clips of one video share its frames, and are no independent draws."""
        return len(self.labels)

    @property
    def _starts(self) -> tuple[int, ...]:
        """First frames of the clips that are taken of each video, one where they are drawn."""
        every = self.training == "motion" or (self.test and self.training == "motion_subset")
        return tuple(dict.fromkeys((0, self.task.video - self.task.frames))) if every else (0,)

    def shown(self, number: int, epoch: int) -> tuple[int, NDArray[np.int64]]:
        """Video and frames of a clip."""
        video, which = divmod(number, len(self._starts))
        task = self.task
        draws = np.random.default_rng([*self.stream, video, camera.DRAWS + 1, 0 if self.test else epoch])
        if self.training == "motion_random":
            return video, draws.permutation(task.video)[: task.frames]
        if self.training == "motion_still":
            return video, np.zeros(STILL_STEPS, np.int64)
        drawn = self.training == "motion_subset" and not self.test
        start = int(draws.integers(task.video - task.frames + 1)) if drawn else self._starts[which]
        return video, np.arange(start, start + task.frames)

    def sample(self, number: int, epoch: int) -> tuple[Tensor, int]:
        """Take a clip.

        Returns
        -------
        frames : float32, shape (T, 3, size, size)
            (value / 255 - 0.5) / 0.5, in [-1, 1].
        label : int
        """
        video, order = self.shown(number, epoch)
        frames = self.videos[video][torch.from_numpy(order)].float()
        return frames.div_(255).sub_(0.5).div_(0.5), int(self.labels[video])


@dataclass(frozen=True)
class Place:
    """Where the patch is: shift from its first place in sides of the frame, magnification, clockwise turn in radians."""

    down: float = 0.0
    right: float = 0.0
    magnification: float = 1.0
    turn: float = 0.0


def label(number: int) -> int:
    """Motion of a video, an index into `MOTIONS`."""
    return number % len(MOTIONS)


def video(
    task: Task, split: str, number: int, seed: int, photographs_folder: Path | str | None = None
) -> NDArray[np.uint8]:
    """Make one video.

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
    uint8, shape (F, size, size, 3)
    """
    return _video(task, _pictures(split, photographs_folder), [seed, SPLITS.index(split), number])


def clips(task: Task, training: str, split: str, seed: int, photographs_folder: Path | str | None = None) -> Clips:
    """Make all the videos of a split, video k as `video` makes it, and take the training set's clips of them."""
    if training not in MOTION_TRAININGS:
        raise InputError(
            f"training {training!r}: expected one of {', '.join(MOTION_TRAININGS)}{nearest(training, MOTION_TRAININGS)}"
        )
    if task.frames > task.video:
        raise InputError(f"task: clips of {task.frames} frames do not fit videos of {task.video}")
    pictures = _pictures(split, photographs_folder)
    count = task.training_videos if split == "training" else task.test_videos
    stream = (seed, SPLITS.index(split))
    frames = np.empty((count, task.video, 3, task.size, task.size), dtype=np.uint8)
    for number in range(count):
        frames[number] = _video(task, pictures, [*stream, number]).transpose(0, 3, 1, 2)
    labels = torch.tensor([label(number) for number in range(count)])
    return Clips(torch.from_numpy(frames), labels, task, training, stream, split == "test")


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


def _video(task: Task, pictures: list[tuple[Image.Image, Image.Image]], stream: list[int]) -> NDArray[np.uint8]:
    """Make a video; of what is drawn only the label knows the motion."""

    def scene(attempt: int) -> _Scene:
        return _scene(pictures, task.size, np.random.default_rng([*stream, attempt]))

    shown = scene(camera.contrasted(lambda attempt: scene(attempt).frame(Place())[None]))
    speed = np.random.default_rng([*stream, camera.DRAWS]).uniform()
    return np.stack([shown.frame(place) for place in path(MOTIONS[label(stream[-1])], speed, task.video)])


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
