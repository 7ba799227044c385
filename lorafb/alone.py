"""Run one job's script again in this process, for a debugger: `python -m lorafb.alone results/logs/RULE/JOB.job.json`.

Every job of the workflow leaves such a description beside its log. The script writes the same outputs as it did then.
"""

import json
import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lorafb.files import InputError


class Parts(list[str]):
    """Files by number and by name, as a script sees them."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["all"])
        self.named = told["named"]
        self.__dict__.update(told["named"])

    def items(self) -> Any:
        """Names and files."""
        return self.named.items()

    def get(self, name: str, default: Any = None) -> Any:
        """File or files of a name."""
        return self.named.get(name, default)


class Values(dict[str, Any]):
    """Parameters by key and by attribute, as a script sees them."""

    __getattr__ = dict.__getitem__


def described(path: Path) -> SimpleNamespace:
    """Rebuild the object that a script finds as `snakemake` from a job's description."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        files = {name: Parts(told[name]) for name in ("input", "output", "log")}
        values = {name: Values(told[name]) for name in ("params", "wildcards")}
        plain = {name: told[name] for name in ("rule", "script", "threads", "directory")}
        return SimpleNamespace(**plain, **files, **values)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{path}: no description of a job ({error}); expected results/logs/RULE/JOB.job.json"
        ) from None


def main() -> None:
    """Run the job that the first argument describes."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m lorafb.alone results/logs/RULE/JOB.job.json")
    try:
        job = described(Path(sys.argv[1]))
    except InputError as error:
        sys.exit(f"lorafb.alone: {error}")
    os.chdir(job.directory)
    for name in ("OMP", "OPENBLAS", "MKL"):  # as Snakemake does: sums of other threads differ in the last digit
        os.environ[f"{name}_NUM_THREADS"] = str(job.threads)
    runpy.run_path(job.script, init_globals={"snakemake": job}, run_name="__main__")


if __name__ == "__main__":
    main()
