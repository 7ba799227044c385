"""Whether a file is what the registry says: its size, its hash, its array; and no web page or pointer in its place."""

import hashlib
from pathlib import Path

import numpy as np

from lorafb.artefacts import arrays
from lorafb.fetch.registry import Asset
from lorafb.files import InputError, sha256

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
POINTER = b"version https://git-lfs.github.com/spec/"


def check(asset: Asset, path: Path) -> tuple[str, str]:
    """Compare a file with all that the registry knows of it.

    Returns
    -------
    sha256 : str
    doubt : str
        Why no published hash confirms the file; empty where one does.

    Raises
    ------
    InputError
        One line: what it is, and what was expected.
    """
    with path.open("rb") as file:
        beginning = file.read(512).removeprefix(BYTE_ORDER_MARK).lstrip()
    if beginning.startswith(b"<"):  # HTML or XML; no data format here begins so
        raise InputError(f"{path}: is a web page, not {asset.what}")
    if beginning.startswith(POINTER):
        raise InputError(f"{path}: is a pointer of Git LFS, not {asset.what}")
    size = path.stat().st_size
    if asset.size is not None and size != asset.size:
        raise InputError(f"{path}: has {size} bytes, expected {asset.size}; it is another file, or damaged")
    if size == 0:
        raise InputError(f"{path}: is empty, expected {asset.what}")
    digest = sha256(path)
    if not digest.startswith(asset.sha256):
        raise InputError(
            f"{path}: has sha256 {digest[:12]}, expected {asset.sha256[:12]}; it is another file, or damaged"
        )
    if asset.shape:
        array = arrays.load(path, mmap="r")
        if array.shape != asset.shape or array.dtype != np.uint8:
            raise InputError(f"{path}: holds {array.dtype} {array.shape}, expected uint8 {asset.shape}")
        if asset.md5_of_array:
            md5 = hashlib.md5(np.ascontiguousarray(array).data, usedforsecurity=False).hexdigest()
            if md5 == asset.md5_of_array:
                return digest, ""
            return digest, f"its array has md5 {md5}, others have published {asset.md5_of_array} of another copy"
    return digest, "" if asset.sha256 else "nothing to compare with"
