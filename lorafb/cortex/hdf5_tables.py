"""Columns of tables in an HDF5 file that somebody else made, read as data only.

A link or a virtual dataset can name any other file of this machine, whose bytes would then pass as spike times; so nothing
but what lies in the file itself is read. And a file of a few kilobytes can declare terabytes; so sizes are checked before
anything is read.
"""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.files import InputError, nearest

Source = Path | str | BinaryIO | io.BufferedIOBase
"""A path, or any seekable binary file object, so that a remote file can be read by byte ranges."""

MOST_ROWS, MOST_BYTES = 2**22, 2**28
"""Largest column of a table, and largest piece that HDF5 unpacks at once; a real session's tables have 50,000 rows."""
FREE_BYTES, MOST_UNPACKED = 2**26, 100
"""Up to this size nobody asks; beyond it, bytes that a byte of the file may unpack to. Spike times reach 5."""
LONGEST_TEXT = 1000


class Table:
    """A group of columns, one of them named `id`, all as long as that one.

    Attributes
    ----------
    where : str
        File and table, the beginning of an error.
    columns : list of str
        Names of the columns.
    """

    def __init__(self, name: str, file: h5py.File, path: str) -> None:
        self.where = f"{name}: table {path}"
        self._group = group_at(name, file, path)
        self.columns = sorted(self._group)
        self._n_rows = len(self.dataset(self.require("id"), ragged=True))
        if self._n_rows > MOST_ROWS:
            raise InputError(f"{self.where}: declares {self._n_rows} rows, expected at most {MOST_ROWS}")

    def find(self, *spellings: str) -> str | None:
        """Name of the first column that is spelt in one of these ways, capitals or not; None if there is none."""
        spelt = {column.lower(): column for column in self.columns}
        return next((spelt[name.lower()] for name in spellings if name.lower() in spelt), None)

    def require(self, *spellings: str) -> str:
        """Name of a column, or an InputError that says which columns there are."""
        column = self.find(*spellings)
        if column is None:
            hint = nearest(spellings[0], self.columns)
            raise InputError(
                f"{self.where}: column {spellings[0]!r} is missing{hint}; it has {', '.join(self.columns) or 'none'}"
            )
        return column

    def dataset(self, column: str, ragged: bool = False) -> h5py.Dataset:
        """Find a column's values, not yet read: one a row, or of any number where they are `ragged`."""
        found = own_dataset(f"{self.where}: column {column!r}", self._group, column)
        if found.ndim != 1:
            raise InputError(f"{self.where}: column {column!r} has {found.ndim} axes, expected one")
        if not ragged and len(found) != self._n_rows:
            raise InputError(f"{self.where}: column {column!r} has {len(found)} rows, but the table has {self._n_rows}")
        return found

    def numbers(self, column: str, ragged: bool = False, what: str = "numbers", kinds: str = "uif") -> NDArray[Any]:
        """Read a column of numbers [rows]."""
        dataset = self.dataset(column, ragged)
        if dataset.dtype.kind not in kinds:  # seen before it is read
            raise InputError(f"{self.where}: column {column!r} is of type {dataset.dtype}, expected {what}")
        if dataset.nbytes > MOST_BYTES:
            raise InputError(
                f"{self.where}: column {column!r} declares {dataset.nbytes} bytes, expected {MOST_BYTES} at most"
            )
        return read(dataset, self.where, column)

    def flags(self, column: str) -> NDArray[np.bool_]:
        """Read a column of true and false [rows]."""
        return self.numbers(column, what="true and false", kinds="b").astype(bool)

    def integers(self, column: str, ragged: bool = False) -> NDArray[np.int64]:
        """Read a column of whole numbers [rows], whatever type they are kept in."""
        values = self.numbers(column, ragged)
        odd = np.flatnonzero(~((np.abs(values.astype(np.float64)) < 2**63) & (values == np.rint(values))))
        if odd.size:
            raise InputError(
                f"{self.where}: column {column!r} holds {values[odd[0]]} in row {odd[0]}, expected whole numbers"
            )
        return values.astype(np.int64)

    def ends(self, column: str, n_values: int, of: str) -> NDArray[np.int64]:
        """Read where each row's part of the ragged column `of` ends [rows], and check that the parts make up the whole."""
        last = self.integers(column)
        if np.any(np.diff(last, prepend=0) < 0) or (last[-1] if len(last) else 0) != n_values:
            raise InputError(f"{self.where}: {column} does not cut the {n_values} {of} into rows")
        return last

    def ids(self, column: str = "id") -> NDArray[np.int64]:
        """Read a column of whole numbers [rows], no two of them equal."""
        values = self.integers(self.require(column))
        once, times = np.unique(values, return_counts=True)
        if len(once) < len(values):
            raise InputError(f"{self.where}: {column} {once[times > 1][0]} stands there more than once")
        return values

    def texts(self, column: str, ragged: bool = False) -> list[str]:
        """Read a column of text [rows], one at a time: all of them could point at one long text."""
        dataset = self.dataset(column, ragged)
        if h5py.check_string_dtype(dataset.dtype) is None:
            raise InputError(f"{self.where}: column {column!r} is of type {dataset.dtype}, expected text")
        if len(dataset) > MOST_ROWS or dataset.dtype.itemsize > LONGEST_TEXT:
            raise InputError(
                f"{self.where}: column {column!r} declares {len(dataset)} texts of {dataset.dtype.itemsize} bytes, "
                f"expected at most {MOST_ROWS} of {LONGEST_TEXT}"
            )
        text = dataset.asstr(errors="replace")
        return [str(read(text, self.where, column, row))[:LONGEST_TEXT] for row in range(len(dataset))]


@contextmanager
def opened(source: Source, name: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, from a path or from a seekable file object."""
    try:
        file = h5py.File(source, "r")
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except InputError:  # of a server
        raise
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{name}: cannot be read as an HDF5 file ({' '.join(str(error).split())})") from None
    with file:
        yield file


def group_at(name: str, file: h5py.File, path: str) -> h5py.Group:
    """Walk down to a group, following no link that could leave the file."""
    group = file
    for step in path.split("/"):
        if not isinstance(group, h5py.Group) or step not in group:
            known = sorted(group) if isinstance(group, h5py.Group) else []
            raise InputError(f"{name}: {path} is missing{nearest(step, known)}; there are {_some(known)}")
        group = _member(f"{name}: {path}", group, step)
    if not isinstance(group, h5py.Group):
        raise InputError(f"{name}: {path} is no table")
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
    value = read(dataset, name, path, ())[()]
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def own_dataset(where: str, group: h5py.Group, name: str) -> h5py.Dataset:
    """Find a dataset whose values lie in the group's own file."""
    found = _member(where, group, name)
    if not isinstance(found, h5py.Dataset) or found.shape is None:
        raise InputError(f"{where} is no list of values")
    if found.is_virtual or found.external is not None:
        raise InputError(f"{where} keeps its values in another file, which is not read")
    _check_size(where, found)
    return found


def _check_size(where: str, found: h5py.Dataset) -> None:
    """Refuse what would unpack to far more than the file holds, and what was declared and never written."""
    piece = math.prod(found.chunks) * found.dtype.itemsize if found.chunks else 0
    if piece > MOST_BYTES:
        raise InputError(f"{where} is packed in pieces of {piece} bytes, expected {MOST_BYTES} at most")
    held = found.id.get_storage_size()
    if (found.nbytes and not held) or found.nbytes > max(FREE_BYTES, MOST_UNPACKED * held):
        raise InputError(f"{where} declares {found.nbytes} bytes, and the file holds {held} of them")


def _member(where: str, group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise InputError(f"{where} is a link, and links are not followed")
    return group[name]


def read(dataset: Any, where: str, column: str, rows: slice | int | tuple[()] = slice(None)) -> NDArray[Any]:
    """Read rows of a dataset; damaged bytes are an InputError."""
    try:
        return np.asarray(dataset[rows])
    except (OSError, RuntimeError) as error:
        raise InputError(f"{where}: {column!r} cannot be read ({' '.join(str(error).split())})") from None


def check_times(seconds: NDArray[np.float64], what: str) -> None:
    """Refuse times that are not finite or lie before 0; `what` is the beginning of the error."""
    if not np.isfinite(seconds).all():
        raise InputError(f"{what} is {seconds[~np.isfinite(seconds)][0]} in row {np.argmin(np.isfinite(seconds))}")
    if seconds.size and seconds.min() < 0:
        raise InputError(f"{what} is {seconds.min()} s in row {np.argmin(seconds)}, expected no time before 0")


def _some(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "") or "none"
