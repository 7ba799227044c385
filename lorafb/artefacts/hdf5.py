"""HDF5 artefacts: written atomically, checked on reading, readable with h5py alone."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.provenance import Provenance, sealed, verify
from lorafb.files import InputError

CHECKED = {"fletcher32": True}
"""Options of every dataset: a flipped byte is detected on reading."""
PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True, **CHECKED}
"""Options of large datasets of numbers."""


@contextmanager
def create(path: Path | str, kind: str, version: int, provenance: Provenance) -> Iterator[h5py.File]:
    """Open a new artefact; it appears at `path`, with its sidecar, when the block succeeds.

    Parameters
    ----------
    kind, version : name of the format (`lorafb-gram`) and its version
    provenance : what it is made from
    """
    with sealed(path, provenance) as temporary, h5py.File(temporary, "w", libver=("v110", "v110")) as file:
        file.attrs["format"] = kind
        file.attrs["format_version"] = version
        file.attrs["inputs"] = json.dumps(dict(provenance.inputs), sort_keys=True)
        file.attrs["parameters"] = json.dumps(provenance.parameters, sort_keys=True)
        file.attrs["code"] = provenance.code
        yield file


@contextmanager
def opened(path: Path | str, kind: str | tuple[str, ...], version: int, whole: bool = True) -> Iterator[h5py.File]:
    """Open an artefact whose bytes, format and version are as expected, else raise InputError.

    With `whole` false the file is not hashed, for a job that has hashed it once and reads it piece by piece; HDF5's
    checksum of each piece still holds.
    """
    if whole:
        verify(path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: not a readable HDF5 file ({error})") from None
    with file:
        found, newest = file.attrs.get("format"), file.attrs.get("format_version")
        if found not in ((kind,) if isinstance(kind, str) else kind):
            raise InputError(f"{path}: holds format {found!r}, expected {kind!r}")
        if newest != version:
            raise InputError(f"{path}: has version {newest} of {found}, this program reads version {version}")
        yield file


def write_columns(file: h5py.File, group: str, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write the columns of a table as datasets of a group, text in UTF-8."""
    for name, column in sorted(columns.items()):
        stored = np.char.encode(column.astype(str), "utf-8") if column.dtype.kind in "OU" else column
        file.create_dataset(f"{group}/{name}", data=stored, **CHECKED)


def read_columns(file: h5py.File, group: str) -> dict[str, NDArray[Any]]:
    """Read columns that `write_columns` wrote; none where the file has no such group."""
    columns = {name: column[()] for name, column in file[group].items()} if group in file else {}
    return {name: np.char.decode(one, "utf-8") if one.dtype.kind == "S" else one for name, one in columns.items()}
