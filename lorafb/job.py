"""Start of every script of the workflow: its log, its description for a rerun, its provenance and its progress."""

import atexit
import errno
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import rich.progress
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from lorafb import processes
from lorafb.artefacts.provenance import Provenance, verify
from lorafb.files import InputError, Progress, sha256, write_json

Job = Any
"""The object named `snakemake` that a workflow script finds in its globals."""
CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
"""A full disk, or a folder that may not be written: no mistake of the code, so no traceback."""


def start(job: Job) -> Job:
    """Log to the rule's log file, with tracebacks, and print to stderr only what a person must read; returns the job.

    From here on the job ends when Snakemake does, and cleans up when it is asked to stop.
    """
    processes.end_with_parent()
    processes.stop_when_asked()
    log = Path(job.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=log,
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    logging.info("rule %s %s", job.rule, dict(job.wildcards))
    write_json(log.with_suffix(".job.json"), _description(job))
    quiet = processes.QUIET in os.environ
    if not (quiet and sys.stderr.isatty()):  # `lorafb.terminal` reads the log, and draws where this would print
        warnings = logging.StreamHandler(sys.stderr)  # a layer that fell silent must not be found out after a day
        warnings.setLevel(logging.WARNING)
        warnings.setFormatter(logging.Formatter("{job}: {message}", style="{", defaults={"job": _name(job)}))
        logging.getLogger("lorafb.training").addHandler(warnings)
    if sys.stderr.isatty() and not quiet:
        lines = logging.StreamHandler(sys.stderr)
        lines.setFormatter(logging.Formatter("{job} {bar} {message}", style="{", defaults={"job": _name(job)}))
        progress_log.addHandler(lines)

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        said = ""
        if isinstance(error, KeyboardInterrupt):
            logging.info("stopped on request")  # Snakemake has printed so on the terminal
        elif isinstance(error, (InputError, processes.Stopped)):
            logging.critical("%s", error)
            said = f"{job.rule}: {error}"
        elif isinstance(error, OSError) and error.errno in CANNOT_WRITE:
            line = f"{error.filename or job.output[0]}: {os.strerror(error.errno)}"
            logging.critical("%s", line)
            print(f"{job.rule}: {line}", file=sys.stderr)
            os._exit(1)  # on the way out HDF5 would try to write once more, and crash
        else:
            logging.critical("%s: %s (traceback in %s)", kind.__name__, error, log, exc_info=(kind, error, trace))
            said = f"{job.rule}: {kind.__name__}: {error} (traceback in {log})"
        if said and not quiet:
            print(said, file=sys.stderr)

    sys.excepthook = report
    atexit.register(lambda: logging.info("modules: %s", " ".join(_loaded())))
    return job


def _name(job: Job) -> str:
    """Name of a job on the terminal: its rule and the values of its wildcards."""
    return " ".join([job.rule, *(str(value) for _, value in job.wildcards.items())])


def _loaded() -> list[str]:
    """List the loaded modules of this package, and torch if loaded: a test compares them with the code digest."""
    modules = [
        name for name, module in sys.modules.items() if name.startswith("lorafb.") and not hasattr(module, "__path__")
    ]
    return sorted([*modules, *({"torch"} & set(sys.modules))])


def _description(job: Job) -> dict[str, Any]:
    """Describe a job, so that `python -m lorafb.rerun` can run it again in one process."""
    description: dict[str, Any] = {
        "rule": job.rule,
        "directory": str(Path.cwd()),
        "script": getattr(sys.modules["__main__"], "__file__", ""),
        "params": dict(job.params.items()),
        "wildcards": dict(job.wildcards.items()),
        "threads": job.threads,
    }
    for name, files in (("input", job.input), ("output", job.output), ("log", job.log)):
        named = {key: file if isinstance(file, str) else list(map(str, file)) for key, file in files.items()}
        description[name] = {"all": list(map(str, files)), "named": named}
    return description


def threads(job: Job, asked: int) -> int:
    """Check that a job has as many threads as its definition asks for: another number changes the last digits."""
    if job.threads < asked:
        raise InputError(
            f"compute.threads is {asked}, and --cores left {job.threads} to the job; give --cores {asked} or more"
        )
    return asked


def check_threads(job: Job, compute: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the `compute` settings of a job back where it has as many threads as they say; see `threads`."""
    threads(job, compute["threads"])
    return compute


def provenance(job: Job) -> Provenance:
    """Hash a job's inputs and take its parameters; inputs from `results/` are checked against their sidecars.

    Inputs named `after` are not read, only waited for.

    An input's name does not depend on where the study runs: its path among the results, else the last part of its path.
    """
    digests = {}
    named = dict(job.input.items())
    for path in dict.fromkeys(map(str, job.input)):
        if path in named.get("after", ()):
            continue
        if path.startswith("results/"):
            digests[path] = str(verify(path)["sha256"])
        else:
            digests[Path(path).name] = sha256(path)
    parameters = {key: value for key, value in job.params.items() if key != "code"}
    return Provenance(digests, parameters, str(job.params.get("code", "")))


progress_log = logging.getLogger("lorafb.progress")


def progress(unit: str, every_s: float = 10.0) -> Progress:
    """Make a function of (done, of all) that reports now and then how far a job is, and how fast.

    The log gets a line, and a terminal a line with a bar: jobs run side by side, and moving bars would draw over one
    another and over Snakemake's lines. A command that runs alone uses `bar`.
    """
    begun = last = time.monotonic()
    first: int | None = None  # done at the first call: a resumed job begins in the middle

    def report(done: int, of_all: int) -> None:
        nonlocal begun, last, first
        now = time.monotonic()
        if first is None:
            begun, first = now, done
        if now - last >= every_s or (done >= of_all and now - begun >= every_s):
            last = now
            filled = 20 * done // max(of_all, 1)
            line = f"{done} of {of_all} {unit}, {_rate(done - first, now - begun)} {unit}/s"
            progress_log.info("%s", line, extra={"bar": "\u2501" * filled + "\u2500" * (20 - filled)})

    return report


def bar(unit: str) -> Progress:
    """Make a function of (done, of all) that moves a bar on the terminal, with units, rate and the time left."""
    line = rich.progress.Progress(
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} " + unit),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    task = line.add_task(unit, total=None, rate="")
    begun = time.monotonic()
    first: int | None = None  # done at the first call: a resumed training begins in the middle
    atexit.register(line.stop)  # an interrupted bar would leave the terminal without a cursor

    def report(done: int, of_all: int) -> None:
        nonlocal begun, first
        if first is None:
            begun, first = time.monotonic(), done
        rate = _rate(done - first, time.monotonic() - begun)
        line.update(task, completed=done, total=of_all, rate=f"{rate} {unit}/s")
        if not line.live.is_started and done < of_all:
            line.start()
        if done >= of_all:
            line.stop()

    return report


def _rate(done: int, seconds: float) -> str:
    return f"{done / seconds:.3g}" if seconds > 0 else "?"
