"""Write envs/lorafb.yaml, the environment of `--software-deployment-method conda`, from requirements.txt."""

import sys
from pathlib import Path

HERE = Path(__file__).parent

HEAD = """\
# Generated from requirements.txt by envs/conda.py; a test holds the two together.
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def environment(requirements: str) -> str:
    """Render the conda environment of pinned requirements (the text of requirements.txt)."""
    pins = [line.removesuffix("\\").strip() for line in requirements.splitlines() if line[:1].isalnum()]
    return HEAD + "".join(f'      - "{pin}"\n' for pin in pins if "'never'" not in pin)


if __name__ == "__main__":
    target = HERE / "lorafb.yaml"
    target.write_text(environment((HERE.parent / "requirements.txt").read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {target}", file=sys.stderr)
