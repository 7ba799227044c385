"""The torch file of a published stimulus: one float32 tensor (T, 3, H, W), normalised; nothing in the file is executed."""

import re
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from lorafb.artefacts.stimuli import Stimulus
from lorafb.files import InputError


def load(path: Path | str) -> Tensor:
    """Open the tensor of a file.

    Returns
    -------
    float32 Tensor, shape (T, 3, H, W)
        Memory-mapped; files older than torch's zip format are read whole.

    Raises
    ------
    InputError
        The file is missing or damaged, holds something else, or a tensor of another type or shape.
    """
    try:
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # a damaged or hostile pickle raises whatever it likes
        raise InputError(f"{path}: not a torch file that holds one tensor of frames ({_reason(error)})") from None
    if not isinstance(held, Tensor):
        raise InputError(f"{path}: holds a {type(held).__name__}, expected one tensor (T, 3, H, W)")
    if held.dtype != torch.float32 or held.ndim != 4 or held.shape[1] != 3 or 0 in held.shape:
        raise InputError(f"{path}: holds {held.dtype} {tuple(held.shape)}, expected torch.float32 (T, 3, H, W)")
    return held


def _reason(error: Exception) -> str:
    """Say why torch did not read a file, without its advice to trust the file."""
    asked = re.search(r"GLOBAL\s+([\w.]+)", str(error))
    if asked:
        return f"it asks for {asked.group(1)}, which no tensor needs; nothing of it was run"
    return str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__


def stimulus(path: Path | str, frames: int, rate_hz: float) -> Stimulus:
    """Take a published tensor for a movie, as it is.

    Parameters
    ----------
    path : the .pt file
    frames : number of frames T that it must hold
    rate_hz : frames a second

    Returns
    -------
    Stimulus
        float32, shape (T, 3, H, W); nothing is read before it is asked for.
    """
    held = load(path)
    if len(held) != frames:
        raise InputError(f"{path}: holds {len(held)} frames, the config says {frames}")
    return Stimulus(held.numpy(), rate_hz, f"published tensor {Path(path).name}")
