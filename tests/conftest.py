"""Make the golden recipe importable, keep each worker to one thread, and divide the tests among the workers."""

import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers share the cores: more threads only wait for one another
sys.path.insert(0, str(Path(__file__).parent / "golden"))
FORKING = [
    f"tests/workflow/test_{name}.py"
    for name in ("workflow", "workflow_goldens", "training_by_rule", "profiles", "config_routes")
]
"""Files whose tests fork Snakemake (`dry_run.py`): the server takes 10 s to load, so one worker runs them all."""


def pytest_collection_modifyitems(items):
    """Start with the longest work, so that no worker waits for another at the end."""
    items.sort(key=lambda item: item.location[0] not in FORKING)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each file to one worker, and the files that fork Snakemake to the same one."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "forking" if file in FORKING else file

    return Scheduling(config, log)
