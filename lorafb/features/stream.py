"""From a pass straight to products, features never on disk: for shuffled and replaced movies, of which there are many.

What is held is one layer's responses to one whole trial, since every pair of frames meets in the products; trials (and,
where one trial is too much, layers) are taken in parts that fit the memory allowed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lorafb.artefacts.grams import Products
from lorafb.features.estimate import Estimate, estimate
from lorafb.features.extract import Block, Progress, extract
from lorafb.features.gram import products
from lorafb.features.prepare import FrameSource
from lorafb.networks.catalogue import Feed


def trial_products(
    model: nn.Module,
    layers: Sequence[str],
    source: FrameSource,
    positions: NDArray[np.integer[Any]],
    feed: Feed,
    *,
    memory_bytes: int,
    device: torch.device | str = "cpu",
    images_at_once: int = 16,
    progress: Progress | None = None,
) -> Iterator[tuple[int, dict[str, Products]]]:
    """Show a network many trials and keep the products of each trial's layers.

    Parameters
    ----------
    model, layers, source, feed, device, images_at_once, progress
        As `extract` takes them. Progress counts the frames of all passes.
    positions : integer, shape (trials, n)
        Positions shown in each trial, in order.
    memory_bytes : int
        Bound of the features held. Trials share the batch as far as it and `images_at_once` allow. Where one trial
        does not fit, its layers share several passes; a single layer that does not fit is a ValueError.

    Yields
    ------
    trial : int
        0, 1, ...
    products : dict of Products
        By layer, in the order of `layers`.
    """
    if positions.ndim != 2:
        raise ValueError(f"positions have shape {positions.shape}, expected (trials, n)")
    n_trials, n_frames = positions.shape
    expected = estimate(model, layers, source, n_frames, feed, device=device)
    together, parts = share_memory(expected, layers, n_trials, memory_bytes, most_trials=images_at_once)
    report = _continued(progress, n_trials * n_frames * len(parts))
    for first in range(0, n_trials, together):
        shown = positions[first : first + together]
        made: list[dict[str, Products]] = [{} for _ in shown]
        for part in parts:
            held = HeldFeatures(n_frames)
            extract(
                model, part, source, shown, feed, held, device=device, images_at_once=images_at_once, progress=report
            )
            for layer in part:
                features, scale = held.take(layer), held.scales[layer]
                for of_trial, responses in zip(made, features, strict=True):
                    of_trial[layer] = products([responses], scale)
        yield from enumerate(made, start=first)


class HeldFeatures:
    """Sink of `extract` that keeps features (trials, n, units) in memory, where the network runs."""

    def __init__(self, n_frames: int) -> None:
        self.n_frames = n_frames
        self.features: dict[str, Tensor] = {}
        self.scales: dict[str, int] = {}

    def __call__(self, block: Block) -> None:
        """Take the next frames of a layer, shape (trials, n, units)."""
        new = block.features
        held = self.features.get(block.layer)
        if held is None:
            held = new.new_empty(len(new), self.n_frames, new.shape[2])
        elif held.dtype != new.dtype:
            held = held.to(torch.float32).div_(self.scales[block.layer])
        held[:, block.first : block.first + new.shape[1]] = new
        self.features[block.layer], self.scales[block.layer] = held, block.scale

    def take(self, layer: str) -> Tensor:
        """Give a layer's features up, (trials, n, units), counts times their scale."""
        return self.features.pop(layer)


def share_memory(
    expected: Estimate, layers: Sequence[str], n_trials: int, memory_bytes: int, *, most_trials: int
) -> tuple[int, list[list[str]]]:
    """Share memory out: how many trials go together, and which layers share a pass.

    Returns
    -------
    together : int
        Trials in one pass, as equal as they come.
    parts : list of lists of str
        Layers of each pass, in order; one part wherever a whole trial fits.
    """
    for layer in layers:
        if expected.layer_bytes(layer) > memory_bytes:
            raise ValueError(
                f"layer '{layer}' takes {expected.layer_bytes(layer) / 1e6:.0f} MB for {expected.n_frames} frames, "
                f"{memory_bytes / 1e6:.0f} MB are allowed"
            )
    if expected.features_bytes <= memory_bytes:
        most = min(n_trials, most_trials, memory_bytes // expected.features_bytes)
        n_passes = -(-n_trials // most)
        return -(-n_trials // n_passes), [list(layers)]
    parts: list[list[str]] = [[]]
    for layer in layers:
        if sum(map(expected.layer_bytes, [*parts[-1], layer])) > memory_bytes:
            parts.append([])
        parts[-1].append(layer)
    return 1, parts


def _continued(progress: Progress | None, frames_in_all: int) -> Progress | None:
    """Count on from pass to pass."""
    if progress is None:
        return None
    before = 0

    def report(done: int, of_this_pass: int) -> None:
        nonlocal before
        progress(before + done, frames_in_all)
        before += done if done == of_this_pass else 0

    return report
