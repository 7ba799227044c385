"""How a network is trained: the settings, and the learning rate that follows from them; no torch, for the config."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from lorafb.files import InputError, nearest

Optimiser = Literal["sgd", "adamw"]
OPTIMISERS = get_args(Optimiser)
Schedule = Literal["cosine", "step", "exponential"]
SCHEDULES = get_args(Schedule)
Precision = Literal["float32", "fp16", "bf16"]
PRECISIONS = get_args(Precision)


@dataclass(frozen=True)
class Recipe:
    """How to train; every field fits JSON, and together with data, seed and first weights they fix each bit.

    Attributes
    ----------
    epochs : int
        Passes over the training set.
    batch : int
        Clips B of one pass of one process.
    learning_rate : float
        Its highest value, after the warm-up.
    warmup_epochs : int
        Epochs of linear rise from `warmup_decay` x `learning_rate`.
    schedule : str
        What follows: `cosine` to 0 at the end, `step` (x `gamma` every `step_epochs`), `exponential` (x `gamma` an
        epoch).
    by_iteration : bool
        Follow the schedule from step to step instead of from epoch to epoch.
    optimiser : str
        `sgd` (with `momentum`) or `adamw`.
    accumulate : int
        Passes whose gradients are summed for one optimiser step; a step sees `batch` x `accumulate` x processes clips.
    precision : str
        `float32`; or `fp16` (with a loss scale) or `bf16` for convolutions and the classifier, neurons and loss in
        float32.
    channels_last : bool
        Keep the channels of a pixel side by side in memory.
    compile : bool
        Compile the neurons with `torch.compile`: the same spikes, gradients that round otherwise. It needs a C++ compiler,
        or Triton on a GPU.
    gather : bool
        Take a weight's gradient in a stage that runs step by step over all time steps at once: faster, and the sum
        rounds otherwise.
    ema : bool
        Test and keep the exponential moving average of the weights and the buffers, taken every `ema_steps` optimiser
        steps with `ema_decay`, adjusted by clips a step x `ema_steps` / `epochs`.
    label_smoothing : float
        Part of the target spread over all classes, 0 to 1.
    mixup, cutmix : float
        Parameter alpha of the beta distribution that the share of the second clip is drawn from; 0 for none. With both,
        each pass takes one of them with equal chance.

    Notes
    -----
    Huang et al. 2024, appendix C: `VIDEO` and `IMAGENET` below. The batch there is 32 on each of 8 GPUs.
    """

    epochs: int
    batch: int = 32
    learning_rate: float = 0.1
    warmup_epochs: int = 0
    warmup_decay: float = 0.01
    schedule: str = "cosine"
    gamma: float = 0.1
    step_epochs: int = 30
    by_iteration: bool = False
    optimiser: str = "sgd"
    momentum: float = 0.9
    weight_decay: float = 0.0
    accumulate: int = 1
    precision: Precision = "float32"
    channels_last: bool = False
    compile: bool = False
    gather: bool = False
    ema: bool = False
    ema_decay: float = 0.99998
    ema_steps: int = 32
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        for field, value, known in (
            ("optimiser", self.optimiser, OPTIMISERS),
            ("schedule", self.schedule, SCHEDULES),
            ("precision", self.precision, PRECISIONS),
        ):
            if value not in known:
                raise InputError(
                    f"recipe: {field} {value!r}; expected one of {', '.join(known)}{nearest(value, known)}"
                )
        if not 0 <= self.warmup_epochs < self.epochs:
            raise InputError(
                f"recipe: {self.warmup_epochs} warm-up epochs of {self.epochs}; expected 0 or more, but fewer"
            )
        if self.batch < 1 or self.learning_rate <= 0:
            raise InputError(f"recipe: batch {self.batch}, learning rate {self.learning_rate}; expected both above 0")
        if self.accumulate < 1 or self.ema_steps < 1:
            raise InputError(f"recipe: accumulate {self.accumulate}, ema_steps {self.ema_steps}; expected 1 or more")
        if not (0 <= self.label_smoothing < 1 and 0 <= self.ema_decay < 1):
            raise InputError(
                f"recipe: label_smoothing {self.label_smoothing}, ema_decay {self.ema_decay}; expected 0 to below 1"
            )
        if self.mixup < 0 or self.cutmix < 0:
            raise InputError(f"recipe: mixup {self.mixup}, cutmix {self.cutmix}; expected 0 or more")


def from_settings(settings: Mapping[str, Any]) -> Recipe:
    """Take the recipe out of settings that say more, such as a size of frames."""
    return Recipe(**{one.name: settings[one.name] for one in fields(Recipe) if one.name in settings})


VIDEO = Recipe(epochs=100, warmup_epochs=10, warmup_decay=0.001, weight_decay=1e-4, gather=True)
IMAGENET = Recipe(epochs=320, warmup_epochs=5, warmup_decay=0.01, weight_decay=0.0, gather=True)


def learning_rate(recipe: Recipe, epoch: int, step: int = 0, steps: int = 1) -> float:
    """Learning rate of one optimiser step.

    Parameters
    ----------
    recipe : Recipe
    epoch : int
        From 0; at `recipe.epochs`, after the last, a cosine has come to 0.
    step, steps : int
        Step within the epoch, from 0, and steps an epoch; they matter with `by_iteration` alone.
    """
    now = epoch + step / steps if recipe.by_iteration else float(epoch)
    if now < recipe.warmup_epochs:
        risen = recipe.warmup_decay + (1 - recipe.warmup_decay) * now / recipe.warmup_epochs
        return recipe.learning_rate * risen
    since = now - recipe.warmup_epochs
    if recipe.schedule == "step":
        return recipe.learning_rate * math.pow(recipe.gamma, since // recipe.step_epochs)
    if recipe.schedule == "exponential":
        return recipe.learning_rate * math.pow(recipe.gamma, since)
    return recipe.learning_rate * (1 + math.cos(math.pi * since / (recipe.epochs - recipe.warmup_epochs))) / 2


def averaging_decay(recipe: Recipe, processes: int = 1) -> float:
    """Decay of the moving average of weights from one update to the next, for these clips a step and epochs."""
    clips = recipe.batch * recipe.accumulate * processes
    return 1 - min(1.0, (1 - recipe.ema_decay) * clips * recipe.ema_steps / recipe.epochs)
