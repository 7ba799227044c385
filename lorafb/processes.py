"""Snakemake and its jobs as processes: one Snakemake a folder, no job outlives it, and Ctrl-C ends all of them.

Snakemake's own lock stays behind when it is killed, and so do its jobs, which would write beside those of the next run.
The kernel does better: it frees a file's lock and ends a process whose parent is gone, however that came about.
"""

import contextlib
import ctypes
import fcntl
import logging
import os
import platform
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from lorafb.files import InputError, alive

LOCK = Path(".snakemake") / "lorafb.lock"
PARENT = "LORAFB_SNAKEMAKE"
"""Environment variable in which Snakemake tells its jobs who it is."""
JOB_PREFIX = "trap '' INT; exec "
"""What the shell does before a job: it leaves Ctrl-C to Snakemake, and steps out from between it and the job."""
SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def hold(folder: Path) -> None:
    """Let no other Snakemake work in a folder, from now to the end of this process, whatever ends it.

    Raises
    ------
    InputError
        Another one does: its process, its machine and since when.
    """
    path = folder / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)  # never closed, and not passed on to jobs
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 1000).decode(errors="replace") or "just starting"
        os.close(lock)
        raise InputError(
            f"{folder}: another Snakemake works here ({holder}); wait for it, or give this study a folder of its own"
            " with --directory"
        ) from None
    except OSError as error:  # some cluster file systems have no such locks
        print(f"{path}: cannot be locked ({error.strerror}): start no second Snakemake in this folder", file=sys.stderr)
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    os.truncate(lock, 0)
    os.write(lock, f"process {os.getpid()} on {platform.node()}, since {now}".encode())


def held_since(folder: Path) -> float:
    """When the Snakemake that holds a folder began (seconds since 1970)."""
    return (folder / LOCK).stat().st_mtime


def tell_jobs() -> None:
    """Tell the jobs that will start from this process who it is, for `end_with_parent`."""
    os.environ[PARENT] = f"{_namespace()} {os.getpid()}"


def end_with_parent() -> None:
    """End this job when the Snakemake that started it ends, and at once if it has ended already."""
    namespace, _, snakemake = os.environ.get(PARENT, "").rpartition(" ")
    if not snakemake or not sys.platform.startswith("linux"):
        return  # run by hand, or where there is no such signal
    ctypes.CDLL(None, use_errno=True).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if namespace == _namespace() and not alive(int(snakemake)):
        os.kill(os.getpid(), signal.SIGKILL)  # it ended while this job was loading


def stop_jobs_on_interrupt() -> None:
    """Answer Ctrl-C with one line, and ask the jobs to stop; at a second one end, and the kernel ends the jobs."""
    if threading.current_thread() is threading.main_thread():  # no other may
        signal.signal(signal.SIGINT, _stop)


def stop_when_asked() -> None:
    """Let a job that is asked to stop (SIGTERM) tidy up on its way out."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.disable(logging.CRITICAL)  # that each job failed is no news
    print("\nStopped. What is finished stays; the same command goes on from there.", file=sys.stderr)
    for job in _children():
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(job, signal.SIGTERM)
    raise SystemExit(128 + number)


def _children() -> list[int]:
    """List the processes that this one started and that still run."""
    found: list[int] = []
    for listed in Path("/proc/self/task").glob("*/children"):  # a file a thread
        with contextlib.suppress(OSError):  # the thread has just ended
            found.extend(map(int, listed.read_text().split()))
    return found


def _namespace() -> str:
    """Where process numbers mean the same: this machine, and the container in it."""
    namespace = Path("/proc/self/ns/pid")
    return f"{platform.node()} {namespace.readlink() if namespace.exists() else ''}".strip()
