"""What a pass will take, before it starts: gigabytes that come as a surprise end a night's run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from lorafb.features.extract import Block, extract
from lorafb.features.prepare import FrameSource
from lorafb.networks.catalogue import Feed


@dataclass(frozen=True)
class Estimate:
    """What the features of a pass will take, seen on its first frame.

    Attributes
    ----------
    n_frames : int
        Frames to be shown.
    shapes : dict of tuple
        Axes of each layer's units, (C, H, W).
    bytes_per_value : dict of int
        1 where the first frame gave integers of 0 to 255, else 4.
    """

    n_frames: int
    shapes: dict[str, tuple[int, ...]]
    bytes_per_value: dict[str, int]

    def layer_bytes(self, layer: str) -> int:
        """Bytes of one layer's features, before compression."""
        return self.n_frames * math.prod(self.shapes[layer]) * self.bytes_per_value[layer]

    @property
    def features_bytes(self) -> int:
        """Bytes of all features, before compression: the memory or, at most, the disk they take."""
        return sum(self.layer_bytes(layer) for layer in self.shapes)

    @property
    def products_bytes(self) -> int:
        """Bytes of the products of every pair of frames, all layers."""
        return len(self.shapes) * 8 * self.n_frames * (self.n_frames + 1) // 2

    def images_within(self, memory_bytes: int) -> int:
        """Images in one forward call that this much working memory allows, at least 1.

        An image takes up to four float copies of all layers (measured with networks of depth 18 and 50 at 224 x 224).
        """
        return max(1, memory_bytes // (16 * sum(math.prod(shape) for shape in self.shapes.values())))


def estimate(
    model: nn.Module,
    layers: Sequence[str],
    source: FrameSource,
    n_frames: int,
    feed: Feed,
    *,
    device: torch.device | str = "cpu",
) -> Estimate:
    """Say what a pass of `n_frames` frames will take, from showing the movie's first frame alone.

    A layer that gives integers at first and fractions later takes four times what is said here.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    size: dict[str, int] = {}

    def look(block: Block) -> None:
        shapes[block.layer] = block.shape
        size[block.layer] = block.features.element_size()

    extract(model, layers, source, np.zeros(1, np.int64), feed, look, device=device)
    return Estimate(n_frames, shapes, size)
