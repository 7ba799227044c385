"""HDF5 artefacts: written atomically, checked on reading, readable with h5py alone."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.provenance import Provenance, sealed, verify
from lorafb.files import InputError, one_line

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


def open_file(source: Path | str | BinaryIO | io.BufferedIOBase, name: Path | str) -> h5py.File:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    source : path, or a seekable binary file object
    name : what errors call it

    Raises
    ------
    InputError
        It is not there, is not HDF5, is incomplete, or another program writes it; a file that will be sound when that
        program or a copy has ended is not called damaged.
    """
    try:
        return h5py.File(source, "r")
    except InputError:  # of a server
        raise
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{name}: {_unopened(one_line(error))}") from None


def _unopened(error: str) -> str:
    """Say why HDF5 does not open a file, and what to do, from its own words."""
    if sizes := re.search(r"truncated file: eof = (\d+), sblock->base_addr = \d+, stored_eof = (\d+)", error):
        held, whole = sizes.groups()
        return f"is incomplete: {held} of {whole} bytes; wait until it is written or copied, or fetch it again"
    if "unable to lock file" in error:
        return (
            "is locked: another program has it open for writing; close it there, or wait. On a network disk that knows no"
            " locks, set HDF5_USE_FILE_LOCKING=FALSE"
        )
    if "already open for write" in error:
        return (
            "is being written, or was not closed when its program ended; wait for that program, or close the file:"
            " `h5clear -s FILE` of the HDF5 tools"
        )
    if "Permission denied" in error:
        return "may not be read by you; ask its owner for the right to read it"
    return f"cannot be read as an HDF5 file ({error})"


@contextmanager
def opened(path: Path | str, kind: str | tuple[str, ...], version: int, whole: bool = True) -> Iterator[h5py.File]:
    """Open an artefact whose bytes, format and version are as expected, else raise InputError.

    With `whole` false the file is not hashed, for a job that has hashed it once and reads it piece by piece; HDF5's
    checksum of each piece still holds.
    """
    if whole:
        verify(path)
    with open_file(path, path) as file:
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
