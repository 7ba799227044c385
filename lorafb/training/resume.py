"""The file from which a killed training goes on. Continuing another training would give plausible weights: it is refused."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lorafb.files import InputError, lock, whole

logger = logging.getLogger(__name__)


@dataclass
class Progress:
    """How far a training has come.

    Attributes
    ----------
    epoch, step : int
        The optimiser step to do next, both from 0.
    loss, correct, seen : float, int, int
        Sum of the clips' losses, right answers and clips, so far in this epoch.
    epochs : list of dict
        One row of measures a finished epoch.
    best : dict
        State dict with the best test accuracy so far; of equals the first.
    best_epoch : int
        Its epoch; -1 before the first.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0
    epochs: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = -1


class Resume:
    """The file in a side folder that a training is continued from, written whole."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.path = folder / "resume.pt"
        self.identity = dict(identity)

    def save(self, progress: Progress, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Replace the file by the present state."""
        content = {
            "identity": self.identity,
            "progress": vars(progress),
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
        }
        with whole(self.path) as temporary:
            torch.save(content, temporary)

    def load(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> Progress:
        """Go back to the saved state; a new training where there is none.

        Notes
        -----
        A file of a training with other settings is set aside as `resume.other.pt` with a warning that names them.
        """
        if not self.path.exists():
            return Progress()
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises whatever the damage leads to
            raise InputError(
                f"{self.path}: cannot be read ({type(error).__name__}); delete it to train from the start"
            ) from error
        other = differences(content["identity"], self.identity)
        if other:
            aside = self.path.replace(self.path.with_suffix(".other.pt"))
            logger.warning("starting anew: %s is of another training (%s); kept as %s", self.path, other, aside.name)
            return Progress()
        model.load_state_dict(content["model"])
        optimiser.load_state_dict(content["optimiser"])
        progress = Progress(**content["progress"])
        logger.info("continuing at epoch %d, step %d (%s)", progress.epoch, progress.step, self.path)
        return progress


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any], prefix: str = "") -> str:
    """Name the entries in which two nested records differ, as `batch 16, not 32; ...`; empty when they are equal."""
    lines = []
    for key in sorted({*theirs, *ours}):
        old, new = theirs.get(key), ours.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines.append(differences(old, new, f"{prefix}{key}."))
        elif old != new:
            lines.append(f"{prefix}{key} {old}, not {new}")
    return "; ".join(one for one in lines if one)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a training's side folder for this process, and clear what a killed one left half-written."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        file = lock(folder / "lock")
    except BlockingIOError as error:
        raise InputError(f"{folder}: another process trains here; wait for it or give another folder") from error
    with file:
        for left in folder.glob(".resume.*.part.pt"):
            left.unlink()
        yield
