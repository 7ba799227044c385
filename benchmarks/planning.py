"""What planning a large study costs: `python benchmarks/planning.py [--networks 50] [--sets 5]`.

A dry run of all networks with weights of all training sets on two movies and still scenes, with the paper's sweeps. Half of
the networks carry state, so that each window of a sweep is a pass of its own. Seconds are CPU time of the whole process; a
second, profiled run says which part of it is ours (the Snakefile, the config's checks, functions of the rules).
"""

import argparse
import pstats
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from lorafb.config import reading

NETWORK = "from torch import nn\n\n\ndef make(classes: int) -> nn.Module:\n    return nn.Linear(1, classes)\n"


def study(n_networks: int, n_sets: int) -> dict[str, object]:
    """Config of a study of so many networks, each with weights of so many training sets."""
    networks, subjects = {}, {}
    for network, training in ((one, of) for one in range(n_networks) for of in range(n_sets)):
        name, training_set = f"network{network}_{training}", f"set{training}"
        feed = {"kind": "stateful" if network % 2 else "still"}
        networks[name] = {"build": "nets:make", "layers": ["one"], "training": training_set, "feed": feed}
        subjects[name] = {
            "network": name,
            "training": training_set,
            "checkpoint": {"kind": "initial", "seed": training},
        }
        subjects[name] |= {"size": 64, "experiments": ["shuffle", "replace"], "label": name}
    simulated = {"kind": "simulated", "sessions": 2}
    movies = {
        f"movie{frames}": {
            "stimulus": {"kind": "camera", "frames": frames},
            "recording": simulated,
            "experiments": ["shuffle", "replace"],
        }
        for frames in (900, 3600)
    }
    scenes = {"scenes": {"stimulus": {"kind": "scenes"}, "recording": simulated}}
    experiments = reading.load(reading.ROOT / "config" / "paper.yaml")["experiments"]
    return {"movies": movies, "scenes": scenes, "networks": networks, "subjects": subjects, "experiments": experiments}


def cpu_s(folder: Path, *profile: str) -> tuple[float, int]:
    """CPU seconds of a dry run, and the number of jobs that it plans."""
    command = [sys.executable, *profile, "-m", "snakemake", "-s", str(reading.ROOT / "Snakefile"), "--dry-run"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--configfile", "study.yaml"], cwd=folder, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = re.search(r"^total +(\d+)$", done.stdout + done.stderr, re.MULTILINE)
    assert jobs is not None
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, int(jobs[1])


def ours(profile: Path) -> float:
    """Part of a profiled run that was spent in the Snakefile and in functions of its rules."""
    stats = pstats.Stats(str(profile))
    functions = stats.stats.items()  # type: ignore[attr-defined]
    spent = sum(
        cumulative
        for (file, _, name), (_, _, _, cumulative, _) in functions
        if (file.endswith(".smk") and name in ("<lambda>", "evaluate"))
        or (file.endswith("Snakefile") and name == "<module>")
    )
    return float(spent / stats.total_tt)  # type: ignore[attr-defined]


def main() -> None:
    """Print seconds, jobs and shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=50)
    parser.add_argument("--sets", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.yaml").write_text(yaml.safe_dump(study(args.networks, args.sets)))
        (folder / "nets.py").write_text(NETWORK)
        seconds, jobs = cpu_s(folder)
        print(
            f"{args.networks} networks x {args.sets} training sets: {jobs} jobs planned in {seconds:.1f} s of CPU time"
        )
        cpu_s(folder, "-m", "cProfile", "-o", "profile")
        share = ours(folder / "profile")
        print(f"of it {100 * share:.0f} % in the Snakefile, the checks of the config and functions of the rules")


if __name__ == "__main__":
    main()
