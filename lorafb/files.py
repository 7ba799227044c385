"""Write whole or not at all, and know a file by its content: a half-written or stale file would score like a good one."""

import difflib
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class InputError(ValueError):
    """A file, key or value that the user must mend; the message is one line that says which, and what was expected."""


@contextmanager
def whole(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it becomes `path` when the block ends well and vanishes when it does not.

    Notes
    -----
    The temporary file keeps the ending of `path`, since some writers choose their format by it. A killed process leaves
    it behind, and `clear_abandoned` finds it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=part_of(path.stem), suffix=f".part{path.suffix}")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def part_of(stem: str) -> str:
    """Start the name of something temporary (it goes on at random, and with `.part`), so that its writer is known."""
    return f".{stem}.{_machine()}-{os.getpid()}."


PART = re.compile(r"\..+\.(?P<machine>[^.]*)-(?P<process>\d+)\.[a-z0-9_]{8}\.part(\.\w+)?")
DAY_S = 24 * 3600.0


def clear_abandoned(folder: Path) -> list[Path]:
    """Delete, at any depth, the temporary files and folders of killed processes, and return their paths.

    Those of a process that runs stay; so do those of another machine, until a day has passed since they were written.
    """
    left = [path for path in sorted(folder.rglob(".*.part*")) if _abandoned(path)]
    for path in left:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return left


def _abandoned(path: Path) -> bool:
    named = PART.fullmatch(path.name)
    if named is None:
        return False
    if named["machine"] == _machine():
        return not alive(int(named["process"]))
    return time.time() - path.stat().st_mtime > DAY_S


def alive(process: int) -> bool:
    """Whether a process of this machine runs; one that has ended and that nobody has asked about yet does not."""
    status = Path(f"/proc/{process}/stat")
    try:
        os.kill(process, 0)
        return not (status.is_file() and status.read_text(encoding="utf-8").rpartition(") ")[2].startswith("Z"))
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:  # it is another user's
        return True


def _machine() -> str:
    return platform.node().partition(".")[0]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8 text whole."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Write JSON whole, keys sorted, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def sha256(path: Path | str) -> str:
    """Hex digest of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def one_line(error: Exception, most: int = 160) -> str:
    """Put what an error says on one line, cut to so many signs."""
    return " ".join(str(error).split())[:most]


def nearest(name: str, known: Iterable[str]) -> str:
    """Make the ending of an error about an unknown name: `; did you mean 'x'?`, or nothing when no known name is near."""
    near = difflib.get_close_matches(str(name), [str(one) for one in known], n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
