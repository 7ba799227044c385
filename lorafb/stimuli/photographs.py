"""The real photographs of the embedded study, and which part of each serves what: shared pixels would fake a test."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lorafb.files import InputError, nearest

NAMES = ("china", "flower")
SHAPE = (427, 640, 3)


@dataclass(frozen=True)
class Region:
    """A rectangle of a photograph, in pixels; rows [top, bottom), columns [left, right)."""

    photograph: str
    top: int
    bottom: int
    left: int
    right: int


REGIONS = {
    "movie": (Region("china", 0, 213, 40, 360), Region("flower", 20, 213, 150, 460)),
    "training": (Region("china", 213, 427, 0, 320), Region("flower", 213, 427, 0, 320)),
    "test": (Region("china", 213, 427, 320, 640), Region("flower", 213, 427, 320, 640)),
}
"""Upper halves for movie, scenes and static noise (without the empty sky and backdrop), lower quarters for training."""


def photograph(name: str, folder: Path | str | None = None) -> NDArray[np.uint8]:
    """Read one of the photographs.

    Parameters
    ----------
    name : str
        `china` (a pagoda above a lake) or `flower` (a dahlia).
    folder : path, optional
        Folder with `china.jpg` and `flower.jpg`; scikit-learn's own when not given.

    Returns
    -------
    uint8, shape (427, 640, 3)
        Red, green, blue.

    Raises
    ------
    InputError
        For another name, and where the picture is missing or of another size.

    Notes
    -----
    Both are under the Creative Commons licence CC BY 2.0 (scikit-learn, `datasets/images/README.txt`):
    china.jpg by danielbuechele, flickr.com/photos/danielbuechele/6061409035; flower.jpg by vultilion,
    flickr.com/photos/vultilion/6056698931 (that README's own attribution line names danielbuechele for it too).
    """
    if name not in NAMES:
        raise InputError(f"photograph {name!r}: expected one of {', '.join(NAMES)}{nearest(name, NAMES)}")
    path = Path(_shipped() if folder is None else folder) / f"{name}.jpg"
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read as a picture ({error})") from None
    if pixels.shape != SHAPE:
        raise InputError(f"{path}: is {pixels.shape[1]} x {pixels.shape[0]} pixels, expected {SHAPE[1]} x {SHAPE[0]}")
    return pixels


def _shipped() -> Path:
    package = find_spec("sklearn")  # finds the folder without importing it: a second saved in every job
    if package is None or package.origin is None:
        raise InputError("scikit-learn, which ships the photographs, is not installed")
    return Path(package.origin).parent / "datasets" / "images"


def regions(use: str, folder: Path | str | None = None) -> list[NDArray[np.uint8]]:
    """Cut out the parts of the photographs that serve one use; no pixel serves two.

    Parameters
    ----------
    use : str
        `movie` (and still scenes, static noise), `training` or `test` (of the motion task).
    folder : path, optional
        As for `photograph`.

    Returns
    -------
    list of uint8, shape (height, width, 3)
        One array a photograph.
    """
    if use not in REGIONS:
        raise InputError(f"region {use!r}: expected one of {', '.join(REGIONS)}{nearest(use, REGIONS)}")
    return [
        photograph(part.photograph, folder)[part.top : part.bottom, part.left : part.right] for part in REGIONS[use]
    ]
