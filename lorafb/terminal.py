"""What a person sees while a study runs: stages with counts in a terminal, one line per finished job elsewhere.

Snakemake prints sixteen lines a job. Its own output comes back with `-p`, and stands in `.snakemake/log` in any case.
"""

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from lorafb import processes
from lorafb.artefacts.benchmarks import STAGES, stage_name, stage_order

WORTH_READING = ("Nothing to be done", "Will exit after", "Terminating", "Cancelling", "Removing output")
"""Beginnings of Snakemake's own messages that are shown as they are."""
PROGRESS = " lorafb.progress: "
"""What stands in a job's log before how far it is: `12 of 48 frames, 3.1 frames/s`."""
WARNING = " WARNING lorafb.training."
"""What stands before a warning of a training: a layer that fell silent, files left out, a beginning anew."""
CRITICAL = " CRITICAL root: "
"""What stands in a job's log before the line that says why it stopped."""
TAIL = 65536
"""Bytes at the end of a log in which its last progress, or its error, is looked for."""


def show(snakemake: logging.Logger) -> None:
    """Replace what Snakemake prints, from now until it ends; its log file stays as it is."""
    default = next((one for one in snakemake.handlers if one.name == "DefaultStreamHandler"), None)
    if default is not None:
        os.environ[processes.QUIET] = "1"
        snakemake.removeHandler(default)
        snakemake.addHandler(Handler(Console(stderr=True)))


@dataclass
class Job:
    """A job that has begun: `rule`, words that name it, its log, and the moment it began."""

    rule: str
    name: str
    log: Path | None
    begun: float


class Handler(logging.Handler):
    """Shows the events of a Snakemake run on a console."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self.console = console
        self.jobs: dict[int, Job] = {}
        self.total, self.done, self.failed, self.begun = 0, 0, False, time.monotonic()
        self.stages = Progress(
            TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
        self.tasks: dict[str, TaskID] = {}
        self.live: Live | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record, or pass it over."""
        event = str(getattr(record, "event", None) or "")
        try:
            shown = getattr(self, f"_{event}", None)
            if shown is not None:
                shown(record)
            elif self._is_worth_reading(record, event):
                self._print(record.getMessage())
        except Exception:
            self.handleError(record)

    def stop(self) -> None:
        """Stop drawing, and leave the terminal as it was."""
        if self.live is not None:
            self.live.stop()

    def close(self) -> None:
        """Stop drawing before the handler goes."""
        self.stop()
        super().close()

    # ---------------------------------------------------------------- events, by Snakemake's names

    def _run_info(self, record: Any) -> None:
        counts = {rule: count for rule, count in record.stats.items() if rule in STAGES}  # the others only name targets
        self.total, self.begun = sum(counts.values()), time.monotonic()
        for rule in sorted(counts, key=stage_order):
            self.tasks[rule] = self.stages.add_task(stage_name(rule), total=counts[rule], visible=False, start=False)
        self._print(f"{self.total} jobs in {len(counts)} stages")
        if self.console.is_terminal:
            self.live = Live(get_renderable=self._picture, console=self.console, refresh_per_second=2, transient=True)
            self.live.start()

    def _job_info(self, record: Any) -> None:
        name = " ".join([record.rule_name, *map(str, record.wildcards.values())])
        log = Path(record.log[0].split(" ")[0]) if record.log else None
        self.jobs[record.jobid] = Job(record.rule_name, name, log, time.monotonic())
        if record.rule_name in self.tasks:
            self.stages.start_task(self.tasks[record.rule_name])
            self.stages.update(self.tasks[record.rule_name], visible=True)

    def _job_finished(self, record: Any) -> None:
        job = self.jobs.pop(int(record.job_id), None)
        if job is None or job.rule not in self.tasks:
            return
        self.done += 1
        self.stages.advance(self.tasks[job.rule])
        for warning in dict.fromkeys(_marked(job.log, WARNING) if self.live is not None else ()):
            self._print(f"{job.name}: {warning.partition(': ')[2]}")
        task = self.stages.tasks[self.tasks[job.rule]]
        seconds = time.monotonic() - job.begun
        if not self.console.is_terminal:
            self._print(f"{self.done} of {self.total}  {job.name}  {seconds:.1f} s")
        elif task.finished:
            self.stages.update(task.id, visible=False)
            plural = "s" if task.total != 1 else ""
            self._print(f"{task.description}: {task.total:.0f} job{plural}, {task.elapsed or 0:.0f} s")
        if self.done == self.total:
            self.stop()

    def _job_error(self, record: Any) -> None:
        self.failed = True
        job = self.jobs.pop(record.jobid, None)
        log = job.log if job else None
        self._print(f"{record.rule_name}: {error_of(log) or 'ended without a word in its log'}")
        for path in record.log:
            self._print(f"    log: {path}")
        if log:
            self._print(f"    alone: python -m lorafb.rerun {log.with_suffix('.job.json')}")

    def _group_error(self, record: Any) -> None:
        self.failed = True

    def _error(self, record: Any) -> None:
        if not self.failed:  # what follows a failed job repeats it
            self._print(record.getMessage())

    def _is_worth_reading(self, record: logging.LogRecord, event: str) -> bool:
        message = record.getMessage()
        if record.levelno >= logging.WARNING:
            return not (self.failed and message.startswith(("Exiting because", "At least one job", "WorkflowError")))
        return not event and message.startswith(WORTH_READING)

    # ---------------------------------------------------------------- the picture

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _picture(self) -> Group:
        lines = [
            Text(f"  {job.name}: {last}")
            for job in list(self.jobs.values())
            for last in (_last(job.log, PROGRESS), _last(job.log, WARNING).partition(": ")[2])
            if last
        ]
        return Group(self.stages, *lines, Text(f"{self.done} of {self.total} jobs{self._rate()}"))

    def _rate(self) -> str:
        """Jobs a minute, and the time left at this rate; jobs differ, so it is a guess."""
        if not 0 < self.done < self.total:
            return ""
        a_minute = 60 * self.done / (time.monotonic() - self.begun)
        return f", {a_minute:.1f} a minute, about {(self.total - self.done) / a_minute:.0f} min left"


def _last_lines(log: Path | None) -> list[str]:
    if log is None or not log.exists():
        return []  # not begun yet, or on another machine
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL))
        return file.read().decode(errors="replace").splitlines()


def _marked(log: Path | None, mark: str) -> list[str]:
    """All that a job wrote to the end of its log behind a mark."""
    return [one for line in _last_lines(log) if (one := line.partition(mark)[2])]


def _last(log: Path | None, mark: str) -> str:
    """Last that a job wrote to its log behind a mark, "" where there is none."""
    return next(reversed(_marked(log, mark)), "")


def error_of(log: Path | None) -> str:
    """Error that ended a job, from its log (`lorafb.job.start` wrote it); "" where there is none."""
    return _last(log, CRITICAL)


def stop(snakemake: logging.Logger) -> None:
    """Stop drawing, so that what is printed next stands below."""
    for one in snakemake.handlers:
        if isinstance(one, Handler):
            one.stop()
