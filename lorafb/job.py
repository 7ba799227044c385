"""What every script of the workflow does first: send log and tracebacks to the rule's log, and know its provenance."""

import atexit
import logging
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TextColumn

from lorafb.artefacts.provenance import Provenance, verify
from lorafb.files import InputError, sha256, write_json

Job = Any
"""The object named `snakemake` that a workflow script finds in its globals."""


def start(job: Job) -> Job:
    """Log to the rule's log file, tracebacks too, and to stderr only what a person must read; returns the job."""
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

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, InputError):
            logging.critical("%s", error)
        else:
            logging.critical("stopped", exc_info=(kind, error, trace))
        for handler in logging.getLogger().handlers:
            handler.flush()
        if isinstance(error, InputError):
            print(f"{job.rule}: {error}", file=sys.stderr)
        else:
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


def progress(unit: str, every_s: float = 15.0) -> Callable[[int, int], None]:
    """Make a function of (done, of all) that shows a bar on a terminal and writes a line now and then into the log."""
    bar = Bar(
        *Bar.get_default_columns(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} " + unit),
        console=Console(stderr=True),
    )
    task = bar.add_task(unit, total=None)
    begun = said = time.monotonic()

    def report(done: int, of_all: int) -> None:
        nonlocal said
        now = time.monotonic()
        bar.update(task, completed=done, total=of_all)
        if bar.console.is_terminal and not bar.live.is_started and done < of_all:
            bar.start()
        if done >= of_all:
            bar.stop()
        if now - said >= every_s or done >= of_all:
            logging.info("%d of %d %s, %.1f a second", done, of_all, unit, done / max(now - begun, 1e-9))
            said = now

    return report
