"""Atomic writes and content hashes: a half-written or stale file would score like a good one."""

import difflib
import fcntl
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

Progress = Callable[[int, int], None]
"""Called with (done, of all) by work that takes long."""
PART = re.compile(r"\..+\.(?P<machine>[^.]*)-(?P<process>\d+)\.[a-z0-9_]{8}\.part(\.\w+)?")
DAY_S = 24 * 3600.0


class InputError(ValueError):
    """A file, key or value that the user must correct; the message is one line that says which, and what was expected."""


@contextmanager
def whole(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it becomes `path` when the block succeeds, and is removed when it fails.

    Notes
    -----
    The temporary file has the suffix of `path`, since some writers choose their format by it. A killed process leaves
    it behind; `clear_abandoned` deletes it later.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{part_of(path.stem)}{secrets.token_hex(4)}.part{path.suffix}")
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def part_of(stem: str) -> str:
    """Beginning of a temporary name, which says who writes it; eight random characters and `.part` follow."""
    return f".{stem}.{_machine()}-{os.getpid()}."


def clear_abandoned(folder: Path) -> list[Path]:
    """Delete, at any depth, the temporary files and folders of killed processes, and return their paths.

    Those of a running process stay; so do those of another machine, until a day has passed since they were written.
    """
    abandoned = [path for path in sorted(folder.rglob(".*.part*")) if _abandoned(path)]
    for path in abandoned:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return abandoned


def _abandoned(path: Path) -> bool:
    match = PART.fullmatch(path.name)
    if match is None:
        return False
    if match["machine"] == _machine():
        return not alive(int(match["process"]))
    return time.time() - path.stat().st_mtime > DAY_S


def alive(process: int) -> bool:
    """Whether a process of this machine runs; a zombie (ended, its parent has not asked yet) does not."""
    status = Path(f"/proc/{process}/stat")
    try:
        os.kill(process, 0)
        return not (status.is_file() and status.read_text(encoding="utf-8").rpartition(") ")[2].startswith("Z"))
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:  # another user's process
        return True


def _machine() -> str:
    return platform.node().partition(".")[0]


def lock(path: Path, wait: bool = False) -> IO[bytes]:
    """Open a file, made where there is none, and lock it until it is closed or the process ends in any way.

    Raises
    ------
    BlockingIOError
        Another process holds it, and `wait` is false.
    """
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def write_text(path: Path | str, text: str) -> None:
    """Write a UTF-8 text atomically."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Write JSON atomically, keys sorted, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def sha256(path: Path | str) -> str:
    """Hex digest of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def visible(folder: Path | str) -> list[os.DirEntry[str]]:
    """List what a folder holds but hidden entries: a Mac leaves `._NAME` beside each file that it copies to other disks."""
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def found(folder: Path | str, pattern: str) -> list[Path]:
    """Files below a folder that match a pattern as `Path.glob` takes it, sorted, without hidden ones; see `visible`."""
    return [path for path in sorted(Path(folder).glob(pattern)) if not path.name.startswith(".")]


def one_line(error: Exception, most: int = 160) -> str:
    """Put the text of an error on one line of at most so many characters."""
    return " ".join(str(error).split())[:most]


def nearest(name: str, known: Iterable[str]) -> str:
    """End an error about an unknown name: `; did you mean 'x'?`, or empty when no known name is near."""
    near = difflib.get_close_matches(str(name), [str(one) for one in known], n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
