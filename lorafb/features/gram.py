"""Products of every pair of frames of a layer, from blocks of its units: equal correlations must come out equal.

Spike counts are multiplied in integer arithmetic, or in floating point that provably holds every partial sum, so that
ties in the ranks are not missed. Floats are centred and accumulated in float64, with the error stated at `products`.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from lorafb.artefacts.grams import Gram, condense

log = logging.getLogger(__name__)

ROWS = 128
"""Frames in one tile of the product: most of the lower triangle is skipped, and kernels still run at full rate."""
COLUMNS = 16384
"""Units in one product of floats: bounds the converted copy of a block."""


def products(blocks: Iterable[Tensor], scale: int = 1, *, most: int | None = None, shifted: bool = True) -> Gram:
    """Multiply the responses to every pair of frames.

    Parameters
    ----------
    blocks : iterable of Tensor, shape (T, block)
        Responses to all frames, units in parts; all uint8 or all float32. No block is needed after its turn.
    scale : int
        What the responses were multiplied by to be whole numbers.
    most : int, optional
        Largest count, where it is known; else each block is looked through for it.
    shifted : bool
        Shift floats as the notes say; not needed for frames of whole numbers whose mean is 0.

    Returns
    -------
    Gram
        int64 of the raw counts, exact, for uint8. For floats float64 of frames centred over ALL their units, and their sums.

    Notes
    -----
    Floats x are shifted by c_t, the mean of the first units of frame t, and the identity
    sum (x_t - m_t)(x_u - m_u) = sum y_t y_u - sum y_t sum y_u / N with y = x - c holds for any c, so one pass does.
    With N units each product is within 4 (N + 2) 2^-53 |y_t| |y_u| of the true one, and far nearer as a rule; a frame
    whose responses are all equal has exactly 0 everywhere.
    """
    accumulator: _Counts | _Centred | None = None
    for block in blocks:
        if block.ndim != 2 or block.dtype not in (torch.uint8, torch.float32):
            raise ValueError(f"a block is {block.dtype} {tuple(block.shape)}, expected uint8 or float32 (T, block)")
        if accumulator is None:
            accumulator = _Counts(block, most) if block.dtype == torch.uint8 else _Centred(block, shifted)
        if block.dtype != accumulator.dtype or len(block) != len(accumulator.total):
            raise ValueError(
                f"a block is {block.dtype} {tuple(block.shape)} after blocks of {accumulator.dtype} "
                f"({len(accumulator.total)}, ...), expected one type and number of frames"
            )
        accumulator.add(block)
    if accumulator is None or accumulator.n_units == 0:
        raise ValueError("a layer without units has no products")
    return replace(accumulator.products(), scale=scale)


def ranked_blocks(blocks: Callable[[], Iterable[Tensor]]) -> Iterator[Tensor]:
    """Ranks of each frame's responses over units, for metrics that correlate frames by Spearman r.

    Parameters
    ----------
    blocks : callable
        Gives the blocks that `products` takes, each time from the start.

    Yields
    ------
    float32 Tensor, shape (T, block)
        Twice the average rank minus N + 1: whole numbers with mean 0, exact for fewer than 2^23 units.
    """
    counted = [
        torch.stack([torch.bincount(row, minlength=256) for row in b]) for b in blocks() if b.dtype == torch.uint8
    ]
    if not counted:
        whole = torch.cat(list(blocks()), dim=1)
        ranks = rankdata(whole.cpu().numpy(), axis=1)
        yield torch.from_numpy(2 * ranks - (whole.shape[1] + 1)).to(whole.device, torch.float32)
        return
    frequency = torch.stack(counted).sum(dim=0)
    # of a value with b units below it and c equal ones the average rank is b + (c + 1) / 2
    below = frequency.cumsum(dim=1) - frequency
    table = (2 * below + frequency - frequency.sum(dim=1, keepdim=True)).to(torch.float32)
    for block in blocks():
        yield table.gather(1, block.to(torch.int64))


class _Counts:
    """Exact sums of products of uint8 counts."""

    dtype = torch.uint8

    def __init__(self, block: Tensor, most: int | None) -> None:
        n, self.most = len(block), most
        self.total = torch.zeros(n, n, dtype=torch.int64, device=block.device)  # upper triangle of tiles only
        self.sums = torch.zeros(n, dtype=torch.int64, device=block.device)
        self.n_units = 0

    def add(self, block: Tensor) -> None:
        if block.numel() == 0:
            return
        exact = exact_product(block.device, int(block.max()) if self.most is None else self.most)
        for part in torch.split(block, exact.columns, dim=1):
            factor = exact.convert(part)
            ones = exact.convert(torch.ones_like(part[:1]))
            self.sums += exact.multiply(factor, ones)[:, 0].to(torch.int64)
            for row in range(0, len(block), ROWS):
                tile = exact.multiply(factor[row : row + ROWS], factor[row:])
                self.total[row : row + ROWS, row:] += tile.to(torch.int64)
        self.n_units += block.shape[1]

    def products(self) -> Gram:
        condensed: NDArray[Any] = condense(self.total.cpu().numpy())
        return Gram(condensed, self.sums.cpu().numpy(), self.n_units)


class _Centred:
    """Sums of products of float responses, each frame centred over its units."""

    dtype = torch.float32

    def __init__(self, block: Tensor, shifted: bool) -> None:
        n = len(block)
        self.total = torch.zeros(n, n, dtype=torch.float64, device=block.device)
        self.sums = torch.zeros(n, dtype=torch.float64, device=block.device)
        self.shift: Tensor | None = None if shifted else self.sums[:, None].clone()
        self.n_units = 0

    def add(self, block: Tensor) -> None:
        for part in torch.split(block, COLUMNS, dim=1):
            responses = part.to(torch.float64)
            if self.shift is None and part.shape[1]:
                self.shift = responses.sum(dim=1, keepdim=True) / part.shape[1]  # equal responses: exactly their value
            if self.shift is not None:
                responses -= self.shift
            self.sums += responses.sum(dim=1)
            for row in range(0, len(block), ROWS):
                self.total[row : row + ROWS, row:] += responses[row : row + ROWS] @ responses[row:].T
        self.n_units += block.shape[1]

    def products(self) -> Gram:
        self.total -= self.sums[:, None] * (self.sums / self.n_units)
        condensed: NDArray[Any] = condense(self.total.cpu().numpy())
        shift = torch.zeros_like(self.sums) if self.shift is None else self.shift[:, 0]
        return Gram(condensed, (self.sums + self.n_units * shift).cpu().numpy(), self.n_units)


@dataclass(frozen=True)
class ExactProduct:
    """How uint8 counts are multiplied exactly.

    Attributes
    ----------
    name : str
        "int8", "float32" or "float64".
    convert : callable
        uint8 (T, n) -> the type that is multiplied.
    multiply : callable
        (a, n), (b, n) -> (a, b), sums over the n units.
    columns : int
        Largest n for which every partial sum is held exactly.
    """

    name: str
    convert: Callable[[Tensor], Tensor]
    multiply: Callable[[Tensor, Tensor], Tensor]
    columns: int


def exact_product(device: torch.device, largest: int) -> ExactProduct:
    """Choose the fastest exact product for counts up to `largest`.

    int8 kernels sum in int32; float32 holds integers below 2^24, float64 below 2^53. Reduced precision of float32
    products (TF32, bfloat16) changes nothing: 0 to 255 are exact there too, and the sums stay in float32.
    """
    square = max(largest, 1) ** 2
    if largest <= 127 and device.type == "cpu" and int8_is_exact():
        return ExactProduct("int8", lambda x: x.view(torch.int8), _int8_product, (2**31 - 1) // square)
    if (2**24 - 1) // square >= COLUMNS // 16:
        return ExactProduct("float32", Tensor.float, _matrix_product, min(COLUMNS, (2**24 - 1) // square))
    return ExactProduct("float64", Tensor.double, _matrix_product, min(COLUMNS, (2**53 - 1) // square))


@cache
def int8_is_exact() -> bool:
    """Try torch's int8 product once on this machine: some processors saturate where others do not."""
    generator = torch.Generator().manual_seed(1)
    counts = torch.randint(0, 128, (33, 4099), generator=generator, dtype=torch.uint8)
    counts[0] = 127
    try:
        product = torch._int_mm(counts.view(torch.int8), counts.view(torch.int8).T)
    except (RuntimeError, AttributeError) as error:
        log.info("int8 products do not work here (%s); float products are used", error)
        return False
    exact = torch.equal(product.double(), counts.double() @ counts.double().T)
    if not exact:
        log.info("int8 products are not exact on this machine; float products are used")
    return exact


def _int8_product(a: Tensor, b: Tensor) -> Tensor:
    if a.shape[1] < 16:  # torch 2.14 leaves the result unset, silently, for a block of one unit
        return _matrix_product(a.float(), b.float())
    return torch._int_mm(a, b.T)


def _matrix_product(a: Tensor, b: Tensor) -> Tensor:
    return a @ b.T
