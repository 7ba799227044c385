"""SEW-ResNet: LoRaFB-SNet's stem and blocks without feedback, with integrate-and-fire neurons.

Nothing comes back, so each layer runs a whole chunk of time steps before the next one starts; the only state is in the
neurons (`lorafb.networks.state.fresh_state` clears it).
"""

from collections.abc import Sequence

from spikingjelly.activation_based import functional, layer
from torch import Tensor, nn

from lorafb.networks.blocks import BasicBlock, Bottleneck, check_frames, initialise, integrate_and_fire, spiking, stage


class SEWResNet(nn.Module):
    """Stem, stages of spike-element-wise blocks (four in the published networks), average over space, classifier.

    Parameters
    ----------
    blocks : sequence of int
        Blocks in each stage.
    widths : sequence of int
        Channels of each stage; those of the first also of the stem.
    bottleneck : bool
        Blocks of three convolutions in place of two.
    classes : int
    join : "add", "and" or "or"
    """

    def __init__(
        self,
        blocks: Sequence[int],
        widths: Sequence[int],
        bottleneck: bool,
        classes: int,
        join: str = "add",
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        block, wiring = Bottleneck if bottleneck else BasicBlock, spiking(integrate_and_fire)
        ins = [widths[0], *(width * block.expansion for width in widths)]
        self.conv1 = layer.Conv2d(3, widths[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = layer.BatchNorm2d(widths[0])
        self.sn1 = integrate_and_fire()
        self.maxpool = layer.MaxPool2d(3, stride=2, padding=1)
        self.stages = [f"layer{number}" for number in range(1, len(blocks) + 1)]
        for name, inputs, width, n_blocks in zip(self.stages, ins, widths, blocks, strict=False):
            self.add_module(name, stage(block, inputs, width, n_blocks, 1 if name == "layer1" else 2, wiring, join))
        self.avgpool = layer.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(ins[-1], classes)
        functional.set_step_mode(self, "m")
        initialise(self, gain)

    def forward(self, x: Tensor) -> Tensor:
        """Map frames (T, B, 3, H, W) to evidence for each class at each time step (T, B, classes)."""
        check_frames(x)
        x = self.maxpool(self.sn1(self.bn1(self.conv1(x))))
        for name in self.stages:
            x = self.get_submodule(name)(x)
        evidence: Tensor = self.fc(self.avgpool(x).flatten(2))
        return evidence


sew_resnet = SEWResNet
