"""`lorafb why FILE`: what made a file, and why a cell of a table is blank."""

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lorafb.artefacts import columns, lineage
from lorafb.files import InputError, nearest

ABOUT = ("movie", "subject", "area")
"""Columns by which the row of a table is found in the tables that it was made from."""
WARNING = "UndefinedScore: "
NO_SCORE = "no score"
FRACTIONS = ("fraction", "reach")
"""Columns that the column `reason` of the same row explains."""
OF_HALVES = (*FRACTIONS, "ceiling", "fraction_published", "% of ceiling", "% of a perfect model")
"""Columns that warnings about halves of units or repeats explain."""


def run(args: Namespace) -> int:
    """Print the tree behind a file; with a column, first what its cell says, or why it is blank."""
    tree = lineage.trace(args.file)
    if args.column is not None:
        print("\n".join(cell(args.file, args.row, args.column, tree)), end="\n\n")
    elif args.row is not None:
        raise InputError("--row: give --column too; together they name a cell")
    print(lineage.text(tree))
    return 0


def cell(path: Path, row: str | None, column: str, tree: lineage.Node) -> Iterator[str]:
    """Say what a cell means, and if it is blank, why."""
    table = pd.read_csv(path) if path.name.endswith((".csv", ".csv.gz")) else None
    if table is None:
        raise InputError(f"{path}: has no columns; --column is for a table (.csv)")
    if column not in table:
        raise InputError(
            f"{path}: has no column {column!r}{nearest(column, table.columns)}; it has {', '.join(map(str, table))}"
        )
    number = _number(table, row, path)
    chosen, name = table.iloc[number - 1], f"{path}: row {number}, {column}"
    about = columns.find(column, path)
    if about is not None:
        yield f"{column}: {about.meaning}{f' ({about.unit})' if about.unit else ''}"
    if not pd.isna(chosen[column]):
        yield f"{name}: {chosen[column]}"
        return
    yield f"{name}: blank"
    reasons = list(dict.fromkeys(_reasons(path, chosen, column, tree))) if about is None or about.undefined else []
    yield from (f"because: {reason}" for reason in reasons)
    if about is not None and about.blank:
        yield f"a blank cell of this column means: {about.blank}"
    elif not reasons:
        yield "no file behind it gives a reason"


def _number(table: pd.DataFrame, row: str | None, path: Path) -> int:
    """Find the number of a row, from 1, which is given as such or by conditions `column=value` with commas between."""
    if row is None and len(table) == 1:
        return 1
    if row is None:
        raise InputError(
            f"{path}: has {len(table)} rows; name one: --row 1 is the first, or --row with conditions such as area=visp,movie=movie1"
        )
    if row.isdecimal():
        if not 1 <= int(row) <= len(table):
            raise InputError(f"{path}: --row {row}: expected 1 to {len(table)}")
        return int(row)
    rows = table
    for condition in row.split(","):
        name, equals, value = (part.strip() for part in condition.partition("="))
        if not equals or name not in table:
            raise InputError(f"{path}: --row {row}: expected a number, or column=value of {', '.join(map(str, table))}")
        rows = rows[rows[name].astype(str).str.casefold() == value.casefold()]
    if len(rows) != 1:
        raise InputError(f"{path}: --row {row}: {len(rows)} rows fit; name one, by its number or by further columns")
    return int(rows.index[0]) + 1


def _reasons(path: Path, row: "pd.Series[Any]", column: str, tree: lineage.Node) -> Iterator[str]:
    """Reasons that the row gives, then those of the tables and logs behind it that are about the same things.

    What is said of halves explains a ceiling and what is computed from it; what leaves a layer or an area without a score
    explains every number.
    """
    study, name = lineage.of_file(path)
    about = _about(study, name, row)
    if "network" in row and "subject" not in about:
        return  # a row to compare with, or a network that the study lacks
    if column in FRACTIONS and not pd.isna(row.get("reason", float("nan"))):
        yield str(row["reason"])
    halves = column in OF_HALVES or name.startswith(f"{lineage.RESULTS}/ceilings/")
    for file in lineage.above(tree):
        parts = Path(file).with_suffix("").parts
        if not file.startswith(f"{lineage.RESULTS}/") or not _is_about(parts, about, study):
            continue
        if file.endswith(".csv"):
            yield from (f"{reason} ({file})" for reason in _of_table(study.folder / file, about))
        if file in study.jobs and (halves or parts[1] != "ceilings"):
            yield from _of_log(Path(str(study.jobs[file]).removesuffix(".job.json") + ".log"), about)


def _about(study: lineage.Study, name: str, row: "pd.Series[Any]") -> dict[str, str]:
    """Movie, subject, area and layer that a row is about, as tables of scores name them."""
    about = {key: str(row[key]) for key in (*ABOUT, "layer") if key in row and not pd.isna(row[key])}
    parts = Path(name).parts
    if parts[1:2] == ("scores",) and len(parts) == 5:
        about["subject"] = parts[2]
    subjects = study.about(name).get("parameters", {}).get("data", {}).get("subjects", {})
    labels = {one["label"]: subject for subject, one in subjects.items()}
    for key in ("network", "label"):
        if key in row and row[key] in labels:
            about["subject"] = labels[row[key]]
    return {key: value.lower() if key == "area" else value for key, value in about.items()}


def _is_about(parts: tuple[str, ...], about: Mapping[str, str], study: lineage.Study) -> bool:
    """Whether a file, by the names in its path, may concern the row: not those of another movie or subject."""
    others = {"movie": {*study.config.get("movies", {}), *study.config.get("scenes", {})}}
    others["subject"] = set(study.config.get("subjects", {}))
    return not any(
        key in about and part in names and part != about[key] for key, names in others.items() for part in parts
    )


def _of_table(path: Path, about: Mapping[str, str]) -> Iterator[str]:
    """Say what a table has on the row's movie, subject and area being without a score."""
    table = pd.read_csv(path)
    for column in {"reason", "notes"} & set(table):
        for _, row in table[table[column].astype(str).str.contains(NO_SCORE)].iterrows():
            wanted = {**about, "area": about.get("area", "mean")}
            if column == "notes" and wanted["area"] == "mean":  # units of areas alone: a mean lacks what an area lacks
                del wanted["area"]
            if all(str(row[key]).lower() == wanted[key].lower() for key in ABOUT if key in wanted and key in row):
                yield str(row[column])


def _of_log(path: Path, about: Mapping[str, str]) -> Iterator[str]:
    """Warnings of a job about scores that are undefined: those that name the row's area or layer, or no area."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        _, marked, reason = line.partition(WARNING)
        named = re.match(r"(area|layer) (\S+?):? ", reason)
        asked = about.get(named[1], "mean") if named else "mean"
        if marked and (named is None or asked in ("mean", named[2].lower(), named[2])):
            yield reason.strip()
