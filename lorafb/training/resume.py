"""The file from which a killed training goes on. Continuing another training would give plausible weights: it is refused."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

import torch
from torch import Tensor

from lorafb.files import InputError, lock, whole

logger = logging.getLogger(__name__)
_held: list[IO[bytes]] = []
# a worker that lives a moment longer than a killed training must not hold its lock
os.register_at_fork(after_in_child=lambda: [file.close() for file in _held])


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
    skipped, in_a_row : int
        Steps of this epoch, and the latest ones in a row, whose gradients overflowed in fp16.
    gradients : dict
        Norm of each layer's gradient in the last step of this epoch.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0
    epochs: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = -1
    skipped: int = 0
    in_a_row: int = 0
    gradients: dict[str, float] = field(default_factory=dict)


class Resume:
    """The file in a side folder that a training is continued from, written whole; the one before it is kept."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.path, self.before = folder / "resume.pt", folder / "resume.before.pt"
        self.identity = dict(identity)

    def save(self, progress: Progress, parts: Mapping[str, Any]) -> None:
        """Replace the file by the present state of progress and of all that has a state dict."""
        states = {name: part.state_dict() for name, part in parts.items()}
        with whole(self.path) as temporary:
            torch.save({"identity": self.identity, "progress": vars(progress), **states}, temporary)
            if self.path.exists():  # a name more for the old file: at no time is there none
                self.before.unlink(missing_ok=True)
                self.before.hardlink_to(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self) -> dict[str, Any] | None:
        """Read what was saved; None for a new training.

        Raises
        ------
        InputError
            The file is damaged and there is no earlier one; or other processes made it, of which each has its own part
            of every step.

        Notes
        -----
        A file of a training with other settings is set aside as `resume.other.pt` with a warning that names them.
        """
        content = self._content()
        if content is None:
            return None
        theirs, ours = content["identity"], self.identity
        other = differences(theirs, ours)
        if other and not differences({**theirs, "processes": ours.get("processes")}, ours):
            raise InputError(
                f"{self.path}: this training was made by {theirs.get('processes')} processes, now there are"
                f" {ours.get('processes')}; start as many, or delete the file to train from the start"
            )
        if other:
            aside = self.path.replace(self.path.with_suffix(".other.pt"))
            self.before.unlink(missing_ok=True)
            logger.warning("starting anew: %s is of another training (%s); kept as %s", self.path, other, aside.name)
            return None
        return content

    def _content(self) -> dict[str, Any] | None:
        for path in (self.path, self.before):
            if not path.exists():
                continue
            try:
                return torch.load(path, map_location="cpu", weights_only=True)  # type: ignore[no-any-return]
            except Exception as error:  # torch raises whatever the damage leads to
                damage = f"{path}: cannot be read ({type(error).__name__})"
                if path == self.path and self.before.exists():
                    logger.warning("%s; continuing from %s", damage, self.before.name)
                    continue
                raise InputError(f"{damage}; delete it to train from the start") from error
        return None


def restore(content: Mapping[str, Any] | None, parts: Mapping[str, Any]) -> Progress:
    """Bring everything back to what was saved; the start of a training where nothing was."""
    if content is None:
        return Progress()
    for name, part in parts.items():
        part.load_state_dict(content[name])
    progress = Progress(**content["progress"])
    logger.info("continuing at epoch %d, step %d", progress.epoch, progress.step)
    return progress


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Note SIGTERM and Ctrl-C in place of ending at once, until the block ends; yields whether one came.

    A second Ctrl-C does end at once.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and number in came:
            raise KeyboardInterrupt
        came.append(number)
        logger.info("asked to stop; saving")

    mine = threading.current_thread() is threading.main_thread()  # no other thread may
    former = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT) if mine}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


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
        _held.append(file)
        for left in folder.glob(".resume.*.part.pt"):
            left.unlink()
        try:
            yield
        finally:
            _held.remove(file)
