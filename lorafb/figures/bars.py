"""Figures 3A, 3B and 4C, and all networks of a study: bars of scores, beside the ceiling of the recording.

A missing bar must not look like a score of zero: where a network has no score, or is not in the study, the figure says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lorafb.figures import captions, paper_numbers, scores
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import (
    COLUMN,
    PAGE,
    Drawn,
    area_name,
    axis_label,
    house_style,
    legend,
    look,
    metric_label,
    panels,
)

PAIRS = (0.0, 1.0, 2.4, 3.4)
"""Places of the bars of two networks, each trained in two ways."""
WORDS: dict[str, Any] = {
    "fontsize": 6,
    "color": "#666666",
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5},  # else a line would cross them out
}


def figure_3a(data: FigureData) -> Drawn:
    """Draw LoRaFB-SNet, CORnet and ResNet-2p-CPC, one panel per movie (Huang et al. 2024, Figure 3A)."""
    return _upright(data, "original", (0.0, 1.0, 2.0))


def figure_3b(data: FigureData) -> Drawn:
    """Draw LoRaFB-SNet and SEW-ResNet, trained on video and on still images (Huang et al. 2024, Figure 3B)."""
    return _upright(data, "original", PAIRS)


def figure_4c(data: FigureData) -> Drawn:
    """Draw the networks of Figure 3B against responses to still scenes (Huang et al. 2024, Figure 4C)."""
    return _upright(data, "scenes", PAIRS)


def networks(data: FigureData) -> Drawn:
    """Draw every network of the study, one row each, one panel per movie or set of scenes.

    Networks that stand for none of the paper's are ranked by their scores on the first movie, the best first.
    """
    parts = [scores.with_ceilings(data, experiment) for experiment in ("original", "scenes")]
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    data = _ranked(data, table)
    movies, labels = data.movies_in(table), [about["label"] for about in data.subjects.values()]
    with house_style():
        width = min(2 * PAGE, max(1.6 * COLUMN, 1.8 + 1.8 * len(movies)))
        figure, axes_of = panels(len(movies), 1.3 + 0.3 * len(labels), width)
        for axes, movie in zip(axes_of, movies, strict=True):
            _panel(Panel(axes, upright=False), data, movie, table, range(len(labels)))
            axes.set_xlabel(axis_label(data.metric))
        axes_of[0].set_yticks(range(len(labels)), labels)
        axes_of[0].set_ylim(len(labels) - 0.4, -0.6)
        legend(figure, columns=min(len(movies) + 1, 4))
    return figure, table, _caption(data, table, "each whole movie, and on still scenes")


def _ranked(data: FigureData, table: pd.DataFrame) -> FigureData:
    """Put subjects in the order of their mean scores on the first movie, where none has a role of the paper."""
    if any(about["role"] for about in data.subjects.values()):
        return data
    means = table[(table["area"] == "mean") & (table["movie"] == next(iter(data.movies_in(table)), ""))]
    values = means.set_index("subject")["value"].reindex(list(data.subjects))
    order = values.sort_values(ascending=False, kind="stable", na_position="last").index
    return replace(data, subjects={name: data.subjects[name] for name in order})


def _upright(data: FigureData, experiment: str, places: Sequence[float]) -> Drawn:
    table = scores.with_ceilings(data, experiment)
    movies = data.movies_in(table)
    labels = [data.label(role).replace(" (", "\n(") for role in data.roles]
    with house_style():
        width = min(PAGE, max(COLUMN, 0.9 + 0.5 * (places[-1] + 1) * len(movies)))
        figure, axes_of = panels(len(movies), 3.0, width)
        for axes, movie in zip(axes_of, movies, strict=True):
            _panel(Panel(axes, upright=True), data, movie, table, places)
            axes.set_xticks(places, labels, rotation=35, ha="right", rotation_mode="anchor")
            axes.set_xlim(places[0] - 0.6, places[-1] + 0.6)
        axes_of[0].set_ylabel(axis_label(data.metric))
        legend(figure)
    return figure, table, _caption(data, table, "still scenes" if experiment == "scenes" else "the whole movie")


@dataclass(frozen=True)
class Panel:
    """Axes whose bars are vertical or horizontal."""

    axes: Axes
    upright: bool

    def bar(self, place: float, value: float, **look: Any) -> None:
        """Draw a bar from 0 to `value`."""
        (self.axes.bar if self.upright else self.axes.barh)(place, value, 0.7, edgecolor="white", linewidth=0, **look)

    def plot(self, places: Any, values: Any, style: str, **look: Any) -> None:
        """Draw points or a line, `places` across the bars and `values` along them."""
        self.axes.plot(*((places, values) if self.upright else (values, places)), style, color="black", **look)

    def words(self, place: float, text: str) -> None:
        """Write where a bar would be."""
        if self.upright:
            self.axes.text(place, 0.02, text, rotation=90, ha="center", va="bottom", **WORDS)
        else:
            self.axes.text(0.02, place, text, va="center", **WORDS)

    def line(self, value: float, **look: Any) -> None:
        """Draw a line across all bars."""
        (self.axes.axhline if self.upright else self.axes.axvline)(value, color="black", **look)


def _panel(panel: Panel, data: FigureData, movie: str, table: pd.DataFrame, places: Sequence[float]) -> None:
    rows = table[table["movie"] == movie]
    for place, (subject, role) in zip(places, data.networks(), strict=True):
        _network(panel, place, rows[rows["subject"] == subject], look(role), in_study=bool(subject))
        experiment = "scenes" if data.movies[movie]["paper"] == "scenes" else "original"
        if seeds := data.seeds_of(subject, movie, experiment):
            panel.plot([place + 0.15] * len(seeds), seeds, "x", markersize=3, markeredgewidth=0.7, label="a seed")
        paper = paper_numbers.score(data.paper, data.movies[movie]["paper"], role)
        if np.isfinite(paper):
            panel.plot(place + 0.28, paper, "D", markerfacecolor="white", markersize=3.5, label="the paper's score")
    means = rows[rows["area"] == "mean"]
    lines = {"ceiling": ("--", "ceiling (halves of units)"), "lag_only": (":", "distance in time alone")}
    for column, (style, name) in lines.items():
        if len(means) and np.isfinite(means[column].iloc[0]):
            panel.line(means[column].iloc[0], linestyle=style, linewidth=1, label=name)
    panel.line(0, linewidth=0.6)
    panel.axes.set_title(data.title(movie))


def _network(panel: Panel, place: float, rows: pd.DataFrame, style: Any, in_study: bool) -> None:
    """Draw one network: a bar, its interval, and areas as points beside it; control areas hollow."""
    means, areas = rows[rows["area"] == "mean"], rows[rows["area"] != "mean"]
    if means["value"].isna().all():
        panel.words(place, "not in this study" if not in_study else "no score" if len(means) else "not shown it")
        return
    mean = means.iloc[0]
    panel.bar(place, mean["value"], color=style.colour, hatch=style.hatch)
    ends = [mean["ci_low"], mean["ci_high"]]
    panel.plot([place] * 2, ends, "-_" if panel.upright else "-|", markersize=6, linewidth=1)
    for control, fill, left, right, name in (
        (False, "black", -0.24, -0.06, "an area"),
        (True, "white", 0.06, 0.2, "control area, in no mean"),
    ):
        values = areas.loc[areas["control"] == control, "value"].to_numpy()
        if len(values):
            across = place + np.linspace(left, right, len(values) + 2)[1:-1]
            points = {"markersize": 2.6, "markerfacecolor": fill, "markeredgewidth": 0.6}
            panel.plot(across, values, "o", label=name, **points)


def _caption(data: FigureData, table: pd.DataFrame, stimuli: str) -> str:
    areas = table.loc[~table["control"] & (table["area"] != "mean"), "area"].unique()
    statistics = data.of_metric(data.statistics, data.metric)
    interval = {} if table["ci_low"].isna().all() else {"mice": statistics["sessions_as_groups"].all()}
    return captions.caption(
        "bars",
        data=data,
        metric=metric_label(data.metric),
        stimuli=stimuli,
        areas=list(map(area_name, areas)),
        splits=scores.unit_splits(data)["trial"].nunique(),
        interval=interval and {**interval, "groups": f"{statistics['n_groups'].min():.0f}"},
        undefined=scores.undefined(data, table),
        control=table["control"].any(),
        baseline=table["lag_only"].notna().any(),
        paper=table["paper"].notna().any(),
        first=data.label(data.roles[0]) if data.roles else "",
        comparisons={data.title(movie): _comparisons(data, table, movie) for movie in data.movies_in(table)},
    )


def _comparisons(data: FigureData, table: pd.DataFrame, movie: str) -> list[dict[str, Any]]:
    """Say how far the first role is above each other one in percent, the paper's percent, and the paired test."""
    if not data.roles:
        return []
    means = table[(table["movie"] == movie) & (table["area"] == "mean")].set_index("subject")["value"]
    (subject, first), *others = data.networks()
    compared = []
    for other, role in others:
        one, against = means.get(subject, np.nan), means.get(other, np.nan)
        if np.isnan(one) or not against > 0:
            continue
        at = (data.movies[movie]["paper"], f"{first} over {role}, percent")
        paper = [paper_numbers.number(data.paper, figure, *at) for figure in ("figure_3a", "figure_3b")]
        compared.append(
            {
                "label": data.label(role),
                "percent": 100 * (one / against - 1),
                "paper": [percent for percent in paper if np.isfinite(percent)],
                "test": scores.difference(data, movie, subject, other),
            }
        )
    return compared
