"""The command that runs all benchmarks and writes their table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = __import__("run")
    monkeypatch.setattr(module, "PAGE", tmp_path / "benchmarks.md")
    yield module
    for name in ("run", "scoring", "inputs"):
        sys.modules.pop(name, None)


def part(cpu_s, **scores):
    numbers = {"cpu_s": cpu_s, "wall_s": cpu_s, **scores}
    row = {"what": "a way", "value": "x", "aim": "", "met": None, "numbers": numbers}
    return {"rows": [row], "peak_mb": 1, "date": "2026-11-25", "machine": "2 cores, a processor"}


def test_the_page_compares_both_ways_and_says_where_an_aim_is_missed(run):
    run.PAGE.write_text(f"before\n{run.START}\nold\n{run.END}\nafter\n")
    run.write_page({"plain": part(190, V1=0.5, V2=float("nan")), "whole": part(10, V1=0.501, V2=float("nan"))})
    page = run.PAGE.read_text()
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "old" not in page
    assert (
        "| 19.0 times as fast (CPU), scores at most 1e-03 apart | 20 | no | 2026-11-25, 2 cores, a processor |" in page
    )


def test_the_machine_has_no_name(run):
    assert " cores, " in run.machine()


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", ["null", "ceilings_900", "statistics_900", "growth", "paper", "whole", "sweep", "features"]
)
def test_parts_still_run_on_tiny_inputs(part):
    command = [sys.executable, BENCHMARKS / "run.py", "--one", part, "--quick"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    made = json.loads(out.splitlines()[-1])
    assert made["peak_mb"] > 0
    assert all(row["what"] and row["value"] for row in made["rows"])
