"""`lorafb cost`: which jobs Snakemake would run, how long they may take and what they write, from its dry run.

The arguments are Snakemake's. A job takes the time that it took before in the same study. If there is none, a job that
runs a network takes its multiply-adds divided by an assumed rate, any other one a stated time, and the output says so.
"""

import os
import re
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

from lorafb.artefacts import benchmarks
from lorafb.commands import work
from lorafb.commands.options import TERAFLOPS
from lorafb.commands.study import options, snakemake, with_config
from lorafb.commands.text import columns, duration
from lorafb.commands.work import Work
from lorafb.config import reading
from lorafb.config.model import Study
from lorafb.config.reading import ROOT
from lorafb.files import InputError

COPY = "LORAFB_CONFIG_COPY"
"""Environment variable: the path to which the Snakefile writes the config that results from its arguments."""
LOADING_S = 4.0
"""Seconds that a job needs to load torch."""
HEAD = ("stage", "jobs", "trainings", "passes", "frames", "10^12 mult.-adds", "time", "GB")


def run(args: Namespace) -> int:
    """Print the estimate for a run with Snakemake's arguments."""
    args.arguments = with_config(args.arguments)
    study, jobs, submitted = plan(args.arguments)
    if not jobs:
        print("Nothing to be done: no job would run.")
        return 0
    results = directory(args.arguments) / "results"
    config = results / "config.yaml"
    same_study = config.is_file() and reading.load(config).get("study") == study.study
    measured = benchmarks.read(results) if same_study else {}
    threads = study.compute.threads if study.compute.device == "cpu" else 1
    teraflops = args.teraflops or TERAFLOPS[study.compute.device] * threads
    print(preview(study, estimate(study, jobs, measured, teraflops, results), teraflops))
    print(f"On a cluster {submitted} submissions, with the groups of profiles/slurm or of the profile given.")
    return 0


def directory(arguments: Sequence[str]) -> Path:
    """Folder in which Snakemake would work."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-d", "--directory", type=Path, default=Path())
    folder: Path = parser.parse_known_args(arguments)[0].directory
    return folder


def configfiles(arguments: Sequence[str]) -> list[str]:
    """Config files among Snakemake's arguments."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", dest="files", nargs="+", action="extend", default=[])
    return list(parser.parse_known_args(arguments)[0].files)


def plan(arguments: Sequence[str]) -> tuple[Study, list[Path], int]:
    """Ask Snakemake which jobs it would run with these arguments.

    Returns
    -------
    study : Study
        The config that results from the arguments.
    jobs : list of Path
        The log of each job, below `results/logs`.
    submissions : int
        Submissions to a cluster.

    Raises
    ------
    InputError
        What Snakemake reports as wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "config.yaml"
        command = [*snakemake(arguments), "--dry-run", "--nocolor"]
        if "--workflow-profile" not in options(arguments):
            command += ["--group-components", *reading.load(ROOT / "profiles/slurm/profile.yaml")["group-components"]]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, COPY: str(copy)})
        output = done.stdout + done.stderr
        if done.returncode:
            raise InputError(f"Snakemake refuses these arguments:\n{output.strip()}")
        study = Study.model_validate(reading.load(copy))  # checked by Snakemake's process
    beside = reading.folders(configfiles(arguments))
    sys.path.extend(str(one.resolve()) for one in beside)  # a person's own networks, whose cost is asked next
    logs = re.findall(r"^ +log: results/logs/(\S+)", output, re.MULTILINE)  # a rule without a log does nothing
    if not logs and "Nothing to be done" not in output:
        raise InputError("Snakemake's dry run names no job; expected a line `log: results/logs/...` for each")
    return study, [Path(log) for log in dict.fromkeys(logs)], submissions(output)


def submissions(output: str) -> int:
    """Count what a dry run would submit to a cluster: groups of jobs, and jobs in no group that do not run where it is started."""
    alone = re.findall(r"^rule \w+:\n(?:    .*\n)*?    log:", output, re.MULTILINE)
    return len(alone) + output.count("Group job ")


def estimate(
    study: Study,
    jobs: Sequence[Path],
    measured: Mapping[Path, benchmarks.Benchmark],
    teraflops: float,
    results: Path = Path("results"),
) -> dict[str, Work]:
    """Add up the work of the jobs of each stage, in the workflow's order.

    Parameters
    ----------
    study : Study
    jobs : log of each job, below `results/logs`
    measured : earlier jobs of the same study, by benchmark file
    teraflops : assumed rate of a GPU, or of a job that runs a network on the CPU, in 10^12 operations per second
    results : folder that holds the tables of training sets, where they are made
    """
    earlier: dict[str, list[float]] = {}
    for job in measured.values():
        earlier.setdefault(job.stage, []).append(job.seconds)
    totals = {stage: Work() for stage in sorted(map(benchmarks.stage_of, jobs), key=benchmarks.stage_order)}
    for log in jobs:
        stage, before = benchmarks.stage_of(log), measured.get(log.with_suffix(".tsv"))
        count, parts = work.STAGES.get(stage), log.with_suffix("").parts[1:]
        more = {"results": results} if stage == "train" else {}
        done = count(study, *parts, **more) if count else Work()
        stated = work.other(study, stage, *parts)
        if before is not None:
            done = replace(done, measured=1, unknown=0, seconds=before.seconds)
        elif count and not done.unknown:
            rate = teraflops * 1e12 * gpus(study, stage)
            done = replace(done, assumed=1, seconds=LOADING_S + 2 * done.multiply_adds / rate)
        elif stage in earlier:
            done = replace(done, measured=1, unknown=0, seconds=mean(earlier[stage]))
        elif stated is not None:
            done = replace(done, stated=1, seconds=stated)
        else:
            done = replace(done, unknown=1)
        totals[stage] += replace(done, jobs=1)
    return totals


def gpus(study: Study, stage: str) -> int:
    """Count the GPUs that a job of a stage has at once; 1 on the CPU."""
    return study.compute.gpus if stage == "train" and study.compute.device == "cuda" else 1


def preview(study: Study, totals: Mapping[str, Work], teraflops: float) -> str:
    """Make the table of stages, and the notes below it: where the times are from, and what is assumed."""
    total = sum(totals.values(), Work())
    networks = {
        stage: done.seconds * gpus(study, stage) / 3600 for stage, done in totals.items() if stage in work.STAGES
    }
    hours = sum(networks.values())
    unit, rate = ("GPU", "of the GPU") if study.compute.device == "cuda" else ("CPU", "of a job's threads")
    trained = f", {networks['train']:.2f} of them to train" if "train" in networks else ""
    notes = [f"{hours:.2f} {unit}-hours with networks{trained}. Times are sums over jobs, which run in parallel."]
    others = {stage: done.seconds / 3600 for stage, done in totals.items() if stage not in work.STAGES}
    scoring = sum(others.get(stage, 0) for stage in work.STATED_PAIRS_S)
    notes.insert(1, f"{sum(others.values()):.2f} CPU-hours without networks, {scoring:.2f} of them to score.")
    if gpus(study, "train") > 1:
        notes[0] += (
            f" A training takes {gpus(study, 'train')} GPUs at once, and its time is that of all of them together."
        )
    if total.measured:
        notes.append(
            f"{total.measured} jobs: the times that they, or others of their stage, took before in this folder."
        )
    if total.assumed:
        notes.append(
            f"{total.assumed} jobs with networks: {LOADING_S:.0f} s each, and twice the multiply-adds"
            f" at {teraflops:g} TFLOP/s {rate}, which is ASSUMED; --teraflops gives another rate."
        )
    if total.stated:
        notes.append(
            f"{total.stated} jobs without networks never ran here in this study: their times are STATED, for data as large"
            " as the paper's (estimates in lorafb/commands/work.py, no measurements)."
        )
    if total.unknown:
        notes.append(f"{total.unknown} jobs marked ? never ran here in this study: no sum includes their time.")
    notes.append("GB are Gram matrices and features before compression. Downloads are not counted.")
    rows = [*(_cells(benchmarks.stage_name(stage), done) for stage, done in totals.items()), _cells("all", total)]
    return "\n".join([columns([HEAD, *rows]), "", *notes])


def _cells(name: str, done: Work) -> tuple[str, ...]:
    time = duration(done.seconds) + (" + ?" if done.unknown else "") if done.seconds else "?"
    counts = (f"{count:,}" if count else "" for count in (done.trainings, done.passes, done.frames))
    adds = f"{done.multiply_adds / 1e12:.3g}" if done.multiply_adds else ""
    return name, str(done.jobs), *counts, adds, time, f"{done.written / 1e9:.2f}" if done.written else ""
