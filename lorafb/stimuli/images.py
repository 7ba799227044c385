"""A folder of images as a movie, or as still scenes, in the order of their names."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lorafb.artefacts.stimuli import LazyFrames, Stimulus
from lorafb.files import InputError, visible

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Modes of Pillow's that become 8 bit a channel without a choice of range."""


def files(folder: Path | str) -> list[Path]:
    """Images of a folder, frame_2 before frame_10."""
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: no such folder; expected a folder of images")
    found = [Path(one) for one in visible(folder) if one.is_file() and one.name.lower().endswith(ENDINGS)]
    return sorted(found, key=lambda path: [int(part) if part.isdigit() else part for part in _parts(path.name)])


def _parts(name: str) -> list[str]:
    return re.split(r"([0-9]+)", name)


def read(paths: Sequence[Path | str], frames: int, rate_hz: float, size: tuple[int, int]) -> Stimulus:
    """Take images for frames; each is read when it is asked for.

    Parameters
    ----------
    paths : one folder of images, or the images in their order; of any size and any kind that Pillow reads
    frames : number of images T that there must be
    rate_hz : frames a second
    size : (height, width) that each is resized to, antialiased

    Returns
    -------
    Stimulus
        uint8, shape (T, height, width, 3); turned as a camera has noted it.

    Raises
    ------
    InputError
        The folder is missing or holds another number of images. When frames are asked for: an image cannot be read,
        moves, is see-through or has more than 8 bits a channel.
    """
    listed = [Path(path) for path in paths]
    found = files(*listed) if len(listed) == 1 and not listed[0].is_file() else listed
    if len(found) != frames:
        where = found[0].parent if found else paths[0]
        raise InputError(f"{where}: holds {len(found)} images ({', '.join(ENDINGS)}), the config says {frames}")
    name = found[0].parent.name
    return Stimulus(
        LazyFrames((frames, *size, 3), lambda number: _pixels(found[number], size)),
        rate_hz,
        f"images in the folder {name}",
    )


def _pixels(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = size
    try:
        with Image.open(path) as picture:
            _check(picture, path)
            colours = ImageOps.exif_transpose(picture).convert("RGB")
            return np.asarray(colours.resize((width, height), Image.Resampling.BILINEAR))
    except InputError:
        raise
    except Exception as error:  # a damaged image raises whatever its decoder likes
        raise InputError(f"{path}: cannot be read as an image ({error})") from None


def _check(picture: Image.Image, path: Path) -> None:
    """Raise where an image is more than one still picture of 8 bits a channel."""
    held = getattr(picture, "n_frames", 1)
    if held > 1:
        raise InputError(f"{path}: holds {held} pictures, expected one; a movie is a stimulus of kind video")
    if picture.mode not in EIGHT_BITS:
        raise InputError(f"{path}: has pixels of kind {picture.mode}, expected 8 bits a channel")
    if picture.has_transparency_data and np.asarray(picture.convert("RGBA"))[..., 3].min() < 255:
        raise InputError(f"{path}: is see-through in places; lay it on the ground that it was shown on")
