"""An array that is published as numbered images, one a file."""

import math
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lorafb.fetch import download, unfinished
from lorafb.fetch.download import Progress
from lorafb.fetch.registry import Images
from lorafb.files import InputError


def stack(images: Images, shape: tuple[int, ...], part: Path, progress: Progress | None = None) -> None:
    """Fetch grey images and write them into `part` as one uint8 array of NumPy's format.

    Parameters
    ----------
    images : their address and number
    shape : (images, height, width) that they must have
    part : the unfinished file; the images themselves wait in a folder beside it until it is whole
    progress : called with (bytes of pixels there, bytes of all)

    Raises
    ------
    InputError
        One line: an image could not be fetched, is none, is not grey, or has another size.
    """
    folder = part.with_name(f"{part.name}.images")
    folder.mkdir(exist_ok=True)
    files = [folder / f"{number}{Path(images.address).suffix}" for number in range(images.count)]
    for number, file in enumerate(files):
        if not file.is_file():
            url, coming = images.address.format(number=number), file.with_name(f"{file.name}.part")
            download.download(url, coming)
            _grey(coming, shape, url)
            unfinished.keep(coming, file)
        if progress is not None:
            progress((number + 1) * shape[1] * shape[2], images.count * shape[1] * shape[2])
    download.has_room(part, math.prod(shape))  # a mapped file that finds no room kills the process
    array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
    for number, file in enumerate(files):
        array[number] = _grey(file, shape, str(file))
    array.flush()
    shutil.rmtree(folder)


def _grey(file: Path, shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """Read an image of the height and width that are asked for; one that is not it is thrown away."""
    try:
        with Image.open(file) as image:
            found = f"a {image.mode} image of {image.height} x {image.width}"
            if image.mode == "L" and (image.height, image.width) == shape[1:]:
                return np.asarray(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        found = "no readable image"
    unfinished.remove(file)
    raise InputError(f"{name}: is {found}, expected an L (8-bit grey) image of {shape[1]} x {shape[2]}")
