"""Columns of tables in an HDF5 file that somebody else made, read as data only.

A link or a virtual dataset can name any other file of this machine, whose bytes would then pass as spike times: only values
inside the file itself are read. And a file of a few kilobytes can declare terabytes: sizes are checked before reading.
"""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.files import InputError, nearest

Source = Path | str | BinaryIO | io.BufferedIOBase
"""A path, or any seekable binary file object, so that a remote file can be read by byte ranges."""

MOST_ROWS, MOST_BYTES = 2**22, 2**28
"""Largest column of a table, and largest piece that HDF5 unpacks at once; a real session's tables have 50,000 rows."""
FREE_BYTES, MOST_UNPACKED = 2**26, 100
"""Size that is always allowed; beyond it, bytes that a byte of the file may unpack to (spike times reach 5)."""
LONGEST_TEXT = 1000
MOST_NAMES = 12
"""Names in a group that an error lists."""


class Table:
    """A group of columns, one of them named `id`, all as long as that one.

    where   : file and table, the beginning of an error
    columns : names of the columns
    n_rows  : length of the columns that are not ragged
    group   : of the file

    A method takes all spellings of a column and uses the first that the table has, in capitals or not.
    """

    def __init__(self, name: str, file: h5py.File, path: str) -> None:
        self.where = f"{name}: table {path}"
        self.group = group_at(name, file, path)
        self.columns = sorted(self.group)
        self.n_rows = len(self.column("id", ragged=True)[1])
        if self.n_rows > MOST_ROWS:
            raise InputError(f"{self.where}: declares {self.n_rows} rows, expected at most {MOST_ROWS}")

    def find(self, *spellings: str) -> str | None:
        """Name of a column; None if the table has none of these spellings."""
        known = {column.lower(): column for column in self.columns}
        return next((known[name.lower()] for name in spellings if name.lower() in known), None)

    def column(self, *spellings: str, ragged: bool = False) -> tuple[str, h5py.Dataset]:
        """Find a column without reading it: the beginning of its errors, and its values, one per row unless `ragged`."""
        name = self.find(*spellings)
        if name is None:
            hint, known = nearest(spellings[0], self.columns), ", ".join(self.columns) or "none"
            raise InputError(f"{self.where}: column {spellings[0]!r} is missing{hint}; it has {known}")
        what = f"{self.where}: column {name!r}"
        values = own_dataset(what, self.group, name)
        if values.ndim != 1:
            raise InputError(f"{what} has {values.ndim} axes, expected one")
        if not ragged and len(values) != self.n_rows:
            raise InputError(f"{what} has {len(values)} rows, but the table has {self.n_rows}")
        return what, values

    def numbers(
        self, *spellings: str, ragged: bool = False, kinds: str = "uif", expected: str = "numbers"
    ) -> NDArray[Any]:
        """Read a column of numbers [rows]."""
        what, values = self.column(*spellings, ragged=ragged)
        if values.dtype.kind not in kinds:
            raise InputError(f"{what} is of type {values.dtype}, expected {expected}")
        if values.nbytes > MOST_BYTES:
            raise InputError(f"{what} declares {values.nbytes} bytes, expected {MOST_BYTES} at most")
        return read(values, what)

    def integers(
        self, *spellings: str, ragged: bool = False, rows: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Read a column of whole numbers [rows], stored in any type of number; of some `rows` where they are given."""
        values = self.numbers(*spellings, ragged=ragged)
        values = values if rows is None else values[rows]
        odd = np.flatnonzero(~((np.abs(values.astype(np.float64)) < 2**63) & (values == np.rint(values))))
        if odd.size:
            at = f"{values[odd[0]]} in row {odd[0] if rows is None else rows[odd[0]]}"
            raise InputError(f"{self.where}: column {self.find(*spellings)!r} holds {at}, expected whole numbers")
        return values.astype(np.int64)

    def ids(self) -> NDArray[np.int64]:
        """Read the column `id` [rows], no two of them equal."""
        values = self.integers("id")
        once, times = np.unique(values, return_counts=True)
        if len(once) < len(values):
            raise InputError(f"{self.where}: id {once[times > 1][0]} appears more than once")
        return values

    def is_text(self, name: str) -> bool:
        """Whether a column holds one text per row."""
        if not isinstance(self.group.get(name, getlink=True), h5py.HardLink):
            return False
        values = self.group[name]
        of_rows = isinstance(values, h5py.Dataset) and values.shape == (self.n_rows,)
        return of_rows and h5py.check_string_dtype(values.dtype) is not None

    def bounds(self, column: str, n_values: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First place of each row's part of a ragged column, and one after its last [rows], from `COLUMN_index`."""
        last = self.integers(f"{column}_index")
        first = np.concatenate([[0], last])[:-1].astype(np.int64)
        if np.any(last < first) or (last[-1] if len(last) else 0) != n_values:
            raise InputError(f"{self.where}: {column}_index does not cut the {n_values} {column} into rows")
        return first, last

    def texts(self, *spellings: str, ragged: bool = False) -> list[str]:
        """Read a column of text [rows], one at a time: all of them could point at one long text."""
        what, values = self.column(*spellings, ragged=ragged)
        if h5py.check_string_dtype(values.dtype) is None:
            raise InputError(f"{what} is of type {values.dtype}, expected text")
        if len(values) > MOST_ROWS or values.dtype.itemsize > LONGEST_TEXT:
            declared = f"{len(values)} texts of {values.dtype.itemsize} bytes"
            raise InputError(f"{what} declares {declared}, expected at most {MOST_ROWS} of {LONGEST_TEXT}")
        text = values.asstr(errors="replace")
        return [str(read(text, what, row))[:LONGEST_TEXT] for row in range(len(values))]


@contextmanager
def opened(source: Source, name: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, from a path or from a seekable file object."""
    with hdf5.open_file(source, name) as file:
        yield file


def group_at(name: str, file: h5py.File, path: str) -> h5py.Group:
    """Walk down to a group, following no link that could leave the file."""
    group = file
    for step in path.split("/"):
        known = sorted(group) if isinstance(group, h5py.Group) else []
        if step not in known:
            more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
            listed = ", ".join(known[:MOST_NAMES]) + more or "none"
            raise InputError(f"{name}: {path} is missing{nearest(step, known)}; there are {listed}")
        group = _member(f"{name}: {path}", group, step)
    if not isinstance(group, h5py.Group):
        raise InputError(f"{name}: {path} is not a table")
    return group


def text_at(name: str, file: h5py.File, path: str) -> str:
    """Read one text; empty where the file has none at that path."""
    folder, _, last = path.rpartition("/")
    group = group_at(name, file, folder) if folder else file
    if last not in group:
        return ""
    dataset = own_dataset(f"{name}: {path}", group, last)
    if dataset.shape != () or dataset.nbytes > LONGEST_TEXT:
        raise InputError(f"{name}: {path} has shape {dataset.shape} and {dataset.nbytes} bytes, expected one text")
    value = read(dataset, f"{name}: {path}", ())[()]
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def own_dataset(what: str, group: h5py.Group, name: str) -> h5py.Dataset:
    """Find a dataset whose values are in the group's own file, and as many as it declares; `what` begins an error."""
    dataset = _member(what, group, name)
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise InputError(f"{what} is not a list of values")
    if dataset.is_virtual or dataset.external is not None:
        raise InputError(f"{what} keeps its values in another file, which is not read")
    piece = math.prod(dataset.chunks) * dataset.dtype.itemsize if dataset.chunks else 0
    if piece > MOST_BYTES:
        raise InputError(f"{what} is packed in pieces of {piece} bytes, expected {MOST_BYTES} at most")
    stored = dataset.id.get_storage_size()  # 0 where values were declared and never written
    if (dataset.nbytes and not stored) or dataset.nbytes > max(FREE_BYTES, MOST_UNPACKED * stored):
        raise InputError(f"{what} declares {dataset.nbytes} bytes, and the file holds {stored} of them")
    return dataset


def _member(what: str, group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise InputError(
            f"{what} is a link, and links are not followed; pynwb's NWBHDF5IO.export(write_args={{'link_data': False}}) "
            "makes one whole file"
        )
    return group[name]


def read(values: Any, what: str, rows: slice | int | tuple[()] = slice(None)) -> NDArray[Any]:
    """Read rows of a dataset; damaged bytes are an InputError that begins with `what`."""
    try:
        return np.asarray(values[rows])
    except (OSError, RuntimeError) as error:
        raise InputError(f"{what} cannot be read ({' '.join(str(error).split())})") from None


def check_times(seconds: NDArray[np.float64], what: str, rows: NDArray[np.int64] | None = None) -> None:
    """Refuse times that are not finite or are before 0; `what` begins an error, `rows` are their rows in the table."""
    finite = np.isfinite(seconds)
    if not finite.all():
        bad = int(np.argmin(finite))
        raise InputError(f"{what} is {seconds[bad]} in row {bad if rows is None else rows[bad]}")
    if seconds.size and seconds.min() < 0:
        bad = int(np.argmin(seconds))
        raise InputError(
            f"{what} is {seconds[bad]} s in row {bad if rows is None else rows[bad]}, expected no time before 0"
        )
