"""Fetch what is missing, verify what is there, and never touch a file that a person has put in its place."""

import logging
from collections.abc import Callable
from pathlib import Path

from lorafb.fetch import archives, content, download, drive, images, lock, registry, unfinished
from lorafb.fetch.content import Content
from lorafb.fetch.download import Progress
from lorafb.fetch.registry import Asset, Drive, Https, Images, Member, Mirror
from lorafb.files import InputError

Say = Callable[[str], None]

log = logging.getLogger(__name__)


def fetch(asset: Asset, folder: Path, progress: Progress | None = None, say: Say = log.warning) -> Path:
    """Put an asset in its place below a data folder.

    Parameters
    ----------
    asset : Asset
    folder : the data folder
    progress : called with (bytes there, bytes of all)
    say : told what a person should know: a first fetch, an array that others know otherwise

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
        return _as_it_is(asset, folder, say)
    if path.is_symlink():
        raise InputError(f"{path}: is a link to {path.readlink()}, which is not there; mend it, or remove it")
    if not asset.mirrors:
        raise InputError(f"{path}: is not there, and no program can fetch it. Get it {asset.by_hand}, and put it there")
    path.parent.mkdir(parents=True, exist_ok=True)
    part, failed = path.with_name(f"{path.name}.part"), []
    with unfinished.held(part):
        for mirror in asset.mirrors:
            try:
                _bring(mirror, asset, folder, part, progress, say)
                found, recorded = _accepted(asset, folder, part, mirror)
            except InputError as error:
                failed.append(str(error))
                log.info("%s", error)
                continue
            if path.exists():  # somebody has put it there in the meantime
                unfinished.discard(part)
                return _as_it_is(asset, folder, say)
            unfinished.keep(part, path)
            if not recorded:
                _first_time(asset, folder, found, str(mirror), "fetched for the first time", say)
            return path
    raise InputError(
        f"{path}: could not be fetched: {'; '.join(failed)}. Or get it from there by hand, and put it in this place"
    )


def verify(asset: Asset, folder: Path) -> str:
    """Check a file that is there; returns, in words, what it was held against.

    Raises
    ------
    InputError
        It is missing, or is not what the registry or the lock file says.
    """
    found, recorded = _examined(asset, folder)
    held = "as published" if found.vouched else "as it first came" if recorded else "nothing to compare with"
    return f"{held}, sha256 {found.sha256[:12]}"


def _examined(asset: Asset, folder: Path) -> tuple[Content, str]:
    """Examine a file that is there; returns what it is, and its hash as it was recorded, or nothing."""
    path = folder / asset.path
    if not path.is_file():
        raise InputError(f"{path}: is {'a folder, expected a file' if path.is_dir() else 'not there'}")
    found, recorded = content.examine(asset, path), lock.hash_of(folder, asset.path)
    if recorded and recorded != found.sha256:
        raise InputError(
            f"{path}: has changed since it first came (sha256 {found.sha256[:12]}, {lock.NAME} says {recorded[:12]}); "
            "move it away to fetch it anew"
        )
    return found, recorded


def _bring(mirror: Mirror, asset: Asset, folder: Path, part: Path, progress: Progress | None, say: Say) -> None:
    """Let one mirror fill `part`."""
    match mirror:
        case Https(url):
            download.download(url, part, size=asset.size, progress=progress)
        case Drive(shared, name):
            download.download(drive.address(shared, name), part, size=asset.size, progress=progress, past=drive.past)
        case Member(archive, name):
            archives.copy_member(fetch(registry.find(archive), folder, progress, say), name, part)
        case Images():
            images.stack(mirror, asset.shape, part, progress)


def _accepted(asset: Asset, folder: Path, part: Path, mirror: Mirror) -> tuple[Content, str]:
    """Examine what came, and throw it away where it is not the asset; returns as `_examined` does."""
    try:
        found, recorded = content.examine(asset, part), lock.hash_of(folder, asset.path)
        if recorded and recorded != found.sha256:
            raise InputError(
                f"{mirror}: gave another file than the first time (sha256 {found.sha256[:12]}, {lock.NAME} says {recorded[:12]})"
            )
    except InputError:
        unfinished.discard(part)
        raise
    return found, recorded


def _as_it_is(asset: Asset, folder: Path, say: Say) -> Path:
    """Take a file that a person has put in its place, or that came before."""
    found, recorded = _examined(asset, folder)
    if not recorded:
        _first_time(asset, folder, found, "put there by hand", "found in its place", say)
    return folder / asset.path


def _first_time(asset: Asset, folder: Path, found: Content, source: str, how: str, say: Say) -> None:
    """Record a file's hash, and say aloud how little that is."""
    lock.remember(folder, asset.path, found.sha256, (folder / asset.path).stat().st_size, source)
    kept = f"its hash {found.sha256[:12]} is kept in {lock.NAME}"
    if found.differs:
        say(f"{asset.path}: {how}; {found.differs}; {kept}")
    elif not found.vouched:
        say(f"{asset.path}: {how}, with nothing to compare with; {kept}")
