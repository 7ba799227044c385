"""Residual networks: neurons, two kinds of wiring, blocks, stages, the whole network, initial weights.

The batch-norm epsilon does not affect the spiking reference outputs; it does affect those of the ReLU networks. It is
torch's default, 1e-5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn
from torch.nn import functional

from lorafb.networks.neurons import Neurons

MakeNode = Callable[[], nn.Module]
Join = Callable[[Tensor, Tensor], Tensor]
MakeStage = Callable[[type["Block"], int, int, int, int], nn.Module]
"""Block, input channels, width, number of blocks, stride -> a stage."""


def lif(step_mode: str = "s") -> nn.Module:
    """Leaky integrate-and-fire neurons (appendix A): v = v + (x - v) / 2, spike at v >= 1, reset to 0.

    Parameters
    ----------
    step_mode : "s" or "m"
        Takes one time step (B, ...), or a chunk of them (T, B, ...).
    """
    return Neurons(leaky=True, step_mode=step_mode)


def integrate_and_fire() -> nn.Module:
    """Integrate-and-fire neurons without leak: v = v + x, spike at v >= 1, reset to 0."""
    return Neurons(leaky=False)


@dataclass(frozen=True)
class Wiring:
    """Where the nonlinearities of a block stand.

    Attributes
    ----------
    node : callable
        Makes the nonlinearity after every norm of the main path but the last.
    last : callable
        Makes the one after the last norm of the main path and after the norm of the shortcut.
    after : callable
        Makes the one after main path and shortcut are joined.
    """

    node: MakeNode
    last: MakeNode
    after: MakeNode


def spiking(node: MakeNode) -> Wiring:
    """Neurons after every norm, none after the join: the output of a spike-element-wise block counts spikes."""
    return Wiring(node, node, nn.Identity)


RELU = Wiring(nn.ReLU, nn.Identity, nn.ReLU)
"""A plain ResNet: ReLU after the sum, none on the shortcut."""

JOINS: dict[str, Join] = {
    "add": lambda x, y: x + y,
    "and": lambda x, y: x * y,
    "or": lambda x, y: x + y - x * y,
}
"""How a spike-element-wise block joins main path and shortcut; published weights use "add"."""


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Module:
    """Convolution without bias that keeps the size of a map but for the stride."""
    made: nn.Module = layer.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return made


def norm(channels: int) -> nn.Module:
    """Batch norm: over B at each time step, or over T x B where a chunk of time steps comes at once."""
    made: nn.Module = layer.BatchNorm2d(channels)
    return made


class MaxPool(nn.MaxPool2d):
    """Maximum over 3 x 3, of every second row and column; no indices where no gradient needs them."""

    def __init__(self) -> None:
        super().__init__(3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., B, C, H, W) to half the height and width, rounded up."""
        if torch.is_grad_enabled():
            kept: Tensor = super().forward(x.flatten(0, -4))
            return kept.reshape(*x.shape[:-3], *kept.shape[1:])
        rows, between = x[..., ::2, :].clone(), x[..., 1::2, :]
        for here, beside in (
            (rows[..., : between.shape[-2], :], between),
            (rows[..., 1:, :], between[..., : rows.shape[-2] - 1, :]),
        ):
            torch.maximum(here, beside, out=here)
        largest: Tensor = functional.max_pool1d(rows.flatten(0, -2), 3, 2, 1)
        return largest.reshape(*rows.shape[:-1], -1)


class Block(nn.Module):
    """A main path and a shortcut, joined.

    Parameters
    ----------
    inputs : int
        Channels that come in.
    width : int
        Channels inside; `expansion` times as many go out.
    stride : int
        Of the first 3x3 convolution, and of the shortcut.
    wiring : Wiring
    join : callable
    """

    expansion: int
    kernels: tuple[int, ...]
    """Sizes of the main path's convolutions."""

    def __init__(self, inputs: int, width: int, stride: int, wiring: Wiring, join: Join) -> None:
        super().__init__()
        outputs = width * self.expansion
        channels = [inputs, *[width] * (len(self.kernels) - 1), outputs]
        self._main: list[nn.Module] = []  # a plain list: torch would register its modules a second time
        for n, kernel in enumerate(self.kernels, start=1):
            node = wiring.last if n == len(self.kernels) else wiring.node
            here = stride if n - 1 == self.kernels.index(3) else 1
            made = [convolution(channels[n - 1], channels[n], kernel, here), norm(channels[n]), node()]
            for name, module in zip(("conv", "bn", "sn"), made, strict=True):
                self.add_module(f"{name}{n}", module)
            self._main += made
        self.downsample: nn.Module = nn.Identity()
        self.downsample_sn: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(convolution(inputs, outputs, 1, stride), norm(outputs))
            self.downsample_sn = wiring.last()
        self.after = wiring.after()
        self.join = join

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride); with a leading T where layers take chunks."""
        main = x
        for module in self._main:
            main = module(main)
        joined: Tensor = self.after(self.join(main, self.downsample_sn(self.downsample(x))))
        return joined


class BasicBlock(Block):
    """Two 3x3 convolutions."""

    expansion, kernels = 1, (3, 3)


class Bottleneck(Block):
    """A 1x1, a 3x3 (which has the stride) and a 1x1 convolution to four times the width."""

    expansion, kernels = 4, (1, 3, 1)


def stage(
    block: type[Block], inputs: int, width: int, n_blocks: int, stride: int, wiring: Wiring, join: str
) -> nn.Sequential:
    """Blocks in a row, the first of which has the stride."""
    if join not in JOINS:
        raise ValueError(f"join '{join}' is none of {', '.join(JOINS)}")
    outputs = width * block.expansion
    first = block(inputs, width, stride, wiring, JOINS[join])
    return nn.Sequential(first, *(block(outputs, width, 1, wiring, JOINS[join]) for _ in range(n_blocks - 1)))


class ResidualNetwork(nn.Module):
    """Stem, stages (four in the published networks), average over space, classifier.

    Parameters
    ----------
    blocks : sequence of int
        Blocks in each stage.
    widths : sequence of int
        Channels of each stage; those of the first also of the stem.
    bottleneck : bool
        Blocks of three convolutions in place of two.
    classes : int
    node : (str, torch.nn.Module)
        Name and module of the nonlinearity of the stem; it takes chunks.
    stage : (str, callable)
        Name of stage N without N, and what makes it; it takes chunks.
    multiple_of : int
        Of which height and width of a frame must be multiples.
    """

    def __init__(
        self,
        blocks: Sequence[int],
        widths: Sequence[int],
        bottleneck: bool,
        classes: int,
        node: tuple[str, nn.Module],
        stage: tuple[str, MakeStage],
        multiple_of: int = 1,
    ) -> None:
        super().__init__()
        block = Bottleneck if bottleneck else BasicBlock
        ins = [widths[0], *(width * block.expansion for width in widths)]
        self.multiple_of, self.node = multiple_of, node[0]
        self.conv1 = layer.Conv2d(3, widths[0], 7, stride=2, padding=3, bias=False, step_mode="m")
        self.bn1 = layer.BatchNorm2d(widths[0], step_mode="m")
        self.add_module(*node)
        self.maxpool = MaxPool()
        self.stages = [f"{stage[0]}{number}" for number in range(1, len(blocks) + 1)]
        for name, inputs, width, n_blocks in zip(self.stages, ins, widths, blocks, strict=False):
            self.add_module(name, stage[1](block, inputs, width, n_blocks, 1 if name == self.stages[0] else 2))
        self.avgpool = layer.AdaptiveAvgPool2d(1, step_mode="m")
        self.fc = nn.Linear(ins[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map frames (T, B, 3, H, W) to evidence for each class at each time step (T, B, classes)."""
        check_frames(x, self.multiple_of)
        x = self.maxpool(self.get_submodule(self.node)(self.bn1(self.conv1(x))))
        for name in self.stages:
            x = self.get_submodule(name)(x)
        evidence: Tensor = self.fc(self.avgpool(x).flatten(2))
        return evidence


def initialise(model: nn.Module, gain: float = 1.0) -> None:
    """Draw convolutions from Kaiming's normal distribution (fan-out, ReLU gain) by torch's global generator.

    Linear layers keep torch's defaults, and so do norms but for their weight, the `gain`: 1 in the published networks;
    more of it makes more neurons fire at the start, which a training of seconds needs. For a depthwise transposed
    convolution [C, 1, 3, 3] fan-out counts 9 C, as in the published networks.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.constant_(module.weight, gain)


def check_frames(x: Tensor, multiple_of: int = 1) -> None:
    """Raise ValueError unless x is (T, B, 3, H, W) with H and W multiples of a number."""
    if x.dim() != 5 or x.shape[2] != 3:
        raise ValueError(f"frames have shape {tuple(x.shape)}, expected (T, B, 3, H, W)")
    height, width = x.shape[-2:]
    if height % multiple_of or width % multiple_of:
        raise ValueError(
            f"frames are {height} x {width}, expected multiples of {multiple_of}: feedback doubles sizes exactly"
        )
