"""A network of one's own: a function that returns a torch module, and nothing else that lorafb must know."""

import torch
from torch import Tensor, nn


class TwoStages(nn.Module):
    """Two stages of convolution, each frame seen alone."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, width, 7, stride=4, padding=3), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU())
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, frames: Tensor) -> Tensor:
        """Take frames [T, B, 3, height, width], normalised; return evidence for classes [T, B, classes]."""
        steps, batch = frames.shape[:2]
        seen = self.second(self.first(frames.flatten(0, 1)))
        return self.classifier(seen.mean(dim=(2, 3))).unflatten(0, (steps, batch))


def make(classes: int, width: int = 8) -> nn.Module:
    """Build it; lorafb calls this with `classes` and with the options of the config."""
    return TwoStages(classes, width)


if __name__ == "__main__":
    print(make(10)(torch.zeros(5, 1, 3, 64, 64)).shape)
