"""SEW-ResNet: LoRaFB-SNet's stem and blocks without feedback, with integrate-and-fire neurons.

There is no feedback, so each layer runs a whole chunk of time steps before the next one starts; the only state is in
the neurons (`lorafb.networks.state.fresh_state` clears it).
"""

from collections.abc import Sequence
from functools import partial

from spikingjelly.activation_based import functional

from lorafb.networks.blocks import ResidualNetwork, initialise, integrate_and_fire, spiking, stage


class SEWResNet(ResidualNetwork):
    """Spike-element-wise blocks; `join` is "add", "and" or "or", `gain` as for `initialise`."""

    def __init__(
        self,
        blocks: Sequence[int],
        widths: Sequence[int],
        bottleneck: bool,
        classes: int,
        join: str = "add",
        gain: float = 1.0,
    ) -> None:
        wiring = spiking(integrate_and_fire)
        stages = ("layer", partial(stage, wiring=wiring, join=join))
        super().__init__(blocks, widths, bottleneck, classes, ("sn1", integrate_and_fire()), stages)
        functional.set_step_mode(self, "m")
        initialise(self, gain)


sew_resnet = SEWResNet
