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
REDUCED = 254
"""TIFF's tag NewSubfileType, whose first bit marks a page as a smaller version of another one (TIFF 6.0, section 8)."""
MOVIE = "a movie is a stimulus of kind video"
MOVIES = {"TIFF": "a movie of pages is a stimulus of kind array, once saved as uint8 with numpy.save"}
"""What to do with a file that moves."""


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
    """Turn to the picture of a file with previews; raise where there is more than one, or not 8 bits a channel."""
    pages = [0] if picture.format == "MPO" else _pages(picture)  # a camera's JPEG with previews behind the picture
    if len(pages) != 1:
        raise InputError(f"{path}: holds {len(pages)} pictures, expected one; {MOVIES.get(str(picture.format), MOVIE)}")
    picture.seek(pages[0])
    deep = any(
        ";16" in str(tile[3]) for tile in getattr(picture, "tile", ())
    )  # Pillow would drop the lower 8 bits of each channel
    if picture.mode not in EIGHT_BITS or deep:
        found = "16 bits a channel" if deep else f"pixels of kind {picture.mode}"
        raise InputError(f"{path}: has {found}, expected 8 bits a channel; convert it first")
    if picture.has_transparency_data and np.asarray(picture.convert("RGBA"))[..., 3].min() < 255:
        raise InputError(f"{path}: is see-through in places; lay it on the ground that it was shown on")


def _pages(picture: Image.Image) -> list[int]:
    """Pictures of a file by number, but for the thumbnails of a TIFF: pages so marked, or smaller than the first other."""
    pages = list(range(getattr(picture, "n_frames", 1)))
    if picture.format != "TIFF" or len(pages) == 1:
        return pages
    sizes = {}
    for page in pages:
        picture.seek(page)
        if not (picture.tag_v2.get(REDUCED, 0) & 1):  # type: ignore[attr-defined]
            sizes[page] = picture.size
    height, width = next(iter(sizes.values()), (0, 0))
    return [page for page, (high, wide) in sizes.items() if high * wide >= height * width]
