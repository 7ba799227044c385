"""What every experiment does: take the same frames of both sides out of what was made once, and compare.

A clip, a front, a shuffled order are sub-blocks of one matrix of products. A frame without variance leaves a layer
without a score: that is said in a warning, and the score is NaN.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.grams import Products, raw
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.table import Score
from lorafb.similarity.metrics import Comparison
from lorafb.similarity.pearson import pearson_from_centred, pearson_from_products, undefined_frames

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Side = Products | NDArray[Any]
"""Of a layer: its products (for metrics that see similarities) or its responses [T, units] (that see responses)."""


class UndefinedScore(UserWarning):
    """A layer or an area has no score: which, and why."""


@dataclass(frozen=True)
class Layer:
    """A layer by name, and its place in the network, from 0."""

    name: str
    index: int


def sub_block(products: Products, frames: IntArray) -> Products:
    """Products of some frames, in the order given.

    Parameters
    ----------
    products : Products
        Of T frames.
    frames : int64, shape (L,)
        Any of 0 to T - 1, in any order.

    Returns
    -------
    Products
        Of L frames.
    """
    square = _square(products, frames)
    return Products(square[np.triu_indices(len(frames))], products.sums[frames], products.n_units, products.scale)


def correlations(products: Products, frames: IntArray) -> FloatArray:
    """Pearson r of every pair of some frames [L, L], in the order given; NaN for frames without variance."""
    square = _square(products, frames)
    sums: NDArray[Any] = products.sums[frames]
    if square.dtype.kind == "i":
        return pearson_from_products(square, sums, products.n_units)
    return pearson_from_centred(square)


def _square(products: Products, frames: IntArray) -> NDArray[Any]:
    """Symmetric products [L, L] of some frames, copied row by row out of the condensed triangle."""
    order = np.argsort(frames)
    ascending = frames[order]
    starts = ascending * products.n_frames - ascending * (ascending - 1) // 2
    square = np.empty((len(frames), len(frames)), products.products.dtype)
    for place, (frame, start) in enumerate(zip(ascending, starts, strict=True)):
        row = products.products[start + ascending[place:] - frame]
        square[place, place:] = square[place:, place] = row
    if (frames == ascending).all():
        return square
    back = np.argsort(order)
    return square[np.ix_(back, back)]


def score_layers(
    layers: Mapping[str, Side],
    areas: Sequence[Area],
    frames: IntArray,
    metric: Comparison,
    area_frames: IntArray | None = None,
    best: Mapping[str, Layer] | None = None,
) -> list[Score]:
    """Score layers against areas on the same frames.

    Parameters
    ----------
    layers : mapping of Products, or of arrays (T, units)
        The network's layers in their own order, or at least those that `best` names. Read one at a time.
    areas : sequence of Area
    frames : int64, shape (L,)
        Frames scored, as the layers number them.
    metric : Comparison
        From `lorafb.similarity.metrics.load`.
    area_frames : int64, shape (L,), optional
        The same frames as the recordings number them; `frames` when not given.
    best : mapping from area to Layer, optional
        Best-layer mode: only this layer is scored for an area, and an area without one has score NaN. All layers are
        scored when not given, and each area's highest is marked as its best.

    Returns
    -------
    list of Score
        Layer by layer, in each area by area.

    Raises
    ------
    ValueError
        If the numbers of frames differ between a layer and an area, or a layer is missing.
    """
    area_frames = frames if area_frames is None else area_frames
    cortex = []
    for area in areas:
        responses = area.products if metric.sees == "similarity" else area.summed
        cortex.append(_prepare(f"area {area.name}", responses, area_frames, metric, metric.area))
    scores = []
    for layer in _wanted(layers, areas, best):
        side = layers[layer.name]
        _same_length(layer.name, side, areas)
        model = _prepare(f"layer {layer.name}", side, frames, metric, metric.model)
        for area, prepared in zip(areas, cortex, strict=True):
            if best is None or best.get(area.name) == layer:
                scores.append(
                    Score(area.name, layer.name, layer.index, metric.compare(model, prepared), best is not None)
                )
    if best is None:
        return mark_best(scores)
    return scores + [Score(area.name, "", None, float("nan"), True) for area in areas if area.name not in best]


def mark_best(scores: Iterable[Score]) -> list[Score]:
    """Mark each area's highest score, the first of equals; NaN is never the highest."""
    scores = list(scores)
    highest: dict[str, Score] = {}
    for score in scores:
        if score.value > (highest[score.area].value if score.area in highest else -np.inf):
            highest[score.area] = score
    return [score._replace(best=highest.get(score.area) is score) for score in scores]


def _wanted(layers: Mapping[str, Side], areas: Sequence[Area], best: Mapping[str, Layer] | None) -> list[Layer]:
    if best is None:
        return [Layer(name, index) for index, name in enumerate(layers)]
    wanted = sorted({best[area.name] for area in areas if area.name in best}, key=lambda layer: layer.index)
    missing = [layer.name for layer in wanted if layer.name not in layers]
    if missing:
        raise ValueError(f"no layer {', '.join(missing)}: there are {', '.join(layers)}")
    return wanted


def _same_length(name: str, side: Side, areas: Sequence[Area]) -> None:
    n_frames = side.n_frames if isinstance(side, Products) else len(side)
    for area in areas:
        if n_frames != area.n_frames:
            raise ValueError(
                f"layer {name} saw {n_frames} frames, {area.name} {area.n_frames} ({area.movie}): "
                f"model and recording must be of the same frames"
            )


def _prepare(
    name: str, side: Side, frames: IntArray, metric: Comparison, prepare: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    """Prepare one side of a comparison, and say so where it has no score."""
    if isinstance(side, Products) and metric.sees == "responses" and metric.products is not None:
        seen: NDArray[Any] = raw(sub_block(side, frames))
        prepared = metric.products(seen)
    elif isinstance(side, Products) != (metric.sees == "similarity"):
        held = "products" if isinstance(side, Products) else "responses"
        raise ValueError(f"{name}: metric {metric.name} sees {metric.sees}, and {held} are given")
    else:
        seen = correlations(side, frames) if isinstance(side, Products) else side[frames]
        prepared = prepare(seen)
    if np.isnan(prepared).any():
        warnings.warn(UndefinedScore(f"{name}: {_reason(seen, frames, metric)}"), stacklevel=4)
    return prepared


def _reason(seen: NDArray[Any], frames: IntArray, metric: Comparison) -> str:
    still = undefined_frames(seen) if metric.sees == "similarity" else np.flatnonzero(np.ptp(seen, axis=1) == 0)
    if len(still):
        return f"all units respond alike to {len(still)} of {len(frames)} frames (first: {frames[still[0]]}): no score"
    if not np.isfinite(seen).all():
        return "some responses are no finite numbers: no score"
    return f"all pairs of its {len(frames)} frames are equally alike: no score"
