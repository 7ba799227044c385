"""Expected values: whether a study that has run here gives the numbers that it gave where it was written.

What no network is in must agree to rounding. A network's spikes change with the order of float sums, hence with CPU and
threads, and training makes much of little: those tolerances are wide, and each row says why.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lorafb.artefacts import tables
from lorafb.commands.text import columns
from lorafb.config import reading
from lorafb.files import InputError, nearest, write_text

ROOT = Path(__file__).parents[2]
EMBEDDED = ROOT / "docs" / "expected" / "embedded.csv"
COLUMNS = ["quantity", "file", "rows", "column", "expected", "tolerance", "why"]


@dataclass(frozen=True)
class Quantity:
    """One number of a study.

    Attributes
    ----------
    name : str
    file : str
        Table below the folder of results.
    rows : str
        Which rows of it: `column=value` for each column that decides, spaces between; all rows when empty.
    column : str
        Whose mean over these rows is the number.
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

    def within(self, ours: float) -> bool:
        """Whether a number is the expected one; two undefined ones are alike."""
        if math.isnan(ours) or math.isnan(self.expected):
            return math.isnan(ours) and math.isnan(self.expected)
        return abs(ours - self.expected) <= self.tolerance


def of_default_study(results: Path) -> Path | None:
    """Find the expected values that a folder of results is held against: those of config.yaml, if it ran unchanged."""
    config = results / "config.yaml"
    if not (EMBEDDED.is_file() and config.is_file()):
        return None
    told = reading.load(config)
    same = told == reading.read(ROOT / "config.yaml", folders=(ROOT,)).model_dump(mode="json")
    return EMBEDDED if same else None


def compare(results: Path, file: Path) -> int:
    """Print each quantity, ours and expected; return how many differ by more than their tolerance."""
    found = [(quantity, value(results, quantity)) for quantity in read(file)]
    wrong = [quantity for quantity, ours in found if not quantity.within(ours)]
    print(columns([("quantity", "ours", "expected", "tolerance", ""), *(_cells(*one) for one in found)]))
    print(f"{len(found) - len(wrong)} of {len(found)} quantities as expected ({file})")
    for quantity in wrong:
        print(f"{quantity.name}: is not as expected. The tolerance: {quantity.why}")
    return len(wrong)


def _cells(quantity: Quantity, ours: float) -> tuple[str, ...]:
    numbers = (f"{ours:.6g}", f"{quantity.expected:.6g}", f"{quantity.tolerance:g}")
    return quantity.name, *numbers, "" if quantity.within(ours) else "OUTSIDE"


def fill(results: Path, file: Path) -> int:
    """Write the numbers of a finished study into a file of expected values, all else left as it is; count them."""
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
        found = [Quantity(*row) for row in table[COLUMNS].itertuples(index=False)]
        numbers = [math.isnan(one.expected + float(one.tolerance)) for one in found]
    except (ValueError, TypeError, KeyError, pd.errors.ParserError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: not a table with the columns {', '.join(COLUMNS)} ({reason})") from None
    if not numbers:
        raise InputError(f"{file}: holds no quantity")
    return found


def value(results: Path, quantity: Quantity) -> float:
    """Take a quantity from a folder of results: the mean of a column over the rows that it names.

    Raises
    ------
    InputError
        No such table, column or row.
    """
    path = results / quantity.file
    table = tables.read(path)
    for column, wanted in _conditions(path, quantity):
        _known(path, quantity, table, column)
        table = table[table[column].astype(str) == wanted]
    _known(path, quantity, table, quantity.column)
    if table.empty:
        raise InputError(f"{path}: has no row where {quantity.rows} ({quantity.name})")
    return float(table[quantity.column].mean(skipna=False))


def _conditions(path: Path, quantity: Quantity) -> Iterator[tuple[str, str]]:
    for condition in quantity.rows.split():
        column, equals, wanted = condition.partition("=")
        if not equals:
            raise InputError(f"{path}: {quantity.name}: rows are {quantity.rows!r}, expected column=value column=value")
        yield column, wanted


def _known(path: Path, quantity: Quantity, table: pd.DataFrame, column: str) -> None:
    if column not in table:
        raise InputError(f"{path}: has no column '{column}'{nearest(column, table.columns)} ({quantity.name})")
