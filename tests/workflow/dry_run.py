"""Snakemake's dry run in a process forked from one that has loaded Snakemake, but nothing of this package.

Loading Snakemake takes 1.9 of the 3.4 s CPU of a dry run. A test needs many dry runs, and each must read edited code anew.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["snakemake.cli", "snakemake.dag", "pandas", "pydantic", "yaml"])


def run(folder, *arguments):
    """What the dry run prints, errors too."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch, "log.txt")
        process = SERVER.Process(target=_snakemake, args=(folder, [*arguments, "--dry-run"], log, dict(os.environ)))
        process.start()
        process.join()
        assert process.exitcode == 0, log.read_text()
        return log.read_text()


def _snakemake(folder, arguments, log, environment):
    assert not [name for name in sys.modules if name.partition(".")[0] == "lorafb"]  # the folder has its own copy
    os.chdir(folder)
    os.environ.update(environment | {"PYTHONPATH": ""})  # the server keeps that of its start
    with log.open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        sys.argv = ["snakemake", *arguments]
        from snakemake.cli import main

        main(arguments)
