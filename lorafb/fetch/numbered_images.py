"""An array that is published as numbered images, one per file."""

import math
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lorafb.fetch import download, part_file
from lorafb.fetch.registry import Mirror
from lorafb.files import InputError, Progress


def stack(images: Mirror, shape: tuple[int, ...], part: Path, progress: Progress | None = None) -> None:
    """Fetch grey images and write them into `part` as one uint8 array of NumPy's format.

    Parameters
    ----------
    images : their address and number
    shape : (images, height, width) that they must have
    part : the unfinished file; the images stay in a folder beside it until it is complete
    progress : called with (bytes of pixels fetched, bytes of all)

    Raises
    ------
    InputError
        One line: an image could not be fetched, cannot be read, is not grey, or has another size.
    """
    folder = part.with_name(f"{part.name}.images")
    folder.mkdir(exist_ok=True)
    files = [folder / f"{number}{Path(images.source).suffix}" for number in range(images.count)]
    for number, file in enumerate(files):
        if not file.is_file():
            url, unfinished = images.source.format(number=number), file.with_name(f"{file.name}.part")
            download.download(url, unfinished)
            _read_grey(unfinished, shape, url)
            part_file.finish(unfinished, file)
        if progress is not None:
            progress((number + 1) * shape[1] * shape[2], images.count * shape[1] * shape[2])
    download.check_space(part, math.prod(shape))  # writing a memory-mapped file on a full disk kills the process
    array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
    for number, file in enumerate(files):
        array[number] = _read_grey(file, shape, str(file))
    array.flush()
    shutil.rmtree(folder)


def _read_grey(file: Path, shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """Read a grey image of the expected height and width; another one is removed."""
    try:
        with Image.open(file) as image:
            what = f"a {image.mode} image of {image.height} x {image.width}"
            if image.mode == "L" and (image.height, image.width) == shape[1:]:
                return np.asarray(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        what = "no readable image"
    part_file.remove(file)
    raise InputError(f"{name}: is {what}, expected an L (8-bit grey) image of {shape[1]} x {shape[2]}")
