"""Digest of the code behind a rule: Snakemake does not see an edit inside an imported package, and a stale score looks like a good one.

The digest goes into a rule's `params`. It covers the script and everything of this package that it imports, statically
and at any depth, function-level imports too, without comments and docstrings. Registries name modules as strings, so the
closure stops there; the chosen network's or metric's module is passed as an extra.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
PLUMBING = tuple(f"lorafb.{name}" for name in ("code", "config", "cli", "job", "plan", "processes", "records", "rerun"))
"""Modules that carry values and cannot change one."""
RECORDS = ("lorafb.networks.catalogue", "lorafb.figures.catalogue", "lorafb.training.settings")
"""Tables of plain records; the one record that a job uses stands in its rule's params, so that a new one reruns nothing."""


def digest(script: Path, *extra: str) -> str:
    """Digest a script and the modules it needs.

    Parameters
    ----------
    script : path of a Python file
    extra : names of further modules (`lorafb.networks.cornet`), or of `module:function` strings

    Returns
    -------
    sha256 in hex; equal as long as no statement of these files changes
    """
    text = hashlib.sha256(_parsed(script)[1].encode())
    for name in sorted(closure(script, *extra)):
        text.update(f"\n{name}\n{_parsed(_file(name))[1]}".encode())
    return text.hexdigest()


def closure(script: Path, *extra: str) -> set[str]:
    """Name every module of the package that the script and the extras import, plumbing left out."""
    found: set[str] = set()
    waiting = [*_parsed(script)[0], *(name.partition(":")[0] for name in extra)]
    while waiting:
        name = waiting.pop()
        if name in found or left_out(name) or name.partition(".")[0] != "lorafb":
            continue
        found.add(name)
        waiting.extend(_parsed(_file(name))[0])
    return found


def left_out(name: str) -> bool:
    """Whether a module is the front door (`import lorafb`, which no rule goes through), plumbing or a table of records."""
    return name == "lorafb" or any(name == one or name.startswith(f"{one}.") for one in (*PLUMBING, *RECORDS))


def _path(name: str) -> Path:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _file(name: str) -> Path:
    if not (path := _path(name)).is_file():
        raise ModuleNotFoundError(f"no module {name} in {PACKAGE}")
    return path


@cache
def _parsed(file: Path) -> tuple[tuple[str, ...], str]:
    """Modules of the package that a file imports, and the dump of its syntax tree: no comments, docstrings taken out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules: set[str] = set()
    for node in ast.walk(tree):
        modules.update(_named(node, file))
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _documents(one)]  # type: ignore[attr-defined]
    return tuple(sorted(modules)), ast.dump(tree)


def _named(node: ast.AST, file: Path) -> Iterator[str]:
    """Modules of the package that a statement imports; `from package import name` counts the name where it is a module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "lorafb")
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, file)
        if base.split(".")[0] == "lorafb":
            yield base
            names = (f"{base}.{alias.name}" for alias in node.names)
            yield from (name for name in names if _path(name).is_file())


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    if not node.level:
        return node.module or ""
    parents = file.relative_to(PACKAGE.parent).with_suffix("").parts[: -node.level]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _documents(node: ast.AST) -> bool:
    """Whether a statement is nothing but a string: a docstring, of a constant too."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def let_jobs_import(*folders: Path) -> None:
    """Put this checkout (and more folders) on the path of every process that starts from here; make cuBLAS deterministic."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read once, when a process starts
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        dict.fromkeys([str(PACKAGE.parent), *map(str, folders), *filter(None, others)])
    )
