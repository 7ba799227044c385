"""What a pass costs beside plain SpikingJelly: `python benchmarks/forward.py [--size 224] [--frames 96] [--threads 1 2]`.

LoRaFB-SNet18 is written once more from SpikingJelly's layers alone, with the same weights, and both are shown the same
random movie, 16 frames a call. Of ours there are three passes: bare, with the features of all 11 layers, and with their
products and the scores of six areas. All take turns in one process, forwards and backwards, and are timed by the CPU time of the
process: ratios of one run can be compared, seconds on a shared machine cannot. Both must first give equal spikes.
Prints JSON and a row of a table for each number of threads.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn

from lorafb.networks import build, catalogue
from lorafb.networks.state import fresh_state

CALL = 16
"""Frames in one forward call."""


def lif(step_mode: str = "s") -> nn.Module:
    """Make neurons as appendix A has them."""
    node: nn.Module = neuron.LIFNode(
        tau=2.0, surrogate_function=surrogate.ATan(2.0), detach_reset=True, step_mode=step_mode
    )
    return node


class PlainBlock(nn.Module):
    """Spike-element-wise block of two convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1, self.sn1 = layer.BatchNorm2d(outputs), lif()
        self.conv2 = layer.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2, self.sn2 = layer.BatchNorm2d(outputs), lif()
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                layer.Conv2d(inputs, outputs, 1, stride, bias=False), layer.BatchNorm2d(outputs)
            )
            self.downsample_sn = lif()

    def forward(self, x: Tensor) -> Tensor:
        """Take one time step."""
        main = self.sn1(self.bn1(self.conv1(x)))
        main = self.sn2(self.bn2(self.conv2(main)))
        shortcut = x if self.downsample is None else self.downsample_sn(self.downsample(x))
        out: Tensor = main + shortcut
        return out


class PlainStage(nn.Module):
    """Feedback, fusion and two blocks."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.sub_module = nn.Sequential(PlainBlock(inputs, outputs, stride), PlainBlock(outputs, outputs, 1))
        self.dwconv = None
        if stride == 2:
            self.dwconv = layer.ConvTranspose2d(outputs, outputs, 3, 2, 1, 1, groups=outputs, bias=False)
            self.bn1, self.sn1 = layer.BatchNorm2d(outputs), lif()
        self.pwconv = layer.Conv2d(inputs + outputs, inputs, 1, bias=False)
        self.bn, self.sn = layer.BatchNorm2d(inputs), lif()
        self.outputs, self.stride = outputs, stride
        self.y: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Take a chunk, step by step."""
        out = []
        for frame in x:
            if self.y is None:
                n, _, height, width = frame.shape
                self.y = frame.new_zeros(n, self.outputs, height // self.stride, width // self.stride)
            feedback = self.y if self.dwconv is None else self.sn1(self.bn1(self.dwconv(self.y)))
            self.y = self.sub_module(self.sn(self.bn(self.pwconv(torch.cat([frame, feedback], 1)))))
            out.append(self.y)
        return torch.stack(out)


class PlainNetwork(nn.Module):
    """LoRaFB-SNet18."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(3, 64, 7, 2, 3, bias=False, step_mode="m")
        self.bn1, self.sn1 = layer.BatchNorm2d(64, step_mode="m"), lif("m")
        self.maxpool = layer.MaxPool2d(3, 2, 1, step_mode="m")
        self.recurrent_layer1 = PlainStage(64, 64, 1)
        self.recurrent_layer2 = PlainStage(64, 128, 2)
        self.recurrent_layer3 = PlainStage(128, 256, 2)
        self.recurrent_layer4 = PlainStage(256, 512, 2)
        self.avgpool = layer.AdaptiveAvgPool2d(1, step_mode="m")
        self.fc = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (T, B, 3, H, W) to evidence (T, B, classes)."""
        x = self.maxpool(self.sn1(self.bn1(self.conv1(x))))
        for stage in (self.recurrent_layer1, self.recurrent_layer2, self.recurrent_layer3, self.recurrent_layer4):
            x = stage(x)
        evidence: Tensor = self.fc(self.avgpool(x).flatten(2))
        return evidence

    def reset(self) -> None:
        """Forget the movie."""
        functional.reset_net(self) if not hasattr(self, "_resetting") else None
