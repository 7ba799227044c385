"""Archives that others packed: nothing leaves its folder, nothing is a link, nothing is larger than the archive says."""

import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Container, Iterator
from pathlib import Path, PurePosixPath

from lorafb.files import InputError, one_line, part_of

MOST_BYTES, MOST_MEMBERS = 500 * 10**9, 2 * 10**6
"""Limits of an archive."""
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
"""What Python raises for a damaged, encrypted or unusually packed archive."""


def extract(
    archive: Path | str, folder: Path, only: Container[str] | None = None, limit: int = MOST_BYTES
) -> list[Path]:
    """Unpack a .zip or .tar archive into a folder, which appears complete or not at all.

    Parameters
    ----------
    archive : the archive
    folder : the new folder; must not exist yet
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
    """Write one file of an archive into `part`; InputError where the archive has no such file, and as in `extract`."""
    with tempfile.TemporaryDirectory(dir=part.parent, prefix=part_of(part.name), suffix=".part") as temporary:
        files = extract(archive, Path(temporary) / "inside", only=(name,))
        if not files:
            raise InputError(f"{archive}: holds no {name}")
        shutil.copyfile(files[0], part)


def _unpack(archive: Path, inside: Path, names: set[str]) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(inside, members=[member for member in packed.infolist() if member.filename in names])
        return
    with tarfile.open(archive) as packed_tar:
        packed_tar.extractall(inside, members=(member for member in packed_tar if member.name in names), filter="data")
        while packed_tar.fileobj is not None and packed_tar.fileobj.read(2**20):
            continue  # the checksum of compressed data follows the last block, which tarfile does not read


def _checked(archive: Path, only: Container[str] | None, limit: int, where: Path) -> set[str]:
    """Names of the members to unpack, when all are harmless; a bomb is detected before it is read to its end."""
    existing = next(folder for folder in (where, *where.parents) if folder.is_dir())
    free, size = shutil.disk_usage(existing).free, 0
    names: set[str] = set()
    for name, length, harmless in _members(archive):
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
            raise InputError(f"{archive}: holds {name!r}, which would leave the folder; nothing was unpacked")
        if not harmless:
            raise InputError(f"{archive}: holds {name!r}, a link or device; nothing was unpacked")
        if only is not None and name not in only:
            continue
        names.add(name)
        size += length
        if size > min(limit, free) or len(names) > MOST_MEMBERS:
            allowed = f"{limit / 1e6:.0f} MB in {MOST_MEMBERS} members are allowed, {free / 1e6:.0f} MB are free"
            raise InputError(f"{archive}: holds {size / 1e6:.0f} MB or more, and {allowed}; nothing was unpacked")
    return names


def _members(archive: Path) -> Iterator[tuple[str, int, bool]]:
    """Name and size of every member, and whether it is a file or folder, no link and no device."""
    if not archive.is_file():
        raise InputError(f"{archive}: no such file")
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                for info in packed.infolist():
                    kind = stat.S_IFMT(info.external_attr >> 16)  # the upper 16 bits are the mode of a Unix file
                    yield info.filename, info.file_size, kind in (0, stat.S_IFREG, stat.S_IFDIR)
        else:
            with tarfile.open(archive) as packed_tar:
                for member in packed_tar:
                    yield member.name, member.size, member.isfile() or member.isdir()
    except DAMAGED as error:
        raise InputError(f"{archive}: is no readable .zip or .tar archive ({one_line(error)})") from None
