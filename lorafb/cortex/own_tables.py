"""A person's own table as other programs write it: CSV or TSV, a gzip of one, or Parquet.

Separator and decimal comma are found from the file, and what could be read in two ways is refused: a time that is a thousand
times too large counts spikes of other frames, and no score shows it.
"""

import csv
import gzip
import re
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.files import InputError, nearest, one_line

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
GZIP, PARQUET, UTF_16 = b"\x1f\x8b", b"PAR1", (b"\xff\xfe", b"\xfe\xff")
FOREIGN = {
    b"PK\x03\x04": "an Excel workbook, or a zip of files",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "a file packed by bzip2",
    b"\xfd7zXZ": "a file packed by xz",
    b"\x28\xb5\x2f\xfd": "a file packed by zstd",
    b"ARROW1": "a file of Feather",
    b"\x80": "a pickle, which is never read",
    b"<": "a web page, or XML",
    b"{": "JSON",
    b"[": "JSON",
    b"version https://git-lfs": "a pointer of Git LFS (`git lfs pull` gets the file)",
}
"""What else people bring as tables, by its first bytes."""
COMMA = r"[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?"
"""A number with a decimal comma, if it has a comma."""
THOUSANDS = r"[+-]?[1-9]\d{0,2}(,\d{3})+"
"""A number that may have commas between its thousands."""
POINT = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
"""A number without a comma."""
WHOLE_FLOATS = 2**53
SEPARATOR_LINE = re.compile("sep=([,;\t])")
"""First line by which spreadsheets tell one another the separator."""
HEAD = 2**16
"""Bytes of the file that its header is looked for in."""


@dataclass(frozen=True)
class OwnTable:
    """Columns of a person's table, each converted and checked when it is asked for.

    where : the file, beginning of an error
    rows  : as read, without empty rows at the end; the index is the row's place in the file
    line  : what messages call a row: "line" of a text, "row" of anything else
    first : number of the first row
    separator : of a text; empty for anything else
    """

    where: str
    rows: pd.DataFrame
    line: str = "row"
    first: int = 1
    separator: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, name: str) -> str | None:
        """Name of a column as the table spells it, in capitals or not; None if the table has no such column."""
        known = [column for column in self.rows if str(column).lower() == name.lower()]
        exact = [column for column in known if column == name] or known
        if len(exact) > 1:
            raise InputError(f"{self.where}: column {name!r} is there {len(exact)} times; keep one of them")
        return str(exact[0]) if exact else None

    def column(self, name: str) -> pd.Series:
        """Values of a column, none of them missing.

        Raises
        ------
        InputError
            If there is no such column, or a row of it is empty.
        """
        found = self.find(name)
        if found is None:
            known = [str(one) for one in self.rows]
            split = "" if len(known) > 1 or not self.separator else "; no comma, semicolon or tab separates its columns"
            raise InputError(
                f"{self.where}: column {name!r} is missing{nearest(name, known)}; it has {', '.join(known)}{split}"
            )
        values = self.rows[found]
        empty = values.isna().to_numpy()
        if empty.any():
            expected = "expected a value in every row, a count of 0 too"
            raise InputError(f"{self.where}: column {found!r} is empty in {self.at(int(np.argmax(empty)))}; {expected}")
        return values

    def at(self, place: int) -> str:
        """Name the row at a place [0, rows)."""
        return f"{self.line} {int(self.rows.index[place]) + self.first}"

    def numbers(self, name: str) -> NDArray[Any]:
        """Column of finite numbers [rows], int or float as the file writes them; a decimal comma is one."""
        values = self.column(name)
        numbers = values.to_numpy()
        if isinstance(values.dtype, pd.api.extensions.ExtensionDtype) and pd.api.types.is_numeric_dtype(values.dtype):
            numbers = values.to_numpy(np.float64 if pd.api.types.is_float_dtype(values.dtype) else np.int64)
        if numbers.dtype.kind not in "uif":
            numbers = self._with_commas(name, values)
        finite = np.isfinite(numbers)
        if not finite.all():
            self.refuse(name, int(np.argmin(finite)), "expected numbers")
        return np.asarray(numbers)

    def whole(self, name: str, expected: str = "expected whole numbers") -> NDArray[np.int64]:
        """Column of whole numbers [rows]; 3.0 is one."""
        values = self.numbers(name)
        if values.dtype.kind in "ui":
            return values.astype(np.int64)
        odd = ~((np.abs(values.astype(np.float64)) < WHOLE_FLOATS) & (values == np.rint(values)))
        if odd.any():
            self.refuse(name, int(np.argmax(odd)), expected)
        return values.astype(np.int64)

    def ids(self, name: str) -> NDArray[Any]:
        """Column of names or whole numbers [rows]: int64, or text where any is a name."""
        values = self.column(name)
        if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
            return self.whole(name, "expected whole numbers or names")
        codes, known = pd.factorize(values)  # few names in many rows
        names = pd.Series(known).astype(str).str.strip()
        if names.str.fullmatch(r"\d+(,0+)?").all():  # 3.0 with a decimal comma
            return self.whole(name)
        return names.to_numpy(str)[codes]

    def texts(self, name: str) -> NDArray[np.str_]:
        """Column of names [rows], numbers as they are without decimals."""
        return self.ids(name).astype(str)

    def _with_commas(self, name: str, values: pd.Series) -> NDArray[np.float64]:
        """Numbers of a column of text with decimal commas; what is no such number, or could be two, is refused."""
        texts = values.astype(str).str.strip()
        commas = texts.str.fullmatch(COMMA).to_numpy(bool)
        others = ~(commas | texts.str.fullmatch(POINT).to_numpy(bool))
        odd = others if others.any() else ~commas
        if odd.any():
            self.refuse(name, int(np.argmax(odd)), "expected numbers")
        commas = texts.str.contains(",", regex=False)
        thousands = texts[commas].str.fullmatch(THOUSANDS)
        if (
            self.separator != ";" and len(thousands) and thousands.all()
        ):  # a semicolon separates where a comma is in numbers
            place = int(np.argmax(commas.to_numpy(bool)))
            self.refuse(
                name, place, "which may be thousands or a decimal comma: write it without a comma, or with a point"
            )
        return np.asarray(texts.str.replace(",", ".", regex=False).astype(np.float64), np.float64)

    def refuse(self, name: str, place: int, expected: str) -> NoReturn:
        """Raise InputError that names the file, a column, its value in the row at a place, and what was expected."""
        found = self.find(name)
        raise InputError(
            f"{self.where}: column {found!r} holds {self.rows[found].iloc[place]} in {self.at(place)}, {expected}"
        )


def read(path: Path | str, columns: tuple[str, ...] = ()) -> OwnTable:
    """Read a table with a header: text separated by commas, semicolons or tabs, a gzip of such a text, or Parquet.

    Of some `columns` alone where they are named, and all of them are there.

    Raises
    ------
    InputError
        One line: the file is missing, is no table, or a line has more fields than the header.
    """
    try:
        state = Path(path).stat()
    except OSError as error:
        missing = "no such file" if isinstance(error, FileNotFoundError) else one_line(error)
        raise InputError(f"{path}: {missing}") from None
    return _read(str(path), state.st_mtime_ns, state.st_size, columns)


@lru_cache(maxsize=1)  # a job asks for one area after the other of the same file
def _read(path: str, changed: int, size: int, columns: tuple[str, ...] = ()) -> OwnTable:
    try:
        with Path(path).open("rb") as file:
            start = file.read(4)
        packed: Literal["gzip"] | None = "gzip" if start.startswith(GZIP) else None
        with gzip.open(path) if packed else Path(path).open("rb") as file:
            head = file.read(HEAD)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {one_line(error)}") from None
    if start == PARQUET:
        return _parquet(path)
    encoding = "utf-16" if head.startswith(UTF_16) else "utf-8-sig"
    lines = head.decode(encoding, errors="replace").splitlines()
    told = SEPARATOR_LINE.fullmatch(lines[0].strip()) if lines else None
    skipped = int(bool(told))
    while lines[skipped + 1 :] and lines[skipped].startswith("#"):
        if not lines[skipped + 1].startswith("#") and _columns(lines[skipped]) >= _columns(lines[skipped + 1]):
            break  # names of columns, as NumPy writes them
        skipped += 1  # a remark
    header = next(iter(lines[skipped:]), "")
    if found := next((what for first, what in FOREIGN.items() if head.startswith(first)), None):
        raise InputError(f"{path}: is no table, but {found}: save it as CSV in UTF-8, or as Parquet")
    if not header.strip() or "\0" in header:
        raise InputError(f"{path}: is no table: expected text with a header, a gzip of such a text, or Parquet")
    return _text(path, header, encoding, packed, told[1] if told else separator(header), skipped, columns)


def _columns(line: str) -> int:
    return len(next(csv.reader([line], delimiter=separator(line)), []))


def separator(header: str) -> str:
    """Separator of a table by its first line: that which makes most columns, a comma where none makes two."""
    return max(SEPARATORS, key=lambda one: len(next(csv.reader([header], delimiter=one), [])))


def _text(
    path: Path | str,
    header: str,
    encoding: str,
    packed: Literal["gzip"] | None,
    split: str,
    skipped: int,
    columns: tuple[str, ...],
) -> OwnTable:
    names = [name.strip(" #") for name in next(csv.reader([header], delimiter=split, skipinitialspace=True))]
    some = [place for place, name in enumerate(names) if name in columns]
    chosen = some if columns and len(some) == len(columns) else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            rows = pd.read_csv(
                path,
                sep=split,
                encoding=encoding,
                compression=packed,
                skiprows=skipped,
                index_col=False,
                usecols=chosen,
                keep_default_na=False,  # an area may be named NA
                na_values=[""],
                skip_blank_lines=False,  # lines keep their numbers
                skipinitialspace=True,
                low_memory=False,
            )
    except pd.errors.ParserWarning:
        longer = f"lines have more fields than the header, separated by {SEPARATORS[split]}"
        raise InputError(f"{path}: {longer}; write decimal commas in quotes, or separate by semicolons") from None
    except UnicodeError:
        raise InputError(f"{path}: is no text in UTF-8; save it again as CSV in UTF-8") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:  # pandas' errors of parsing are ValueErrors
        raise InputError(f"{path}: is no readable table ({one_line(error)})") from None
    rows.columns = pd.Index(
        [names[place] for place in chosen] if chosen else names[: rows.shape[1]]
    )  # pandas renames doubled ones
    return _trimmed(OwnTable(str(path), rows, "line", 2 + skipped, split))


def _parquet(path: Path | str) -> OwnTable:
    try:
        rows = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises its own kinds for a damaged file
        raise InputError(f"{path}: is no readable Parquet file ({one_line(error)})") from None
    named = [name for name in rows.index.names if name is not None]
    return _trimmed(OwnTable(str(path), rows.reset_index() if named else rows.reset_index(drop=True)))


def _trimmed(table: OwnTable) -> OwnTable:
    """Leave out empty rows at the end, as spreadsheets write them."""
    filled = np.flatnonzero(table.rows.notna().any(axis=1).to_numpy())
    if not len(filled):
        raise InputError(f"{table.where}: holds no rows, expected a header and rows of values")
    return OwnTable(table.where, table.rows.iloc[: filled[-1] + 1], table.line, table.first, table.separator)
