"""NumPy files that others wrote: plain numbers only; whatever a damaged file makes NumPy raise becomes one line."""

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lorafb.files import InputError

UNREADABLE = (
    *(OSError, ValueError, EOFError, MemoryError, OverflowError, SyntaxError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""What NumPy raises on damaged files."""


def load(path: Path | str, mmap: Literal["r"] | None = None) -> NDArray[Any]:
    """Read a .npy file, whatever its ending, or map it into memory with "r"; pickled objects are never read.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not a single array of numbers.
    """
    try:
        values: NDArray[Any] = np.load(path, allow_pickle=False, mmap_mode=mmap)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UNREADABLE:
        raise InputError(
            f"{path}: is no .npy array of plain numbers; write it with numpy.save (pickled objects are not read)"
        ) from None
    if not isinstance(values, np.ndarray):
        raise InputError(f"{path}: holds an archive of arrays, expected a single .npy array")
    return values
