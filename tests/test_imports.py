"""The one-way street between the parts of the package, and what must not load torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from lorafb import code

LEAVES = {"files", "artefacts", "trials"}
ALLOWED = {
    "files": set(),
    "trials": {"files"},
    "artefacts": {"files"},
    "networks": LEAVES,
    "stimuli": LEAVES,
    "cortex": LEAVES,
    "training": LEAVES | {"networks", "stimuli"},
    "features": LEAVES | {"networks", "stimuli"},
    "similarity": set(),
    "experiments": LEAVES | {"similarity"},
    "figures": LEAVES,
    "fetch": {"files", "artefacts"},
    "code": set(),
    "config": {"files", "artefacts", "networks", "cortex", "stimuli"},
    "processes": {"files"},
    "job": {"files", "artefacts", "processes"},
    "alone": {"files"},
    "commands": LEAVES
    | {"networks", "stimuli", "cortex", "training", "features", "similarity", "experiments", "figures"}
    | {"code", "config", "job", "processes", "fetch"},
}
FILES = sorted(code.PACKAGE.rglob("*.py"))


def part(name):
    return name.split(".")[1] if "." in name else ""


def module_of(file):
    return ".".join(file.relative_to(code.PACKAGE.parent).with_suffix("").parts)


def imported(file):
    """Names of all modules that a file imports, at its top or inside a function."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_a_part_imports_only_what_stands_below_it():
    wrong = {}
    for file in FILES:
        own = part(module_of(file))
        if own not in ("cli", "__init__"):
            used = {part(name) for name in code._imports(file)} - {"", own}
            wrong[module_of(file)] = used - ALLOWED[own]
    assert len(wrong) > 100
    assert {name: parts for name, parts in wrong.items() if parts} == {}


def test_package_files_import_nothing():
    files = [file for file in FILES if file.name == "__init__.py"]
    assert len(files) > 10
    assert [module_of(file) for file in files if imported(file)] == []


def test_only_what_runs_networks_names_torch():
    torch_parts = ("networks", "training", "features", "commands", "cli")
    wrong = {}
    for file in FILES:
        name = module_of(file)
        if part(name) not in torch_parts or name == "lorafb.networks.catalogue":
            wrong[name] = {one.split(".")[0] for one in imported(file)} & {"torch", "torchvision", "spikingjelly"}
    assert len(wrong) > 80
    assert {name: heavy for name, heavy in wrong.items() if heavy} == {}


@pytest.mark.parametrize("module", ["lorafb.config.reading", "lorafb.job", "lorafb.cli"])
def test_reading_the_config_never_loads_torch(module):
    check = f"import sys, {module}; sys.exit(bool({{'torch', 'spikingjelly'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parent).returncode == 0
