"""What every script of the workflow does first: send log and tracebacks to the rule's log, and know its provenance."""

import atexit
import errno
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from lorafb import processes
from lorafb.artefacts.provenance import Provenance, verify
from lorafb.files import InputError, sha256, write_json

Job = Any
"""The object named `snakemake` that a workflow script finds in its globals."""
CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
"""A full disk, or a folder that is not ours to write: nothing in our code, so no traceback."""


def start(job: Job) -> Job:
    """Log to the rule's log file, tracebacks too, and to stderr only what a person must read; returns the job.

    From here on the job ends when Snakemake does, and tidies up when it is asked to stop.
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
    write_json(log.with_suffix(".job.json"), _described(job))
    if sys.stderr.isatty():
        progress_log.addHandler(
            _progress_lines(" ".join([job.rule, *(str(value) for _, value in job.wildcards.items())]))
        )

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            logging.info("stopped on request")  # Snakemake has said so on the terminal
        elif isinstance(error, InputError):
            logging.critical("%s", error)
            print(f"{job.rule}: {error}", file=sys.stderr)
        elif isinstance(error, OSError) and error.errno in CANNOT_WRITE:
            line = f"{error.filename or job.output[0]}: {os.strerror(error.errno)}"
            logging.critical("%s", line)
            print(f"{job.rule}: {line}", file=sys.stderr)
            os._exit(1)  # on the way out HDF5 would try to write once more, and crash
        else:
            logging.critical("stopped", exc_info=(kind, error, trace))
            print(f"{job.rule}: {kind.__name__}: {error} (traceback in {log})", file=sys.stderr)

    sys.excepthook = report
    atexit.register(lambda: logging.info("modules: %s", " ".join(_loaded())))
    return job


def _loaded() -> list[str]:
    """Modules of this package that the job has loaded, and torch if it has: a test holds them against the code digest."""
    ours = [
        name for name, module in sys.modules.items() if name.startswith("lorafb.") and not hasattr(module, "__path__")
    ]
    return sorted([*ours, *({"torch"} & set(sys.modules))])


def _described(job: Job) -> dict[str, Any]:
    """Describe a job, so that `python -m lorafb.alone` can run it again in one process."""
    lists = {
        name: {"all": list(map(str, part)), "named": _named(part)}
        for name, part in (("input", job.input), ("output", job.output), ("log", job.log))
    }
    script = getattr(sys.modules["__main__"], "__file__", "")
    return {
        "rule": job.rule,
        "directory": str(Path.cwd()),
        "script": script,
        "params": dict(job.params.items()),
        "wildcards": dict(job.wildcards.items()),
        "threads": job.threads,
        **lists,
    }


def _named(part: Any) -> dict[str, Any]:
    return {name: value if isinstance(value, str) else list(map(str, value)) for name, value in part.items()}


def threads(job: Job, asked: int) -> int:
    """Check that a job has the threads that its definition says: another number sums in another order, unseen."""
    if job.threads != asked:
        raise InputError(
            f"compute.threads is {asked}, and --cores left {job.threads} to the job; give --cores {asked} or more"
        )
    return asked


def check_threads(job: Job, compute: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the `compute` settings of a job back where it has as many threads as they say; see `threads`."""
    threads(job, compute["threads"])
    return compute


def provenance(job: Job) -> Provenance:
    """Hash a job's inputs and take its parameters; artefacts of ours are checked against their sidecars on the way."""
    digests = {_name(path): _digest(Path(path)) for path in _unique(job.input)}
    parameters = {key: value for key, value in job.params.items() if key != "code"}
    return Provenance(digests, parameters, str(job.params.get("code", "")))


def _digest(path: Path) -> str:
    ours = path.parts[:1] == ("results",)
    return str(verify(path)["sha256"]) if ours else sha256(path)


def _name(path: str) -> str:
    """Name of an input that is the same wherever the study runs: its path among the results, else its last part."""
    return path if path.startswith("results/") else Path(path).name


def _unique(paths: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(str(path) for path in paths))


def progress(unit: str, every_s: float = 10.0) -> Callable[[int, int], None]:
    """Make a function of (done, of all) that says now and then how far a job has come, and how fast.

    The log gets a line, and a terminal a line with a bar: jobs run side by side, and bars that move would draw over one
    another and over Snakemake's own lines. A command that runs alone has `bar`.
    """
    begun = said = time.monotonic()
    before: int | None = None  # done when it is told first: a resumed job begins in the middle

    def report(done: int, of_all: int) -> None:
        nonlocal begun, said, before
        now = time.monotonic()
        if before is None:
            begun, before = now, done
        if now - said >= every_s or (done >= of_all and now - begun >= every_s):
            said = now
            line = f"{done} of {of_all} {unit}, {_rate(done - before, now - begun)} {unit}/s"
            progress_log.info("%s", line, extra={"bar": _bar(done, of_all)})

    return report


def _rate(done: int, seconds: float) -> str:
    return f"{done / seconds:.3g}" if seconds > 0 else "?"


progress_log = logging.getLogger("lorafb.progress")


def _progress_lines(name: str) -> logging.Handler:
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(logging.Formatter("{job} {bar} {message}", style="{", defaults={"job": name}))
    return lines


def _bar(done: int, of_all: int, width: int = 20) -> str:
    filled = width * done // max(of_all, 1)
    return "\u2501" * filled + "\u2500" * (width - filled)


def bar(unit: str) -> Callable[[int, int], None]:
    """Make a function of (done, of all) that moves a bar on the terminal, with units, rate and the time left."""
    shown = Bar(
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} " + unit),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    task = shown.add_task(unit, total=None, rate="")
    begun = time.monotonic()
    atexit.register(shown.stop)  # an interrupted bar would leave the terminal without a cursor

    def report(done: int, of_all: int) -> None:
        shown.update(task, completed=done, total=of_all, rate=f"{_rate(done, time.monotonic() - begun)} {unit}/s")
        if not shown.live.is_started and done < of_all:
            shown.start()
        if done >= of_all:
            shown.stop()

    return report
