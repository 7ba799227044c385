"""An unfinished download, `NAME.part`, and beside it `NAME.part.tag`: the address it comes from, and the version."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lorafb.files import InputError, lock


@contextmanager
def held(part: Path) -> Iterator[None]:
    """Hold an unfinished file, made where there is none; an empty one is removed at the end.

    Raises
    ------
    InputError
        Another process fetches the same file.
    """
    busy = f"{part.with_suffix('')}: another process is fetching it; start again when it has ended"
    try:
        file = lock(part)
    except BlockingIOError:
        raise InputError(busy) from None
    with file:
        if not (part.exists() and os.path.samestat(os.fstat(file.fileno()), part.stat())):
            raise InputError(busy)  # it ended, and renamed the file, after we opened it and before we locked it
        try:
            yield
        finally:
            if size(part) == 0:
                remove(part)


def size(part: Path) -> int:
    """Bytes that have been received."""
    return part.stat().st_size if part.is_file() else 0


def mark(part: Path, url: str, version: str) -> None:
    """Note the address and the version."""
    _tag(part).write_text(f"{url}\n{version}", encoding="utf-8")


def version_of(part: Path, url: str) -> str:
    """Version of what has been received from this address; empty where it is from another one, or unknown."""
    if not _tag(part).is_file():
        return ""
    address, _, version = _tag(part).read_text(encoding="utf-8", errors="replace").partition("\n")
    return version if address == url and version.isprintable() else ""


def empty(part: Path) -> None:
    """Delete what has been received; the file stays, empty, for the process that holds it."""
    if part.is_file():
        part.write_bytes(b"")
    _tag(part).unlink(missing_ok=True)


def remove(part: Path) -> None:
    """Remove the file and its note."""
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def finish(part: Path, path: Path) -> None:
    """Give the complete file its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    _tag(part).unlink(missing_ok=True)


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")
