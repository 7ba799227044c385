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
    text = hashlib.sha256(_statements(script).encode())
    for name in sorted(closure(script, *extra)):
        text.update(f"\n{name}\n{_statements(_file(name))}".encode())
    return text.hexdigest()


def closure(script: Path, *extra: str) -> set[str]:
    """Name every module of the package that the script and the extras import, plumbing left out."""
    found: set[str] = set()
    waiting = [*_imports(script), *(name.partition(":")[0] for name in extra)]
    while waiting:
        name = waiting.pop()
        if name in found or left_out(name) or name.partition(".")[0] != "lorafb":
            continue
        found.add(name)
        waiting.extend(_imports(_file(name)))
    return found


def left_out(name: str) -> bool:
    """Whether a module is the front door (`import lorafb`, which no rule goes through), plumbing or a table of records."""
    return name == "lorafb" or any(name == one or name.startswith(f"{one}.") for one in (*PLUMBING, *RECORDS))


def _file(name: str) -> Path:
    path = PACKAGE.parent.joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        raise ModuleNotFoundError(f"no module {name} in {PACKAGE}")
    return file


def _exists(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@cache
def _imports(file: Path) -> tuple[str, ...]:
    """Modules of the package that a file imports; `from package import name` counts the name where it is a module."""
    return tuple(sorted(set(_named(ast.parse(file.read_text(encoding="utf-8")), file))))


def _named(tree: ast.Module, file: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "lorafb")
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, file)
            if base.split(".")[0] == "lorafb":
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names if _exists(f"{base}.{alias.name}"))


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    if not node.level:
        return node.module or ""
    parents = file.relative_to(PACKAGE.parent).with_suffix("").parts[: -node.level]
    return ".".join([*parents, *([node.module] if node.module else [])])


@cache
def _statements(file: Path) -> str:
    """Dump of a file's syntax tree, which holds no comments, its docstrings taken out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _documents(one)]  # type: ignore[attr-defined]
    return ast.dump(tree)


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
