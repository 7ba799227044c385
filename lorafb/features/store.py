"""The features file: the responses [T, units] of each layer, written as frames come.

Values have the smallest lossless type. A layer starts as uint8 counts and may turn out fractional at any frame: the frames
written before are then divided by their scale and rewritten, so that no reader ever meets two meanings. Chunks are
compressed by ISA-L, several times faster than HDF5's own filter, into the same format: any HDF5 program reads them as gzip.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance
from lorafb.features.extract import Block
from lorafb.files import InputError, nearest

FRAMES = 16
"""Frames in a chunk of the file: what one forward call gives by default."""
UNITS = 65536
"""Most units in a chunk of the file."""
ABOUT = (
    "One group per layer, in the order of the attribute `index`. features[t, u] / scale is the response of unit u to frame t "
    "of the movie. Unit u is numpy.unravel_index(u, shape) of the layer's axes, channels first."
)

KIND, VERSION = "lorafb-features", 1


@contextmanager
def kept_features(path: Path | str | None, n_frames: int, provenance: Provenance) -> Iterator["FeatureWriter | None"]:
    """Open a features file of T frames for writing, whole or not at all; nothing where there is no path.

    Every layer must hold all frames when the block ends.
    """
    if path is None:
        yield None
        return
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        file.attrs["about"] = ABOUT
        writer = FeatureWriter(file, n_frames)
        yield writer
        writer.finish()


class FeatureWriter:
    """Sink of `extract` that writes one group per layer of an open HDF5 group."""

    def __init__(self, group: h5py.Group, n_frames: int) -> None:
        self.group, self.n_frames = group, n_frames
        self.pending: dict[str, _Pending] = {}

    def __call__(self, block: Block) -> None:
        """Take the next frames of a layer, shape (n, units)."""
        pending = self.pending.setdefault(block.layer, _Pending())
        n = len(block.features)
        if block.features.ndim != 2 or block.first != pending.taken or block.first + n > self.n_frames:
            raise ValueError(
                f"features of '{block.layer}': frames {block.first} to {block.first + n - 1}, shape "
                f"{tuple(block.features.shape)}, after {pending.taken} of {self.n_frames} frames"
            )
        rows = block.features.cpu().numpy()
        if block.layer not in self.group:
            self._create(block, rows.dtype)
        elif rows.dtype != self.group[block.layer]["features"].dtype:
            self._make_fractional(block.layer, pending)
        pending.rows.append(rows.copy() if n < FRAMES else rows)
        pending.taken += n
        self._write(block.layer, pending, whole_chunks=True)

    def finish(self) -> None:
        """Write what is left; a layer without all its frames is a ValueError."""
        for layer, pending in self.pending.items():
            self._write(layer, pending, whole_chunks=False)
            if pending.written != self.n_frames:
                raise ValueError(f"features of '{layer}' end after {pending.written} of {self.n_frames} frames")

    def _create(self, block: Block, dtype: np.dtype[Any]) -> None:
        group = self.group.create_group(block.layer)
        group.attrs["shape"] = block.shape
        group.attrs["scale"] = block.scale
        group.attrs["index"] = len(self.pending) - 1
        self._dataset(group, block.features.shape[1], dtype)

    def _dataset(self, group: h5py.Group, n_units: int, dtype: np.dtype[Any]) -> h5py.Dataset:
        chunks = (min(FRAMES, self.n_frames), chunk_units(n_units))
        packed = {
            "compression": "gzip",
            "compression_opts": 1,
            "shuffle": dtype.itemsize > 1,
        }  # it has a checksum itself
        return group.create_dataset("features", (self.n_frames, n_units), dtype, chunks=chunks, **packed)

    def _make_fractional(self, layer: str, pending: "_Pending") -> None:
        group = self.group[layer]
        counts, scale = group["features"], np.float32(group.attrs["scale"])
        group.move("features", "counts")
        fractions = self._dataset(group, counts.shape[1], np.dtype(np.float32))
        for first in range(0, pending.written, FRAMES):
            last = min(first + FRAMES, pending.written)
            _write_chunks(fractions, first, counts[first:last] / scale)
        pending.rows = [rows / scale for rows in pending.rows]
        group.attrs["scale"] = 1
        del group["counts"]

    def _write(self, layer: str, pending: "_Pending", *, whole_chunks: bool) -> None:
        held = pending.taken - pending.written
        n = held - held % FRAMES if whole_chunks else held
        if n == 0:
            return
        rows = pending.rows[0] if len(pending.rows) == 1 else np.concatenate(pending.rows)
        _write_chunks(self.group[layer]["features"], pending.written, rows[:n])
        pending.rows = [rows[n:].copy()] if n < held else []
        pending.written += n


@dataclass
class _Pending:
    """Frames of a layer taken and not yet written: a chunk of the file is compressed once, when it is whole."""

    rows: list[NDArray[Any]] = field(default_factory=list)
    taken: int = 0
    written: int = 0


def read_layer(group: h5py.Group, layer: str) -> NDArray[np.float32]:
    """Read a layer whole.

    Returns
    -------
    float32, shape (T, units)
        Responses, divided by the layer's `scale`.
    """
    values: NDArray[np.float32] = _features(group, layer)[:].astype(np.float32)
    values /= np.float32(group[layer].attrs["scale"])
    return values


def _write_chunks(dataset: h5py.Dataset, first: int, rows: NDArray[Any]) -> None:
    """Write rows [n, units] from frame `first` on, the first of a chunk; HDF5 only stores the bytes."""
    height, width = dataset.chunks
    for row in range(0, len(rows), height):
        for unit in range(0, rows.shape[1], width):
            values = rows[row : row + height, unit : unit + width]
            if values.shape != dataset.chunks:  # chunks at the edges are stored whole
                values = np.pad(values, [(0, whole - n) for whole, n in zip(dataset.chunks, values.shape, strict=True)])
            values = np.ascontiguousarray(values)
            if values.itemsize > 1:  # HDF5's shuffle: the first bytes of all values, then the second ones, ...
                values = np.ascontiguousarray(values.reshape(-1, 1).view(np.uint8).T)
            dataset.id.write_direct_chunk((first + row, unit), isal_zlib.compress(values, 1))


def chunk_units(n_units: int) -> int:
    """Units in a chunk: the largest divisor up to 65536 if it is not tiny, so that no chunk is padded."""
    if n_units <= UNITS:
        return n_units
    divisor = next(width for width in range(UNITS, 0, -1) if n_units % width == 0)
    return divisor if divisor >= UNITS // 16 else UNITS


def _features(group: h5py.Group, layer: str) -> h5py.Dataset:
    if layer not in group:
        raise InputError(f"{group.file.filename}: holds no layer '{layer}'{nearest(layer, group)}")
    return group[layer]["features"]
