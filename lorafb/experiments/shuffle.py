"""Frames shuffled inside windows: the network sees another order, each frame meets the response to the same image."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from lorafb import trials
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import Layer, Side, score_layers
from lorafb.experiments.table import Labels, joined, tidy
from lorafb.similarity.metrics import Comparison


def score_shuffle(
    shown: Iterable[Mapping[str, Side]],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    orders: trials.IntArray,
    window: int,
    best: Mapping[str, Layer] | None = None,
    feed: trials.Feed = "stateful",
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score a network that saw the movie in shuffled orders.

    Parameters
    ----------
    shown : iterable of mappings of Products, or of arrays (T, units)
        A trial each: the layers, frames in the order SHOWN. Read one trial at a time.
    areas : sequence of Area
        Recordings of the movie in its own order.
    labels, metric
        As for `lorafb.experiments.original.score_original`.
    orders : int64, shape (trials, T)
        From `lorafb.trials.shuffled_orders`.
    window : int
        Frames of a window.
    best : mapping from area to Layer, optional
        The best layers on the original movie; all layers are scored when not given.
    feed : "stateful", "clip" or "still"
        Which frame is left out: see `lorafb.trials.scored_positions`.
    skip_frames : int
        Frames left out.

    Returns
    -------
    pandas.DataFrame
        Tidy scores with window, trial and level of chaos.

    Notes
    -----
    Huang et al. 2024, Figure 4A and 7A.
    """
    tables = []
    for trial, (order, layers) in enumerate(zip(orders, shown, strict=True)):
        positions = trials.scored_positions(order, feed, skip_frames)
        scores = score_layers(layers, areas, positions, metric, area_frames=order[positions], best=best)
        chaos = trials.chaos(order)
        tables.append(tidy(scores, labels, "shuffle", metric.name, window=window, trial=trial, chaos=chaos))
    return joined(tables)


def score_shuffle_still(
    layers: Mapping[str, Side],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    orders: trials.IntArray,
    window: int,
    best: Mapping[str, Layer] | None = None,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score a network that sees each frame alone, and so sees the same frames in any order.

    Parameters
    ----------
    layers : mapping of Products, or of arrays (T, units)
        Of the movie in its own order: no trial needs a pass.
    areas, labels, metric, orders, window, best, skip_frames
        As for `score_shuffle`.

    Returns
    -------
    pandas.DataFrame
        As `score_shuffle`. Matched frame by frame, every trial is the original movie, so its score is the original one
        exactly: a property of the network's feed, not a finding.
    """
    frames = np.arange(skip_frames, areas[0].n_frames)
    scores = score_layers(layers, areas, frames, metric, best=best)
    return joined(
        tidy(scores, labels, "shuffle", metric.name, window=window, trial=trial, chaos=trials.chaos(order))
        for trial, order in enumerate(orders)
    )


def score_shuffles(
    passes: Callable[[int, int, Collection[str]], Mapping[str, Side]],
    original: Mapping[str, Side],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    best: Mapping[str, Layer],
    *,
    windows: Sequence[int],
    n_trials: int,
    feed: trials.Feed,
    draws: trials.Draws = "independent",
    seed: int = trials.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score every window and trial, each area by its best layer on the original movie.

    Parameters
    ----------
    passes : callable
        (window, trial, layers) -> those layers of a pass, frames in the order shown; not asked of a network that sees
        frames alone.
    original : mapping of Products, or of arrays (T, units)
        Of the movie in its own order.
    areas, labels, metric, best, feed, skip_frames
        As for `score_shuffle`.
    windows, n_trials, draws, seed
        As the passes were made.
    """
    wanted = {layer.name for layer in best.values()}
    tables = []
    for window in windows:
        orders = trials.shuffled_orders(areas[0].n_frames, window, n_trials, draws, seed)
        about = areas, labels, metric, orders, window, best
        if feed == "still":
            tables.append(score_shuffle_still(original, *about, skip_frames))
        else:
            shown = (passes(window, trial, wanted) for trial in range(n_trials))
            tables.append(score_shuffle(shown, *about, feed, skip_frames))
    return joined(tables)
