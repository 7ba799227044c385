"""Hashes of files for which none is published: recorded when a file is first fetched, and checked from then on."""

import json
from datetime import UTC, datetime
from pathlib import Path

from lorafb.files import InputError, lock, write_json

NAME = "fetched.lock.json"


def read(folder: Path) -> dict[str, dict[str, object]]:
    """Read the lock file of a data folder: path below it to sha256, size, source and day."""
    file = folder / NAME
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {str(path): {"sha256": str(one["sha256"]), **one} for path, one in content.items()}
    except (ValueError, AttributeError, KeyError, TypeError):
        raise InputError(
            f"{file}: is no readable lock file (it holds the hashes of files that were fetched); correct or delete it"
        ) from None


def hash_of(folder: Path, path: str) -> str:
    """Sha256 of a file as it was first fetched; empty where nothing is recorded."""
    return str(read(folder).get(path, {}).get("sha256", ""))


def record(folder: Path, path: str, sha256: str, source: str) -> None:
    """Add a file's hash; several processes may do so at the same time."""
    size, day = (folder / path).stat().st_size, datetime.now(UTC).date().isoformat()
    with lock(folder / f".{NAME}", wait=True):
        entry = {"sha256": sha256, "size": size, "source": source, "first": day}
        write_json(folder / NAME, read(folder) | {path: entry})
