"""Expected values: whether a study run here gives the same numbers as where they were recorded.

Numbers without a network must agree to rounding. The spikes of a network depend on the order of float sums, hence on CPU
and threads, and training amplifies small differences: those tolerances are wide, and each row gives the reason.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lorafb.artefacts import tables
from lorafb.commands.text import columns
from lorafb.config import reading
from lorafb.config.reading import ROOT
from lorafb.files import InputError, nearest, one_line, write_text

EMBEDDED = ROOT / "docs" / "expected" / "embedded.csv"
COLUMNS = ["quantity", "file", "rows", "column", "expected", "tolerance", "why"]


@dataclass(frozen=True)
class Quantity:
    """One number of a study: the mean of a column of a table, over some of its rows.

    Attributes
    ----------
    name : str
    file : str
        Table below the folder of results.
    rows : str
        Conditions `column=value` that the rows fulfil, with spaces between; empty for all rows.
    column : str
    expected : float
        NaN where the number is undefined, or not known yet.
    tolerance : float
        Largest difference that is no fault.
    why : str
        Reason for the tolerance.
    """

    name: str
    file: str
    rows: str
    column: str
    expected: float
    tolerance: float
    why: str

    def agrees(self, ours: float) -> bool:
        """Whether a number is the expected one; two undefined numbers agree."""
        if math.isnan(ours) or math.isnan(self.expected):
            return math.isnan(ours) and math.isnan(self.expected)
        return abs(ours - self.expected) <= self.tolerance


def of_default_study(results: Path) -> Path | None:
    """Path of the expected values of the default study, if `results` come from an unchanged config.yaml."""
    config = results / "config.yaml"
    if not (EMBEDDED.is_file() and config.is_file()):
        return None
    default = reading.read(ROOT / "config.yaml", folders=(ROOT,)).model_dump(mode="json")
    return EMBEDDED if reading.load(config) == default else None


def compare(results: Path, file: Path) -> int:
    """Print each quantity, ours and expected; return how many differ by more than their tolerance."""
    rows, wrong = [("quantity", "ours", "expected", "tolerance", "")], []
    for quantity in (quantities := read(file)):
        ours = value(results, quantity)
        if not quantity.agrees(ours):
            wrong.append(quantity)
        numbers = f"{ours:.6g}", f"{quantity.expected:.6g}", f"{quantity.tolerance:g}"
        rows.append((quantity.name, *numbers, "OUTSIDE" if quantity in wrong else ""))
    print(columns(rows))
    print(f"{len(quantities) - len(wrong)} of {len(quantities)} quantities as expected ({file})")
    for quantity in wrong:
        print(f"{quantity.name}: is not as expected. The tolerance: {quantity.why}")
    return len(wrong)


def fill(results: Path, file: Path) -> int:
    """Write the numbers of a finished study into a file of expected values; return how many. Nothing else changes."""
    quantities = read(file)
    rows = [vars(one) | {"quantity": one.name, "expected": value(results, one)} for one in quantities]
    write_text(file, pd.DataFrame(rows)[COLUMNS].to_csv(index=False, lineterminator="\n"))
    return len(quantities)


def read(file: Path) -> list[Quantity]:
    """Read a file of expected values.

    Raises
    ------
    InputError
        No such file, a column is missing, or a tolerance or an expected value is not a number.
    """
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    try:
        table = pd.read_csv(file, dtype={"rows": "str"}, keep_default_na=False, na_values={"expected": [""]})
        table = table[COLUMNS].astype({"expected": float, "tolerance": float})
    except (ValueError, KeyError, pd.errors.ParserError) as error:
        columns = ", ".join(COLUMNS)
        raise InputError(f"{file}: not a table with the columns {columns} ({one_line(error)})") from None
    if table.empty:
        raise InputError(f"{file}: holds no quantity")
    return [Quantity(*row) for row in table.itertuples(index=False)]


def value(results: Path, quantity: Quantity) -> float:
    """Read a quantity from a folder of results: the mean of its column over its rows.

    Raises
    ------
    InputError
        No such table, column or row.
    """
    path = results / quantity.file
    table = tables.read(path)

    def column(name: str) -> "pd.Series[float]":
        if name not in table:
            raise InputError(f"{path}: has no column '{name}'{nearest(name, table.columns)} ({quantity.name})")
        return table[name]

    for condition in quantity.rows.split():
        name, equals, wanted = condition.partition("=")
        if not equals:
            raise InputError(f"{path}: {quantity.name}: rows are {quantity.rows!r}, expected column=value column=value")
        table = table[column(name).astype(str) == wanted]
    mean = column(quantity.column).mean(skipna=False)
    if table.empty:
        raise InputError(f"{path}: has no row where {quantity.rows} ({quantity.name})")
    return float(mean)
