"""Make the golden recipe importable, keep each worker to one thread, and divide the tests among the workers."""

import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers share the cores: more threads only wait for one another
sys.path.insert(0, str(Path(__file__).parent / "golden"))
FIRST = ("snakemake",)
"""Groups of long tests that share a server of forks, or files; the largest first, so that no worker waits for it at the end."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """Give each file to one worker where its tests are in no group, and start with the groups that take longest."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
    groups = {item: item.get_closest_marker("xdist_group").args[0] for item in items}
    items.sort(key=lambda item: FIRST.index(groups[item]) if groups[item] in FIRST else len(FIRST))
