"""Archives that others packed: nothing leaves its folder, nothing is a link, nothing is larger than said."""

import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Container, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lorafb.files import InputError, one_line, part_of

LIMIT, MOST = 500 * 10**9, 2 * 10**6
"""Bytes, and members, that an archive may have at most."""
DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What a damaged, locked or strangely packed archive makes Python raise."""


class _Member(NamedTuple):
    name: str
    size: int
    plain: bool


def extract(archive: Path | str, folder: Path, only: Container[str] | None = None, limit: int = LIMIT) -> list[Path]:
    """Unpack a .zip or .tar archive into a folder, which appears whole or not at all.

    Parameters
    ----------
    archive : the archive
    folder : where it goes; must not be there yet
    only : names of the members to unpack; all if not given
    limit : most bytes that these may have together

    Returns
    -------
    list of Path
        The files, sorted.

    Raises
    ------
    InputError
        One line: no archive, a member that would leave the folder or is a link or device, too large, no room, damaged.
    """
    archive = Path(archive)
    if folder.exists():
        raise InputError(f"{folder}: is there already; remove it to unpack {archive.name} again")
    names = _checked(archive, only, limit, folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=part_of(folder.name), suffix=".part") as temporary:
        inside = Path(temporary) / folder.name
        inside.mkdir()
        try:
            _unpack(archive, inside, names)
        except DAMAGED as error:
            raise InputError(f"{archive}: cannot be unpacked ({one_line(error)})") from None
        inside.replace(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def copy_member(archive: Path, name: str, part: Path) -> None:
    """Write one file of an archive into `part`; InputError where the archive has none of that name, and as in `extract`."""
    with tempfile.TemporaryDirectory(dir=part.parent, prefix=part_of(part.name), suffix=".part") as temporary:
        files = extract(archive, Path(temporary) / "inside", only=(name,))
        if not files:
            raise InputError(f"{archive}: holds no {name}")
        with files[0].open("rb") as member, part.open("wb") as written:
            shutil.copyfileobj(member, written)


def _unpack(archive: Path, inside: Path, names: set[str]) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(inside, members=[one for one in packed.infolist() if one.filename in names])
        return
    with tarfile.open(archive) as packed_tar:
        packed_tar.extractall(inside, members=(one for one in packed_tar if one.name in names), filter="data")
        while packed_tar.fileobj is not None and packed_tar.fileobj.read(2**20):
            continue  # the checksum of what was compressed stands behind the last block, which tarfile does not read


def _checked(archive: Path, only: Container[str] | None, limit: int, where: Path) -> set[str]:
    """Names of the members to unpack, when all are harmless; a bomb is found before it is read to its end."""
    there = next(folder for folder in (where, *where.parents) if folder.is_dir())
    free, size = shutil.disk_usage(there).free, 0
    names: set[str] = set()
    for member in _members(archive):
        path = PurePosixPath(member.name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
            raise InputError(f"{archive}: holds {member.name!r}, which would leave the folder; nothing was unpacked")
        if not member.plain:
            raise InputError(f"{archive}: holds {member.name!r}, a link or device; nothing was unpacked")
        if only is not None and member.name not in only:
            continue
        names.add(member.name)
        size += member.size
        if size > limit or len(names) > MOST:
            bound = f"{limit / 1e6:.0f} MB in {MOST} members are allowed"
            raise InputError(f"{archive}: holds {size / 1e6:.0f} MB or more, and {bound}; nothing was unpacked")
        if size > free:
            raise InputError(
                f"{archive}: holds {size / 1e6:.0f} MB or more, and {free / 1e6:.0f} MB are free; nothing was unpacked"
            )
    return names


def _members(archive: Path) -> Iterator[_Member]:
    """Name and size of every member, and whether it is a plain file or folder."""
    if not archive.is_file():
        raise InputError(f"{archive}: no such file")
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                for one in packed.infolist():
                    kind = stat.S_IFMT(one.external_attr >> 16)
                    yield _Member(one.filename, one.file_size, kind in (0, stat.S_IFREG, stat.S_IFDIR))
            return
        with tarfile.open(archive) as packed_tar:
            for member in packed_tar:
                yield _Member(member.name, member.size, member.isfile() or member.isdir())
    except DAMAGED as error:
        raise InputError(f"{archive}: is no readable .zip or .tar archive ({one_line(error)})") from None
