"""Fetch what is missing, verify what is there, and never change a file that a person has put in its place."""

import logging
from collections.abc import Callable
from pathlib import Path

from lorafb.fetch import (
    archives,
    check_file,
    download,
    first_hashes,
    google_drive,
    numbered_images,
    part_file,
    registry,
)
from lorafb.fetch.registry import Asset, Mirror
from lorafb.files import InputError, Progress

Say = Callable[[str], None]
Checked = tuple[str, str, bool]
"""Sha256 and doubt, as `check_file.check` returns them, and whether the lock file has recorded this hash."""
BY_HAND = "put there by hand"
"""Source of a file that a person has put in its place."""

log = logging.getLogger(__name__)


def fetch(asset: Asset, folder: Path, progress: Progress | None = None, say: Say = log.warning) -> Path:
    """Put an asset in its place below a data folder.

    Parameters
    ----------
    asset, folder : the asset, and the data folder
    progress : called with (bytes received, bytes of all)
    say : called with a line that a person should read: a first fetch, an array with another hash than published

    Returns
    -------
    Path of the file. One that is there is verified and not changed.

    Raises
    ------
    InputError
        One line: a person must get it, no mirror gave it, or the file that is there is another one.
    """
    path = folder / asset.path
    if path.exists():
        return _record(asset, folder, _checked(asset, folder), BY_HAND, say)
    if path.is_symlink():
        raise InputError(f"{path}: is a link to {path.readlink()}, which is not there; correct it, or remove it")
    if not asset.mirrors:
        raise InputError(f"{path}: is not there, and no program can fetch it. Get it {asset.by_hand}, and put it there")
    path.parent.mkdir(parents=True, exist_ok=True)
    part, failed = path.with_name(f"{path.name}.part"), []
    with part_file.held(part):
        for mirror in asset.mirrors:
            try:
                _download(mirror, asset, folder, part, progress, say)
                checked = _checked(asset, folder, part, f"{mirror}: gave another file than the first time")
            except InputError as error:
                failed.append(str(error))
                log.info("%s", error)
                continue
            if path.exists():  # a person has put it there in the meantime
                part_file.empty(part)
                return _record(asset, folder, _checked(asset, folder), BY_HAND, say)
            part_file.finish(part, path)
            return _record(asset, folder, checked, str(mirror), say)
    raise InputError(
        f"{path}: could not be fetched: {'; '.join(failed)}. Or get it from there by hand, and put it in this place"
    )


def verify(asset: Asset, folder: Path) -> str:
    """Check a file that is there; returns, in words, what it was compared with.

    Raises
    ------
    InputError
        It is missing, or is not what the registry or the lock file says.
    """
    sha256, doubt, known = _checked(asset, folder)
    published = asset.sha256 or not doubt
    compared = "as published" if published else "as first fetched" if known else "nothing to compare with"
    return f"{compared}, sha256 {sha256[:12]}"


def _download(mirror: Mirror, asset: Asset, folder: Path, part: Path, progress: Progress | None, say: Say) -> None:
    """Fetch `part` from one mirror."""
    match mirror.kind:
        case "https":
            download.download(mirror.source, part, size=asset.size, progress=progress)
        case "drive":
            url = google_drive.address(mirror.source, mirror.name)
            find_address = google_drive.find_address
            download.download(url, part, size=asset.size, progress=progress, find_address=find_address)
        case "archive":
            archives.copy_member(fetch(registry.find(mirror.source), folder, progress, say), mirror.name, part)
        case "images":
            numbered_images.stack(mirror, asset.shape, part, progress)


def _checked(asset: Asset, folder: Path, part: Path | None = None, changed: str = "") -> Checked:
    """Check the file in its place, or `part`, which is emptied where it is wrong."""
    path = part or folder / asset.path
    if not path.is_file():
        raise InputError(f"{path}: is {'a folder, expected a file' if path.is_dir() else 'not there'}")
    try:
        (sha256, doubt), recorded = check_file.check(asset, path), first_hashes.hash_of(folder, asset.path)
        if recorded and recorded != sha256:
            raise InputError(
                f"{changed or f'{path}: has changed since it was first fetched'}"
                f" (sha256 {sha256[:12]}, {first_hashes.NAME} says {recorded[:12]})"
                f"{'' if part else '; move it away to fetch it again'}"
            )
    except InputError:
        if part:
            part_file.empty(part)
        raise
    return sha256, doubt, bool(recorded)


def _record(asset: Asset, folder: Path, checked: Checked, source: str, say: Say) -> Path:
    """Record the hash of a new file, and say so where no published hash confirms it; returns the file's path."""
    sha256, doubt, known = checked
    if not known:
        first_hashes.record(folder, asset.path, sha256, source)
    if doubt and not known:
        how = "found in its place" if source == BY_HAND else "fetched for the first time"
        say(f"{asset.path}: {how}; {doubt}; its hash {sha256[:12]} is recorded in {first_hashes.NAME}")
    return folder / asset.path
