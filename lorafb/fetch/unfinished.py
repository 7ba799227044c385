"""An unfinished file, `NAME.part`, and beside it `NAME.part.tag`: which address it comes from, and which version it is of."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lorafb.files import InputError


@contextmanager
def held(part: Path) -> Iterator[None]:
    """Keep an unfinished file for oneself, and leave nothing empty behind.

    Raises
    ------
    InputError
        Another process fetches the same file.
    """
    busy = f"{part.with_suffix('')}: another process is fetching it; start again when it has ended"
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(busy) from None
        if not (part.exists() and os.path.samestat(os.fstat(file.fileno()), part.stat())):
            raise InputError(busy)  # it ended, and renamed the file, between our two lines
        try:
            yield
        finally:
            if size(part) == 0:
                remove(part)


def size(part: Path) -> int:
    """Bytes that have come."""
    return part.stat().st_size if part.is_file() else 0


def mark(part: Path, url: str, version: str) -> None:
    """Note where it comes from."""
    _tag(part).write_text(f"{url}\n{version}", encoding="utf-8")


def version_of(part: Path, url: str) -> str:
    """Version that it is of, where it comes from this address; else nothing."""
    if not _tag(part).is_file():
        return ""
    of, _, version = _tag(part).read_text(encoding="utf-8", errors="replace").partition("\n")
    return version if of == url and version.isprintable() else ""


def discard(part: Path) -> None:
    """Throw away what came, since it is not what was wanted; the file stays, empty, for whoever holds it."""
    if part.is_file():
        part.write_bytes(b"")
    _tag(part).unlink(missing_ok=True)


def remove(part: Path) -> None:
    """Remove it."""
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def keep(part: Path, path: Path) -> None:
    """Give what came whole its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    _tag(part).unlink(missing_ok=True)


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")
