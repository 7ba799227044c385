"""`lorafb times`: what each stage of a study took, from the benchmark that every job leaves."""

import csv
import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lorafb.commands import stages
from lorafb.commands.text import columns
from lorafb.files import InputError


@dataclass(frozen=True)
class Measured:
    """What one job took.

    Attributes
    ----------
    stage : str
    seconds : float
        From start to end.
    cpu_seconds : float
        Of all its threads.
    memory_mb : float
        Largest resident memory.
    """

    stage: str
    seconds: float
    cpu_seconds: float
    memory_mb: float


def run(told: Namespace) -> int:
    """Print the table of a folder of results."""
    jobs = measured(told.results)
    if not jobs:
        raise InputError(f"{told.results}: holds no benchmarks; expected the results/ of a study that has run")
    print(table(jobs.values()))
    return 0


def print_run(results: Path, since: float) -> None:
    """Print the table of the jobs that ended after a moment (seconds since 1970); nothing where none did."""
    jobs = measured(results, since)
    if jobs:
        print(table(jobs.values()), file=sys.stderr)


def measured(results: Path, since: float = 0.0) -> dict[Path, Measured]:
    """Read the benchmarks below a folder of results: by path below its `benchmarks`, without those before a moment."""
    folder = results / "benchmarks"
    files = [path for path in sorted(folder.rglob("*.tsv")) if path.stat().st_mtime >= since]
    return {path.relative_to(folder): _read(path, path.relative_to(folder)) for path in files}


def _read(path: Path, name: Path) -> Measured:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        seconds, cpu, memory = (_number(row[key]) for key in ("s", "cpu_time", "max_rss"))
    except (StopIteration, KeyError, ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: not a benchmark of Snakemake's ({type(error).__name__}: {error}); delete it"
        ) from None
    return Measured(stages.of(name), seconds, cpu, memory)


def _number(text: str) -> float:
    """Read a number; a job that ended before it was looked at has none."""
    return 0.0 if text in ("NA", "-") else float(text)


def table(jobs: Iterable[Measured]) -> str:
    """Make a table with a row a stage, in the workflow's order, and the sum."""
    by_stage: dict[str, list[Measured]] = {}
    for job in jobs:
        by_stage.setdefault(job.stage, []).append(job)
    rows = [_row(stages.name(stage), by_stage[stage]) for stage in sorted(by_stage, key=stages.order)]
    everything = [job for one in by_stage.values() for job in one]
    return columns([("stage", "jobs", "seconds", "longest", "CPU s", "memory MB"), *rows, _row("all", everything)])


def _row(name: str, jobs: list[Measured]) -> tuple[str, ...]:
    seconds = [job.seconds for job in jobs]
    cpu, memory = sum(job.cpu_seconds for job in jobs), max(job.memory_mb for job in jobs)
    return name, f"{len(jobs)}", f"{sum(seconds):.1f}", f"{max(seconds):.1f}", f"{cpu:.1f}", f"{memory:.0f}"
