"""Networks of a study, and Figures 3A, 3B and 4C: a row each, with both intervals, baselines, and what could be reached.

A missing score must not look like a score of zero: where a network has none, or is not in the study, the row says so.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lorafb.figures import captions, paper_numbers, scores
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import (
    COLUMN,
    FAINT,
    Drawn,
    area_name,
    axis_label,
    heading,
    house_style,
    look,
    metric_label,
    one_scale,
    panels,
)

UNTRAINED = "#999999"


def networks(data: FigureData) -> Drawn:
    """Draw each network's score, a panel per movie or set of scenes (Huang et al. 2024, Figures 3A, 3B and 4C).

    Where no networks of the paper are asked for, they are ranked by their scores on the first movie.
    """
    parts = [scores.with_ceilings(data, experiment) for experiment in ("original", "scenes")]
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    movies = data.movies_in(table)
    shown = _shown(data, table)
    with house_style():
        figure, axes_of = panels(len(movies), (COLUMN, 0.75 + 0.24 * len(shown)))
        for axes, movie in zip(axes_of, movies, strict=True):
            rows = table[table["movie"] == movie]
            seen = [one for one in shown if not one[0] or one[0] in set(rows["subject"])]
            for place, (subject, role) in enumerate(seen):
                _network(axes, place, rows[rows["subject"] == subject], role, in_study=bool(subject))
                _beside(axes, place, data, movie, subject, role)
            _levels(axes, rows[rows["area"] == "mean"])
            axes.set_yticks(range(len(seen)), [data.name(subject or role) for subject, role in seen])
            axes.set_ylim(len(seen) - 0.4, -0.6)
            axes.tick_params(axis="y", length=0)
            axes.set_xlabel(axis_label(data.metric))
            heading(axes, data.title(movie))
        one_scale(axes_of, "x")
    return figure, table, _caption(data, table, movies)


def _shown(data: FigureData, table: pd.DataFrame) -> list[tuple[str, str]]:
    """Subject and role of each row: the paper's networks and untrained twins, or every network, the best first."""
    if data.roles:
        return data.networks() + data.twins()
    means = table[(table["area"] == "mean") & (table["movie"] == next(iter(data.movies_in(table)), ""))]
    values = means.set_index("subject")["value"].reindex(list(data.subjects))
    order = values.sort_values(ascending=False, kind="stable", na_position="last").index
    return [(name, str(data.subjects[name]["role"])) for name in order]


def _network(axes: Axes, place: float, rows: pd.DataFrame, role: str, in_study: bool) -> None:
    """Draw a row: areas as small points, the score with both intervals, the score without the effect of time."""
    means, areas = rows[rows["area"] == "mean"], rows[rows["area"] != "mean"]
    if means["value"].isna().all():
        text = "no score: see below" if in_study else "not in this study"
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # else a line would cross it out
        axes.text(
            0.02, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=6, color=FAINT, bbox=behind
        )
        return
    one = means.iloc[0]
    colour = UNTRAINED if one["untrained"] else look(role).colour
    points: dict[str, Any] = {"markersize": 2.4, "color": FAINT, "markeredgewidth": 0.6, "linestyle": "none"}
    for control, fill, name in ((False, FAINT, "an area"), (True, "none", "control area, in no mean")):
        values = areas.loc[areas["control"] == control, "value"].to_numpy()
        if len(values):
            axes.plot(values, [place + 0.28] * len(values), "o", markerfacecolor=fill, label=name, **points)
    over_time = {"linewidth": 1, "linestyle": ":" if one["short_blocks"] == 1 else "-"}  # dotted: too narrow
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "e2": ("95 % over time", over_time),
        "ci": ("95 % over units", {"linewidth": 3, "alpha": 0.5}),
    }
    for prefix, (name, style) in kinds.items():
        ends = [one[f"{prefix}_low"], one[f"{prefix}_high"]]
        if np.isfinite(ends).all():
            axes.plot(ends, [place] * 2, color=colour, label=name, **style)
    axes.plot(one["value"], place, "o", color=colour, markersize=5, label="score, mean over areas")
    if np.isfinite(one["score_lag"]):
        fill_of: dict[str, Any] = {"markerfacecolor": colour if one["supported"] == 1 else "white"}
        axes.plot(
            one["score_lag"],
            place - 0.26,
            "v",
            color=colour,
            markersize=3.5,
            **fill_of,
            label="without the effect of time",
        )
    if np.isfinite(one["fraction"]):
        axes.text(
            1.01, place, f"{100 * one['fraction']:.0f} %", transform=axes.get_yaxis_transform(), va="center", fontsize=7
        )


def _beside(axes: Axes, place: float, data: FigureData, movie: str, subject: str, role: str) -> None:
    """Draw the seeds of a network, and the paper's score."""
    paper_movie = data.movies[movie]["paper"]
    seeds = data.seeds_of(subject, movie, "scenes" if paper_movie == "scenes" else "original")
    if seeds:
        axes.plot(seeds, [place] * len(seeds), "x", color="black", markersize=3, markeredgewidth=0.7, label="a seed")
    paper = paper_numbers.score(data.paper, paper_movie, role)
    if np.isfinite(paper):
        axes.plot(
            paper,
            place,
            "D",
            color="black",
            markerfacecolor="none",
            markersize=3.5,
            markeredgewidth=0.6,
            label="the paper",
        )


def _levels(axes: Axes, means: pd.DataFrame) -> None:
    """Draw what all rows are compared with, and fit the axis to what is drawn."""
    levels = {"lag_only": (":", "time alone"), "reach": ("--", "a perfect model")}
    if means["reach"].isna().all():
        levels = {"lag_only": levels["lag_only"], "ceiling": ("-.", "published ceiling")}
    for column, (style, name) in levels.items():
        if len(means) and np.isfinite(means[column].iloc[0]):
            axes.axvline(means[column].iloc[0], linestyle=style, linewidth=1, color="black", label=name)
    axes.axvline(0, linewidth=0.5, color=FAINT)
    axes.margins(x=0.04)


def _caption(data: FigureData, table: pd.DataFrame, movies: list[str]) -> str:
    areas = table.loc[~table["control"] & (table["area"] != "mean"), "area"].unique()
    statistics = data.of_metric(data.statistics, data.metric)
    interval = {} if table["ci_low"].isna().all() else {"mice": statistics["sessions_as_groups"].all()}
    means = table[table["area"] == "mean"].sort_values("value", ascending=False, kind="stable")
    return captions.caption(
        "networks",
        data=data,
        metric=metric_label(data.metric),
        areas=list(map(area_name, areas)),
        splits=data.ceilings["trial"].nunique() if len(data.ceilings) else 0,
        interval=interval and {**interval, "groups": f"{statistics['n_groups'].min():.0f}"},
        short=bool(table["short_blocks"].eq(True).any()),
        undefined=scores.undefined(data, table),
        control=table["control"].any(),
        baseline=table["lag_only"].notna().any(),
        paper=table["paper"].notna().any(),
        fractions=table.loc[table["area"] == "mean", "fraction"].notna().any(),
        reasons=means.loc[means["fraction"].isna() & means["reason"].ne(""), ["movie", "reason"]]
        .drop_duplicates()
        .to_numpy()
        .tolist(),
        best=[_best(data, means[(means["movie"] == movie) & means["value"].notna()], movie) for movie in movies],
        compared=_compared(data, table, movies),
    )


def _best(data: FigureData, means: pd.DataFrame, movie: str) -> dict[str, Any]:
    """Facts of the message: the highest score on a movie, its place among how many."""
    return {"title": data.title(movie), "rows": means.to_dict("records")}


def _compared(data: FigureData, table: pd.DataFrame, movies: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Say how far the first of the paper's networks is above each other one in percent, beside the paper's percent."""
    compared: dict[str, list[dict[str, Any]]] = {}
    for movie in movies if data.roles else ():
        means = table[(table["movie"] == movie) & (table["area"] == "mean")].set_index("subject")["value"]
        (subject, first), *others = data.networks()
        for other, role in others:
            one, against = means.get(subject, np.nan), means.get(other, np.nan)
            if one == one and against > 0:
                at = (data.movies[movie]["paper"], f"{first} over {role}, percent")
                paper = [paper_numbers.number(data.paper, figure, *at) for figure in ("figure_3a", "figure_3b")]
                row = {"label": data.label(role), "percent": 100 * (one / against - 1)}
                compared.setdefault(data.title(movie), []).append(
                    {**row, "paper": [x for x in paper if np.isfinite(x)]}
                )
    return compared
