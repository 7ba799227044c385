"""The best layer of each area, on the original movie.

The highest of many layers is higher by chance alone, more so with more layers. A layer without a score is never the best
one.
"""

import warnings
from collections.abc import Collection

import numpy as np
import pandas as pd

from lorafb.experiments.summary import RUN
from lorafb.experiments.table import Layer, UndefinedScore
from lorafb.similarity.metrics import Comparison


def best_layers(scores: pd.DataFrame, published: bool = False) -> dict[str, Layer]:
    """Best layer of each area, from the scores of one network on the original movie.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `lorafb.experiments.score.score`.
    published : bool
        Take NaN for the largest, as the published code does, instead of leaving such layers out.

    Returns
    -------
    dict from area to Layer
        The first of equal scores.

    Raises
    ------
    ValueError
        If the scores are of more than one run, or an area has no layer with a score.
    """
    if len(scores[RUN].drop_duplicates()) != 1:
        raise ValueError(
            "best layers are those of one network on one movie: the table has rows of more than one run, or none"
        )
    best = {}
    for area, rows in scores.groupby("area", sort=False):
        ordered = rows.sort_values("layer_index")
        values = ordered["value"].to_numpy()
        undefined = ordered.loc[ordered["value"].isna(), "layer"].tolist()
        if undefined and not published:
            warnings.warn(UndefinedScore(f"area {area}: layers without a score: {', '.join(undefined)}"), stacklevel=2)
        if len(undefined) == len(values) and not published:
            raise ValueError(f"area {area}: no layer has a score")
        row = ordered.iloc[int(np.argmax(values) if published else np.nanargmax(values))]
        best[str(area)] = Layer(str(row["layer"]), int(row["layer_index"]))
    return best


def best_of(scores: pd.DataFrame, metric: str) -> dict[str, Layer]:
    """Best layer of each area in a table of many experiments: on the original movie, by one metric.

    Areas without any score, as one of few units that are silent in a frame, are left out with a warning; in best-layer
    mode they have no score.
    """
    original = scores[(scores["experiment"] == "original") & (scores["metric"] == metric)]
    scored = original[original["value"].notna()]["area"].unique()
    for area in sorted(set(original["area"]) - set(scored)):
        warnings.warn(UndefinedScore(f"area {area}: no layer has a score, so none is the best"), stacklevel=2)
    return best_layers(original[original["area"].isin(scored)]) if len(scored) else {}


def best_of_metrics(
    scores: pd.DataFrame, metrics: Collection[Comparison]
) -> tuple[dict[str, dict[str, Layer]], set[str]]:
    """Best layers by each metric, as `best_of` finds them, and the names of all of them."""
    best = {metric.name: best_of(scores, metric.name) for metric in metrics}
    return best, {layer.name for by_area in best.values() for layer in by_area.values()}
