"""Clips of video files and images of folders, as the loop takes them: each a function of (seed, epoch, number).

How clips are taken of videos (Huang et al. 2024, section 4.2):

`every`: all clips whose first frames lie T apart.
`run` (Continuous): one run of T consecutive frames a video, drawn anew each epoch.
`drawn` (Discontinuous): T frames drawn without replacement, in the order drawn, anew each epoch.

The last two leave out videos no longer than a clip. Tests show the same clips in every epoch; the first two show every
clip of the test videos, so that their tests are equal.
"""

import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lorafb.files import InputError, one_line
from lorafb.networks.catalogue import Normalisation
from lorafb.stimuli import video
from lorafb.training import settings, transforms, video_frames
from lorafb.training.settings import Taken

av.logging.set_level(None)  # a thread that decodes would wait for the lock of the log


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips of videos.

    Attributes
    ----------
    folder : path
        Of the videos, or of their frames where `pictures`.
    files : DataFrame
        A row a video: `file`, `label`, `frames`.
    how : settings.Clips
    taken : "every", "run" or "drawn"
    stream : tuple of int
        Key of the random draws.
    test : bool
    normalisation : "half", "imagenet" or Normalisation
    pictures : bool
        Frames are read from pictures that `video_frames` has written.
    """

    folder: Path
    files: pd.DataFrame
    how: settings.Clips
    taken: Taken
    stream: tuple[int, ...]
    test: bool
    normalisation: str | Normalisation = "half"
    pictures: bool = False

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """Number of the first clip after each video's own."""
        length, frames = self.how.frames, self.files["frames"].to_numpy(np.int64)
        clips = frames // length if self._all else (frames > length).astype(np.int64)
        return np.cumsum(clips if self.taken == "every" else np.where(frames > length, clips, 0))

    @property
    def _all(self) -> bool:
        return self.taken == "every" or (self.test and self.taken == "run")

    def __len__(self) -> int:
        """Count the clips of an epoch."""
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def independent(self) -> int:
        """Count the videos with a clip: clips of one video show one scene, and are no independent draws."""
        return int(np.count_nonzero(np.diff(self._ends, prepend=0)))

    def shown(self, number: int, epoch: int) -> tuple[int, NDArray[np.int64], np.random.Generator | None]:
        """Video and frames of a clip, and the generator that its crop is drawn from; none in a test."""
        one = int(np.searchsorted(self._ends, number, side="right"))
        first = number - (int(self._ends[one - 1]) if one else 0)
        held, length = int(self.files["frames"].to_numpy()[one]), self.how.frames
        draws = np.random.default_rng([*self.stream, number, 0 if self.test else epoch])
        if self.taken == "drawn":
            order = draws.permutation(held)[:length]
        else:
            start = first * length if self._all else int(draws.integers(held - length + 1))
            order = np.arange(start, start + length)
        return one, order, None if self.test else draws

    def sample(self, number: int, epoch: int) -> tuple[Tensor, int]:
        """Take a clip: float32, shape (T, 3, size, size), and its label."""
        one, order, draws = self.shown(number, epoch)
        read = video_frames.read if self.pictures else decode
        row: Any = self.files.iloc[one]
        frames = read(self.folder / row.file, order.tolist())
        return transforms.clip(frames, self.how, draws, self.normalisation), int(row.label)


@dataclass(frozen=True, eq=False)
class Images:
    """Images of class folders.

    Attributes
    ----------
    folder : path
    files : DataFrame
        A row an image: `file`, `label`.
    how : settings.Images
    stream : tuple of int
        Key of the random draws.
    test : bool
    normalisation : "half", "imagenet" or Normalisation
    steps : int
        Time steps for which each is shown.
    """

    folder: Path
    files: pd.DataFrame
    how: settings.Images
    stream: tuple[int, ...]
    test: bool
    normalisation: str | Normalisation = "imagenet"
    steps: int = 1

    def __len__(self) -> int:
        """Count the images."""
        return len(self.files)

    def sample(self, number: int, epoch: int) -> tuple[Tensor, int]:
        """Take an image: float32, shape (3, size, size), and its label."""
        draws = None if self.test else np.random.default_rng([*self.stream, number, epoch])
        row: Any = self.files.iloc[number]
        pixels = read_image(self.folder / row.file)
        return transforms.image(pixels, self.how, draws, self.normalisation), int(row.label)


def decode(path: Path, numbers: Sequence[int]) -> NDArray[np.uint8]:
    """Decode some frames of a video, by their numbers from 0, in the order asked.

    It is decoded from its first frame on and never sought in: an .avi with B-frames seeks to wrong ones.

    Returns
    -------
    uint8, shape (len(numbers), height, width, 3)
    """
    asked, last = set(numbers), max(numbers)
    with closing(video.decoded(path, threads=1)) as decoded:
        frames = {
            number: video.pixels(frame)
            for number, (_, frame) in enumerate(islice(decoded, last + 1))
            if number in asked
        }
    if last not in frames:
        raise InputError(f"{path}: has no frame {last}; it has changed since its frames were counted")
    return np.stack([frames[number] for number in numbers])


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image by its content, whatever its name says: uint8, shape (height, width, 3); grey and CMYK as RGB."""
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.filterwarnings("ignore", "(Possibly c|C)orrupt EXIF data", UserWarning)
            return np.array(image.convert("RGB"))  # torch takes no array that is read only
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"{path}: cannot be read ({one_line(error)}); it has changed since it was listed") from None
