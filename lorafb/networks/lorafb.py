"""LoRaFB-SNet, the long-range feedback spiking network, and LoRaFB-CNet, its twin without spikes.

Huang et al. 2024, Figure 1 and appendix A. A stage's output comes back to its own input one time step later, so the
stages run frame by frame; the state lives in the neurons and in each stage's previous output
(`lorafb.networks.state.fresh_state` clears both).
"""

from collections.abc import Sequence

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from lorafb.networks.blocks import (
    RELU,
    BasicBlock,
    Block,
    Bottleneck,
    Wiring,
    check_frames,
    convolution,
    initialise,
    lif,
    norm,
    over_time,
    spiking,
    stage,
)


class RecurrentStage(nn.Module):
    """Feedback, fusion and feed-forward: one stage at one time step (Figure 1).

    Parameters
    ----------
    block : type of Block
    inputs, width, n_blocks, stride : int
        The stage takes maps of `inputs` channels and puts out `width * block.expansion` channels, smaller by `stride`.
    wiring : Wiring
    join : "add", "and" or "or"
    """

    def __init__(
        self, block: type[Block], inputs: int, width: int, n_blocks: int, stride: int, wiring: Wiring, join: str
    ) -> None:
        super().__init__()
        outputs = width * block.expansion
        self.out_channels, self.stride = outputs, stride
        self.sub_module = stage(block, inputs, width, n_blocks, stride, wiring, join)
        self.dwconv, self.bn1, self.sn1 = _enlarge(outputs, wiring) if stride == 2 else _same_size()
        self.pwconv = convolution(inputs + outputs, inputs, 1)
        self.bn = norm(inputs)
        self.sn = wiring.node()
        self.reset()

    def reset(self) -> None:
        """Forget the previous output."""
        self.previous: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Take one time step: (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        previous = self._silence(x) if self.previous is None else self.previous

        feedback = self.sn1(self.bn1(self.dwconv(previous)))
        fused = self.sn(self.bn(self.pwconv(torch.cat([x, feedback], dim=1))))
        self.previous = self.sub_module(fused)

        return self.previous

    def _silence(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        return x.new_zeros(batch, self.out_channels, height // self.stride, width // self.stride)


def _enlarge(channels: int, wiring: Wiring) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Bring a stage's output back to the size of its input, each channel for itself."""
    transposed = nn.ConvTranspose2d(
        channels, channels, 3, stride=2, padding=1, output_padding=1, groups=channels, bias=False
    )
    return transposed, norm(channels), wiring.node()


def _same_size() -> tuple[nn.Module, nn.Module, nn.Module]:
    """Leave the output of a stage without stride as it is."""
    return nn.Identity(), nn.Identity(), nn.Identity()


class LoRaFB(nn.Module):
    """Stem, recurrent stages (four in the published networks), average over space, classifier.

    Parameters
    ----------
    blocks : sequence of int
        Blocks in each stage.
    widths : sequence of int
        Channels of each stage; those of the first also of the stem.
    bottleneck : bool
        Blocks of three convolutions in place of two.
    classes : int
    wiring : Wiring
    join : "add", "and" or "or"
    """

    def __init__(
        self, blocks: Sequence[int], widths: Sequence[int], bottleneck: bool, classes: int, wiring: Wiring, join: str
    ) -> None:
        super().__init__()
        block = Bottleneck if bottleneck else BasicBlock
        ins = [widths[0], *(width * block.expansion for width in widths)]
        self.conv1 = layer.Conv2d(3, widths[0], 7, stride=2, padding=3, bias=False, step_mode="m")
        self.bn1 = layer.BatchNorm2d(widths[0], step_mode="m")
        self.maxpool = layer.MaxPool2d(3, stride=2, padding=1, step_mode="m")
        self.stages = [f"recurrent_layer{number}" for number in range(1, len(blocks) + 1)]
        for name, inputs, width, n_blocks in zip(self.stages, ins, widths, blocks, strict=False):
            stride = 1 if name == self.stages[0] else 2
            self.add_module(name, RecurrentStage(block, inputs, width, n_blocks, stride, wiring, join))
        self.avgpool = layer.AdaptiveAvgPool2d(1, step_mode="m")
        self.fc = nn.Linear(ins[-1], classes)

    def stem(self, x: Tensor) -> Tensor:
        """Filter a chunk of frames: (T, B, 3, H, W) to (T, B, widths[0], H / 4, W / 4)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Map frames (T, B, 3, H, W) to evidence for each class at each time step (T, B, classes).

        H and W are multiples of 32 for four stages: each stage's feedback doubles its maps exactly.
        """
        check_frames(x, multiple_of=2 ** (1 + len(self.stages)))
        x = self.stem(x)  # no recurrence: the whole chunk at once
        for name in self.stages:
            x = over_time(self.get_submodule(name), x)
        evidence: Tensor = self.fc(self.avgpool(x).flatten(2))
        return evidence


class LoRaFBSNet(LoRaFB):
    """The spiking network: leaky integrate-and-fire neurons throughout; `gain` as for `initialise`."""

    def __init__(
        self,
        blocks: Sequence[int],
        widths: Sequence[int],
        bottleneck: bool,
        classes: int,
        join: str = "add",
        gain: float = 1.0,
    ) -> None:
        super().__init__(blocks, widths, bottleneck, classes, spiking(lif), join)
        self.sn1 = lif(step_mode="m")
        initialise(self, gain)

    def stem(self, x: Tensor) -> Tensor:
        """Filter a chunk of frames: (T, B, 3, H, W) to (T, B, widths[0], H / 4, W / 4)."""
        filtered: Tensor = self.maxpool(self.sn1(self.bn1(self.conv1(x))))
        return filtered


class LoRaFBCNet(LoRaFB):
    """The same graph with ReLU for neurons ("No-spike", Table 2)."""

    def __init__(
        self, blocks: Sequence[int], widths: Sequence[int], bottleneck: bool, classes: int, gain: float = 1.0
    ) -> None:
        super().__init__(blocks, widths, bottleneck, classes, RELU, "add")
        self.relu = nn.ReLU()
        initialise(self, gain)

    def stem(self, x: Tensor) -> Tensor:
        """Filter a chunk of frames: (T, B, 3, H, W) to (T, B, widths[0], H / 4, W / 4)."""
        filtered: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return filtered


lorafb_snet = LoRaFBSNet
lorafb_cnet = LoRaFBCNet
