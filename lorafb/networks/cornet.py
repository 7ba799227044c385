"""CORnet, recurrent inside areas: trained on video (cornet), its spiking twin (s_cornet), and on images (cornet_rt).

At each time step every area reads what the area before it put out at the step BEFORE; so a frame needs four steps to
reach IT, and at the first step V2, V4 and IT have no input: they get silence (zeros) in place of their filtered input,
and their input neurons are not stepped. An area's state is its last output, which lives on from call to call
(`lorafb.networks.state.fresh_state` clears it).
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from lorafb.networks.blocks import MakeNode, check_frames, initialise, lif
from lorafb.networks.state import clear

REPETITIONS = 5
"""Time steps that cornet_rt spends on an image."""


class Area(nn.Module):
    """One cortical area at one time step: filter the input, add its last output, filter again.

    Parameters
    ----------
    inputs, outputs, kernel, stride : int
        Of the input's convolution.
    groups : int
        Groups of the norms.
    node : callable
        Makes the nonlinearities.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, node: MakeNode) -> None:
        super().__init__()
        self.channels, self.stride = outputs, stride
        self.conv_input = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.norm_input = nn.GroupNorm(groups, outputs)
        self.nonlin_input = node()
        self.conv1 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm1 = nn.GroupNorm(groups, outputs)
        self.nonlin1 = node()
        self.output = nn.Identity()
        self.reset()

    def reset(self) -> None:
        """Forget the last output."""
        self.state: Tensor | None = None

    def forward(self, drive: Tensor) -> Tensor:
        """Take the filtered input (B, outputs, H, W) of one time step and return the output, of the same shape."""
        skip = drive if self.state is None else drive + self.state
        self.state = self.output(self.nonlin1(self.norm1(self.conv1(skip))))
        return self.state

    def filtered(self, x: Tensor) -> Tensor:
        """Filter an input (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        drive: Tensor = self.nonlin_input(self.norm_input(self.conv_input(x)))
        return drive


class CORnet(nn.Module):
    """Four areas in a row and a decoder.

    Parameters
    ----------
    classes : int
    widths : sequence of int
        Channels of V1, V2, V4 and IT.
    groups : int
        Groups of the norms.
    size : int or None
        Height and width of the frames, pixels; the published networks take no other. None takes any.
    node : callable
        Makes the nonlinearities.
    """

    def __init__(
        self,
        classes: int,
        widths: Sequence[int] = (64, 128, 256, 512),
        groups: int = 32,
        size: int | None = 224,
        node: MakeNode = nn.ReLU,
    ) -> None:
        super().__init__()
        self.size = size
        self.V1 = Area(3, widths[0], 7, 4, groups, node)
        self.V2 = Area(widths[0], widths[1], 3, 2, groups, node)
        self.V4 = Area(widths[1], widths[2], 3, 2, groups, node)
        self.IT = Area(widths[2], widths[3], 3, 2, groups, node)
        self.decoder = decoder(widths[3], classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map frames (T, B, 3, H, W) to evidence for each class at each time step (T, B, classes)."""
        self.check(x)
        evidence: Tensor = self.decoder(torch.stack([self.step(frame) for frame in x]))
        return evidence

    def step(self, frame: Tensor) -> Tensor:
        """Take one time step of all areas and return IT's output."""
        areas = (self.V1, self.V2, self.V4, self.IT)
        inputs = (frame, *(area.state for area in areas[:-1]))  # of the step before: read before any area runs
        outputs: list[Tensor] = []
        for area, x in zip(areas, inputs, strict=True):
            drive = _silence(area, outputs[-1]) if x is None else area.filtered(x)
            outputs.append(area(drive))
        return outputs[-1]

    def check(self, x: Tensor) -> None:
        """Raise ValueError for frames of a shape that the network does not take."""
        check_frames(x)
        if self.size is not None and x.shape[-2:] != (self.size, self.size):
            height, width = x.shape[-2:]
            raise ValueError(
                f"frames are {height} x {width}, expected {self.size} x {self.size}: the sizes of the maps are built in"
            )


class CORnetRT(CORnet):
    """The same areas shown one image for five time steps; all state is new for each image."""

    def forward(self, x: Tensor) -> Tensor:
        """Map images (T, B, 3, H, W), each seen alone, to evidence for each class (T, B, classes)."""
        self.check(x)
        clear(self)
        images = x.flatten(0, 1)
        for _ in range(REPETITIONS):
            inferior_temporal = self.step(images)
        clear(self)
        evidence: Tensor = self.decoder(inferior_temporal.reshape(*x.shape[:2], *inferior_temporal.shape[1:]))
        return evidence


def _silence(area: Area, before: Tensor) -> Tensor:
    """Zeros in the shape of an area's map, half as high and wide as that of the area before."""
    batch, _, height, width = before.shape
    return before.new_zeros(batch, area.channels, -(-height // area.stride), -(-width // area.stride))


def decoder(inputs: int, classes: int) -> nn.Sequential:
    """Average over space and classify, of (T, B, inputs, H, W)."""
    return nn.Sequential(
        OrderedDict(
            avgpool=layer.AdaptiveAvgPool2d(1, step_mode="m"),
            flatten=nn.Flatten(2),
            linear=nn.Linear(inputs, classes),
        )
    )


def s_cornet(classes: int) -> CORnet:
    """Build the spiking twin: leaky integrate-and-fire neurons for ReLU."""
    return CORnet(classes, node=lif)


cornet = CORnet
cornet_rt = CORnetRT
