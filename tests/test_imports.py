"""The one-way street between the parts of the package, and what must not load torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from lorafb import code

LEAVES = {"files", "artefacts", "trials", "draws", "records"}
ALLOWED = {
    "files": set(),
    "records": set(),
    "draws": set(),
    "trials": {"draws"},
    "artefacts": {"files", "trials"},
    "networks": LEAVES,
    "stimuli": LEAVES,
    "cortex": LEAVES | {"web"},
    "training": LEAVES | {"networks", "stimuli", "processes"},
    "features": LEAVES | {"networks", "stimuli"},
    "similarity": set(),
    "experiments": LEAVES | {"similarity"},
    "figures": LEAVES | {"experiments", "similarity"},
    "web": {"files"},
    "fetch": {"files", "artefacts", "web"},
    "code": set(),
    "config": {"files", "artefacts", "records", "networks", "cortex", "stimuli", "similarity", "training"},
    "plan": {"trials", "code", "config", "networks", "similarity", "stimuli", "fetch", "figures"},
    "front": LEAVES | {"networks", "features", "similarity", "experiments"},
    "processes": {"files"},
    "job": {"files", "artefacts", "processes"},
    "rerun": {"files"},
    "terminal": {"artefacts", "processes"},
    "commands": LEAVES
    | {"networks", "stimuli", "cortex", "training", "features", "similarity", "experiments", "figures"}
    | {"code", "config", "job", "processes", "terminal", "fetch", "plan"},
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


def test_package_files_import_nothing_but_the_front_door_when_it_is_used():
    for file in sorted(code.PACKAGE.rglob("__init__.py")):
        tree = ast.parse(file.read_text())
        if file.parent == code.PACKAGE:  # `import lorafb` itself loads nothing: see tests/test_front_door.py
            lazy = [node for node in tree.body if isinstance(node, ast.FunctionDef) or is_for_type_checkers(node)]
            assert all(base == "lorafb" or part(base) == "front" for base in code._imports(file))
            imports = [node for node in tree.body if node not in lazy]
            assert [node.module for node in imports if isinstance(node, ast.Import | ast.ImportFrom)] == ["typing"]
        else:
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)], file


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_only_what_runs_networks_names_torch(file):
    own = part(module_of(file))
    if (
        own in ("networks", "training", "features", "commands", "cli", "front")
        and module_of(file) != "lorafb.networks.catalogue"
    ):
        return
    tree = ast.parse(file.read_text())
    names = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    names |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not names & {"torch", "torchvision", "spikingjelly"}


@pytest.mark.parametrize(
    "module",
    [
        *("lorafb.config.reading", "lorafb.plan.figures", "lorafb.job", "lorafb.cli", "lorafb.front"),
        *("lorafb.commands.why", "lorafb.commands.crate"),
    ],
)
def test_reading_the_config_never_loads_torch(module):
    check = f"import sys, {module}; sys.exit(bool({{'torch', 'spikingjelly'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parent).returncode == 0
