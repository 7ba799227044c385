"""Figures 4A, 4B, 7A and 7B: scores when frames come in random order, or are replaced by others.

The danger is a flat line that looks like robustness. A network that sees each frame alone cannot notice a shuffle: its
score is the original one by construction, so those panels show no points of it, and the caption names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lorafb.figures import captions, paper_numbers
from lorafb.figures.figure_data import FigureData
from lorafb.figures.intervals import half_width
from lorafb.figures.style import (
    COLOURS,
    Drawn,
    Look,
    axis_label,
    heading,
    house_style,
    look,
    metric_label,
    one_scale,
    panels,
)

COLUMNS = ["series", "movie", "window", "point", "x", "value", "x_half_width", "half_width"]
COLUMNS += ["trials", "undefined", "whole", "drop"]
KINDS = {
    "gaussian": ("Gaussian noise", Look(COLOURS[0])),
    "uniform": ("uniform noise", Look(COLOURS[1], "s")),
    "static": ("static natural image", Look(COLOURS[2], "^")),
}
"""Kinds of replacement of Figure 7B; black frames are scored too, but not shown."""


@dataclass(frozen=True)
class Series:
    """One curve: name, look, role of the network, and trials (columns movie, window, trial, x, value).

    A `blind` network cannot notice what is done to the movie: only its original score is drawn.
    """

    name: str
    look: Look
    role: str
    trials: pd.DataFrame
    blind: bool = False


def shuffled(data: FigureData) -> Drawn:
    """Draw score against level of chaos (Huang et al. 2024, Figures 4A and 7A)."""
    rows = data.means_of("shuffle").assign(x=lambda table: table["chaos"])
    series, label = _by_role(data, rows), "level of chaos (1 - Spearman r of frame orders)"
    return _sweep(data, series, data.movies_in(rows), label, {"experiment": "shuffle"})


def replaced(data: FigureData) -> Drawn:
    """Draw score against ratio of replacement by Gaussian noise (Huang et al. 2024, Figure 4B)."""
    rows = _replaced(data, ["gaussian"])
    series = [replace(one, trials=rows[rows["role"] == one.role], blind=False) for one in _by_role(data, rows)]
    return _replacement(data, series, "a frame of Gaussian noise")


def replaced_by_kind(data: FigureData) -> Drawn:
    """Draw score against ratio of replacement, one curve per kind of frames (Huang et al. 2024, Figure 7B)."""
    rows, role = _replaced(data, list(KINDS)), data.roles[0]
    series = [Series(name, style, role, rows[rows["replacement"] == kind]) for kind, (name, style) in KINDS.items()]
    return _replacement(data, series, "another frame")


def _by_role(data: FigureData, rows: pd.DataFrame) -> list[Series]:
    """Make a curve of each network of the study; one that sees frames alone is blind to their order."""
    series = []
    for subject, role in data.networks():
        if subject:
            blind = bool(data.subjects[subject]["still"])
            trials = rows[(rows["role"] == role) & (not blind)]
            series.append(Series(data.label(role), look(role), role, trials, blind))
    return series


def _replaced(data: FigureData, kinds: list[str]) -> pd.DataFrame:
    rows = data.means_of("replace").assign(x=lambda table: table["ratio"])
    return rows[rows["replacement"].isin(kinds)]


def _replacement(data: FigureData, series: Sequence[Series], by: str) -> Drawn:
    movies = [movie for movie in data.movies if any((one.trials["movie"] == movie).any() for one in series)]
    return _sweep(data, series, movies, "ratio of replacement (1 / window)", {"experiment": "replace", "by": by})


def drop(value: float, whole: float) -> float:
    """Rate by which a score drops, 1 - value / whole; NaN where the whole movie's score is not above 0."""
    return 1 - value / whole if whole > 0 else float("nan")


def points(series: Series, movie: str, whole: float) -> pd.DataFrame:
    """Points of a curve: its trials, then the mean of each window with Student's 99 % intervals in x and y.

    Returns
    -------
    columns `COLUMNS`; `point` is trial or mean, `whole` the score of the movie as it is
    """
    rows = series.trials[series.trials["movie"] == movie].sort_values(["window", "trial"])
    single = rows[["window", "x", "value"]].assign(point="trial", trials=1, undefined=rows["value"].isna().astype(int))
    windows = rows.groupby("window", sort=False)
    means = windows.agg(
        x=("x", "mean"),
        value=("value", "mean"),
        x_half_width=("x", half_width),
        half_width=("value", half_width),
        trials=("value", "count"),
        undefined=("value", lambda values: int(values.isna().sum())),
    ).reset_index()
    both = pd.concat([single, means.assign(point="mean")], ignore_index=True)
    rates = [drop(float(value), whole) for value in both["value"]]
    return both.assign(series=series.name, movie=movie, whole=whole, drop=rates)


def _sweep(
    data: FigureData, series: Sequence[Series], movies: Sequence[str], label: str, facts: dict[str, Any]
) -> Drawn:
    tables, alone = [], len({one.role for one in series}) == 1
    with house_style():
        figure, axes_of = panels(2 * len(movies))
        for movie, axes, drops in zip(movies, axes_of[::2], axes_of[1::2], strict=True):
            wholes = [data.mean_score("original", movie, one.role) for one in series]
            curves = [points(one, movie, whole) for one, whole in zip(series, wholes, strict=True)]
            for one, whole, rows in zip(series, wholes, curves, strict=True):
                _curve(axes, drops, rows, one, whole, "black" if alone else one.look.colour)
            tables.append(pd.concat([rows for rows in curves if len(rows)] or curves))
            drops.axhline(0, linewidth=0.5, color="black")
            for panel, y, title in ((axes, axis_label(data.metric), ""), (drops, "drop (% of the original)", ": drop")):
                panel.set(xlabel=label, ylabel=y)
                panel.margins(x=0.06)
                heading(panel, data.title(movie) + title)
        one_scale(axes_of[::2])
        one_scale(axes_of[1::2])
    table = pd.concat(tables, ignore_index=True)[COLUMNS]
    return figure, table, captions.caption("sweeps", {**facts, **_facts(data, series, table)}, data=data)


def _curve(axes: Axes, drops: Axes, rows: pd.DataFrame, series: Series, whole: float, dashes: str) -> None:
    """Draw trials, their means with intervals that stay in the panel, and how far the means have dropped."""
    colour, marker = series.look.colour, series.look.marker
    if np.isfinite(whole) and (series.blind or len(rows)):
        blind = f"{series.name} (sees frames alone)" if series.blind else "original movie"
        axes.axhline(whole, linestyle="--", linewidth=1, color=dashes, label=blind)
    if rows.empty:
        return
    trials, means = rows[rows["point"] == "trial"], rows[rows["point"] == "mean"].sort_values("x")
    widths = means[["x_half_width", "half_width"]]
    widths = widths.where(widths > 1e-12)  # draw no bar of length 0
    bars: dict[str, Any] = {"color": colour, "capsize": 2, "linewidth": 0.9, "markersize": 6, "markerfacecolor": "none"}
    axes.errorbar(
        means["x"],
        means["value"],
        widths["half_width"],
        widths["x_half_width"],
        fmt=f"-{marker}",
        label=series.name,
        **bars,
    )
    axes.plot(trials["x"], trials["value"], marker, markersize=2.2, color=colour, alpha=0.8, markeredgewidth=0)
    drops.errorbar(
        means["x"],
        100 * means["drop"],
        100 * widths["half_width"] / (whole if whole > 0 else np.nan),
        fmt=f"-{marker}",
        **bars,
    )
    drops.plot(trials["x"], 100 * trials["drop"], marker, markersize=2.2, color=colour, alpha=0.8, markeredgewidth=0)


def _facts(data: FigureData, series: Sequence[Series], table: pd.DataFrame) -> dict[str, Any]:
    """Facts of the caption: numbers of trials, networks without points, and the largest drops beside the paper's."""
    means = table[table["point"] == "mean"]
    drops = means.groupby(["movie", "series"], sort=False)["drop"].max().dropna()
    names = ("lorafb_snet largest drop, percent", "sew_resnet drop below, percent")
    paper = [paper_numbers.number(data.paper, "figure_4a", "Movie1", name) for name in names]
    return {
        "metric": metric_label(data.metric),
        "trials": sorted((means["trials"] + means["undefined"]).unique()),
        "windows": sorted(means["window"].unique()),
        "missing": [one.name for one in series if one.trials.empty and not one.blind],
        "blind": [one.name for one in series if one.blind],
        "undefined_trials": int(means["undefined"].sum()),
        "drops": {data.title(movie): drops[movie].to_dict() for movie in data.movies_in(drops.reset_index())},
        "paper": paper if "sew_resnet" in data.roles and np.isfinite(paper).all() else [],
    }
