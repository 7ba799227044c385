"""Movies in a NumPy array, as Allen's templates do (whatever the ending of the file says)."""

from pathlib import Path

import numpy as np

from lorafb.artefacts import arrays
from lorafb.artefacts.stimuli import Stimulus
from lorafb.files import InputError


def read(path: Path | str, frames: int | None, rate_hz: float) -> Stimulus:
    """Read a movie from a .npy file, which is not trusted: no pickled objects.

    Parameters
    ----------
    path : file that holds uint8 of shape (T, height, width), grey, or (T, height, width, 3)
    frames : number of frames T that it must hold; None takes as many as there are
    rate_hz : frames a second

    Returns
    -------
    Stimulus
        Grey frames stay grey; nothing is read before it is asked for.

    Raises
    ------
    InputError
        The file is no array, of another type or shape, or holds another number of frames.
    """
    values = arrays.load(path, mmap="r")
    if values.dtype != np.uint8 or not (values.ndim == 3 or values.shape[3:] == (3,)):
        found = f"{values.dtype} {list(values.shape)}"
        raise InputError(f"{path}: holds {found}, expected uint8 [frames, height, width] or [frames, height, width, 3]")
    if frames is not None and len(values) != frames:
        raise InputError(f"{path}: holds {len(values)} frames, the config says {frames}")
    return Stimulus(values, rate_hz, f"array file {Path(path).name}")
