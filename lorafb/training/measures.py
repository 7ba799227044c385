"""How good a network is on the test clips, with its uncertainty, and which of its layers are alive."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from scipy.stats import binomtest
from spikingjelly.activation_based.base import MemoryModule
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from lorafb.networks.state import fresh_state
from lorafb.training.loading import Data, batches
from lorafb.training.ranks import Ranks


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


def silent(rates: Mapping[str, float]) -> list[str]:
    """Name the layers in which no unit was ever active: nothing passes them, in either direction."""
    return [layer for layer, rate in rates.items() if rate == 0]


def evaluate(
    model: nn.Module,
    data: Data,
    batch: int,
    device: torch.device,
    *,
    ranks: Ranks | None = None,
    workers: int = 0,
    precision: Callable[[], AbstractContextManager[None]] = nullcontext,
    due: Callable[[], bool] = lambda: False,
) -> Evaluation | None:
    """Show every clip once on one of the ranks, each batch with fresh state, in evaluation mode.

    `precision` makes the context in which the network runs; where it is `due` on one of the
    ranks to stop, asked after each batch, there is no result.
    """
    ranks = ranks or Ranks()
    model.eval()
    correct, loss, stopped = 0, 0.0, False
    own = ranks.part(range(len(data)))
    shown = [own[start : start + batch] for start in range(0, len(own), batch)]
    with torch.inference_mode(), activity(model) as counts:
        for frames, labels in batches(data, shown, 0, workers, pin=device.type == "cuda"):
            frames, labels = (tensor.to(device, non_blocking=True) for tensor in (frames, labels))
            with fresh_state(model), precision():
                evidence = model(frames)
            evidence = evidence.to(torch.promote_types(evidence.dtype, torch.float32)).mean(dim=0)
            loss += float(functional.cross_entropy(evidence, labels, reduction="sum"))
            correct += int((evidence.argmax(dim=1) == labels).sum())
            if stopped := due():
                break
    sums = torch.tensor([correct, loss, stopped, *counts.numbers()], dtype=torch.float64, device=device)
    correct, loss, ended, *layers = ranks.add(sums).tolist()
    if ended:
        return None
    return Evaluation(int(correct), len(data), loss / len(data), counts.rates(layers))


def interval(correct: int, clips: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson interval of an accuracy, clips taken as independent draws."""
    low, high = binomtest(correct, clips).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


class Activity:
    """Active and all outputs so far of each layer of neurons, in the order in which they first ran."""

    def __init__(self, layers: Sequence[str]) -> None:
        self.layers = layers
        self.counts: dict[str, tuple[Tensor, int]] = {}

    def add(self, layer: str, output: Tensor) -> None:
        """Count the outputs of one call of a layer."""
        active, total = self.counts.get(layer, (torch.zeros((), dtype=torch.int64, device=output.device), 0))
        self.counts[layer] = active + torch.count_nonzero(output > 0), total + output.numel()

    def numbers(self) -> list[float]:
        """List active and all outputs of every layer, also of those that did not run, to be added up over ranks."""
        counts = [self.counts.get(layer, (0, 0)) for layer in self.layers]
        return [float(number) for pair in counts for number in pair]

    def rates(self, numbers: Sequence[float]) -> dict[str, float]:
        """Share of active outputs of each layer, from the numbers."""
        pairs = dict(zip(self.layers, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
        return {layer: pairs[layer][0] / pairs[layer][1] for layer in [*self.counts, *pairs] if pairs[layer][1]}


@contextmanager
def activity(model: nn.Module) -> Iterator[Activity]:
    """Count active and all outputs of each layer of neurons, until the block ends."""
    modules = {name: module for name, module in model.named_modules() if isinstance(module, (MemoryModule, nn.ReLU))}
    counts = Activity(list(modules))

    def hook(layer: str) -> RemovableHandle:
        def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            counts.add(layer, output.detach())

        return modules[layer].register_forward_hook(count)

    handles = [hook(layer) for layer in modules]
    try:
        yield counts
    finally:
        for handle in handles:
            handle.remove()
