"""`lorafb init` and `lorafb run`: a study of one's own in a folder, and the workflow on it, wherever lorafb is installed."""

import os
import re
import shutil
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from lorafb.config.reading import ROOT
from lorafb.files import InputError

CONFIG = "study.yaml"
LAID_OUT = {
    CONFIG: "examples/init/study.yaml",
    "README.md": "examples/init/README.md",
    "my_network.py": "examples/own/my_network.py",
    "profiles/slurm/profile.yaml": "profiles/slurm/profile.yaml",
    "profiles/generic/profile.yaml": "profiles/generic/profile.yaml",
}
"""Files of a new study, and those of the workflow that they are copies of."""
CONFIGS = {"--configfile", "--configfiles"}
CORES = re.compile(r"--(cores|jobs|profile|workflow-profile|executor)(=|$)|-[cje]")
"""Options of Snakemake that say which config, and how many jobs at a time."""


def init(args: Namespace) -> None:
    """Lay out a study in a folder; nothing that is there is overwritten."""
    if there := [name for name in LAID_OUT if (args.folder / name).exists()]:
        raise InputError(f"{args.folder}: has {', '.join(there)} already; name a folder without them")
    for name, source in LAID_OUT.items():
        (args.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, args.folder / name)
    print(f"{args.folder / CONFIG} is the study: change it, then `lorafb run {args.folder} --cores 2`")


def options(arguments: Sequence[str]) -> set[str]:
    """Names of the options among Snakemake's arguments, whether their values follow after a space or a `=`."""
    return {one.partition("=")[0] for one in arguments}


def with_config(arguments: Sequence[str], folder: Path = Path()) -> list[str]:
    """Snakemake's arguments, with the study of a folder that `lorafb init` laid out where they name no config."""
    own = CONFIGS & options(arguments) or not (folder / CONFIG).is_file()
    return [*arguments, *([] if own else ["--configfile", CONFIG])]


def run(args: Namespace) -> None:
    """Turn into Snakemake, in the study's folder, with the arguments that follow it."""
    arguments = with_config(args.arguments, args.folder)
    if not CONFIGS & options(arguments):
        raise InputError(f"{args.folder}: has no {CONFIG}; `lorafb init {args.folder}` lays out a study")
    os.chdir(args.folder)
    command = snakemake([*arguments, *([] if any(map(CORES.match, arguments)) else ["--cores", "all"])])
    sys.stdout.flush()
    os.execv(command[0], command)


def snakemake(arguments: Sequence[str]) -> list[str]:
    """Command that runs Snakemake on this workflow, unless the arguments or the folder have a Snakefile."""
    own = {"-s", "--snakefile"} & options(arguments) or Path("Snakefile").is_file()
    return [sys.executable, "-m", "snakemake", *([] if own else ["--snakefile", str(ROOT / "Snakefile")]), *arguments]
