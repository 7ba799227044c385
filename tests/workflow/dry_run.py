"""Snakemake in a process forked from one that has loaded Snakemake and other libraries, but nothing of this package.

A test needs many runs, and each must read edited code anew; loading the libraries takes longer than most runs and jobs.
So jobs are forked too. Slow tests, `test_names.py` and `.ci/run` start real processes.
"""

import atexit
import importlib.abc
import importlib.machinery
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        *("snakemake.cli", "snakemake.dag", "pandas", "pydantic", "yaml", "h5py", "jinja2", "requests"),
        *("rich.progress", "scipy.io", "scipy.stats", "pynwb", "torch", "torchvision.transforms", "matplotlib.pyplot"),
        *("matplotlib.backends.backend_svg", "matplotlib.backends.backend_agg"),
    ]
)


def run(folder, *arguments):
    """What the dry run prints, errors too."""
    status, said = python(folder, "snakemake", *arguments, "--dry-run")
    assert status == 0, said
    return said


def python(folder, module, *arguments):
    """Exit status of `python -m MODULE` in a folder, and what it and its jobs print."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch, "log.txt")
        process = SERVER.Process(target=_run, args=(folder, module, arguments, log, dict(os.environ)))
        process.start()
        process.join()
        return process.exitcode, log.read_text()


def _run(folder, module, arguments, log, environment):
    assert not [name for name in sys.modules if name.partition(".")[0] == "lorafb"]  # the folder has its own copy
    os.chdir(folder)
    os.environ.update(environment | {"PYTHONPATH": ""})  # the server keeps that of its start
    with log.open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    from snakemake.script import PythonScript

    PythonScript.execute_script = _execute_script
    sys.path.insert(0, str(folder))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _execute_script(script, file, edit=False):
    """Run a job in a fork, in place of `python FILE`."""
    from snakemake.benchmark import benchmarked

    job = os.fork()
    if not job:
        os._exit(_job(file, script.threads))
    with benchmarked(job, script.bench_record):
        _, status = os.waitpid(job, 0)
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), file)


def _job(file, threads):
    atexit._clear()
    multiprocessing.process._parent_process = None
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.excepthook = sys.__excepthook__
    sys.argv = [file]
    sys.path[:0] = filter(None, os.environ["PYTHONPATH"].split(os.pathsep))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    for name in [name for name in sys.modules if name.partition(".")[0] == "lorafb"]:
        del sys.modules[name]  # Snakemake has loaded the plan
    sys.meta_path.insert(0, Hidden("torch", "torchvision"))
    status = 1
    try:
        runpy.run_path(file, run_name="__main__")
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


class Hidden(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loaded packages that seem not to be loaded until they are imported, so that a job's log says whether it did."""

    def __init__(self, *packages):
        names = [name for name in sys.modules if name.partition(".")[0] in packages]
        self.hidden = {name: sys.modules.pop(name) for name in names}

    def find_spec(self, name, path=None, target=None):
        if name not in self.hidden:
            return None
        sys.modules.update({other: module for other, module in self.hidden.items() if other != name})
        return importlib.machinery.ModuleSpec(name, self, is_package=hasattr(self.hidden[name], "__path__"))

    def create_module(self, spec):
        return self.hidden[spec.name]

    def exec_module(self, module):
        pass
