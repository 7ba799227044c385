"""CORnet-Z and CORnet-S: networks that see still images, each alone, and carry no state."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

from lorafb.networks.blocks import MaxPool, check_frames, initialise
from lorafb.networks.cornet import decoder

EXPANSION = 4
"""Width inside an area of CORnet-S over that of its output."""


class AreaZ(nn.Module):
    """One area of CORnet-Z: convolution, ReLU, pooling."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.nonlin = nn.ReLU()
        self.pool = MaxPool()
        self.output = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / 2 stride, W / 2 stride)."""
        pooled: Tensor = self.output(self.pool(self.nonlin(self.conv(x))))
        return pooled


class AreaS(nn.Module):
    """One area of CORnet-S: a bottleneck that runs several times on its own output, with norms of its own each time.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    times : int
        Runs on one image; the first one halves height and width.
    """

    def __init__(self, inputs: int, outputs: int, times: int) -> None:
        super().__init__()
        inside = outputs * EXPANSION
        self.times = times
        self.conv_input = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.skip = nn.Conv2d(outputs, outputs, 1, stride=2, bias=False)
        self.norm_skip = nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(outputs, inside, 1, bias=False)
        self.conv2 = nn.Conv2d(inside, inside, 3, padding=1, bias=False)
        self.conv3 = nn.Conv2d(inside, outputs, 1, bias=False)
        self.nonlin = nn.ReLU()
        self.output = nn.Identity()
        for time in range(times):
            self.add_module(f"norm1_{time}", nn.BatchNorm2d(inside))
            self.add_module(f"norm2_{time}", nn.BatchNorm2d(inside))
            self.add_module(f"norm3_{time}", nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / 2, W / 2): the output of the last time."""
        x = self.conv_input(x)
        for time in range(self.times):
            shortcut = self.norm_skip(self.skip(x)) if time == 0 else x
            x = self.nonlin(self._norm(1, time, self.conv1(x)))
            x = functional.conv2d(x, self.conv2.weight, stride=2 if time == 0 else 1, padding=1)
            x = self.nonlin(self._norm(2, time, x))
            x = self._norm(3, time, self.conv3(x))
            x = self.nonlin(x + shortcut)
        x = self.output(x)
        return x

    def _norm(self, number: int, time: int, x: Tensor) -> Tensor:
        normed: Tensor = self.get_submodule(f"norm{number}_{time}")(x)
        return normed


class StaticCORnet(nn.Module):
    """Four areas in a row and a decoder; no state."""

    def __init__(self, first: nn.Module, second: nn.Module, third: nn.Module, fourth: nn.Module, classes: int) -> None:
        super().__init__()
        self.V1, self.V2, self.V4, self.IT = first, second, third, fourth
        self.decoder = decoder(512, classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (T, B, 3, H, W), each seen alone, to evidence for each class (T, B, classes)."""
        check_frames(x)
        inferior_temporal = self.IT(self.V4(self.V2(self.V1(x.flatten(0, 1)))))
        evidence: Tensor = self.decoder(inferior_temporal.unflatten(0, x.shape[:2]))
        return evidence


def cornet_z(classes: int) -> StaticCORnet:
    """Build CORnet-Z: one convolution an area."""
    return StaticCORnet(AreaZ(3, 64, 7, 2), AreaZ(64, 128, 3, 1), AreaZ(128, 256, 3, 1), AreaZ(256, 512, 3, 1), classes)


def cornet_s(classes: int) -> StaticCORnet:
    """Build CORnet-S: V2, V4 and IT run 2, 4 and 2 times."""
    return StaticCORnet(_first_area(), AreaS(64, 128, 2), AreaS(128, 256, 4), AreaS(256, 512, 2), classes)


def _first_area() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            norm1=nn.BatchNorm2d(64),
            nonlin1=nn.ReLU(),
            pool=MaxPool(),
            conv2=nn.Conv2d(64, 64, 3, padding=1, bias=False),
            norm2=nn.BatchNorm2d(64),
            nonlin2=nn.ReLU(),
            output=nn.Identity(),
        )
    )
