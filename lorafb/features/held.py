"""Features of a pass, in memory until its Gram matrices are made: in as few bits as their values need.

Spikes need one bit, sums over four time steps four. What does not fit the memory allowed is put in a scratch file, of which
no more than the part at hand is in memory.
"""

import logging
import mmap
import os
from collections.abc import Iterator
from tempfile import TemporaryFile

import numpy as np
import torch
from torch import Tensor

from lorafb.features.extract import Block
from lorafb.features.gram import COLUMNS

log = logging.getLogger(__name__)

UNPACKED = 2**25
"""Bytes of a layer that are unpacked, or read from a scratch file, at a time."""


class HeldFeatures:
    """Sink of `extract` that holds the features (trials, n, units) of each layer, where the network runs.

    Parameters
    ----------
    n_frames : int
        Frames of a trial.
    memory_bytes : int
        Bound of what is held in memory; layers beyond it are held in temporary files.
    """

    def __init__(self, n_frames: int, memory_bytes: int = 2**62) -> None:
        self.n_frames, self.memory_bytes = n_frames, memory_bytes
        self.layers: dict[str, HeldLayer] = {}

    def __call__(self, block: Block) -> None:
        """Take the next frames of a layer, shape (trials, n, units)."""
        if block.layer not in self.layers:
            self.layers[block.layer] = HeldLayer(block, self.n_frames)
        layer = self.layers[block.layer]
        free = self.memory_bytes - sum(one.n_bytes for one in self.layers.values() if one is not layer)
        layer.add(block, free)

    def take(self, layer: str) -> "HeldLayer":
        """Return a layer and forget it."""
        return self.layers.pop(layer)


class HeldLayer:
    """Features of one layer: counts up to `most` packed by `bits` a value (1, 2, 4 or 8), or float32 (`bits` 32).

    Counts are packed in segments: bit field i of the bytes of a frame holds the i-th part of the units, so that a part is
    unpacked as one piece. Every frame is packed alike, so a sum over units does not depend on it.
    """

    def __init__(self, block: Block, n_frames: int) -> None:
        self.name, self.n_frames, self.n_units, self.scale = block.layer, n_frames, block.features.shape[2], block.scale
        self.bits, self.n_bytes, self.device = 0, 0, block.features.device
        self.most = 0
        self.data: Tensor | None = None
        self.scratch: mmap.mmap | None = None

    def add(self, block: Block, free_bytes: int) -> None:
        """Take the next frames; the whole layer is packed anew when a value needs more bits than all before."""
        new, first = block.features, block.first
        if new.dtype == torch.uint8 and new.numel():
            self.most = max(self.most, int(new.max()))
        bits = 32 if new.dtype == torch.float32 else _bits(self.most)
        if self.data is None or bits > self.bits:
            before = None if self.data is None else self._values(first)
            if before is not None and bits == 32:
                before = before.to(torch.float32).div_(self.scale)
            self.bits, self.scale = bits, block.scale
            self.data = self._allocate(new, free_bytes)
            if before is not None:
                self.data[:, :first] = self._packed(before)
        self.data[:, first : first + new.shape[1]] = self._packed(new)
        self._let_go()

    def blocks(self, trial: int) -> Iterator[Tensor]:
        """Responses of one trial to all frames, units in parts: uint8 (counts times `scale`) or float32 (T, part)."""
        assert self.data is not None, "a layer is held once it has frames"
        data = self.data[trial]
        step = (
            max(UNPACKED // (len(data) * data.itemsize * COLUMNS), 1) * COLUMNS
        )  # floats are summed in the same parts
        for field in range(8 // self.bits or 1):
            n_units = min(self.n_units - field * data.shape[1], data.shape[1])
            for part in torch.split(data[:, : max(n_units, 0)], step, dim=1):
                if part.shape[1] == 0:
                    continue
                values = part.to(self.device)
                yield values if self.bits in (8, 32) else (values >> (field * self.bits)).bitwise_and_(2**self.bits - 1)
                self._let_go()

    def _let_go(self) -> None:
        """Count no page of the scratch file as this process's memory; the file holds them."""
        if self.scratch is not None:
            self.scratch.madvise(mmap.MADV_DONTNEED)

    def responses(self, trial: int) -> Tensor:
        """Responses (T, units) of one trial, float32, the `scale` divided out."""
        return torch.cat(list(self.blocks(trial)), dim=1).to(torch.float32) / self.scale

    def _values(self, n: int) -> Tensor:
        assert self.data is not None, "a layer is held once it has frames"
        return torch.stack([torch.cat([part[:n] for part in self.blocks(k)], dim=1) for k in range(len(self.data))])

    def _packed(self, values: Tensor) -> Tensor:
        if self.bits in (8, 32):
            return values
        fields = 8 // self.bits
        width = -(-self.n_units // fields)
        padded = torch.nn.functional.pad(values, (0, width * fields - self.n_units))
        packed = padded[..., :width].clone()
        for field in range(1, fields):
            packed |= padded[..., field * width : (field + 1) * width] << (field * self.bits)
        return packed

    def _allocate(self, like: Tensor, free_bytes: int) -> Tensor:
        dtype = torch.float32 if self.bits == 32 else torch.uint8
        width = self.n_units if self.bits == 32 else -(-self.n_units * self.bits // 8)
        shape = (len(like), self.n_frames, width)
        size = int(np.prod(shape)) * dtype.itemsize
        if like.device.type == "cuda":
            free_bytes = torch.cuda.mem_get_info(like.device)[0] // 2
        where = "memory" if size <= free_bytes else "a scratch file: they exceed the memory allowed"
        log.info("layer %s: %.0f MB of features, %d bits a value, in %s", self.name, size / 1e6, self.bits, where)
        if size <= free_bytes:
            self.n_bytes, self.scratch = size, None
            return torch.empty(shape, dtype=dtype, device=like.device)
        self.n_bytes = 0
        with TemporaryFile() as file:  # the mapping holds it open
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk is an error here, not a crash later
            self.scratch = mmap.mmap(file.fileno(), size)
        return torch.frombuffer(self.scratch, dtype=dtype).reshape(shape)


def _bits(largest: int) -> int:
    """Bits, 1, 2, 4 or 8, that hold every count up to `largest`."""
    return next(bits for bits in (1, 2, 4, 8) if largest < 2**bits)
