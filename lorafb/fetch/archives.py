"""Archives that others packed: nothing leaves its folder, nothing is a link, nothing is larger than said."""

import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lorafb.files import InputError, part_of

LIMIT = 500 * 10**9


def extract(archive: Path | str, folder: Path, limit: int = LIMIT) -> list[Path]:
    """Unpack a .zip or .tar archive into a folder, which appears whole or not at all.

    Parameters
    ----------
    archive : the archive
    folder : where it goes; must not be there yet
    limit : most bytes that its files may have together

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
    members = list(_members(archive))
    _check(archive, members, limit, folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=part_of(folder.name), suffix=".part") as temporary:
        inside = Path(temporary) / folder.name
        inside.mkdir()
        try:
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as packed:
                    packed.extractall(inside)
            else:
                with tarfile.open(archive) as packed_tar:
                    packed_tar.extractall(inside, filter="data")
        except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, RuntimeError) as error:
            raise InputError(f"{archive}: cannot be unpacked ({' '.join(str(error).split())})") from None
        inside.replace(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _members(archive: Path) -> Iterator[tuple[str, int, bool]]:
    """Name and size of every member, and whether it is a plain file or folder."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                for one in packed.infolist():
                    kind = stat.S_IFMT(one.external_attr >> 16)
                    yield one.filename, one.file_size, kind in (0, stat.S_IFREG, stat.S_IFDIR)
            return
        with tarfile.open(archive) as packed_tar:
            for member in packed_tar:
                yield member.name, member.size, member.isfile() or member.isdir()
    except FileNotFoundError:
        raise InputError(f"{archive}: no such file") from None
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise InputError(f"{archive}: is no readable .zip or .tar archive ({' '.join(str(error).split())})") from None


def _check(archive: Path, members: list[tuple[str, int, bool]], limit: int, where: Path) -> None:
    for name, _, plain in members:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
            raise InputError(f"{archive}: holds {name!r}, which would leave the folder; nothing was unpacked")
        if not plain:
            raise InputError(f"{archive}: holds {name!r}, a link or device; nothing was unpacked")
    size = sum(one for _, one, _ in members)
    there = next(folder for folder in (where, *where.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if size > min(limit, free):
        bound = f"{limit / 1e6:.0f} MB are allowed" if size > limit else f"{free / 1e6:.0f} MB are free"
        raise InputError(f"{archive}: holds {size / 1e6:.0f} MB, and {bound}; nothing was unpacked")
