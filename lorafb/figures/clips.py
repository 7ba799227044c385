"""Figures 3C and 3D: scores on random clips of growing length, and their ratios."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from lorafb.figures import captions
from lorafb.figures.figure_data import FigureData
from lorafb.figures.intervals import over_trials, ratio
from lorafb.figures.style import FAINT, Drawn, axis_label, heading, house_style, look, metric_label, one_scale, panels

COLUMNS = ["subject", "label", "role", "movie", "length", "value", "standard_error", "trials", "undefined"]


def figure_3c(data: FigureData) -> Drawn:
    """Draw score against clip length, error bars the standard error over clips (Huang et al. 2024, Figure 3C)."""
    table = over_trials(_clips(data), COLUMNS[:5])
    return _lines(data, table, axis_label(data.metric)), table, _caption(data, table, first="")


def figure_3d(data: FigureData) -> Drawn:
    """Draw the first network's score over each other one's against clip length (Huang et al. 2024, Figure 3D)."""
    clips, (first, *others) = _clips(data), data.roles
    keys = ["movie", "length", "trial"]
    above = clips[clips["role"] == first][[*keys, "value"]]
    rows = []
    for role in others:
        both = above.merge(clips[clips["role"] == role], on=keys, suffixes=("_above", "_below"))
        for (movie, length), pairs in both.groupby(["movie", "length"], sort=False):
            undefined = int(pairs[["value_above", "value_below"]].isna().any(axis=1).sum())
            quotient = ratio(pairs["value_above"], pairs["value_below"])
            network = (data.subject(role), data.label(role), role)
            rows.append((*network, movie, length, *quotient, len(pairs) - undefined, undefined))
    table, label = pd.DataFrame(rows, columns=COLUMNS), data.label(first)
    return _lines(data, table, f"{label} / other", level=1.0), table, _caption(data, table, label)


def _clips(data: FigureData) -> pd.DataFrame:
    return data.means_of("clip").sort_values(["length", "trial"], kind="stable")


def _lines(data: FigureData, table: pd.DataFrame, label: str, level: float | None = None) -> Figure:
    movies = data.movies_in(table)
    with house_style():
        figure, axes_of = panels(len(movies))
        for axes, movie in zip(axes_of, movies, strict=True):
            points = table[table["movie"] == movie]
            for role in data.roles:
                rows, style = points[points["role"] == role], look(role)
                if rows["value"].notna().any():
                    axes.errorbar(
                        rows["length"].to_numpy(np.float64),
                        rows["value"].to_numpy(),
                        rows["standard_error"].to_numpy(),
                        fmt=f"-{style.marker}",
                        color=style.colour,
                        markersize=4,
                        capsize=2,
                        linewidth=1,
                        label=data.label(role),
                    )
            if level is not None:
                axes.axhline(level, linewidth=0.6, linestyle="--", color="black")
            lengths = sorted(points["length"].unique())
            axes.set_xscale("log")
            axes.set_xticks(lengths, [str(length) for length in lengths], rotation=45)
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xlim(lengths[0] / 1.2, lengths[-1] * 1.2)
            if points["value"].isna().all():
                axes.text(0.5, 0.5, "nothing is defined", transform=axes.transAxes, ha="center", color=FAINT)
            axes.set_xlabel("clip length (frames)")
            axes.set_ylabel(label)
            heading(axes, data.title(movie))
        one_scale(axes_of)
    return figure


def _caption(data: FigureData, table: pd.DataFrame, first: str) -> str:
    trials = sorted((table["trials"] + table["undefined"]).unique())
    facts = {"first": first, "trials": trials, "undefined_clips": int(table["undefined"].sum())}
    spans = [
        {"label": label, "title": data.title(movie), "points": rows.sort_values("length").to_dict("records")}
        for movie in data.movies_in(table)
        for label, rows in table[(table["movie"] == movie) & table["value"].notna()].groupby("label", sort=False)
    ]
    return captions.caption("clips", facts, spans=spans, data=data, metric=metric_label(data.metric))
