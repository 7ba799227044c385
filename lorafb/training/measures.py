"""How good a network is on the test clips, with its uncertainty, and which of its layers are alive."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from scipy.stats import binomtest
from spikingjelly.activation_based.base import MemoryModule
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from lorafb.networks.state import fresh_state


class Data(Protocol):
    """What a network is trained or tested on."""

    def __len__(self) -> int:
        """Count the clips."""

    def batch(self, numbers: list[int], epoch: int) -> tuple[Tensor, Tensor]:
        """Give float32 frames, shape (T, B, 3, height, width), and int64 labels, shape (B,), from these alone."""


@dataclass(frozen=True)
class Evaluation:
    """Result of one pass over a set.

    Attributes
    ----------
    correct, clips : int
    loss : float
        Mean cross-entropy a clip, in nats.
    rates : dict of str to float
        For each layer of neurons the share of units that are active at a time step, 0 to 1; for spiking neurons this
        is their firing rate in spikes a unit a time step.
    """

    correct: int
    clips: int
    loss: float
    rates: dict[str, float]

    @property
    def accuracy(self) -> float:
        """Share of clips named rightly, 0 to 1."""
        return self.correct / self.clips

    @property
    def silent(self) -> list[str]:
        """Layers in which no unit was ever active: nothing passes them, in either direction."""
        return [layer for layer, rate in self.rates.items() if rate == 0]


def evaluate(model: nn.Module, data: Data, batch: int, device: torch.device) -> Evaluation:
    """Show every clip once, each batch with fresh state, in evaluation mode."""
    model.eval()
    correct, loss = 0, 0.0
    with torch.inference_mode(), _activity(model) as counts:
        for start in range(0, len(data), batch):
            numbers = list(range(start, min(start + batch, len(data))))
            frames, labels = (tensor.to(device) for tensor in data.batch(numbers, epoch=0))
            with fresh_state(model):
                evidence = model(frames).mean(dim=0)
            loss += float(functional.cross_entropy(evidence, labels, reduction="sum"))
            correct += int((evidence.argmax(dim=1) == labels).sum())
    rates = {layer: float(active) / total for layer, (active, total) in counts.items()}
    return Evaluation(correct, len(data), loss / len(data), rates)


def interval(correct: int, clips: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson interval of an accuracy, clips taken as independent draws."""
    low, high = binomtest(correct, clips).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


@contextmanager
def _activity(model: nn.Module) -> Iterator[dict[str, tuple[Tensor, int]]]:
    """Count active and all outputs of each layer of neurons, until the block ends."""
    counts: dict[str, tuple[Tensor, int]] = {}

    def hook(layer: str) -> RemovableHandle:
        def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            active, total = counts.get(layer, (torch.zeros((), dtype=torch.int64, device=output.device), 0))
            counts[layer] = active + torch.count_nonzero(output > 0), total + output.numel()

        return modules[layer].register_forward_hook(count)

    modules = {name: module for name, module in model.named_modules() if isinstance(module, (MemoryModule, nn.ReLU))}
    handles = [hook(layer) for layer in modules]
    try:
        yield counts
    finally:
        for handle in handles:
            handle.remove()
