"""What each column of each table means, from `columns.yaml`: for the note beside a table, for docs and for `lorafb why`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import yaml

DEFINITIONS = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class Column:
    """A column: its meaning in one sentence, its unit of measurement, and why a cell may be blank ("" where none is).

    `undefined`: whether a blank cell is a number that is missing, and not one that the row cannot have.
    """

    name: str
    meaning: str
    unit: str = ""
    blank: str = ""
    undefined: bool = False


@dataclass(frozen=True)
class Table:
    """A kind of table: pattern of its path below results, what a row is, its columns, and what is special in it."""

    path: str
    row: str
    columns: tuple[str, ...] = ()
    here: dict[str, str] = field(default_factory=dict)


@cache
def _read() -> tuple[dict[str, Column], tuple[Table, ...]]:
    content: dict[str, Any] = yaml.load(
        DEFINITIONS.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    columns = {
        name: Column(
            name, one["is"], one.get("unit", ""), one.get("undefined", one.get("blank", "")), "undefined" in one
        )
        for name, one in content["columns"].items()
    }
    tables = (
        Table(path, one["row"], tuple(one.get("columns", ())), one.get("here", {}))
        for path, one in content["tables"].items()
    )
    return columns, tuple(tables)


def table(path: Path | str) -> Table | None:
    """Find the kind of a table by its path: what follows `results`, or the end of a path without it; None for no kind."""
    parts = PurePath(path).parts
    below = (
        parts[max(place for place, part in enumerate(parts) if part == "results") + 1 :] if "results" in parts else ()
    )
    for one in _read()[1]:
        pattern = PurePath(one.path).parts
        if "**" in pattern:
            fits = pattern[0] in (below or parts)[:1]
        else:
            fits = PurePath(*(below or parts)).match(one.path) and len(pattern) == len(below or pattern)
        if fits:
            return one
    return None


def find(name: str, path: Path | str = "") -> Column | None:
    """Find the definition of a column, as it is meant in the table at `path`; None where it has none."""
    columns, kind = _read()[0], table(path) if path else None
    known = name if name in columns else _pattern(name, columns)
    if known is None:
        return None
    meaning = kind.here.get(name) if kind else None
    return replace(columns[known], name=name, meaning=meaning or columns[known].meaning)


def _pattern(name: str, known: Iterable[str]) -> str | None:
    """Longest pattern that a name matches."""
    return max((one for one in known if "*" in one and fnmatchcase(name, one)), key=len, default=None)


def notes(names: Iterable[str], path: Path | str) -> dict[str, dict[str, str]]:
    """Describe the columns of a table for its sidecar: meaning and unit of each column that has a definition."""
    known = (find(str(name), path) for name in names)
    return {
        one.name: {"meaning": one.meaning} | ({"unit": one.unit} if one.unit else {})
        for one in known
        if one is not None
    }


def undefined(names: Iterable[str], path: Path | str) -> list[str]:
    """List the columns of a table without a definition, or that its kind of table is not known to have."""
    kind = table(path)
    if kind is None:
        return list(names)
    listed = [one for one in names if not kind.columns or one in kind.columns or _pattern(one, kind.columns)]
    return [one for one in names if one not in listed or find(one, path) is None]


def reference() -> str:
    """Markdown of all definitions: kinds of tables, then columns in the order of the file."""
    columns, tables = _read()
    return "\n".join([*_of_tables(tables), "", *_of_columns(columns.values())]) + "\n"


def _of_tables(tables: Iterable[Table]) -> Iterator[str]:
    yield from ("| table below `results` | a row is | columns |", "| --- | --- | --- |")
    for one in tables:
        special = "".join(f"<br>`{name}`: {meaning}" for name, meaning in one.here.items())
        yield f"| `{one.path}` | {one.row} | {' '.join(f'`{name}`' for name in one.columns)}{special} |"


def _of_columns(columns: Iterable[Column]) -> Iterator[str]:
    yield from ("| column | meaning | unit | a blank cell means |", "| --- | --- | --- | --- |")
    for one in columns:
        cells = (f"`{one.name}`", one.meaning, one.unit, one.blank)
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
