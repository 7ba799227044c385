"""`lorafb doctor`: what this machine has, and what a study needs of it and lacks. The arguments are Snakemake's."""

import os
import re
import shutil
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import torch

from lorafb.artefacts.provenance import git_state, versions
from lorafb.artefacts.recordings import many
from lorafb.commands import cost
from lorafb.commands.options import TERAFLOPS
from lorafb.commands.study import with_config
from lorafb.commands.text import duration
from lorafb.commands.work import Work
from lorafb.config import reading
from lorafb.config.reading import ROOT
from lorafb.fetch import registry
from lorafb.networks import named
from lorafb.plan.jobs import Plan

WAIT_S = 5
PASSES = {"extract", "perturbed", "with_noise"}


class Machine(NamedTuple):
    """What a machine has: cores, memory in MB, names of GPUs, free disk in bytes, and whether it can submit to Slurm."""

    cores: int
    memory_mb: float
    gpus: tuple[str, ...]
    free: int
    slurm: bool


class Line(NamedTuple):
    """One line of the answer, and whether what it is about is lacking."""

    about: str
    text: str
    lacks: bool = False


def run(args: Namespace) -> int:
    """Print what there is, then what the study needs; return 2 where something is lacking."""
    args.arguments = with_config(args.arguments)
    folder = cost.directory(args.arguments).absolute()
    machine = inspect(folder)
    lines = list(here(machine, folder))
    print("This machine", *map(_print, lines), sep="\n", flush=True)
    folders = reading.folders(cost.configfiles(args.arguments))
    study, jobs, _ = cost.plan(args.arguments)
    threads = study.compute.threads if study.compute.device == "cpu" else 1
    totals = cost.estimate(study, jobs, {}, TERAFLOPS[study.compute.device] * threads, folder / "results")
    plan = Plan(study, ROOT, folders)
    needed = list(needs(plan, totals, machine, asks_slurm=any("slurm" in one for one in args.arguments)))
    print(f"\nStudy {study.study}", *map(_print, needed), sep="\n")
    lacking = [line for line in (*lines, *needed) if line.lacks]
    print(f"\n{len(lacking)} of these are lacking." if lacking else "\nNothing is lacking.")
    return 2 if lacking else 0


def _print(line: Line) -> str:
    return f"{'LACKS' if line.lacks else 'ok':6}{line.about:9}{line.text}"


def inspect(folder: Path) -> Machine:
    """Measure this machine; disk is that of `folder`, which need not exist yet."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")  # of a container
    if limit.is_file() and (text := limit.read_text(encoding="ascii").strip()).isdecimal():
        memory = min(memory, int(text))
    gpus = tuple(torch.cuda.get_device_name(place) for place in range(torch.cuda.device_count()))
    there = next(one for one in (folder, *folder.parents) if one.is_dir())
    cores = len(os.sched_getaffinity(0))
    return Machine(cores, memory / 1e6, gpus, shutil.disk_usage(there).free, shutil.which("sbatch") is not None)


def here(machine: Machine, folder: Path) -> Iterator[Line]:
    """Describe a machine; what is lacking whatever the study is."""
    yield Line("lorafb", f"commit {git_state() or 'unknown'}, in {ROOT}")
    known, pins = versions(), ROOT / "requirements.txt"
    others = differing(known, pins.read_text(encoding="utf-8")) if pins.is_file() else []
    listed = ", ".join(f"{name} {version}" for name, version in known.items())
    yield Line("versions", f"{listed}{'; not as pinned: ' + ', '.join(others) if others else ''}")
    yield Line("cores", f"{machine.cores}")
    yield Line("memory", f"{machine.memory_mb / 1000:.1f} GB")
    built = f"torch is built for CUDA {torch.version.cuda}" if torch.version.cuda else "torch is built without CUDA"
    driver = "" if machine.gpus or not shutil.which("nvidia-smi") else "; nvidia-smi is there, but torch finds no GPU"
    yield Line("GPU", f"{', '.join(machine.gpus) or 'none'} ({built}{driver})")
    yield Line("disk", f"{machine.free / 1e9:.1f} GB free in {folder}")
    yield Line("Slurm", partitions() if machine.slurm else "none (no command sbatch)")


def differing(known: dict[str, str], pins: str) -> list[str]:
    """List the packages whose version is not a pinned one, with the pins."""
    pinned: dict[str, list[str]] = {}  # several for one name where Python's version decides
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", pins, re.MULTILINE):
        pinned.setdefault(name, []).append(version)
    others = [name for name, version in known.items() if version not in pinned.get(name, [version])]
    return [f"{name} (pinned {' or '.join(pinned[name])})" for name in others]


def partitions() -> str:
    """List Slurm's partitions with their nodes and GPUs."""
    command = ["sinfo", "--noheader", "--format=%P: %D nodes, %G"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return f"sbatch is there, but sinfo gives no answer ({type(error).__name__})"
    return "; ".join(done.stdout.split("\n")[:-1]) or "no partition"


def needs(plan: Plan, totals: dict[str, Work], machine: Machine, asks_slurm: bool = False) -> Iterator[Line]:
    """Compare what the jobs of a study need with what a machine has.

    Parameters
    ----------
    plan : Plan
    totals : work of each stage that would run, from `lorafb.commands.cost.estimate`
    machine : Machine
    asks_slurm : whether the jobs are to be submitted to Slurm, whose nodes are other machines
    """
    study, all_jobs = plan.study, sum(totals.values(), Work())
    if not all_jobs.jobs:
        yield Line("time", "nothing to be done: no job would run")
        return
    unknown = " and jobs of unknown time" if all_jobs.unknown else ""
    yield Line(
        "time", f"{all_jobs.jobs} jobs, {duration(all_jobs.seconds)} one after another{unknown} (lorafb cost has more)"
    )
    if asks_slurm:
        yield Line("Slurm", "cores, memory and GPUs are those of the nodes", not machine.slurm)
    else:
        yield from _of_one_machine(plan, totals, machine)
    yield from _of_files(plan, all_jobs, machine)
    if not all(named.installed(one.network) for one in study.subjects.values()):
        yield Line("timm", "a network is from timm, which is not installed: pip install 'lorafb[timm]'", True)


def _of_one_machine(plan: Plan, totals: dict[str, Work], machine: Machine) -> Iterator[Line]:
    compute, trains = plan.study.compute, "train" in totals
    threads = (compute.threads + compute.workers) * plan.processes() if trains else compute.threads
    yield Line("cores", f"a job has {many(threads, 'thread')}", threads > machine.cores)
    memory = [plan.training_mb(subject) for subject in plan.trained] if trains else []
    memory += [plan.pass_mb] if PASSES & set(totals) else []
    if memory:
        yield Line("memory", f"a job has up to {max(memory) / 1000:.1f} GB", max(memory) > machine.memory_mb)
    if compute.device == "cuda":
        gpus = plan.processes() if trains else 1
        yield Line("GPU", f"{gpus} at once (compute.device is cuda)", gpus > len(machine.gpus))
    elif machine.gpus:
        yield Line("GPU", "not used (compute.device is cpu)")


def _of_files(plan: Plan, work: Work, machine: Machine) -> Iterator[Line]:
    wanted = [registry.find(known[1]) for file in plan.missing_assets if (known := registry.split(file))]
    size = sum(asset.size or 0 for asset in wanted)
    more = " and files of unknown size" if any(not one.size for one in wanted) else ""
    downloads = f", {len(wanted)} downloads of {size / 1e9:.1f} GB{more}" if wanted else ""
    yield Line("disk", f"{work.written / 1e9:.1f} GB of results{downloads}", work.written + size > machine.free)
    yield from (Line("file", line, True) for line in plan.manual_downloads())
    firsts = [mirror for asset in wanted for mirror in asset.mirrors[:1]]
    addresses = ["https://drive.google.com" if one.kind == "drive" else one.source for one in firsts]
    hosts = sorted({host for address in addresses if (host := urlsplit(address).hostname)})
    for host in hosts:
        problem = unreachable(host)
        yield Line("network", f"{host} {'does not answer: ' + problem if problem else 'answers'}", bool(problem))
    if not hosts:
        yield Line("network", "not needed: there is nothing to fetch")


def unreachable(host: str) -> str:
    """Say why a host cannot be reached; "" where it can."""
    try:
        requests.head(f"https://{host}/", timeout=WAIT_S)
    except requests.RequestException as error:
        return type(error).__name__
    return ""
