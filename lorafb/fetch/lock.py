"""Hashes of files for which none is published: taken when a file first comes, kept beside the data, checked ever after."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lorafb.files import InputError, write_json

NAME = "fetched.lock.json"


def known(folder: Path) -> dict[str, dict[str, object]]:
    """Read the lock file of a data folder: path below it to sha256, size, source and day."""
    file = folder / NAME
    if not file.is_file():
        return {}
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return {str(path): {"sha256": str(one["sha256"]), **one} for path, one in told.items()}
    except (ValueError, AttributeError, KeyError, TypeError):
        raise InputError(
            f"{file}: is no readable lock file; it says which files were fetched, and their hashes"
        ) from None


def hash_of(folder: Path, path: str) -> str:
    """Sha256 of a file as it was when it first came; empty where nothing is recorded."""
    return str(known(folder).get(path, {}).get("sha256", ""))


def remember(folder: Path, path: str, sha256: str, size: int, source: str) -> None:
    """Add a file's hash, whoever else writes there at the time."""
    day = datetime.now(UTC).date().isoformat()
    with _alone(folder):
        write_json(
            folder / NAME, known(folder) | {path: {"sha256": sha256, "size": size, "source": source, "first": day}}
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{NAME}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
