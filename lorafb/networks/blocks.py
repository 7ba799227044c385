"""What the residual networks are made of: neurons, two kinds of wiring, basic and bottleneck blocks, initial weights.

Norms of the exact spiking goldens do not see epsilon; those of the ReLU networks do: it is torch's default, 1e-5.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import Tensor, nn

MakeNode = Callable[[], nn.Module]
Join = Callable[[Tensor, Tensor], Tensor]


def lif(step_mode: str = "s") -> nn.Module:
    """Leaky integrate-and-fire neurons (appendix A): v = v + (x - v) / 2, spike at v >= 1, reset to 0.

    Parameters
    ----------
    step_mode : "s" or "m"
        Takes one time step (B, ...), or a chunk of them (T, B, ...).
    """
    node: nn.Module = neuron.LIFNode(
        tau=2.0, decay_input=True, surrogate_function=surrogate.ATan(alpha=2.0), detach_reset=True, step_mode=step_mode
    )
    return node


def integrate_and_fire() -> nn.Module:
    """Integrate-and-fire neurons without leak: v = v + x, spike at v >= 1, reset to 0."""
    node: nn.Module = neuron.IFNode(surrogate_function=surrogate.ATan(alpha=2.0), detach_reset=True)
    return node


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


class Block(nn.Module):
    """A main path and a shortcut, joined.

    Parameters
    ----------
    inputs : int
        Channels that come in.
    width : int
        Channels inside; `expansion` times as many go out.
    stride : int
    wiring : Wiring
    join : callable
    """

    expansion: int

    def __init__(self, inputs: int, width: int, stride: int, wiring: Wiring, join: Join) -> None:
        super().__init__()
        self._main(inputs, width, stride, wiring)
        outputs = width * self.expansion
        self.downsample: nn.Module = nn.Identity()
        self.downsample_sn: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(convolution(inputs, outputs, 1, stride), norm(outputs))
            self.downsample_sn = wiring.last()
        self.after = wiring.after()
        self.join = join

    def _main(self, inputs: int, width: int, stride: int, wiring: Wiring) -> None:
        """Make the layers of the main path."""
        raise NotImplementedError

    def main(self, x: Tensor) -> Tensor:
        """Run the main path."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride); with a leading T where layers take chunks."""
        joined: Tensor = self.after(self.join(self.main(x), self.downsample_sn(self.downsample(x))))
        return joined


class BasicBlock(Block):
    """Two 3x3 convolutions."""

    expansion = 1

    def _main(self, inputs: int, width: int, stride: int, wiring: Wiring) -> None:
        self.conv1 = convolution(inputs, width, 3, stride)
        self.bn1 = norm(width)
        self.sn1 = wiring.node()
        self.conv2 = convolution(width, width, 3)
        self.bn2 = norm(width)
        self.sn2 = wiring.last()

    def main(self, x: Tensor) -> Tensor:
        """Run the main path."""
        x = self.sn1(self.bn1(self.conv1(x)))
        x = self.sn2(self.bn2(self.conv2(x)))
        return x


class Bottleneck(Block):
    """A 1x1, a 3x3 (which has the stride) and a 1x1 convolution to four times the width."""

    expansion = 4

    def _main(self, inputs: int, width: int, stride: int, wiring: Wiring) -> None:
        self.conv1 = convolution(inputs, width, 1)
        self.bn1 = norm(width)
        self.sn1 = wiring.node()
        self.conv2 = convolution(width, width, 3, stride)
        self.bn2 = norm(width)
        self.sn2 = wiring.node()
        self.conv3 = convolution(width, width * self.expansion, 1)
        self.bn3 = norm(width * self.expansion)
        self.sn3 = wiring.last()

    def main(self, x: Tensor) -> Tensor:
        """Run the main path."""
        x = self.sn1(self.bn1(self.conv1(x)))
        x = self.sn2(self.bn2(self.conv2(x)))
        x = self.sn3(self.bn3(self.conv3(x)))
        return x


def stage(
    block: type[Block], inputs: int, width: int, n_blocks: int, stride: int, wiring: Wiring, join: str
) -> nn.Sequential:
    """Blocks in a row, the first of which has the stride."""
    if join not in JOINS:
        raise ValueError(f"join '{join}' is none of {', '.join(JOINS)}")
    outputs = width * block.expansion
    first = block(inputs, width, stride, wiring, JOINS[join])
    return nn.Sequential(first, *(block(outputs, width, 1, wiring, JOINS[join]) for _ in range(n_blocks - 1)))


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


def over_time(module: nn.Module, x: Tensor) -> Tensor:
    """Run a module one time step after the other on x (T, B, ...)."""
    return torch.stack([module(step) for step in x])
