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
    "config": {"files", "artefacts", "networks", "cortex", "stimuli", "similarity"},
    "plan": {"code", "config", "networks", "similarity", "stimuli", "fetch", "figures"},
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


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_a_part_imports_only_what_stands_below_it(file):
    own = part(module_of(file))
    if own in ("cli", "__init__"):
        return
    used = {part(name) for name in code._imports(file)} - {"", own}
    assert used <= ALLOWED[own], f"{module_of(file)} imports {used - ALLOWED[own]}"


@pytest.mark.parametrize("file", sorted(code.PACKAGE.rglob("__init__.py")), ids=module_of)
def test_package_files_import_nothing(file):
    assert not [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_only_what_runs_networks_names_torch(file):
    own = part(module_of(file))
    if (
        own in ("networks", "training", "features", "commands", "cli")
        and module_of(file) != "lorafb.networks.catalogue"
    ):
        return
    tree = ast.parse(file.read_text())
    names = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    names |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not names & {"torch", "torchvision", "spikingjelly"}


@pytest.mark.parametrize("module", ["lorafb.config.reading", "lorafb.plan.figures", "lorafb.job", "lorafb.cli"])
def test_reading_the_config_never_loads_torch(module):
    check = f"import sys, {module}; sys.exit(bool({{'torch', 'spikingjelly'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parent).returncode == 0
