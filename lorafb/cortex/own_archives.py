"""Arrays by name in a person's .npz or .mat; what pynapple saved, and cells of spike times, become tables.

MATLAB has no arrays of fewer than two axes, so [[x]] is x; and it drops trailing axes of length one.
"""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from scipy import io

from lorafb.artefacts.arrays import UNREADABLE
from lorafb.cortex import hdf5_tables
from lorafb.cortex.own_tables import OwnTable
from lorafb.files import InputError, nearest, one_line

MOST_BYTES = 2**32
"""Largest array, unpacked: 2,000 units in 20 repeats of 3,600 frames, kept as int64, are a quarter of it."""
ZIP, NPY = b"PK\x03\x04", b"\x93NUMPY"
MATLAB = b"MATLAB "
DAMAGED_MAT = (*UNREADABLE, TypeError, KeyError, IndexError, NotImplementedError, zlib.error)
"""What SciPy raises on damaged files."""


class Arrays(Mapping[str, NDArray[Any]]):
    """Arrays of one .npz by name, each read when it is asked for; pickled ones are refused."""

    def __init__(self, file: NpzFile, path: Path | str) -> None:
        self._file, self._path = file, path

    def __iter__(self) -> Iterator[str]:
        return iter(self._file.files)

    def __len__(self) -> int:
        return len(self._file.files)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._file.files:
            raise KeyError(name)
        members = self._file.zip.infolist() if self._file.zip else []
        size = max((one.file_size for one in members if one.filename in (name, f"{name}.npy")), default=0)
        if size > MOST_BYTES:
            raise InputError(
                f"{self._path}: array {name!r} would unpack to {size} bytes, expected at most {MOST_BYTES}"
            )
        try:
            array: NDArray[Any] = self._file[name]
        except UNREADABLE:
            raise InputError(f"{self._path}: array {name!r} is damaged, or pickled, which is not read") from None
        return array


def is_archive(path: Path | str) -> bool:
    """Whether a file begins as an .npz or a .mat does, whatever its name."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(len(MATLAB))
    except OSError:
        return Path(path).suffix.lower() in (".npz", ".mat")
    return start.startswith(ZIP) or start == MATLAB


def is_matlab(path: Path | str) -> bool:
    """Whether a file begins as a .mat does."""
    with Path(path).open("rb") as file:
        return file.read(len(MATLAB)) == MATLAB


def arrays(path: Path | str) -> Mapping[str, NDArray[Any]]:
    """Open the arrays of an .npz or a .mat by name.

    Fields of a MATLAB structure are named `structure.field`; text is an array of str, and a cell one of objects.

    Raises
    ------
    InputError
        One line: the file is missing, is no archive of plain arrays, or holds a single array.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    if is_matlab(path):
        return _matlab(path)
    try:
        file = np.load(path, allow_pickle=False)
    except UNREADABLE:
        if Path(path).suffix.lower() == ".mat":
            raise InputError(f"{path}: is no .mat of version 5 or later; save it again with -v7") from None
        raise InputError(f"{path}: is no .npz archive of plain arrays") from None
    if not isinstance(file, NpzFile):
        raise InputError(f"{path}: holds a single array, expected an .npz archive with an array per area")
    return Arrays(file, path)


def _matlab(path: Path | str) -> dict[str, NDArray[Any]]:
    if h5py.is_hdf5(path):
        with hdf5_tables.opened(path, str(path)) as file:
            return dict(_variables(file, path))
    try:
        large = [(name, shape) for name, shape, _ in io.whosmat(path) if 8 * np.prod(shape, dtype=float) > MOST_BYTES]
        if large:
            raise InputError(f"{path}: {large[0][0]!r} has shape {list(large[0][1])}, which is too large to read")
        variables = io.loadmat(path)
    except InputError:
        raise
    except DAMAGED_MAT as error:
        raise InputError(f"{path}: is no readable .mat file ({one_line(error)})") from None
    flat: dict[str, NDArray[Any]] = {}
    for name, value in variables.items():
        if name.startswith("__"):
            continue
        fields = {f"{name}.{field}": value[field] for field in value.dtype.names or ()}  # of several structures, cells
        flat |= {field: np.asarray(held.flat[0]) if value.size == 1 else held for field, held in fields.items()}
        flat |= {} if fields else {name: value}
    return flat


def _variables(file: h5py.File, path: Path | str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Variables of a .mat of version 7.3, and fields of its structures."""
    for name in file:
        held = file.get(name) if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
        if isinstance(held, h5py.Dataset):
            yield name, _of_hdf5(file, file, name, f"{path}: {name!r}")
        elif isinstance(held, h5py.Group) and not name.startswith("#"):
            for field in held:
                if isinstance(held.get(field), h5py.Dataset):  # none of a structure within a structure
                    yield f"{name}.{field}", _of_hdf5(file, held, field, f"{path}: '{name}.{field}'")


def _of_hdf5(file: h5py.File, group: h5py.Group, name: str, what: str) -> NDArray[Any]:
    """One variable, whose axes HDF5 has in reverse order."""
    dataset = hdf5_tables.own_dataset(what, group, name)
    values = hdf5_tables.read(dataset, what, ())
    if h5py.check_ref_dtype(dataset.dtype) is h5py.Reference:
        cells = np.empty(values.shape, object)
        for place in np.ndindex(values.shape):
            folder, _, last = file[values[place]].name.rpartition("/")
            cell = hdf5_tables.own_dataset(what, file[folder], last)
            cells[place] = _plain(hdf5_tables.read(cell, what, ()), cell)
        return cells.T
    return _plain(values, dataset)


def _plain(values: NDArray[Any], dataset: h5py.Dataset) -> NDArray[Any]:
    if "MATLAB_empty" in dataset.attrs:
        return np.zeros(0)
    if dataset.attrs.get("MATLAB_class") == b"char":
        return np.array(["".join(map(chr, np.ravel(values.T, "C")))])
    return values.T


def flat(values: NDArray[Any]) -> NDArray[Any]:
    """Values of a column without MATLAB's axes of length one; cells of text, or of one number, are values."""
    column = np.ravel(values)
    if column.dtype.kind == "O":
        cells = [np.ravel(one) for one in column]
        if all(len(one) <= 1 for one in cells):
            return np.array([one[0] if len(one) else "" for one in cells])
    return column


def table(path: Path | str, names: Mapping[str, str]) -> tuple[OwnTable, OwnTable | None]:
    """Read columns of an .npz that pynapple saved, or of a .mat.

    Parameters
    ----------
    path : the file
    names : what its columns, or variables, are called, by what they mean; the first one (`time`, `onset`, `unit`) must be there

    Returns
    -------
    rows : OwnTable
        Columns by the values of `names`, as far as the file has them.
    units : OwnTable or None
        A row a unit, where the file says which units there are: some may have no spike.
    """
    held = arrays(path)
    if not is_matlab(path):
        return _pynapple(held, str(path), names)
    known = {called: held[called] for called in names.values() if called in held}
    main = next(iter(names.values()))
    if main not in known:
        listed = ", ".join(held) or "none"
        raise InputError(f"{path}: variable {main!r} is missing{nearest(main, held)}; it has {listed}")
    if known[main].dtype.kind == "O":
        return _cells(known, str(path), names)
    columns = {called: flat(values) for called, values in known.items()}
    for called, values in columns.items():
        if len(values) != len(columns[main]):
            raise InputError(f"{path}: {called!r} has {len(values)} values, {main!r} has {len(columns[main])}")
    return OwnTable(str(path), pd.DataFrame(columns)), None


def _cells(known: Mapping[str, NDArray[Any]], where: str, names: Mapping[str, str]) -> tuple[OwnTable, OwnTable]:
    """Read a cell of spike times per unit, numbered from 1 where nothing names the units."""
    cells = [np.ravel(one) for one in np.ravel(known[names["time"]])]
    units = pd.DataFrame({names["unit"]: np.arange(1, len(cells) + 1)})
    for called in (names[name] for name in ("unit", "area", "session") if names.get(name) in known):
        values = flat(known[called])
        if len(values) not in (1, len(cells)):
            raise InputError(f"{where}: {called!r} has {len(values)} values for {len(cells)} units")
        units[called] = np.broadcast_to(values, len(cells))
    for number, one in enumerate(cells, start=1):
        if one.dtype.kind not in "uif":
            raise InputError(f"{where}: cell {number} of {names['time']!r} holds {one.dtype}, expected spike times")
    spikes = units.iloc[np.repeat(np.arange(len(cells)), [len(one) for one in cells])].reset_index(drop=True)
    spikes[names["time"]] = np.concatenate(cells).astype(np.float64)
    return OwnTable(where, spikes), OwnTable(where, units)


def _pynapple(
    held: Mapping[str, NDArray[Any]], where: str, names: Mapping[str, str]
) -> tuple[OwnTable, OwnTable | None]:
    """Read what pynapple saved: a TsGroup (times, and the unit of each), a Ts or Tsd (onsets, and frames), an IntervalSet."""
    if "time" in names:
        if not {"t", "index"} <= set(held):
            found = ", ".join(held) or "nothing"
            raise InputError(f"{where}: holds {found}; expected a TsGroup that pynapple saved (arrays t, index, keys)")
        spikes = pd.DataFrame({names["time"]: held["t"], names["unit"]: held["index"]})
        units = pd.DataFrame({names["unit"]: held["keys"] if "keys" in held else np.unique(held["index"])})
        if names["area"] in held:  # pynapple before 0.8; later ones pickle what they know of units
            units[names["area"]] = held[names["area"]]
        return OwnTable(where, spikes), OwnTable(where, units)
    if "onset" not in names:
        raise InputError(f"{where}: is an .npz; expected a table of units: CSV, TSV, a gzip of one, Parquet or .mat")
    if "t" in held:
        rows = pd.DataFrame({names["onset"]: held["t"]})
        if "d" in held:
            if held["d"].ndim != 1:
                raise InputError(
                    f"{where}: holds {list(held['d'].shape)} values, expected a frame for each time (a Tsd)"
                )
            rows[names["frame"]] = held["d"]
        return OwnTable(where, rows), None
    if not {"start", "end"} <= set(held):
        found = ", ".join(held) or "nothing"
        raise InputError(f"{where}: holds {found}; expected a Tsd, Ts or IntervalSet that pynapple saved")
    return OwnTable(where, pd.DataFrame({names["onset"]: held["start"], names["offset"]: held["end"]})), None
