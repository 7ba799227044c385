"""Fetch what is missing, verify what is there, and never touch a file that a person has put in its place."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lorafb.artefacts import arrays
from lorafb.fetch import download, drive, lock
from lorafb.fetch.download import Progress
from lorafb.fetch.registry import Asset
from lorafb.files import InputError, sha256

log = logging.getLogger(__name__)


def fetch(
    asset: Asset, folder: Path, progress: Progress | None = None, say: Callable[[str], None] = log.warning
) -> Path:
    """Put an asset in its place below a data folder.

    Parameters
    ----------
    asset : Asset
    folder : the data folder
    progress : called with (bytes there, bytes of all)
    say : told what a person should know: a first fetch, a mirror that failed

    Returns
    -------
    Path of the file. One that is there is verified and left as it is.

    Raises
    ------
    InputError
        One line: it can be had by hand only, no mirror gave it, or what is there is not it.
    """
    path = folder / asset.path
    if path.exists():
        verify(asset, folder)
        return path
    if not asset.urls and asset.drive is None:
        raise InputError(f"{path}: is not there, and no program can fetch it. Get it {asset.by_hand}, and put it there")
    path.parent.mkdir(parents=True, exist_ok=True)
    part, failed = path.with_name(f"{path.name}.part"), []
    for source in asset.urls or (asset.where,):
        try:
            if asset.drive is not None and not asset.urls:
                identity = drive.choose(drive.listing(asset.drive[0]), asset.drive[1], asset.drive[0])
                drive.download(identity, part)
            else:
                download.download(source, part, progress=progress)
            _take(asset, folder, part, source, say)
        except InputError as error:
            failed.append(str(error))
            continue
        part.replace(path)
        return path
    raise InputError(
        f"{path}: could not be fetched: {'; '.join(failed)}. By hand: get it from {asset.where} and put it there"
    )


def verify(asset: Asset, folder: Path) -> str:
    """Check a file that is there; returns its sha256.

    Raises
    ------
    InputError
        It is missing, or is not what the registry or the lock file says.
    """
    path = folder / asset.path
    if not path.is_file():
        raise InputError(f"{path}: is not there")
    found = _fits(asset, path)
    recorded = lock.known(folder).get(asset.path, {}).get("sha256")
    if recorded is not None and recorded != found:
        raise InputError(
            f"{path}: has changed since it was fetched (sha256 {found[:12]}, {lock.NAME} says {str(recorded)[:12]}); "
            "remove it to fetch it anew"
        )
    return found


def _take(asset: Asset, folder: Path, part: Path, source: str, say: Callable[[str], None]) -> None:
    """Accept what came, or throw it away."""
    try:
        found = _fits(asset, part)
    except InputError:
        download.discard(part)
        raise
    recorded = lock.known(folder).get(asset.path, {}).get("sha256")
    if recorded is not None and recorded != found:
        download.discard(part)
        raise InputError(
            f"{source}: gave another file than the first time (sha256 {found[:12]}, {lock.NAME} says {str(recorded)[:12]})"
        )
    if recorded is None and not (asset.sha256 or asset.md5_of_array):
        say(
            f"{asset.path}: fetched for the first time, with nothing to compare with; its hash {found[:12]} is kept in {lock.NAME}"
        )
    lock.remember(folder, asset.path, found, part.stat().st_size, source)


def _fits(asset: Asset, path: Path) -> str:
    """Sha256 of a file that is what the registry says."""
    found = sha256(path)
    if asset.sha256 and not found.startswith(asset.sha256):
        raise InputError(
            f"{path}: has sha256 {found[:12]}, expected {asset.sha256[:12]}; it is another file, or damaged"
        )
    if asset.md5_of_array:
        array = np.ascontiguousarray(arrays.load(path, mmap="r"))
        digest = hashlib.md5(array.data, usedforsecurity=False).hexdigest()
        if digest != asset.md5_of_array:
            raise InputError(f"{path}: its array has md5 {digest[:12]}, expected {asset.md5_of_array[:12]}")
    with path.open("rb") as file:
        beginning = file.read(512).lstrip().lower()
    if beginning.startswith((b"<!doctype html", b"<html")):
        raise InputError(f"{path}: is a web page, not {asset.what}")
    return found
