"""ResNet-1p and -2p: 3-D convolutions over space and time in one path or two (the ventral and dorsal model).

They carry no state; their time axis is the frame axis of a clip, zero-padded at its ends, so a frame's features depend
on its place in the clip and on the clip's length.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from lorafb.networks.blocks import check_frames, initialise

N_BLOCKS = 10
DROP_CONNECT = 0.2
DROPOUT = 0.1


class SymmetricConvolution(nn.Conv3d):
    """Filters of which a quarter is learnt; the rest are these turned by 90, 180 and 270 degrees."""

    def __init__(self, outputs: int) -> None:
        super().__init__(3, outputs // 4, (5, 7, 7), stride=(1, 2, 2), padding=(2, 3, 3), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, T, H, W) to (B, outputs, T, H / 2, W / 2)."""
        turned = torch.cat([torch.rot90(self.weight, turns, (3, 4)) for turns in range(4)])
        return functional.conv3d(x, turned, stride=self.stride, padding=self.padding)


class Stem(nn.Module):
    """Symmetric convolution, norm, leaky ReLU, pooling over space."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv1 = SymmetricConvolution(outputs)
        self.bn1 = nn.BatchNorm3d(outputs)
        self.relu = nn.LeakyReLU(0.1)
        self.pool_layer = nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, T, H, W) to (B, outputs, T, H / 4, W / 4)."""
        pooled: Tensor = self.pool_layer(self.relu(self.bn1(self.conv1(x))))
        return pooled


class Branch(nn.Sequential):
    """Main path of a block: over time, over space, and back to the block's width."""

    def __init__(self, inputs: int, inside: int, outputs: int, kernel: int) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            a=nn.Conv3d(inputs, inside, (kernel, 1, 1), padding=(kernel // 2, 0, 0), bias=False),
            a_bn=nn.BatchNorm3d(inside),
            a_relu=nn.ReLU(),
            b=nn.Conv3d(inside, inside, (1, 3, 3), padding=(0, 1, 1), bias=False),
            b_bn=nn.BatchNorm3d(inside),
            b_relu=nn.ReLU(),
            c=nn.Conv3d(inside, outputs, 1, bias=False),
            c_bn=nn.BatchNorm3d(outputs),
        )
        super().__init__(layers)


class ResidualBlock(nn.Module):
    """Main path and shortcut, summed, then ReLU; in training the main path is dropped for some clips."""

    def __init__(self, inputs: int, inside: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.branch1: nn.Module = nn.Identity()
        self.branch1_bn: nn.Module = nn.Identity()
        if inputs != outputs:
            self.branch1 = nn.Conv3d(inputs, outputs, 1, bias=False)
            self.branch1_bn = nn.BatchNorm3d(outputs)
        self.branch2 = Branch(inputs, inside, outputs, kernel)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, T, H, W) to (B, outputs, T, H, W)."""
        main = self.branch2(x)
        if self.training:
            kept = torch.rand(len(x), 1, 1, 1, 1, device=x.device, dtype=x.dtype) >= DROP_CONNECT
            main = main * kept / (1 - DROP_CONNECT)
        summed: Tensor = self.relu(self.branch1_bn(self.branch1(x)) + main)
        return summed


class Path(nn.Module):
    """Ten residual blocks; every second one convolves over three frames."""

    def __init__(self, inputs: int, inside: int, outputs: int) -> None:
        super().__init__()
        blocks: OrderedDict[str, nn.Module] = OrderedDict(
            (f"res{n}", ResidualBlock(outputs if n else inputs, inside, outputs, kernel=3 if n % 2 else 1))
            for n in range(N_BLOCKS)
        )
        self.res_blocks = nn.Sequential(blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, T, H, W) to (B, outputs, T, H, W)."""
        out: Tensor = self.res_blocks(x)
        return out


class VisualNet(nn.Module):
    """The stem and one path or two, both of which read all of the stem's output."""

    OUTPUTS = 128

    def __init__(self, paths: int) -> None:
        super().__init__()
        stem, inside, outputs = 256 // paths, 32 // paths, self.OUTPUTS // paths
        self.path1 = Path(stem, inside, outputs)
        if paths == 2:
            self.path2 = Path(stem, inside, outputs)
        self.s1 = Stem(stem)
        self.paths = paths
        self.dropout = nn.Dropout3d(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to (B, 128, T, H / 4, W / 4), path 1 first."""
        x = self.s1(x)
        out: Tensor = self.dropout(
            torch.cat([self.path1(x), self.path2(x)], dim=1) if self.paths == 2 else self.path1(x)
        )
        return out


class ActionNet(nn.Module):
    """Trained to recognise actions. Its classifier `linear` is in the checkpoint and in no pass."""

    time_axis = 2

    def __init__(self, classes: int, paths: int) -> None:
        super().__init__()
        self.visualnet = VisualNet(paths)
        self.avgpool = nn.AdaptiveAvgPool3d((None, 1, 1))
        self.linear = nn.Linear(VisualNet.OUTPUTS, classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map clips (T, B, 3, H, W) to features averaged over space (T, B, 128).

        The published output is their mean over T.
        """
        return pooled(self.visualnet, self.avgpool, x)


class PredictiveNet(nn.Module):
    """Trained by contrastive predictive coding; `agg` and `network_pred` are in the checkpoint and in no pass."""

    time_axis = 2

    def __init__(self, paths: int) -> None:
        super().__init__()
        width = VisualNet.OUTPUTS
        self.backbone = VisualNet(paths)
        self.avgpool = nn.AdaptiveAvgPool3d((None, 1, 1))
        self.agg = Aggregator(width)
        self.network_pred = nn.Sequential(nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1))
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map clips (T, B, 3, H, W) to features averaged over space (T, B, 128)."""
        return pooled(self.backbone, self.avgpool, x)


class Gates(nn.Module):
    """Weights of a convolutional gated recurrent unit."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.reset_gate = nn.Conv2d(2 * width, width, 1)
        self.update_gate = nn.Conv2d(2 * width, width, 1)
        self.out_gate = nn.Conv2d(2 * width, width, 1)


class Aggregator(nn.Module):
    """One gated unit under the two names that the checkpoint lists it by; loaded in order, the last one stays."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ConvGRUCell_00 = Gates(width)
        self.cell_list = nn.ModuleList([self.ConvGRUCell_00])


def pooled(network: VisualNet, average: nn.Module, x: Tensor) -> Tensor:
    """Show clips (T, B, 3, H, W) and average over space: (T, B, 128)."""
    check_frames(x)
    clips = x.permute(1, 2, 0, 3, 4)
    features: Tensor = average(network(clips))
    return features.flatten(2).permute(2, 0, 1)


def cpc(classes: int, paths: int) -> PredictiveNet:
    """Build a network trained by contrastive predictive coding; it has no classifier, so `classes` says nothing."""
    return PredictiveNet(paths)


ar = ActionNet
