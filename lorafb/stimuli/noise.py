"""Movies that tell nothing of the original: their frames replace some of its own (Figures 4B and 7B of the paper)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lorafb.files import InputError, nearest
from lorafb.stimuli import camera

KINDS = ("gaussian", "uniform", "black", "static")
MEAN, DEVIATION = 127.5, 63.75  # grey, and half the way to black or white: 4.6 % of the values are clipped


def noise(
    kind: str, frames: int, size: int, seed: int, photographs: Sequence[NDArray[np.uint8]] = ()
) -> NDArray[np.uint8]:
    """Make a replacement movie.

    Parameters
    ----------
    kind : str
        `gaussian` and `uniform`: each value of each frame drawn alone; `black`; `static`: unrelated natural scenes.
    frames : int
        Length T; frame k of a seed is the same whatever the length.
    size : int
        Height and width of a frame.
    seed : int
    photographs : sequence of uint8, shape (height, width, 3)
        Where `static` takes its scenes from; the other kinds need none.

    Returns
    -------
    uint8, shape (T, size, size, 3)
    """
    if kind not in KINDS:
        raise InputError(f"noise {kind!r}: expected one of {', '.join(KINDS)}{nearest(kind, KINDS)}")
    if kind == "static" and not photographs:
        raise InputError("noise 'static': no photographs given, expected at least one")
    if kind == "static":
        return camera.scenes(photographs, frames, size, seed)

    movie = np.zeros((frames, size, size, 3), dtype=np.uint8)
    if kind != "black":
        for number in range(frames):
            movie[number] = _values(kind, (size, size, 3), np.random.default_rng([seed, KINDS.index(kind), number]))
    return movie


def _values(kind: str, shape: tuple[int, ...], draws: np.random.Generator) -> NDArray[np.uint8]:
    if kind == "uniform":
        return draws.integers(0, 256, shape, dtype=np.uint8)
    grey = MEAN + DEVIATION * draws.standard_normal(shape, dtype=np.float32)
    return np.asarray(np.clip(np.rint(grey), 0, 255), dtype=np.uint8)
