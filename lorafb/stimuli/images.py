"""A folder of images as a movie, or as still scenes, in the order of their names."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lorafb.artefacts.stimuli import Stimulus
from lorafb.files import InputError

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def files(folder: Path | str) -> list[Path]:
    """Images of a folder, frame_2 before frame_10."""
    found = [path for path in Path(folder).iterdir() if path.suffix.lower() in ENDINGS]
    return sorted(found, key=lambda path: [int(part) if part.isdigit() else part for part in _parts(path.name)])


def _parts(name: str) -> list[str]:
    return re.split(r"(\d+)", name)


def read(folder: Path | str, frames: int, rate_hz: float, size: tuple[int, int]) -> Stimulus:
    """Read a folder of images.

    Parameters
    ----------
    folder : folder with images of any size and kind that Pillow reads
    frames : number of images T that it must hold
    rate_hz : frames a second
    size : (height, width) that each is resized to, antialiased

    Returns
    -------
    Stimulus
        uint8, shape (T, height, width, 3).

    Raises
    ------
    InputError
        The folder is missing or holds another number of images, or one of them cannot be read.
    """
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: no such folder; expected a folder of images")
    paths = files(folder)
    if len(paths) != frames:
        raise InputError(f"{folder}: holds {len(paths)} images ({', '.join(ENDINGS)}), the config says {frames}")
    shown = np.empty((frames, *size, 3), np.uint8)
    for number, path in enumerate(paths):
        shown[number] = _pixels(path, size)
    return Stimulus(shown, rate_hz, f"images in the folder {Path(folder).name}")


def _pixels(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = size
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: cannot be read as an image ({error})") from None
