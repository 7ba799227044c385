"""LoRaFB-SNet, the long-range feedback spiking network, and LoRaFB-CNet, its twin without spikes.

Huang et al. 2024, Figure 1 and appendix A. A stage's output comes back to its own input one time step later, so the
stages run frame by frame; the state is in the neurons and in each stage's previous output
(`lorafb.networks.state.fresh_state` clears both).
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from lorafb.networks.blocks import (
    RELU,
    Block,
    ResidualNetwork,
    Wiring,
    convolution,
    initialise,
    lif,
    norm,
    spiking,
    stage,
)


class RecurrentStage(nn.Module):
    """Feedback, fusion and feed-forward (Figure 1).

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
        self.dwconv: nn.Module = nn.Identity()
        self.bn1: nn.Module = nn.Identity()
        self.sn1: nn.Module = nn.Identity()
        if stride == 2:  # bring the output back to the size of the input, each channel by itself
            self.dwconv = nn.ConvTranspose2d(
                outputs, outputs, 3, stride=2, padding=1, output_padding=1, groups=outputs, bias=False
            )
            self.bn1, self.sn1 = norm(outputs), wiring.node()
        self.pwconv = convolution(inputs + outputs, inputs, 1)
        self.bn = norm(inputs)
        self.sn = wiring.node()
        self.reset()

    def reset(self) -> None:
        """Forget the previous output."""
        self.previous: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Run frame by frame: (T, B, inputs, H, W) to (T, B, outputs, H / stride, W / stride)."""
        return torch.stack([self.step(frame) for frame in x])

    def step(self, x: Tensor) -> Tensor:
        """Take one time step: (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        if self.previous is None:  # silence before the first frame
            batch, _, height, width = x.shape
            previous = x.new_zeros(batch, self.out_channels, height // self.stride, width // self.stride)
        else:
            previous = self.previous

        feedback = self.sn1(self.bn1(self.dwconv(previous)))
        fused = self.sn(self.bn(self.pwconv(torch.cat([x, feedback], dim=1))))
        self.previous = self.sub_module(fused)

        return self.previous


class LoRaFB(ResidualNetwork):
    """Recurrent stages; the other parameters as for `ResidualNetwork`, `Wiring`, `JOINS` and `initialise`."""

    def __init__(
        self,
        blocks: Sequence[int],
        widths: Sequence[int],
        bottleneck: bool,
        classes: int,
        node: tuple[str, nn.Module],
        wiring: Wiring,
        join: str,
        gain: float,
    ) -> None:
        stages = ("recurrent_layer", partial(RecurrentStage, wiring=wiring, join=join))
        multiple_of = 2 ** (1 + len(blocks))  # each stage's feedback doubles its maps exactly
        super().__init__(blocks, widths, bottleneck, classes, node, stages, multiple_of)
        self.add_module(node[0], self._modules.pop(node[0]))  # tables list the layers of neurons in this order
        initialise(self, gain)


def lorafb_snet(
    blocks: Sequence[int], widths: Sequence[int], bottleneck: bool, classes: int, join: str = "add", gain: float = 1.0
) -> LoRaFB:
    """Build the spiking network: leaky integrate-and-fire neurons throughout."""
    return LoRaFB(blocks, widths, bottleneck, classes, ("sn1", lif("m")), spiking(lif), join, gain)


def lorafb_cnet(
    blocks: Sequence[int], widths: Sequence[int], bottleneck: bool, classes: int, gain: float = 1.0
) -> LoRaFB:
    """Build the same graph with ReLU for neurons ("No-spike", Table 2)."""
    return LoRaFB(blocks, widths, bottleneck, classes, ("relu", nn.ReLU()), RELU, "add", gain)
