"""What scores are measured on: spike counts that follow slow signals, in areas of the paper's sizes. Loads no torch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Recording
from lorafb.artefacts.responses import Responses
from lorafb.experiments.areas import select_units

UNITS = {
    900: {"visp": 1880, "visl": 861, "visrl": 1302, "visal": 1445, "vispm": 820, "visam": 1394},
    3600: {"visp": 1854, "visl": 851, "visrl": 1267, "visal": 1420, "vispm": 807, "visam": 1366},
}
"""Selected units of the six areas during Movie1 and Movie2 (Huang et al. 2024, Table 3)."""


def drift(n_frames: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """Slow random signals [T, dimensions], AR(1) of coefficient 0.95."""
    signals = np.random.default_rng(seed).normal(size=(n_frames, dimensions))
    for t in range(1, n_frames):
        signals[t] = 0.95 * signals[t - 1] + 0.31 * signals[t]
    return signals


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
