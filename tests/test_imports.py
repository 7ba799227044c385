"""The one-way street between the parts of the package, and what must not load torch."""

import ast
import subprocess
import sys
from pathlib import Path

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
FILES = sorted(file for file in code.PACKAGE.rglob("*.py") if file.name != "__init__.py")
RUN_NETWORKS = ("networks", "training", "features", "commands", "cli", "front")


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
        if own != "cli":
            wrong[module_of(file)] = {part(name) for name in code._parsed(file)[0]} - {"", own} - ALLOWED[own]
    assert len(wrong) > 150
    assert {name: parts for name, parts in wrong.items() if parts} == {}


def test_package_files_import_nothing_but_the_front_door_when_it_is_used():
    for file in sorted(code.PACKAGE.rglob("__init__.py")):
        tree = ast.parse(file.read_text())
        if file.parent == code.PACKAGE:  # `import lorafb` itself loads nothing: see tests/test_front_door.py
            lazy = [node for node in tree.body if isinstance(node, ast.FunctionDef) or is_for_type_checkers(node)]
            assert all(base == "lorafb" or part(base) == "front" for base in code._parsed(file)[0])
            imports = [node for node in tree.body if node not in lazy]
            assert [node.module for node in imports if isinstance(node, ast.Import | ast.ImportFrom)] == ["typing"]
        else:
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)], file


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_only_what_runs_networks_names_torch():
    for file in FILES:
        own = part(module_of(file))
        if own not in RUN_NETWORKS or module_of(file) == "lorafb.networks.catalogue":
            names = {name.partition(".")[0] for name in imported(file)}
            assert not names & {"torch", "torchvision", "spikingjelly"}, file


def test_what_runs_no_network_never_loads_torch():
    modules = ["lorafb.config.reading", "lorafb.plan.figures", "lorafb.job", "lorafb.cli", "lorafb.front"]
    modules += ["lorafb.commands.why", "lorafb.commands.crate"]
    modules += [module_of(file) for file in FILES if part(module_of(file)) in ("similarity", "experiments")]
    check = f"import sys, {', '.join(modules)}; sys.exit(bool({{'torch', 'spikingjelly'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parent).returncode == 0
