"""All benchmarks: `python benchmarks/run.py`; `--parts NAME ...` runs some, `--quick` all on tiny inputs, storing nothing.

Each part is a process, whose peak memory the system counts. Ratios are taken inside one part, by CPU time: those can be
compared between machines and days, seconds cannot. Results are in benchmarks/results.json, and the table of
docs/benchmarks.md is written from them.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results.json", HERE.parent / "docs" / "benchmarks.md"
START, END = "<!-- results -->", "<!-- end of results -->"
SLOW = ("plain", "whole_3600")
"""Parts that run only where they are named: the plain way takes longer than all others together."""
PEAK_MB = {"whole": 1500, "statistics_900": 1500, "whole_3600": 4000, "statistics_3600": 4000}
"""Aims for the memory of a part's process."""


def parts() -> dict[str, Callable[[bool], list[dict[str, Any]]]]:
    """Name the parts; what they need is imported by the process that runs one."""

    def scoring(name: str, *args: Any) -> Callable[[bool], list[dict[str, Any]]]:
        def run(quick: bool) -> list[dict[str, Any]]:
            import scoring

            made: list[dict[str, Any]] = getattr(scoring, name)(*args, quick)
            return made

        return run

    def whole(name: str) -> Callable[[bool], list[dict[str, Any]]]:
        def run(quick: bool) -> list[dict[str, Any]]:
            import whole

            made: list[dict[str, Any]] = getattr(whole, name)(quick)
            return made

        return run

    return {
        "plain": whole("run_plain"),
        "whole": whole("run_ours"),
        "whole_3600": whole("run_memory"),
        "forward": forward,
        "features": whole("run_features"),
        "sweep": whole("run_sweep"),
        "ceilings_900": scoring("run_ceilings", 900),
        "ceilings_3600": scoring("run_ceilings", 3600),
        "statistics_900": scoring("run_statistics", 900),
        "statistics_3600": scoring("run_statistics", 3600),
        "null": scoring("run_null"),
        "tools": scoring("run_tools"),
        "growth": scoring("run_growth"),
        "workflow": workflow,
        "paper": paper,
    }


def forward(quick: bool) -> list[dict[str, Any]]:
    """Compare a pass with one of plain SpikingJelly, by `forward.py`."""
    if find_spec("forward") is None:
        return []
    module = import_module("forward")
    rows = []
    for n_frames, threads, aim in [(16, 1, 1.0)] if quick else [(96, 1, 1.0), (96, 2, 1.0), (900, 2, 1.15)]:
        made = module.measure(64 if quick else 224, n_frames, threads, 4 if n_frames < 900 else 2)
        ratios = made["of_spikingjelly"]
        over = ratios["scores"] / ratios["bare"]
        where = f"T = {n_frames}, {'one thread' if threads == 1 else 'two threads'}"
        rows.append(
            row(
                f"a pass with products and scores, of a bare pass of plain SpikingJelly, {where}",
                f"{ratios['scores']:.2f}",
                str(aim),
                ratios["scores"] <= aim,
                **ratios,
            )
        )
        rows.append(row(f"the same, of our own bare pass, {where}", f"{over:.2f}", "1.3", over <= 1.3, over=over))
    return rows


def workflow(quick: bool) -> list[dict[str, Any]]:
    """Time the start of a scoring job, and the planning of the paper's study."""
    start = "import lorafb.job, lorafb.experiments.score, lorafb.experiments.areas, lorafb.artefacts.tables"
    took = min(spent([sys.executable, "-c", start]) for _ in range(1 if quick else 5))
    made = [row("start of a scoring job (CPU)", f"{took:.1f} s", "2 s", took < 2, cpu_s=took)]
    if quick:
        return made
    with tempfile.TemporaryDirectory() as folder:
        command = ["snakemake", "-n", "--quiet", "all", "-s", str(HERE.parent / "Snakefile"), "--directory", folder]
        took = spent([*command, "--configfile", str(HERE.parent / "config" / "paper.yaml")])
    return [*made, row("planning every job of config/paper.yaml (CPU)", f"{took:.0f} s", cpu_s=took)]


def spent(command: list[str]) -> float:
    """CPU seconds of a command and of its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def paper(quick: bool) -> list[dict[str, Any]]:
    """Estimate the whole of config/paper.yaml on two cores, from the multiply-adds of its passes and the parts measured."""
    from lorafb.commands import work
    from lorafb.config import reading
    from lorafb.plan.jobs import Plan

    root = HERE.parent
    files = [root / "config" / "paper.yaml"]
    folders = reading.folders(files)
    study = reading.read(root / "config.yaml", reading.merged(files), folders, {})
    plan = Plan(study, root, folders)
    passes = sum((work.extract(study, *one) for one in study.passes), work.Work())
    for experiment in ("shuffle", "replace"):
        for subject, movie in study.perturbed(experiment):
            if not plan.sees_frames_alone(subject):
                for window in plan.windows(experiment):
                    passes += work.perturbed(study, subject, movie, f"{experiment}_{window}")
            elif experiment == "replace":
                passes += work.with_noise(study, subject, movie)
    done = {} if quick else stored()
    one = work.extract(study, "lorafb_snet18", "movie1").multiply_adds
    numbers = {"multiply_adds": passes.multiply_adds, "original_runs": passes.multiply_adds / one}
    value = f"{numbers['original_runs']:.0f} times an original run"
    if "whole" not in done:
        return [row("passes of config/paper.yaml", value, **numbers)]
    hours = numbers["original_runs"] * done["whole"]["rows"][0]["numbers"]["wall_s"] / 3600
    for movie, seconds in ((name, done.get(f"statistics_{n}")) for name, n in (("movie1", 900), ("movie2", 3600))):
        if seconds:
            networks = len(plan.subjects_of(movie))
            one_movie = seconds["rows"][0]["numbers"]
            hours += (one_movie["areas_s"] + networks * one_movie["network_s"]) / 3600 / 2
    text = f"{hours:.1f} hours ({value})"
    return [
        row("all of config/paper.yaml on two cores, estimated", text, "5 hours", hours <= 5, hours=hours, **numbers)
    ]


def row(*args: Any, **numbers: Any) -> dict[str, Any]:
    """Make one row of the table."""
    import scoring

    return scoring.row(*args, **numbers)


def stored() -> dict[str, Any]:
    """Results that are stored, by part."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    return kept


def machine() -> str:
    """Words for the machine: cores and processor, no name of a host."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    return f"{len(os.sched_getaffinity(0))} cores, {model}"


def run_part(name: str, quick: bool) -> dict[str, Any]:
    """Run a part in a process of its own; its peak memory becomes a row where there is an aim for it."""
    command = [sys.executable, __file__, "--one", name, *(["--quick"] if quick else [])]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    made: dict[str, Any] = json.loads(out.splitlines()[-1])
    if name in PEAK_MB:
        peak, aim = made["peak_mb"], PEAK_MB[name]
        made["rows"].append(row(f"peak memory of {name}", f"{peak:.0f} MB", f"{aim} MB", peak < aim, peak_mb=peak))
    return made


def compared(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Compare our way with the plain way, both whole, and their scores."""
    if not {"plain", "whole"} <= set(results):
        return []
    theirs, numbers = (results[name]["rows"][0]["numbers"] for name in ("plain", "whole"))
    ratio = theirs["cpu_s"] / numbers["cpu_s"]
    scores = [(theirs[name], one) for name, one in numbers.items() if name in theirs and not name.endswith("_s")]
    apart = max(abs(one - other) for one, other in scores if one == one)  # a silent layer has no score
    value = f"{ratio:.1f} times as fast (CPU), scores at most {apart:.0e} apart"
    return [row("all layers x six areas against the plain way", value, "20", ratio >= 20, ratio=ratio, apart=apart)]


def write_page(results: dict[str, Any]) -> None:
    """Write the table of the page."""
    lines = ["| what | measured | aim | met | when, on |", "| --- | --- | --- | --- | --- |"]
    for name, part in results.items():
        for one in [*part["rows"], *(compared(results) if name == "whole" else [])]:
            met = {True: "yes", False: "no", None: ""}[one["met"]]
            lines.append(
                f"| {one['what']} | {one['value']} | {one['aim']} | {met} | {part['date']}, {part['machine']} |"
            )
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.partition(START)[0], page.partition(END)[2]
    PAGE.write_text("\n".join([before + START, *lines, END]) + after, encoding="utf-8")


def main() -> None:
    """Run parts, store their results and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    every = parts()
    parser.add_argument("--parts", nargs="+", choices=every, help="parts; all but the slow ones when not given")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", choices=every, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        rows = every[args.one](args.quick)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"rows": rows, "peak_mb": peak}))
        return
    for name in args.parts or [name for name in every if args.quick or name not in SLOW]:
        if name == "tools" and not all(map(find_spec, ("mne_rsa", "rsatoolbox", "pynapple"))):
            print(
                "  tools: left out; first: ./run pip install --no-deps --require-hashes -r benchmarks/requirements.txt",
                flush=True,
            )
            continue
        begun = time.monotonic()
        made = run_part(name, args.quick)
        for one in made["rows"]:
            print(f"{one['what']}: {one['value']}" + (f" (aim: {one['aim']})" if one["aim"] else ""), flush=True)
        print(f"  {name}: {time.monotonic() - begun:.0f} s, peak {made['peak_mb']:.0f} MB", flush=True)
        if not args.quick:
            results = stored()
            results[name] = {**made, "date": datetime.now(UTC).strftime("%Y-%m-%d"), "machine": machine()}
            ordered = {part: results[part] for part in every if part in results}
            RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
            write_page(ordered)


if __name__ == "__main__":
    main()
