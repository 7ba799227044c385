"""The one function that scores: trials of a network against areas of cortex, by any metric.

A clip, a front and a shuffled order are parts of one Gram matrix. A frame without variance leaves a layer without a score:
a warning says so, and the score is NaN.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.grams import Pass, centred, raw
from lorafb.artefacts.responses import Responses
from lorafb.experiments.rsm import correlations
from lorafb.experiments.table import Best, Labels, Layer, Score, UndefinedScore, joined, tidy
from lorafb.similarity.coordinates import coordinates_of_products
from lorafb.similarity.metrics import Comparison
from lorafb.similarity.pearson import pearson_from_centred, undefined_frames
from lorafb.similarity.ranks import unit
from lorafb.similarity.tsrsa import spearman
from lorafb.trials import FeedKind, IntArray, Trial

FloatArray = NDArray[np.float64]


def score(
    passes: Iterable[tuple[Trial, Pass]],
    areas: Sequence[Responses],
    metrics: Sequence[Comparison],
    labels: Labels,
    best: Mapping[str, Best] | None = None,
) -> pd.DataFrame:
    """Score every trial by every metric that it makes sense for.

    Parameters
    ----------
    passes : iterable of (Trial, Pass)
        Each trial with the pass that it is part of; read one at a time.
    areas : sequence of Responses
        Recordings of the movie in its own order.
    metrics : sequence of Comparison
        From `lorafb.similarity.metrics.load`.
    labels : Labels
    best : mapping from metric to mapping from area to Layer, optional
        Score for each area only its best layer on the original movie. All layers are scored when not given.

    Returns
    -------
    pandas.DataFrame
        Tidy scores (`lorafb.experiments.table.COLUMNS`); where all layers are scored, each area's best is marked.

    Notes
    -----
    Huang et al. 2024, sections 3.3 and 4.
    """
    tables = []
    previous: dict[str, tuple[Trial, Pass, list[Score]]] = {}
    for trial, made in passes:
        for metric in (one for one in metrics if makes_sense(one, trial)):
            last = previous.get(metric.name)
            if last and last[1] is made and _same_scores(last[0], trial):
                scores = last[2]  # a shuffle of a network that sees frames alone: every trial is the original movie
            else:
                scores = score_layers(trial, made, areas, metric, None if best is None else best[metric.name])
            previous[metric.name] = trial, made, scores
            tables.append(tidy(scores, labels, trial.experiment, metric.name, **trial.labels))
    return joined(tables)


def _same_scores(one: Trial, other: Trial) -> bool:
    return np.array_equal(one.scored, other.scored) and np.array_equal(one.recorded, other.recorded)


def makes_sense(metric: Comparison, trial: Trial) -> bool:
    """Whether a metric has an answer for a trial: enough frames, and the whole movie where its value depends on length."""
    partial = trial.experiment in ("clip", "front")
    return len(trial.scored) >= metric.fewest_frames and not (metric.whole_movie and partial)


def parts_of(
    made: Pass, trials: Iterable[Trial], feed: FeedKind = "stateful", chunk: int = 1
) -> Iterator[tuple[Trial, Pass]]:
    """Trials as parts of a pass; a front that ends inside a chunk needs its own pass and is left out.

    Raises
    ------
    ValueError
        If the pass lacks a frame of another trial.
    """
    for trial in trials:
        part = trial.within(made.order, feed, chunk)
        if part is not None:
            yield part, made
        elif trial.experiment != "front":
            raise ValueError(
                f"a trial of {trial.experiment} ({dict(trial.labels)}) is not part of the pass it belongs to"
            )


def score_layers(
    trial: Trial, made: Pass, areas: Sequence[Responses], metric: Comparison, best: Best | None = None
) -> list[Score]:
    """Score the layers of one pass against areas.

    Parameters
    ----------
    trial, made, areas, metric
        As for `score`.
    best : mapping from area to Layer, optional
        Only this layer is scored for an area, and an area without one has score NaN.

    Returns
    -------
    list of Score
        Layer by layer, in each area by area.

    Raises
    ------
    ValueError
        If a recorded frame is asked for that an area does not have, or a layer is missing.
    """
    _same_frames(trial, made, areas)
    trials = [without_frames(trial, area.left_out) for area in areas]
    prepared = [
        _prepare_area(area, own, metric) if len(own.scored) >= metric.fewest_frames else None
        for area, own in zip(areas, trials, strict=True)
    ]
    scores = []
    for layer in _wanted(list(made.layers), areas, best):
        models: dict[bytes, NDArray[Any]] = {}  # areas that leave out the same frames share a layer's side
        for area, own, cortex in zip(areas, trials, prepared, strict=True):
            if best is None or best.get(area.area) == layer:
                value, frames = float("nan"), own.scored.tobytes()
                if cortex is not None:
                    if frames not in models:
                        models[frames] = _prepare_layer(layer.name, made, own, metric)
                    value = metric.compare(models[frames], cortex)
                scores.append(Score(area.area, layer.name, layer.index, value, best is not None))
    if best is None:
        return mark_best(scores)
    return scores + [Score(area.area, "", None, float("nan"), True) for area in areas if area.area not in best]


def mark_best(scores: Iterable[Score]) -> list[Score]:
    """Mark each area's highest score, the first of equals; NaN is never the highest."""
    scores = list(scores)
    highest: dict[str, Score] = {}
    for one in scores:
        if one.value > (highest[one.area].value if one.area in highest else -np.inf):
            highest[one.area] = one
    return [one._replace(best=highest.get(one.area) is one) for one in scores]


def without_frames(trial: Trial, left_out: IntArray) -> Trial:
    """Trial without the recorded frames that an area leaves out."""
    kept = ~np.isin(trial.recorded, left_out)
    return trial if kept.all() else replace(trial, scored=trial.scored[kept], recorded=trial.recorded[kept])


def _wanted(names: Sequence[str], areas: Sequence[Responses], best: Best | None) -> list[Layer]:
    if best is None:
        return [Layer(name, index) for index, name in enumerate(names)]
    wanted = {best[area.area] for area in areas if area.area in best}
    missing = [layer.name for layer in wanted if layer.name not in names]
    if missing:
        raise ValueError(f"no layer {', '.join(missing)}: there are {', '.join(names)}")
    return sorted(wanted, key=lambda layer: layer.index)


def _same_frames(trial: Trial, made: Pass, areas: Sequence[Responses]) -> None:
    for name, gram in made.layers.items():
        if gram.n_frames != len(trial.order):
            raise ValueError(f"layer {name} saw {gram.n_frames} frames, the trial shows {len(trial.order)}")
    for area in areas:
        if len(trial.recorded) and trial.recorded.max() >= area.n_frames:
            raise ValueError(
                f"frame {trial.recorded.max()} was shown, {area.area} has {area.n_frames} frames ({area.movie}): "
                "model and recording must be of the same frames"
            )


def _prepare_layer(name: str, made: Pass, trial: Trial, metric: Comparison) -> NDArray[Any]:
    frames = trial.scored
    if metric.ranked:
        if name not in made.ranked:
            raise ValueError(f"layer {name}: metric {metric.name} needs the ranks of responses, and the pass has none")
        seen = pearson_from_centred(centred(made.ranked[name], frames))
    elif metric.sees == "rsm":
        seen = correlations(made.layers[name], frames)
    else:
        seen = raw(made.layers[name], frames)
    if metric.sees == "responses":
        seen = coordinates_of_products(seen, made.layers[name].n_units)
    model = metric.model(seen)
    return _defined(f"layer {name}", model, seen, frames, metric)


def _prepare_area(area: Responses, trial: Trial, metric: Comparison) -> NDArray[Any]:
    frames, name = trial.recorded, f"area {area.area}"
    if metric.name == "tsrsa" and metric.ties == area.ties and np.array_equal(frames, area.scored):
        ranked = unit(area.ranks)  # of the whole movie, made when the units were selected
        if not np.isnan(ranked).any():
            return ranked
    if metric.ranked:
        seen: NDArray[Any] = spearman(area.summed[frames])
    elif metric.sees == "rsm":
        seen = correlations(area.gram, frames)
    else:
        seen = raw(area.gram, frames) if metric.sees == "products" else area.summed[frames]
    return _defined(name, metric.area(seen), seen, frames, metric)


def _defined(
    name: str, prepared: NDArray[Any], seen: NDArray[Any], frames: IntArray, metric: Comparison
) -> NDArray[Any]:
    """Warn where a side has no score, and why."""
    if np.isnan(prepared).any():
        warnings.warn(UndefinedScore(f"{name}: {_reason(seen, frames, metric)}"), stacklevel=5)
    return prepared


def _reason(seen: NDArray[Any], frames: IntArray, metric: Comparison) -> str:
    if metric.sees == "rsm" and len(silent := undefined_frames(seen)):
        first = f"{len(silent)} of {len(frames)} frames (first: {frames[silent[0]]})"
        return f"all units respond alike to {first}: no score"
    if not np.isfinite(seen).all():
        return "some responses are not finite numbers: no score"
    return f"all pairs of its {len(frames)} frames are equally alike: no score"
