"""What every benchmark of a study is measured on: a random movie that drifts, and areas of the paper's sizes that follow it."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lorafb.artefacts.recordings import Recording
from lorafb.artefacts.responses import Responses
from lorafb.experiments.areas import select_units
from lorafb.features.norms import take_statistics
from lorafb.features.prepare import Frames
from lorafb.networks import build, catalogue

UNITS = {
    900: {"visp": 1880, "visl": 861, "visrl": 1302, "visal": 1445, "vispm": 820, "visam": 1394},
    3600: {"visp": 1854, "visl": 851, "visrl": 1267, "visal": 1420, "vispm": 807, "visam": 1366},
}
"""Selected units of the six areas during Movie1 and Movie2 (Huang et al. 2024, Table 3)."""
NETWORK, TRAINING = "lorafb_snet18", "ucf101"


def drift(n_frames: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """Slow random signals [T, dimensions], AR(1) of coefficient 0.95."""
    signals = np.random.default_rng(seed).normal(size=(n_frames, dimensions))
    for t in range(1, n_frames):
        signals[t] = 0.95 * signals[t - 1] + 0.31 * signals[t]
    return signals


def movie(n_frames: int, size: int, normalisation: Any = "half") -> Frames:
    """Random movie whose frames change slowly, as its network sees it."""
    random = np.random.default_rng(0)
    pictures = random.normal(size=(8, size // 8, size // 8, 3)).repeat(8, axis=1).repeat(8, axis=2)
    frames = np.empty((n_frames, size, size, 3), np.uint8)
    for frame, weights in zip(frames, drift(n_frames, 8, 1), strict=True):
        frame[:] = np.clip(128 + 40 * np.tensordot(weights, pictures, 1), 0, 255)
    return Frames(frames, size, normalisation)


def network(source: Frames, name: str = NETWORK) -> tuple[nn.Module, catalogue.Network]:
    """Network with random weights whose norms know the movie, so that its neurons fire."""
    torch.manual_seed(0)
    record = catalogue.network(name)
    model = build.create(name, classes=record.feed(TRAINING).classes)
    take_statistics(model, source, 32)
    return model.eval(), record


def counts(n_frames: int, n_units: int, seed: int) -> NDArray[np.uint8]:
    """Spike counts [T, units] of units that follow slow signals."""
    random = np.random.default_rng(seed)
    drive = drift(n_frames, 12, 1) @ random.normal(size=(12, n_units))
    return np.minimum(random.poisson(np.exp(0.4 * drive + random.normal(0, 0.7, n_units))), 255).astype(np.uint8)


def areas(n_frames: int, units: dict[str, int] | None = None) -> list[Responses]:
    """Six areas of the paper's sizes, counts summed over repeats."""
    sizes = units or UNITS[3600 if n_frames > 900 else 900]
    return [area(name, counts(n_frames, n, seed)) for seed, (name, n) in enumerate(sizes.items(), 2)]


def area(name: str, summed: NDArray[Any]) -> Responses:
    """Responses of an area from summed counts [T, units], units in one session."""
    columns = {"unit_id": np.arange(summed.shape[1]), "session": np.zeros(summed.shape[1], np.int64)}
    return select_units(Recording(name, "movie", 30.0, 20, None, summed, columns), {"skip_frames": 1})
