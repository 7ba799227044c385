"""Make the golden recipe importable, and keep each worker to one thread."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers share the cores: more threads only wait for one another
sys.path.insert(0, str(Path(__file__).parent / "golden"))


def pytest_collection_modifyitems(items):
    """Start with the tests that share one long run, so that the other workers need not wait for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
