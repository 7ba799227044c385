"""Whether a file is what the registry says: its size, its hash, the array inside; and no page or pointer in its place."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lorafb.artefacts import arrays
from lorafb.fetch.registry import Asset
from lorafb.files import InputError, sha256

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Content:
    """What a file turned out to be.

    Attributes
    ----------
    sha256 : str
    vouched : bool
        Whether a published hash vouches for it.
    differs : str
        What others have published and it is not; empty where there is nothing of the kind.
    """

    sha256: str
    vouched: bool
    differs: str = ""


def examine(asset: Asset, path: Path) -> Content:
    """Hold a file against all that the registry knows of it.

    Raises
    ------
    InputError
        One line: what it is, and what was expected.
    """
    with path.open("rb") as file:
        beginning = file.read(512).removeprefix(BYTE_ORDER_MARK).lstrip()
    if beginning.startswith(b"<"):  # HTML or XML, however it begins: no file of data does
        raise InputError(f"{path}: is a web page, not {asset.what}")
    if beginning.startswith(POINTER):
        raise InputError(f"{path}: is a pointer of Git LFS, not {asset.what}")
    size = path.stat().st_size
    if asset.size is not None and size != asset.size:
        raise InputError(f"{path}: has {size} bytes, expected {asset.size}; it is another file, or damaged")
    if size == 0:
        raise InputError(f"{path}: is empty, expected {asset.what}")
    found = sha256(path)
    if not found.startswith(asset.sha256):
        raise InputError(
            f"{path}: has sha256 {found[:12]}, expected {asset.sha256[:12]}; it is another file, or damaged"
        )
    digest = _array(asset, path) if asset.shape else ""
    same = digest == asset.md5_of_array
    differs = "" if same else f"its array has md5 {digest}, others have published {asset.md5_of_array} of another copy"
    return Content(found, bool(asset.sha256) or (bool(digest) and same), differs)


def _array(asset: Asset, path: Path) -> str:
    """Md5 of the array's bytes, where one is published to compare with."""
    array = arrays.load(path, mmap="r")
    if array.shape != asset.shape or array.dtype != np.uint8:
        raise InputError(f"{path}: holds {array.dtype} {array.shape}, expected uint8 {asset.shape}")
    if not asset.md5_of_array:
        return ""
    return hashlib.md5(np.ascontiguousarray(array).data, usedforsecurity=False).hexdigest()
