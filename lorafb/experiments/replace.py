"""One frame in each window replaced by the same-numbered frame of a noise movie; the recording stays as it is."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import pandas as pd

from lorafb import trials
from lorafb.artefacts.grams import Products
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import Layer, Side, score_layers, sub_block
from lorafb.experiments.table import Labels, joined, tidy
from lorafb.similarity.metrics import Comparison


def score_replace(
    shown: Iterable[Mapping[str, Side]],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    window: int,
    replacement: str,
    best: Mapping[str, Layer] | None = None,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score a network that saw the movie with replaced frames.

    Parameters
    ----------
    shown : iterable of mappings of Products, or of arrays (T, units)
        A trial each: the layers as they responded to the movie with the frames of that trial
        (`lorafb.trials.replaced_frames`) replaced. Read one trial at a time.
    areas, labels, metric
        As for `lorafb.experiments.original.score_original`.
    window : int
        Frames of a window.
    replacement : str
        Kind of the noise movie: gaussian, uniform, black or static.
    best : mapping from area to Layer, optional
        The best layers on the original movie; all layers are scored when not given.
    skip_frames : int
        Frames at the start that no score sees, replaced or not.

    Returns
    -------
    pandas.DataFrame
        Tidy scores with window, trial, ratio and replacement.

    Notes
    -----
    Huang et al. 2024, Figure 4B and 7B.
    """
    frames = trials.movie_frames(areas[0].n_frames, skip_frames)
    shared = {"window": window, "ratio": trials.ratio(window), "replacement": replacement}
    return joined(
        tidy(
            score_layers(layers, areas, frames, metric, best=best),
            labels,
            "replace",
            metric.name,
            trial=trial,
            **shared,
        )
        for trial, layers in enumerate(shown)
    )


def score_replace_still(
    both: Mapping[str, Side],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    replaced: trials.IntArray,
    window: int,
    replacement: str,
    best: Mapping[str, Layer] | None = None,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score a network that sees each frame alone: every trial is made of frames that were shown once.

    Parameters
    ----------
    both : mapping of Products of 2 T frames, or of arrays (2 T, units)
        The layers' responses to the T frames of the movie, then to the T frames of the noise movie.
    replaced : int64, shape (trials, windows)
        From `lorafb.trials.replaced_frames`.
    areas, labels, metric, window, replacement, best, skip_frames
        As for `score_replace`.

    Returns
    -------
    pandas.DataFrame
        As `score_replace`.
    """
    shown = (_Shown(both, order) for order in trials.replaced_orders(areas[0].n_frames, replaced))
    return score_replace(shown, areas, labels, metric, window, replacement, best, skip_frames)


def score_replacements(
    passes: Callable[[int, str, Collection[str]], Mapping[str, Side]],
    areas: Sequence[Area],
    labels: Labels,
    metric: Comparison,
    best: Mapping[str, Layer],
    *,
    windows: Sequence[int],
    kinds: Sequence[str],
    n_trials: int,
    still: bool,
    draws: trials.Draws = "independent",
    seed: int = trials.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Score every window, kind of noise and trial, each area by its best layer on the original movie.

    Parameters
    ----------
    passes : callable
        (window, name, layers) -> those layers of a pass: name `KIND/TRIAL`, or `KIND` of a network that sees frames
        alone, whose layers saw 2 T frames (`lorafb.features.perturbed`).
    areas, labels, metric, best, skip_frames
        As for `score_replace`.
    windows, kinds, n_trials, draws, seed
        As the passes were made.
    still : bool
        Whether the network sees frames alone.
    """
    wanted = {layer.name for layer in best.values()}
    tables = []
    for window in windows:
        replaced = trials.replaced_frames(areas[0].n_frames, window, n_trials, draws, seed)
        for kind in kinds:
            about = areas, labels, metric
            if still:
                both = passes(window, kind, wanted)
                tables.append(score_replace_still(both, *about, replaced, window, kind, best, skip_frames))
            else:
                shown = (passes(window, f"{kind}/{trial}", wanted) for trial in range(n_trials))
                tables.append(score_replace(shown, *about, window, kind, best, skip_frames))
    return joined(tables)


class _Shown(Mapping[str, Side]):
    """The layers with a choice of their frames; each is cut out when it is read, so one is in memory at a time."""

    def __init__(self, layers: Mapping[str, Side], frames: trials.IntArray) -> None:
        self.layers = layers
        self.frames = frames

    def __getitem__(self, name: str) -> Side:
        side = self.layers[name]
        return sub_block(side, self.frames) if isinstance(side, Products) else side[self.frames]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)
