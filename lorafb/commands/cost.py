"""`lorafb cost`: what a start of Snakemake would do, how long it may take and what it writes, from its dry run.

The arguments are Snakemake's. Times are those that the same jobs took before in the same study; where a job that runs a
network has none, its multiply-adds over a rate that is assumed, and said to be.
"""

import os
import re
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lorafb.artefacts import benchmarks
from lorafb.commands import work
from lorafb.commands.text import columns, duration
from lorafb.commands.work import Work
from lorafb.config import reading
from lorafb.config.model import Study
from lorafb.files import InputError

COPY = "LORAFB_CONFIG_COPY"
"""Environment variable with a path to which the Snakefile writes the config that its arguments mean."""
TERAFLOPS = {"cpu": 0.02, "cuda": 2.0}
"""Sustained float32 rate, a thread of a CPU (0.03 was seen in a network of depth 18, 0.01 in tiny ones), a GPU (a guess)."""
LOADING_S = 4.0
"""Seconds until a job that needs torch has loaded it."""


@dataclass(frozen=True)
class Row:
    """What a stage would do: jobs, seconds of those that can be estimated, how many cannot, and its work."""

    stage: str
    jobs: int
    seconds: float
    unknown: int
    measured: int
    work: Work


def run(told: Namespace) -> int:
    """Print the preview of a start with Snakemake's arguments."""
    study, jobs = plan(told.arguments)
    if not jobs:
        print("Nothing to be done: no job would run.")
        return 0
    here = _directory(told.arguments) / "results"
    known = benchmarks.read(here) if _same_study(here / "config.yaml", study) else {}
    rate = told.teraflops or TERAFLOPS[study.compute.device] * (
        study.compute.threads if study.compute.device == "cpu" else 1
    )
    print(preview(study, [_row(study, stage, names, known, rate) for stage, names in _by_stage(jobs)], rate))
    return 0


def _directory(arguments: Sequence[str]) -> Path:
    """Find the folder in which Snakemake would work."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-d", "--directory", type=Path, default=Path())
    found: Path = parser.parse_known_args(arguments)[0].directory
    return found


def plan(arguments: Sequence[str]) -> tuple[Study, list[Path]]:
    """Ask Snakemake what it would run with these arguments.

    Returns
    -------
    study : Study
        The config that the arguments mean.
    jobs : list of Path
        The log of each job, below `results/logs`.

    Raises
    ------
    InputError
        What Snakemake says against them.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "config.yaml"
        command = [sys.executable, "-m", "snakemake", "--dry-run", "--nocolor", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, COPY: str(copy)})
        told = done.stdout + done.stderr
        if done.returncode:
            raise InputError(f"Snakemake refuses these arguments:\n{told.strip()}")
        study = reading.study(reading.load(copy), (_directory(arguments), Path(__file__).parents[2]))
    logs = re.findall(r"^ +log: results/logs/(\S+)", told, re.MULTILINE)  # a rule without one does nothing
    if not logs and "Nothing to be done" not in told:
        raise InputError("Snakemake's dry run names no job; expected a line `log: results/logs/...` for each")
    return study, [Path(log) for log in dict.fromkeys(logs)]


def _same_study(config: Path, study: Study) -> bool:
    """Whether the benchmarks that stand beside a resolved config are of this study."""
    return config.is_file() and bool(reading.load(config).get("study") == study.study)


def _by_stage(jobs: Sequence[Path]) -> list[tuple[str, list[Path]]]:
    found: dict[str, list[Path]] = {}
    for job in jobs:
        found.setdefault(benchmarks.stage_of(job), []).append(job)
    return sorted(found.items(), key=lambda one: benchmarks.stage_order(one[0]))


def _row(
    study: Study, stage: str, jobs: Sequence[Path], known: Mapping[Path, benchmarks.Benchmark], teraflops: float
) -> Row:
    """Add up a stage."""
    of_stage = [one.seconds for one in known.values() if one.stage == stage]
    total, seconds, unknown, measured = Work(), 0.0, 0, 0
    for job in jobs:
        one = _work(study, stage, job)
        before = known.get(job.with_suffix(".tsv"))
        total += one
        if before is not None:
            seconds, measured = seconds + before.seconds, measured + 1
        elif stage in work.STAGES:
            seconds += LOADING_S + 2 * one.multiply_adds / (teraflops * 1e12)
        elif of_stage:
            seconds, measured = seconds + sum(of_stage) / len(of_stage), measured + 1
        else:
            unknown += 1
    return Row(stage, len(jobs), seconds, unknown, measured, total)


def _work(study: Study, stage: str, job: Path) -> Work:
    return work.STAGES[stage](study, *job.with_suffix("").parts[1:]) if stage in work.STAGES else Work()


def preview(study: Study, rows: Sequence[Row], teraflops: float) -> str:
    """Make the table, and say below it what is assumed."""
    together = Row(
        "all",
        sum(row.jobs for row in rows),
        sum(row.seconds for row in rows),
        sum(row.unknown for row in rows),
        sum(row.measured for row in rows),
        sum((row.work for row in rows), Work()),
    )
    head = ("stage", "jobs", "trainings", "passes", "frames", "10^12 mult.-adds", "time", "GB")
    return "\n".join(
        [
            columns([head, *(_cells(row) for row in [*rows, together])]),
            "",
            *_notes(study, rows, together, teraflops),
        ]
    )


def _cells(row: Row) -> tuple[str, ...]:
    done = row.work
    time = duration(row.seconds) + (" + ?" if row.unknown else "") if row.seconds else "?"
    numbers = [f"{one:,}" if one else "" for one in (done.trainings, done.passes, done.frames)]
    adds, written = done.multiply_adds / 1e12, done.written / 1e9
    return (
        benchmarks.stage_name(row.stage) if row.stage != "all" else "all",
        str(row.jobs),
        *numbers,
        f"{adds:.3g}" if adds else "",
        time,
        f"{written:.2f}" if written else "",
    )


def _notes(study: Study, rows: Sequence[Row], together: Row, teraflops: float) -> list[str]:
    networks = sum(row.seconds for row in rows if row.stage in work.STAGES) / 3600
    unit, rate = ("GPU", "of the GPU") if study.compute.device == "cuda" else ("CPU", "of a job's threads")
    assumed = [row for row in rows if row.stage in work.STAGES and row.measured < row.jobs]
    notes = [f"{networks:.2f} {unit}-hours with networks; times are the sum over jobs, which run side by side."]
    if together.measured:
        notes.append(f"{together.measured} jobs: from what they, or others of their stage, took before in this folder.")
    if assumed:
        notes.append(
            f"{sum(row.jobs - row.measured for row in assumed)} jobs with networks: {LOADING_S:.0f} s each and twice the"
            f" multiply-adds at {teraflops:g} TFLOP/s {rate}, which is ASSUMED; --teraflops gives another rate."
        )
    if together.unknown:
        notes.append(f"{together.unknown} jobs marked ? never ran here in this study: their time is in no sum.")
    return [*notes, "GB are products and kept features before compression. Downloads are not counted."]
