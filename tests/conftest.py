"""Make the golden recipe importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "golden"))
