"""Run one job's script again in this process, for a debugger: `python -m lorafb.rerun results/logs/RULE/JOB.job.json`.

Every job of the workflow writes such a description beside its log. The script writes the same outputs again.
"""

import json
import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lorafb.files import InputError


class Files(list[str]):
    """Files by number and by name, as a script sees `snakemake.input`."""

    def __init__(self, description: dict[str, Any]) -> None:
        super().__init__(description["all"])
        named: dict[str, Any] = description["named"]
        self.items, self.get = named.items, named.get
        self.__dict__.update(named)


class Values(dict[str, Any]):
    """Parameters by key and by attribute, as a script sees `snakemake.params`."""

    __getattr__ = dict.__getitem__


def read_job(path: Path) -> SimpleNamespace:
    """Rebuild the object that a script finds as `snakemake` from a job's description."""
    try:
        job = json.loads(path.read_text(encoding="utf-8"))
        files = {name: Files(job[name]) for name in ("input", "output", "log")}
        values = {name: Values(job[name]) for name in ("params", "wildcards")}
        return SimpleNamespace(
            **{name: job[name] for name in ("rule", "script", "threads", "directory")}, **files, **values
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: no description of a job ({error}); expected results/logs/RULE/JOB.job.json"
        ) from None


def main() -> None:
    """Run the job that the first argument describes."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m lorafb.rerun results/logs/RULE/JOB.job.json")
    try:
        job = read_job(Path(sys.argv[1]))
    except InputError as error:
        sys.exit(f"lorafb.rerun: {error}")
    os.chdir(job.directory)
    for name in ("OMP", "OPENBLAS", "MKL"):  # as Snakemake does: another number of threads changes the last digits
        os.environ[f"{name}_NUM_THREADS"] = str(job.threads)
    runpy.run_path(job.script, init_globals={"snakemake": job}, run_name="__main__")


if __name__ == "__main__":
    main()
