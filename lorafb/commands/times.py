"""`lorafb times`: what each stage of a study took, from the benchmark that every job writes."""

import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from lorafb.artefacts import tables
from lorafb.artefacts.benchmarks import Benchmark, read, stage_name, stage_order
from lorafb.commands.text import columns
from lorafb.experiments.areas import remarks
from lorafb.files import InputError
from lorafb.terminal import error_of


def run(args: Namespace) -> int:
    """Print the table of a folder of results."""
    jobs = read(args.results)
    if not jobs:
        raise InputError(f"{args.results}: holds no benchmarks; expected the results/ of a study that has run")
    print(table(jobs.values()))
    return 0


def print_run(results: Path, since: float) -> None:
    """Print the table of the jobs that ended after a moment (seconds since 1970); nothing where there are none."""
    jobs = read(results, since)
    if jobs:
        print(table(jobs.values()), file=sys.stderr)


def print_remarks(results: Path, movies: Iterable[str], most: int = 20) -> None:
    """Print what was left out or changed between the recordings of some movies and their counts, and why an area has no score."""
    counted = [path for movie in movies if (path := results / "units" / f"{movie}.csv").is_file()]
    lines = remarks(tables.read(path) for path in counted)
    if lines:
        more = [f"... and {len(lines) - most} more in {results / 'units'}"] if len(lines) > most else []
        print("\n".join(["Recordings:", *(f"- {line}" for line in lines[:most]), *more]), file=sys.stderr)


def print_reasons(results: Path, since: float) -> None:
    """Print why the jobs that ended after a moment stopped: Snakemake's own lines are long, and the reason stands among them."""
    for log in sorted((results / "logs").rglob("*.log")):
        if log.stat().st_mtime >= since and (reason := error_of(log)) not in (
            "",
            "stopped",
        ):  # earlier versions wrote "stopped"
            print(f"{log.relative_to(results / 'logs').parts[0]}: {reason}", file=sys.stderr)


def table(jobs: Iterable[Benchmark]) -> str:
    """Make a table with one row per stage, in the workflow's order, and the sum."""
    jobs = list(jobs)
    by_stage = {stage: [job for job in jobs if job.stage == stage] for stage in {job.stage for job in jobs}}
    rows = [_row(stage_name(stage), by_stage[stage]) for stage in sorted(by_stage, key=stage_order)]
    return columns([("stage", "jobs", "seconds", "longest", "CPU s", "memory MB"), *rows, _row("all", jobs)])


def _row(name: str, jobs: list[Benchmark]) -> tuple[str, ...]:
    seconds = [job.seconds for job in jobs]
    cpu, memory = sum(job.cpu_seconds for job in jobs), max(job.memory_mb for job in jobs)
    return name, f"{len(jobs)}", f"{sum(seconds):.1f}", f"{max(seconds):.1f}", f"{cpu:.1f}", f"{memory:.0f}"
