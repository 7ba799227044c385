"""The training loop: each step is a function of the weights, the seed and its number, so a killed run loses no bit."""

import hashlib
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lorafb.files import InputError
from lorafb.networks.state import fresh_state
from lorafb.training.guards import check_finite
from lorafb.training.measures import Data, Evaluation, evaluate, interval
from lorafb.training.recipe import Recipe, learning_rate
from lorafb.training.resume import Progress, Resume, alone

logger = logging.getLogger(__name__)
LINE_S = 30.0  # longest silence of the log


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes
    ----------
    state_dict : dict of str to Tensor
        Weights of the epoch with the best test accuracy, on the CPU.
    meta : dict
        Fits JSON: `test_accuracy`, its 95 % `test_interval`, `test_clips`, `best_epoch`, `last_test_accuracy` (of the
        last epoch, not chosen for being the best), and what defines the training: `recipe`, `seed`, `torch`,
        `threads`, `device`, `first_weights` (sha256) and the caller's own entries.
    epochs : list of dict
        One row an epoch: losses, accuracies, learning rate at its start, rate of each layer of neurons.
    """

    state_dict: dict[str, Tensor]
    meta: dict[str, Any]
    epochs: list[dict[str, float]]

    @property
    def result(self) -> dict[str, float]:
        """Row of a table: test accuracy, its 95 % interval from `low` to `high`, chance, clips, epoch of the weights."""
        low, high = self.meta["test_interval"]
        of_test = {"test_accuracy": self.meta["test_accuracy"], "low": low, "high": high}
        chance = {"chance": 1 / self.meta["classes"]}
        return of_test | chance | {key: self.meta[key] for key in ("test_clips", "best_epoch")}


def train(
    model: nn.Module,
    training: Data,
    test: Data,
    recipe: Recipe,
    seed: int,
    folder: Path | str,
    *,
    identity: Mapping[str, Any] | None = None,
    device: str = "cpu",
    save_every_s: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train a network; go on where a killed run of the same training stopped.

    Parameters
    ----------
    model : torch.nn.Module
        Takes float32 (T, B, 3, height, width), gives (T, B, classes); with its first weights, also when continuing.
    training, test : Data
    recipe : Recipe
    seed : int
        Of the order of the clips and of whatever the network draws.
    folder : path
        Side folder for the resume file; no other training may use it at the same time.
    identity : mapping, optional
        Whatever else defines this training, fit for JSON: the task, hashes of inputs, the digest of the code. A resume
        file made under another identity is not continued.
    device : str
        Number of threads and deterministic algorithms are the caller's to set, before the first step.
    save_every_s : float
        Time between two saves inside an epoch; each epoch's end is saved in any case. It changes no bit.
    progress : callable, optional
        Called after each step with the clips shown so far, and the clips of all epochs.

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        The loss or a gradient is no longer finite: the message names epoch, step and layer.

    Notes
    -----
    State is reset after every batch; the loss is the cross-entropy of the mean over T (Huang et al. 2024, appendix C).
    """
    folder, where = Path(folder), torch.device(device)
    model.to(where)
    optimiser = make_optimiser(recipe, model.parameters())
    made_by = {
        **(identity or {}),
        "recipe": asdict(recipe),
        "seed": seed,
        "first_weights": weights_digest(model),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
        "device": device,
    }
    resume = Resume(folder, made_by)
    with alone(folder), torch.random.fork_rng():
        state = resume.load(model, optimiser)
        steps = math.ceil(len(training) / recipe.batch)
        saved_at = logged_at = time.monotonic()
        while state.epoch < recipe.epochs:
            model.train()
            order = epoch_order(seed, state.epoch, len(training))
            while state.step < steps:
                _one_step(model, optimiser, training, recipe, seed, order, state, where)
                if progress is not None:
                    clips = state.epoch * len(training) + min(state.step * recipe.batch, len(training))
                    progress(clips, recipe.epochs * len(training))
                if time.monotonic() - saved_at >= save_every_s:
                    resume.save(state, model, optimiser)
                    saved_at = time.monotonic()
                if time.monotonic() - logged_at >= LINE_S:
                    loss = state.loss / state.seen
                    logger.info("epoch %d, step %d of %d: loss %.4f", state.epoch, state.step, steps, loss)
                    logged_at = time.monotonic()
            _finish_epoch(model, evaluate(model, test, recipe.batch, where), recipe, state)
            resume.save(state, model, optimiser)
            saved_at = logged_at = time.monotonic()
    return Trained(state.best, {**made_by, **_summary(state, test)}, state.epochs)


def make_optimiser(recipe: Recipe, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """Make the optimiser; the loop sets its learning rate before each step."""
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)
    return torch.optim.SGD(parameters, recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)


def training_step(
    model: nn.Module, optimiser: torch.optim.Optimizer, frames: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor]:
    """Do one optimiser step on one batch, from fresh state.

    Parameters
    ----------
    frames : float32, shape (T, B, 3, height, width)
    labels : int64, shape (B,)

    Returns
    -------
    loss : float32, scalar
    evidence : float32, shape (B, classes)
        The classifier's output, averaged over T, before the step.
    """
    optimiser.zero_grad()
    with fresh_state(model):
        evidence = model(frames).mean(dim=0)
        loss = functional.cross_entropy(evidence, labels)
        loss.backward()  # type: ignore[no-untyped-call]
    check_finite(loss, model, frames)
    optimiser.step()
    return loss.detach(), evidence.detach()


def epoch_order(seed: int, epoch: int, clips: int) -> list[int]:
    """Order in which an epoch shows the clips, from seed and epoch alone."""
    return [int(number) for number in np.random.default_rng([seed, epoch]).permutation(clips)]


def weights_digest(model: nn.Module) -> str:
    """Hash names, shapes and values of a network's state dict (sha256, hex)."""
    digest = hashlib.sha256()
    for key, value in model.state_dict().items():
        digest.update(f"{key} {value.dtype} {tuple(value.shape)};".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _one_step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    training: Data,
    recipe: Recipe,
    seed: int,
    order: list[int],
    progress: Progress,
    device: torch.device,
) -> None:
    epoch, step = progress.epoch, progress.step
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(recipe, epoch, step, math.ceil(len(order) / recipe.batch))
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch, step]).generate_state(1)[0]))  # for dropout
    numbers = order[step * recipe.batch : (step + 1) * recipe.batch]
    frames, labels = (tensor.to(device) for tensor in training.batch(numbers, epoch))
    try:
        loss, evidence = training_step(model, optimiser, frames, labels)
    except InputError as error:
        raise InputError(f"training stopped at epoch {epoch}, step {step}: {error}") from error
    progress.loss += float(loss) * len(numbers)
    progress.correct += int((evidence.argmax(dim=1) == labels).sum())
    progress.seen += len(numbers)
    progress.step += 1


def _finish_epoch(model: nn.Module, result: Evaluation, recipe: Recipe, progress: Progress) -> None:
    row = {
        "epoch": progress.epoch,
        "learning_rate": learning_rate(recipe, progress.epoch),
        "training_loss": progress.loss / progress.seen,
        "training_accuracy": progress.correct / progress.seen,
        "test_loss": result.loss,
        "test_accuracy": result.accuracy,
        **{f"rate:{layer}": rate for layer, rate in result.rates.items()},
    }
    if all(result.accuracy > earlier["test_accuracy"] for earlier in progress.epochs):
        progress.best = {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}
        progress.best_epoch = progress.epoch
    logger.info(
        "epoch %(epoch)d: loss %(training_loss).4f, test loss %(test_loss).4f, test accuracy %(test_accuracy).3f", row
    )
    if result.silent:
        logger.warning("epoch %d: silent layers, no unit active: %s", progress.epoch, ", ".join(result.silent))
    progress.epochs.append(row)
    progress.epoch, progress.step = progress.epoch + 1, 0
    progress.loss, progress.correct, progress.seen = 0.0, 0, 0


def _summary(progress: Progress, test: Data) -> dict[str, Any]:
    clips, independent = len(test), getattr(test, "independent", len(test))
    accuracy = progress.epochs[progress.best_epoch]["test_accuracy"]
    return {
        "test_accuracy": accuracy,
        "test_interval": list(interval(round(accuracy * independent), independent)),
        "test_clips": clips,
        "best_epoch": progress.best_epoch,
        "last_test_accuracy": progress.epochs[-1]["test_accuracy"],
    }
