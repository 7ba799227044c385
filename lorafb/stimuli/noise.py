"""Noise movies: their frames replace some of the original ones (Figures 4B and 7B of the paper)."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.stimuli import LazyFrames
from lorafb.files import InputError, nearest

Kind = Literal["gaussian", "uniform", "black", "static"]
KINDS = get_args(Kind)
MEAN, DEVIATION = 127.5, 63.75  # grey, and half the way to black or white: 4.6 % of the values are clipped


def noise(
    kind: str, frames: int, size: tuple[int, int], seed: int, photographs: Sequence[NDArray[np.uint8]] = ()
) -> LazyFrames:
    """Make a replacement movie, each frame when it is asked for.

    Parameters
    ----------
    kind : str
        `gaussian` and `uniform`: each value of each frame drawn alone; `black`; `static`: unrelated natural scenes.
    frames : int
        Length T; frame k of a seed is the same whatever the length.
    size : (height, width)
        Of a frame.
    seed : int
    photographs : sequence of uint8, shape (height, width, 3)
        Where `static` takes its scenes from; the other kinds need none.

    Returns
    -------
    LazyFrames
        uint8, shape (T, height, width, 3).
    """
    if kind not in KINDS:
        raise InputError(f"noise {kind!r}: expected one of {', '.join(KINDS)}{nearest(kind, KINDS)}")
    if kind == "static" and not photographs:
        raise InputError("noise 'static': no photographs given, expected at least one")

    from lorafb.stimuli import camera  # scipy takes a second to load, and the config reads `Kind` here

    def frame(number: int) -> NDArray[np.uint8]:
        if kind == "black":
            return np.zeros((*size, 3), np.uint8)
        if kind == "static":
            return _middle(camera.scene(photographs, number, max(size), seed), size)
        return _values(kind, (*size, 3), np.random.default_rng([seed, KINDS.index(kind), number]))

    return LazyFrames((frames, *size, 3), frame)


def _middle(scene: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut (height, width) out of the middle of a square scene."""
    down, across = ((len(scene) - side) // 2 for side in size)
    return scene[down : down + size[0], across : across + size[1]]


def _values(kind: str, shape: tuple[int, ...], draws: np.random.Generator) -> NDArray[np.uint8]:
    if kind == "uniform":
        return draws.integers(0, 256, shape, dtype=np.uint8)
    grey = MEAN + DEVIATION * draws.standard_normal(shape, dtype=np.float32)
    return np.asarray(np.clip(np.rint(grey), 0, 255), dtype=np.uint8)
