"""Hashes of files for which none is published: taken when a file first comes, kept beside the data, checked ever after."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lorafb.files import InputError, write_json

NAME = "fetched.lock.json"


def known(folder: Path) -> dict[str, dict[str, object]]:
    """Read the lock file of a data folder: path below it to sha256, size and source."""
    file = folder / NAME
    if not file.is_file():
        return {}
    try:
        told: dict[str, dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(
            f"{file}: is no readable lock file; it says which files were fetched, and their hashes"
        ) from None
    return told


def remember(folder: Path, path: str, sha256: str, size: int, source: str) -> None:
    """Add a file's hash, whoever else writes there at the time."""
    with _alone(folder):
        write_json(folder / NAME, known(folder) | {path: {"sha256": sha256, "size": size, "source": source}})


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{NAME}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
