"""Whole runs of a network over a movie: all layers against six areas, ours and the plain way, and what memory they hold.

The plain way is what a person writes first: a pass of SpikingJelly's layers for each layer, its features as floats, and for
each layer and area the three products of a correlation between two matrices. It takes ten minutes, so it runs once
(`python benchmarks/run.py --parts plain`) and its result is kept.
"""

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import inputs
import numpy as np
import torch
from gpu import with_spikingjelly
from numpy.typing import NDArray
from scipy.stats import spearmanr
from scoring import Row, in_turn, row
from torch import Tensor, nn

from lorafb import trials
from lorafb.artefacts.grams import Pass
from lorafb.artefacts.provenance import Provenance
from lorafb.artefacts.responses import Responses
from lorafb.experiments.score import score
from lorafb.experiments.table import Labels
from lorafb.features.extract import extract
from lorafb.features.norms import take_statistics
from lorafb.features.passes import Movie, present, show
from lorafb.features.prepare import Frames
from lorafb.features.store import kept_features
from lorafb.networks import build, catalogue
from lorafb.networks.state import fresh_state
from lorafb.networks.taps import taps
from lorafb.similarity import metrics

CALL = 16
"""Frames in one forward call."""
NETWORK, TRAINING = "lorafb_snet18", "ucf101"
NETWORK_AT = "lorafb_snet18 at {0} x {0}"
SETTING = f"{NETWORK_AT.format(224)}, T = 900, 11 layers x 6 areas"
LABELS = Labels("", "", "movie")
SLICE = 65536
"""Units multiplied at a time the plain way: no less work, and it fits the memory."""


def movie(n_frames: int, size: int, normalisation: Any = "half") -> Frames:
    """Random movie whose frames change slowly, as its network sees it."""
    random = np.random.default_rng(0)
    pictures = random.normal(size=(8, size // 8, size // 8, 3)).repeat(8, axis=1).repeat(8, axis=2)
    frames = np.empty((n_frames, size, size, 3), np.uint8)
    for frame, weights in zip(frames, inputs.drift(n_frames, 8, 1), strict=True):
        frame[:] = np.clip(128 + 40 * np.tensordot(weights, pictures, 1), 0, 255)
    return Frames(frames, size, normalisation)


def network(source: Frames, name: str = NETWORK) -> tuple[nn.Module, catalogue.Network]:
    """Network with random weights whose norms know the movie, so that its neurons fire."""
    torch.manual_seed(0)
    record = catalogue.network(name)
    model = build.create(name, classes=record.feed(TRAINING).classes)
    take_statistics(model, source, 16)
    return model.eval(), record


def clocked(work: Any, *args: Any, **how: Any) -> tuple[Any, dict[str, float]]:
    """Return the result of a call, its wall time and the CPU time of all threads, seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work(*args, **how)
    return result, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def table(made: Pass, areas: Sequence[Responses]) -> dict[str, float]:
    """TSRSA of every layer with every area, by our one function."""
    order = trials.original(len(made.order), areas[0].skip_frames)
    scores = score([(order, made)], areas, [metrics.load("tsrsa")], LABELS)
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


def run_plain(quick: bool) -> list[Row]:
    """Measure the plain way, whole."""
    source, areas, model, record = setting(quick)
    layers = record.scored[-3:] if quick else record.scored
    scores, took = clocked(plain, with_spikingjelly(model), layers, source, areas)
    value = f"{took['cpu_s']:.0f} s of CPU, {took['wall_s']:.0f} s on two threads"
    return [row(f"the plain way: {SETTING}", value, **took, **scores)]


def run_ours(quick: bool) -> list[Row]:
    """Measure our way, and compare it with the plain way where that was measured."""
    source, areas, model, record = setting(quick)
    layers = record.scored[-3:] if quick else record.scored
    scores, took = clocked(ours, model, layers, source, areas, record.feed(TRAINING))
    value = f"{took['cpu_s']:.0f} s of CPU, {took['wall_s']:.0f} s on two threads"
    return [row(f"our way: {SETTING}", value, **took, **scores)]


def run_memory(quick: bool) -> list[Row]:
    """Make a pass of 3600 frames with the default memory; the process's peak is what counts."""
    source, _, model, record = setting(quick, 3600)
    layers = record.scored[-3:] if quick else record.scored
    (made,) = show(model, layers, source, [np.arange(source.n_frames)], record.feed(TRAINING))
    return [row(f"a pass of {source.n_frames} frames", f"{len(made.layers)} layers", frames=source.n_frames)]


def run_sweep(quick: bool) -> list[Row]:
    """Shuffle in ten windows, ten times each, beside one original run."""
    n_frames, windows, n_trials = (24, [6], 2) if quick else (96, [2, 5, 10, 15, 20, 30, 40, 60, 80, 96], 10)
    source, rows = movie(n_frames, 64), []
    model, record = network(source)
    areas = inputs.areas(n_frames, {"visp": 60, "visl": 50})
    for kind, training, aim in (("still", "imagenet", 1.5), ("stateful", "ucf101", 1.1)):
        feed = record.feed(training)
        drawn = [one for window in windows for one in trials.shuffles(n_frames, window, n_trials, kind)]
        _, original = clocked(ours, model, record.scored, source, areas, feed)

        def sweep(drawn: Sequence[trials.Trial] = drawn, feed: Any = feed) -> None:
            shown = present(model, record.scored, source, {}, drawn, feed)
            score(((trial.after(1), made) for trial, made in shown), areas, [metrics.load("tsrsa")], LABELS)

        _, swept = clocked(sweep)
        passes = 1 if kind == "still" else len(drawn)
        ratio = swept["cpu_s"] / original["cpu_s"] / passes
        what = f"shuffle sweep of {len(windows)} windows x {n_trials}, {kind} network, T = {n_frames}"
        value = f"{ratio:.2f} original runs" if kind == "still" else f"{ratio:.2f} of the passes it must make"
        rows.append(row(what, value, str(aim), ratio <= aim, ratio=ratio))
    return rows


def run_features(quick: bool) -> list[Row]:
    """Keep all features beside the products, and not: seconds and bytes."""
    n_frames, size = (24, 64) if quick else (96, 224)
    source = movie(n_frames, size)
    model, record = network(source)
    order, feed = [np.arange(n_frames)], record.feed(TRAINING)
    sizes = []

    def passed(keeps: bool) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "features.h5"
            with kept_features(path if keeps else None, n_frames, Provenance()) as keep:
                list(show(model, record.scored, source, order, feed, keep=keep, kept=record.scored))
            if keeps:
                sizes.append(path.stat().st_size)

    took = in_turn({"kept": partial(passed, True), "none": partial(passed, False)}, 1 if quick else 3)
    cost, whole = took["kept"] / took["none"] - 1, sum(features_of(model, record, source)) * n_frames
    value = f"{cost:+.1%} of a pass; {sizes[0] / n_frames / 1e6:.2f} MB a frame, {sizes[0] / whole:.2f} of its values"
    return [row(f"keeping all features of {NETWORK_AT.format(size)}", value, "15 %", cost <= 0.15, cost=cost)]


def features_of(model: nn.Module, record: Any, source: Any) -> list[int]:
    """Units of each layer."""
    units: list[int] = []
    feed = record.feed(TRAINING)
    extract(model, record.scored, source, np.arange(1), feed, lambda block: units.append(block.features.shape[1]))
    return units


def setting(quick: bool, n_frames: int = 900) -> tuple[Any, list[Responses], nn.Module, Any]:
    """Movie, areas and network; small ones for a quick run."""
    torch.set_num_threads(1 if quick else 2)
    source = movie(24, 64) if quick else movie(n_frames, 224)
    areas = inputs.areas(24, {"visp": 40, "visl": 30}) if quick else inputs.areas(n_frames)
    return source, areas, *network(source)
