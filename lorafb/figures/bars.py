"""Figure 3A: how alike networks and visual cortex represent a movie, beside the ceiling of the recording."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lorafb.figures.style import COLOURS, COLUMN, area_name, house_style


def score_of_each_area(scores: pd.DataFrame, ceilings: pd.DataFrame) -> pd.DataFrame:
    """Reduce scores to what the figure shows: the best layer of each area, and the mean over areas.

    Parameters
    ----------
    scores : columns subject, label, movie, area, layer, value, best
        One row a layer and area, of the experiment `original`.
    ceilings : columns movie, area, trial, value
        One row a split.

    Returns
    -------
    columns subject, label, movie, area, layer, value, ceiling, fraction
        `area` is an area or `mean`; `ceiling` the mean over splits; `fraction` is value / ceiling.
    """
    keys = ["subject", "label", "movie"]
    every = scores[[*keys, "area"]].drop_duplicates()  # an area without a score must leave the mean undefined
    best = scores.loc[scores["best"].astype(bool), [*keys, "area", "layer", "value"]]
    ceiling = ceilings.groupby(["movie", "area"], sort=False)["value"].agg(_mean_of_all).rename("ceiling").reset_index()
    areas = every.merge(best, how="left").merge(ceiling, on=["movie", "area"], how="left")
    mean = areas.groupby(keys, sort=False)[["value", "ceiling"]].agg(_mean_of_all)
    mean = mean.reset_index().assign(area="mean")
    shown = pd.concat([areas, mean], ignore_index=True)
    return shown.assign(fraction=shown["value"] / shown["ceiling"])


def _mean_of_all(values: "pd.Series[float]") -> float:
    return float(values.mean(skipna=False))


def figure_3a(shown: pd.DataFrame, titles: dict[str, str]) -> Figure:
    """Draw bars: a panel a movie, a bar a network, a point an area, the ceiling as a dashed line.

    Parameters
    ----------
    shown : table of `score_of_each_area`
    titles : movie to panel title
    """
    movies = list(dict.fromkeys(shown["movie"]))
    with house_style():
        figure = Figure(figsize=(max(COLUMN, 1.2 + 1.5 * len(movies)), 2.8))
        panels = figure.subplots(1, len(movies), sharey=True, squeeze=False)[0]
        for axes, movie in zip(panels, movies, strict=True):
            _panel(axes, shown[shown["movie"] == movie])
            axes.set_title(titles[movie])
        panels[0].set_ylabel("TSRSA score (Spearman r)")
    return figure


def _panel(axes: Axes, shown: pd.DataFrame) -> None:
    means = shown[shown["area"] == "mean"]
    positions = np.arange(len(means))
    colours = [COLOURS[i % len(COLOURS)] for i in positions]
    axes.bar(positions, means["value"], width=0.65, color=colours)
    for position, subject in zip(positions, means["subject"], strict=True):
        areas = shown[(shown["subject"] == subject) & (shown["area"] != "mean")]
        offsets = np.linspace(-0.2, 0.2, len(areas)) if len(areas) > 1 else np.zeros(1)
        axes.plot(position + offsets, areas["value"], "o", markersize=2.5, color="black", alpha=0.6)
    ceiling = float(means["ceiling"].iloc[0])
    if np.isfinite(ceiling):
        axes.axhline(ceiling, linestyle="--", linewidth=0.9, color="black")
        axes.annotate("ceiling", (1.01, ceiling), xycoords=("axes fraction", "data"), va="center", fontsize=7)
    axes.axhline(0, linewidth=0.6, color="black")
    axes.set_xticks(positions, _wrapped(list(means["label"])), rotation=30, ha="right")


def _wrapped(labels: Sequence[str]) -> list[str]:
    return [label.replace(" (", "\n(") for label in labels]


def caption_3a(shown: pd.DataFrame, splits: int, note: str) -> str:
    """Say what the bars are: n, error type, and the recording's nature."""
    areas = [area_name(area) for area in dict.fromkeys(shown["area"]) if area != "mean"]
    return (
        f"TSRSA scores of each network: for every area its best layer, bars are means over {len(areas)} areas, points are areas "
        f"({', '.join(areas)}). Dashed: mean TSRSA between random halves of an area's units, {splits} splits, mean over areas; "
        f"a half has half the units, so that a score may pass it. "
        f"One checkpoint a network; no interval is drawn. {note}"
    )
