"""Whole runs of a network over a movie: all layers against six areas, ours and the plain way, and what memory they hold.

The plain way is what a person writes first: a pass of SpikingJelly's layers for each layer, its features as floats, and for
each layer and area the three products of a correlation between two matrices. It takes ten minutes, so it runs once
(`python benchmarks/run.py --parts plain`) and its result is kept.
"""

import time
from collections.abc import Sequence
from typing import Any

import inputs
import numpy as np
import torch
from gpu import with_spikingjelly
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn

from lorafb import trials
from lorafb.artefacts.grams import Pass
from lorafb.artefacts.responses import Responses
from lorafb.experiments.score import score
from lorafb.experiments.table import Labels
from lorafb.features.passes import Movie, show
from lorafb.networks.state import fresh_state
from lorafb.networks.taps import taps
from lorafb.similarity import metrics

CALL = 16
"""Frames in one forward call."""
SLICE = 65536
"""Units multiplied at a time the plain way: no less work, and it fits the memory."""


def clocked(work: Any, *args: Any, **how: Any) -> tuple[Any, dict[str, float]]:
    """Return the result of a call, its wall time and the CPU time of all threads, seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work(*args, **how)
    return result, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def table(made: Pass, areas: Sequence[Responses]) -> dict[str, float]:
    """TSRSA of every layer with every area, by our one function."""
    order = trials.original(len(made.order), areas[0].skip_frames)
    scores = score([(order, made)], areas, [metrics.load("tsrsa")], Labels("", "", "movie"))
    return {f"{one.layer} {one.area}": one.value for one in scores.itertuples()}


def ours(model: nn.Module, layers: Sequence[str], source: Movie, areas: Sequence[Responses], feed: Any) -> Any:
    """One pass for all layers, products on the way, scores."""
    (made,) = show(model, layers, source, [np.arange(source.n_frames)], feed)
    return table(made, areas)


def plain(model: nn.Module, layers: Sequence[str], source: Movie, areas: Sequence[Responses]) -> dict[str, float]:
    """One pass for each layer, three products for each layer and area."""
    scores = {}
    for layer in layers:
        features = plain_features(model, layer, source)[1:]
        for area in areas:
            recorded = torch.from_numpy(area.summed[1:].astype(np.float32))
            pairs = np.triu_indices(len(features), 1)
            r = spearmanr(correlated(features)[pairs], correlated(recorded)[pairs]).statistic
            scores[f"{layer} {area.area}"] = float(r)
    return scores


def plain_features(model: nn.Module, layer: str, source: Movie) -> Tensor:
    """Features of one layer [T, units], float32, from a pass of its own."""
    features: Tensor | None = None
    with torch.no_grad(), fresh_state(model), taps(model, [layer]) as collect:
        for first in range(0, source.n_frames, CALL):
            model(source(np.arange(first, min(first + CALL, source.n_frames)))[:, None])
            rows = collect()[layer].flatten(1)
            features = torch.empty(source.n_frames, rows.shape[1]) if features is None else features
            features[first : first + CALL] = rows
    assert features is not None
    return features


def correlated(responses: Tensor) -> NDArray[np.float64]:
    """Correlate all pairs of rows as two matrices are correlated: the products, and the squares of either side."""
    n, mean = len(responses), responses.mean(dim=1, keepdim=True)
    shared, left, right = torch.zeros(n, n), torch.zeros(n, n), torch.zeros(n, n)
    for part in torch.split(responses, SLICE, dim=1):
        centred = part - mean
        ones, squares = torch.ones_like(centred), centred**2
        shared += centred @ centred.T
        left += squares @ ones.T
        right += ones @ squares.T
    return np.asarray((shared / (left * right).sqrt()).double().numpy())


def run_plain(quick: bool) -> dict[str, Any]:
    """Measure the plain way, whole."""
    torch.set_num_threads(2)
    source, areas = setting(quick)
    model, record = inputs.network(source)
    layers = record.scored[-3:] if quick else record.scored
    scores, took = clocked(plain, with_spikingjelly(model), layers, source, areas)
    return {**took, "frames": source.n_frames, "size": source.size, "layers": len(layers), "scores": scores}


def run_ours(quick: bool) -> dict[str, Any]:
    """Measure our way, and compare its scores with those of the plain way."""
    torch.set_num_threads(2)
    source, areas = setting(quick)
    model, record = inputs.network(source)
    layers = record.scored[-3:] if quick else record.scored
    scores, took = clocked(ours, model, layers, source, areas, record.feed(inputs.TRAINING))
    return {**took, "frames": source.n_frames, "size": source.size, "layers": len(layers), "scores": scores}


def setting(quick: bool, n_frames: int = 900) -> tuple[Any, list[Responses]]:
    """Movie and areas; small ones for a quick run."""
    if quick:
        return inputs.movie(40, 64), inputs.areas(40, {"visp": 40, "visl": 30})
    return inputs.movie(n_frames, 224), inputs.areas(n_frames)
