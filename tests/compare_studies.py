"""Compare all tables of two studies: `python tests/compare_studies.py OLD NEW`, each a folder of results.

Every CSV file is matched by its path. Two tables are the same when they have the same columns, in any order, and the same
rows, in any order, every number equal to the last digit (1 and 1.0 are the same number). Each difference is a line; the
exit code is 1 if there is any, 2 if a folder holds no table.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd


def compare_studies(old, new, columns: Mapping[str, str], paths: Mapping[str, str]):
    """Yield a line for each difference between two folders of results.

    Parameters
    ----------
    old, new : folders
    columns, paths : old name -> new name of columns, and of files or the folders that they are in
    """
    before = {renamed(file, paths): old / file for file in tables_in(old)}
    after = {file: new / file for file in tables_in(new)}
    yield from (f"{file}: only in {old}" for file in sorted(set(before) - set(after)))
    yield from (f"{file}: only in {new}" for file in sorted(set(after) - set(before)))
    for file in sorted(set(before) & set(after)):
        one, other = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (before[file], after[file]))
        for line in compare_tables(one.rename(columns=columns), other):
            yield f"{file}: {line}"


def tables_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.csv"))


def renamed(file, paths):
    """Path of a file after the renames: of itself, or of a folder that holds it."""
    for before, after in paths.items():
        if file == before or file.startswith(f"{before.rstrip('/')}/"):
            return after.rstrip("/") + file[len(before.rstrip("/")) :]
    return file


def compare_tables(old, new):
    """Yield a line for each difference between two tables of text."""
    yield from (f"column {name} only in the old one" for name in old if name not in new)
    yield from (f"column {name} only in the new one" for name in new if name not in old)
    names = [name for name in old if name in new]
    rows = [Counter(tuple(map(number, row)) for row in table[names].itertuples(index=False)) for table in (old, new)]
    gone, come = (sorted((rows[a] - rows[b]).elements(), key=str) for a, b in ((0, 1), (1, 0)))
    for one in gone:
        other = nearest(one, come)
        if other is None:
            yield f"row only in the old one: {labels(names, one)}"
            continue
        come.remove(other)
        changed = [f"{name} {a!r} is now {b!r}" for name, a, b in zip(names, one, other, strict=True) if a != b]
        yield f"{'; '.join(changed)} ({labels(names, one)})"
    yield from (f"row only in the new one: {labels(names, one)}" for one in come)


def nearest(row, rows):
    """The row that differs from one in nothing but fractions, and in the fewest of them."""
    alike = [one for one in rows if all(a == b or fraction(a) or fraction(b) for a, b in zip(row, one, strict=True))]
    return min(alike, key=lambda one: sum(a != b for a, b in zip(row, one, strict=True)), default=None)


def fraction(value):
    return isinstance(value, float) and not value.is_integer()


def number(text):
    """Number that a cell holds, or its text."""
    return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) else text


def labels(names, row):
    return " ".join(
        f"{name}={value}" for name, value in zip(names, row, strict=True) if value != "" and not fraction(value)
    )


def main(words=None):
    """Compare the studies that a command line names; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    rename = {"action": "append", "default": [], "metavar": "OLD=NEW", "type": lambda text: text.split("=", 1)}
    parser.add_argument("--column", **rename, help="a column that has another name now")
    parser.add_argument("--path", **rename, help="a file or folder, below the results, that has another name now")
    given = parser.parse_args(words)
    if empty := [str(folder) for folder in (given.old, given.new) if not tables_in(folder)]:
        print(f"{', '.join(empty)}: no table there")
        return 2
    differences = 0
    for line in compare_studies(given.old, given.new, dict(given.column), dict(given.path)):
        differences += 1
        print(line)
    print(f"{len(tables_in(given.old))} and {len(tables_in(given.new))} tables, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
