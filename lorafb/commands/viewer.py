"""A network in front of a screen: what its layers respond to a movie or to many trials, as the metric sees it.

Products of every pair of frames where a metric sees similarities; where it sees responses they lie in a scratch file, of
which one layer at a time is read. All layers of a long movie are never in memory together.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lorafb import job
from lorafb.experiments.scoring import Side
from lorafb.features.estimate import Estimate, estimate
from lorafb.features.extract import Progress, extract
from lorafb.features.passes import movie_pass
from lorafb.features.prepare import FrameSource, Positions
from lorafb.features.store import read_layer, writing
from lorafb.features.stream import trial_products
from lorafb.networks.catalogue import Feed

MEMORY = 2**32
"""Bytes of features that trials may hold; where one layer of one trial is more, trials go through scratch files."""


@dataclass(frozen=True)
class Viewer:
    """A network, ready to be shown movies.

    Attributes
    ----------
    model : nn.Module
    layers : tuple of str
        Its scored layers, in their order.
    feed : Feed
        How it is shown a movie.
    sees : "similarity" or "responses"
        What the metric sees.
    device : torch.device
    scratch : Path
        Folder for temporary files, gone when the viewer is.
    """

    model: nn.Module
    layers: tuple[str, ...]
    feed: Feed
    sees: Literal["similarity", "responses"]
    device: torch.device
    scratch: Path

    def movie(self, source: FrameSource, n_frames: int, layers: Sequence[str] | None = None) -> Mapping[str, Side]:
        """Show frames 0 to `n_frames` - 1 of a source once; by layer Products, or responses (T, units)."""
        layers = self.layers if layers is None else layers
        if self.sees == "similarity":
            return movie_pass(
                self.model, layers, source, n_frames, self.feed, self.scratch, device=self.device, progress=progress()
            )
        path = Path(tempfile.mkdtemp(dir=self.scratch)) / "features.h5"
        with h5py.File(path, "w") as file, writing(file, n_frames) as writer:
            shown = np.arange(n_frames)
            extract(self.model, layers, source, shown, self.feed, writer, device=self.device, progress=progress())
        return StoredResponses(path, tuple(layers))

    def trials(
        self, source: FrameSource, positions: NDArray[np.int64], layers: Sequence[str] | None = None
    ) -> Iterator[Mapping[str, Side]]:
        """Show a source's frames in the orders `positions` (trials, T); what `movie` returns of each, in turn."""
        layers = self.layers if layers is None else layers
        if self.sees == "similarity" and self._fits(source, positions.shape[1], layers):
            made = trial_products(
                self.model,
                layers,
                source,
                positions,
                self.feed,
                memory_bytes=MEMORY,
                device=self.device,
                progress=progress(),
            )
            yield from (products for _, products in made)
            return
        for order in positions:
            with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
                viewer = Viewer(self.model, self.layers, self.feed, self.sees, self.device, Path(folder))
                yield viewer.movie(reordered(source, order), len(order), layers)

    def _fits(self, source: FrameSource, n_frames: int, layers: Sequence[str]) -> bool:
        expected = self.expected(source, n_frames)
        return max(map(expected.layer_bytes, layers)) <= MEMORY

    def expected(self, source: FrameSource, n_frames: int) -> Estimate:
        """Say what a pass will take, from showing the first frame alone."""
        return estimate(self.model, self.layers, source, n_frames, self.feed, device=self.device)


@dataclass(frozen=True)
class StoredResponses(Mapping[str, NDArray[np.float32]]):
    """Responses (T, units) of layers in a file, each read when it is asked for."""

    path: Path
    layers: tuple[str, ...]

    def __getitem__(self, layer: str) -> NDArray[np.float32]:
        with h5py.File(self.path, "r") as file:
            return read_layer(file, layer)

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


def reordered(source: FrameSource, order: NDArray[np.int64]) -> FrameSource:
    """Make a source that shows another's frames in an order (T,)."""

    def shown(positions: Positions) -> Tensor:
        return source(order[positions])

    return shown


def progress() -> Progress | None:
    """Show a bar where somebody looks on."""
    return job.bar("frames") if sys.stderr.isatty() else None
