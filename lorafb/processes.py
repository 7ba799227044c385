"""Snakemake and its jobs as processes: one Snakemake per folder, no job outlives it, and Ctrl-C ends all of them.

When Snakemake is killed, its own lock stays behind, and so do its jobs, which would write beside those of the next run.
The kernel is more reliable: it frees the lock of a file, and ends a process whose parent is gone, however that happened.
"""

import contextlib
import ctypes
import logging
import multiprocessing
import os
import platform
import shlex
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from lorafb.files import InputError, alive, lock

LOCK = Path(".snakemake") / "lorafb.lock"
PARENT = "LORAFB_SNAKEMAKE"
"""Environment variable by which jobs know the Snakemake that started them."""
QUIET = "LORAFB_QUIET_JOBS"
"""Environment variable that tells jobs to write progress and errors to their log alone: Snakemake's display shows both."""
JOB_PREFIX = "trap '' INT; exec "
"""What the shell does before a job: it leaves Ctrl-C to Snakemake, and replaces itself by the job."""
SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
STOPPED = 75
"""Exit status of a command that was asked to stop and goes on when it is started again (EX_TEMPFAIL)."""
held: list[IO[bytes]] = []
"""Locked files, open until this process ends, and not passed on to jobs."""


class Stopped(Exception):
    """Work that was asked to stop, or whose time is up, has saved what it did; the message says so."""


def hold(folder: Path) -> None:
    """Let no other Snakemake work in a folder, from now until this process ends in any way.

    Raises
    ------
    InputError
        Another one does: its process, its machine and since when.
    """
    path = folder / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held.append(lock(path))
    except BlockingIOError:
        holder = path.read_text(errors="replace") or "just starting"
        raise InputError(
            f"{folder}: another Snakemake works here ({holder}); wait for it, or give this study another folder"
            " with --directory"
        ) from None
    except OSError as error:  # some cluster file systems have no such locks
        print(f"{path}: cannot be locked ({error.strerror}): start no second Snakemake in this folder", file=sys.stderr)
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    path.write_text(f"process {os.getpid()} on {platform.node()}, since {now}")


def held_since(folder: Path) -> float:
    """Start of the Snakemake that holds a folder, in seconds since 1970."""
    return (folder / LOCK).stat().st_mtime


def tell_jobs() -> None:
    """Give this process's number to the jobs that it will start, for `end_with_parent`."""
    os.environ[PARENT] = f"{_namespace()} {os.getpid()}"


def name_python() -> None:
    """Let jobs start Python by its name where its path has characters that a shell reads as its own, which nobody quotes."""
    if shlex.quote(sys.executable) != sys.executable:
        folder, sys.executable = os.path.split(sys.executable)
        os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", "")])


def end_with_parent() -> None:
    """End this job when the Snakemake that started it ends, and at once if it has ended already."""
    namespace, _, snakemake = os.environ.get(PARENT, "").rpartition(" ")
    if not snakemake:
        return  # run by hand
    die_with_parent()
    if namespace == _namespace() and not alive(int(snakemake)):
        os.kill(os.getpid(), signal.SIGKILL)  # it ended while this job was loading


def die_with_parent() -> None:
    """Let the kernel end this process when its parent ends, however that happens."""
    parent = multiprocessing.parent_process()
    if sys.platform.startswith("linux"):  # elsewhere there is no such signal
        ctypes.CDLL(None, use_errno=True).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it ended while this process was starting


def stop_jobs_on_interrupt(first: Callable[[], None]) -> None:
    """At Ctrl-C do `first`, print one line and ask the jobs to stop; at a second one end, and the kernel ends the jobs."""
    if threading.current_thread() is threading.main_thread():  # no other thread may
        signal.signal(signal.SIGINT, partial(_stop, first))


def stop_when_asked() -> None:
    """Let a job that is asked to stop (SIGTERM) clean up before it ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _stop(first: Callable[[], None], number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    first()
    logging.disable(logging.CRITICAL)  # Snakemake would report each stopped job as failed
    print("\nStopped. What is finished stays; the same command goes on from there.", file=sys.stderr)
    jobs: list[str] = []
    for children in Path("/proc/self/task").glob("*/children"):  # one file per thread
        with contextlib.suppress(OSError):  # the thread has just ended
            jobs.extend(children.read_text().split())
    for job in jobs:
        with contextlib.suppress(ProcessLookupError):  # the job has just ended
            os.kill(int(job), signal.SIGTERM)
    raise SystemExit(128 + number)


def _namespace() -> str:
    """Name what process numbers belong to: this machine, and the container in it."""
    namespace = Path("/proc/self/ns/pid")
    return f"{platform.node()} {namespace.readlink() if namespace.exists() else ''}".strip()
