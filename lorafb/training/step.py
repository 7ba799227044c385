"""One optimiser step: passes forward and backward, sums over ranks, guards, the step itself, the average of weights."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lorafb.files import InputError
from lorafb.networks.gathered import gather
from lorafb.networks.lorafb import RecurrentStage
from lorafb.networks.neurons import Neurons
from lorafb.networks.state import fresh_state
from lorafb.training.augment import Targets, mix
from lorafb.training.guards import check_gradients, check_loss, check_memory
from lorafb.training.loading import Batch
from lorafb.training.ranks import Ranks
from lorafb.training.recipe import Recipe, averaging_decay

DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Learner:
    """A network in training, and all that goes from step to step with it and into the resume file.

    Attributes
    ----------
    model : torch.nn.Module
    optimiser : torch.optim.Optimizer
    scaler : torch.amp.GradScaler
        Of the loss; it does nothing but in fp16.
    average : AveragedModel or None
        Moving average of weights and buffers.
    """

    def __init__(
        self, model: nn.Module, recipe: Recipe, ranks: Ranks | None = None, device: torch.device | None = None
    ) -> None:
        self.recipe, self.ranks, self.device = recipe, ranks or Ranks(), device or torch.device("cpu")
        self.model = model.to(self.device)
        if recipe.channels_last:
            model.to(memory_format=torch.channels_last)
        self.optimiser = make_optimiser(recipe, model.parameters())
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        decay = averaging_decay(recipe, self.ranks.world)
        averaging = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(model, multi_avg_fn=averaging, use_buffers=True) if recipe.ema else None
        if recipe.compile:
            compile_neurons(model)
        for stage in model.modules() if recipe.gather else ():
            if isinstance(stage, RecurrentStage):
                gather(stage)

    @property
    def tested(self) -> nn.Module:
        """The network that is tested and kept."""
        return self.model if self.average is None else self.average.module

    def parts(self) -> dict[str, Any]:
        """Name all that has a state dict, as the resume file does."""
        parts = {"model": self.model, "optimiser": self.optimiser, "scaler": self.scaler, "average": self.average}
        return {name: part for name, part in parts.items() if part is not None}

    @contextmanager
    def precision(self) -> Iterator[None]:
        """Run convolutions and the classifier in the recipe's precision; neurons keep float32 by themselves."""
        lower = self.recipe.precision != "float32"
        with torch.autocast(self.device.type, DTYPES[self.recipe.precision] if lower else None, enabled=lower):
            yield


class Outcome:
    """What one step saw and did, on this rank.

    Attributes
    ----------
    loss : float
        Sum over the clips.
    correct, clips : int
    evidence : list of float32 tensors, shape (B, classes)
        Of each pass: the classifier's output, averaged over T, before the step.
    taken : bool
        False where a gradient overflowed in fp16 and the weights stayed.
    """

    def __init__(self) -> None:
        self.loss, self.correct, self.clips, self.taken = 0.0, 0, 0, True
        self.evidence: list[Tensor] = []


def compile_neurons(model: nn.Module) -> None:
    """Run a network's neurons compiled; InputError where it has none, since nothing else would be."""
    neurons = [module for module in model.modules() if isinstance(module, Neurons)]
    if not neurons:
        raise InputError("recipe: compile is for spiking neurons, and this network has none; leave it out")
    for layer in neurons:
        layer.compiled = True


def make_optimiser(recipe: Recipe, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """Make the optimiser; the loop sets its learning rate before each step."""
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)
    return torch.optim.SGD(parameters, recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)


def training_step(
    learner: Learner, passes: Iterable[Batch], clips: int, draws: tuple[int, int, int] = (0, 0, 0)
) -> Outcome:
    """Do one optimiser step, each pass from fresh state.

    Parameters
    ----------
    learner : Learner
    passes : iterable of (float32 frames, shape (T, B, 3, height, width); int64 labels, shape (B,))
        This rank's part of the step.
    clips : int
        In all passes of all ranks: the gradient is that of the mean loss over these.
    draws : (int, int, int)
        Seed, epoch and step: dropout and mixed clips follow from these, the pass and the rank.

    Raises
    ------
    InputError
        A loss or a gradient is not finite, or memory is out.
    """
    learner.optimiser.zero_grad()
    outcome, shown = Outcome(), None
    for number, (frames, labels) in enumerate(passes):
        turn = number * learner.ranks.world + learner.ranks.rank
        stream = np.random.SeedSequence([*draws, turn])
        torch.manual_seed(int(stream.generate_state(1)[0]))
        with check_memory(learner.recipe):
            frames, labels = (one.to(learner.device, non_blocking=True) for one in (frames, labels))
            shown, targets = mix(frames, labels, learner.recipe, np.random.default_rng(stream.spawn(1)[0]))
            _one_pass(learner, shown, targets, clips, outcome)
    if learner.ranks.world > 1:
        _add_up(learner, outcome.clips / clips)
    if learner.scaler.is_enabled():
        scale = learner.scaler.get_scale()
        learner.scaler.unscale_(learner.optimiser)  # the table of gradients has the true ones
        learner.scaler.step(learner.optimiser)
        learner.scaler.update()
        outcome.taken = learner.scaler.get_scale() >= scale
    else:
        with learner.precision():
            check_gradients(learner.model, shown)
        learner.optimiser.step()
    return outcome


def _one_pass(learner: Learner, frames: Tensor, targets: Targets, clips: int, outcome: Outcome) -> None:
    with fresh_state(learner.model):
        with learner.precision():
            steps = learner.model(frames)
        evidence = steps.to(torch.promote_types(steps.dtype, torch.float32)).mean(dim=0)
        loss = targets.loss(evidence, learner.recipe.label_smoothing)
        shown = len(targets.labels)
        scaled = learner.scaler.scale(loss if shown == clips else loss * (shown / clips))
        scaled.backward()  # type: ignore[no-untyped-call]
    if not learner.scaler.is_enabled():
        with learner.precision():
            check_loss(loss, learner.model, frames)
    outcome.loss += float(loss.detach()) * shown
    outcome.correct += targets.correct(evidence)
    outcome.clips += shown
    outcome.evidence.append(evidence.detach())


def _add_up(learner: Learner, share: float) -> None:
    """Sum gradients over the ranks, and take the mean of the norms' running statistics, weighted by clips."""
    learnt = [one for one in learner.model.parameters() if one.requires_grad]
    running = [one for one in learner.model.buffers() if one.is_floating_point()]
    # a rank without clips has no gradients, and a parameter that no rank used must stay without
    used = torch.tensor([one.grad is not None for one in learnt], dtype=learnt[0].dtype, device=learner.device)
    parts = [torch.zeros_like(one) if one.grad is None else one.grad for one in learnt]
    parts += [used, *(one * share for one in running)]
    flat = learner.ranks.add(torch.cat([part.reshape(-1) for part in parts]))
    summed = torch.split(flat, [part.numel() for part in parts])
    for weight, gradient, count in zip(learnt, summed, summed[len(learnt)].tolist(), strict=False):
        weight.grad = torch.empty_like(weight).copy_(gradient.view_as(weight)) if count else None
    for buffer, mean in zip(running, summed[len(learnt) + 1 :], strict=True):
        buffer.copy_(mean.view_as(buffer))


def gradient_norms(model: nn.Module) -> dict[str, float]:
    """Norm of the gradient of each layer that has weights."""
    norms = {}
    for name, layer in model.named_modules():
        gradients = [one.grad for one in layer.parameters(recurse=False) if one.grad is not None]
        if gradients:
            norms[name] = float(nn.utils.get_total_norm(gradients))
    return norms
