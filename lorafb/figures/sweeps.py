"""Figures 4A, 4B, 7A and 7B: scores when frames come in random order, or are replaced by others.

The danger is a flat line that looks like robustness: a network that sees each frame alone cannot notice a shuffle, its
score is the original one by construction, and it is left out of those panels and named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lorafb.figures import published
from lorafb.figures.bars import Shown
from lorafb.figures.intervals import half_width
from lorafb.figures.material import Material
from lorafb.figures.style import COLOURS, COLUMN, PAGE, Look, house_style, legend, look, panels

KINDS = {
    "gaussian": ("Gaussian noise", Look(COLOURS[0])),
    "uniform": ("uniform noise", Look(COLOURS[1], "s")),
    "static": ("static natural image", Look(COLOURS[2], "^")),
}
"""Kinds of replacement of Figure 7B; black frames are scored besides."""


@dataclass(frozen=True)
class Series:
    """One curve: its name, its look, whose it is, and its trials (columns movie, window, trial, x, value).

    A `blind` network cannot notice what is done to the movie: only its original score is drawn.
    """

    name: str
    look: Look
    role: str
    trials: pd.DataFrame
    blind: bool = False


def shuffled(material: Material) -> Shown:
    """Draw score against level of chaos (Huang et al. 2024, Figures 4A and 7A)."""
    rows = _means(material, "shuffle").assign(x=lambda table: table["chaos"])
    series = _by_role(material, rows)
    figure, shown = _sweep(material, series, material.shown(rows), "level of chaos (1 - Spearman r of frame orders)")
    said = (
        "Frames shuffled inside windows, each frame then set beside the responses to the same image: TSRSA score against "
        f"level of chaos, 1 - Spearman r between shuffled and original order. {_reading(material, series, shown)} A network "
        f"that carries state loses smoothness in time when frames are shuffled, and part of any drop is that."
    )
    for one in series:
        if one.blind:
            said += (
                f" {one.name} sees each frame alone, so that a shuffle cannot change its score: only the dashed line is "
                f"drawn, a property of how it is shown the movie and no finding."
            )
    return figure, shown, f"{said} {material.closing()}"


def replaced(material: Material) -> Shown:
    """Draw score against ratio of replacement by Gaussian noise (Huang et al. 2024, Figure 4B)."""
    rows = _replaced(material, ["gaussian"])
    series = [replace(one, trials=rows[rows["role"] == one.role], blind=False) for one in _by_role(material, rows)]
    return _replacement(material, series, "a frame of Gaussian noise")


def replaced_by_kind(material: Material) -> Shown:
    """Draw score against ratio of replacement, a curve a kind of frames (Huang et al. 2024, Figure 7B)."""
    rows, role = _replaced(material, list(KINDS)), material.roles[0]
    series = [Series(name, style, role, rows[rows["replacement"] == kind]) for kind, (name, style) in KINDS.items()]
    return _replacement(material, series, "another frame")


def _by_role(material: Material, rows: pd.DataFrame) -> list[Series]:
    """Make a curve of each network of the study; one that sees frames alone is blind to their order."""
    found = []
    for subject, role in material.columns():
        if subject:
            blind = bool(material.subjects[subject]["still"])
            trials = rows[(rows["role"] == role) & (not blind)]
            found.append(Series(material.label(role), look(role), role, trials, blind))
    return found


def _replacement(material: Material, series: Sequence[Series], by: str) -> Shown:
    movies = [movie for movie in material.movies if any((one.trials["movie"] == movie).any() for one in series)]
    figure, shown = _sweep(material, series, movies, "ratio of replacement (1 / window)")
    said = (
        f"One frame in each window, drawn at random, replaced by {by}, the recording left as it is: TSRSA score against "
        f"ratio of replacement. {_reading(material, series, shown)}"
    )
    return figure, shown, f"{said} {material.closing()}"


def _replaced(material: Material, kinds: list[str]) -> pd.DataFrame:
    rows = _means(material, "replace").assign(x=lambda table: table["ratio"])
    return rows[rows["replacement"].isin(kinds)]


def _means(material: Material, experiment: str) -> pd.DataFrame:
    rows = material.run(experiment)
    return rows[rows["area"] == "mean"]


def original(material: Material, movie: str, role: str) -> float:
    """Score of a role's network on the whole movie as it is; NaN where it has none."""
    rows = _means(material, "original")
    found = rows[(rows["movie"] == movie) & (rows["role"] == role)]["value"]
    return float(found.iloc[0]) if len(found) else float("nan")


def drop(value: float, whole: float) -> float:
    """Rate by which a score drops, 1 - value / whole; NaN where the whole movie's score is not above 0."""
    return 1 - value / whole if whole > 0 else float("nan")


def points(series: Series, movie: str, whole: float) -> pd.DataFrame:
    """Lay a curve out: its trials, then the mean of each window with Student's 99 % intervals in x and y.

    Returns
    -------
    columns series, movie, window, point (trial or mean), x, value, x_half_width, half_width, trials, undefined, whole, drop
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
    material: Material, series: Sequence[Series], movies: Sequence[str], label: str
) -> tuple[Figure, pd.DataFrame]:
    drawn, alone = [], len({one.role for one in series}) == 1
    with house_style():
        figure, axes_of = panels(len(movies), 3.6, min(PAGE, COLUMN * len(movies)))
        for axes, movie in zip(axes_of, movies, strict=True):
            inset = axes.inset_axes((0.14, 0.09, 0.5, 0.3))
            wholes = [original(material, movie, one.role) for one in series]
            curves = [points(one, movie, whole) for one, whole in zip(series, wholes, strict=True)]
            for one, whole, rows in zip(series, wholes, curves, strict=True):
                _curve(axes, inset, rows, one, whole, "black" if alone else one.look.colour)
            drawn.append(pd.concat([rows for rows in curves if len(rows)] or curves))
            _fit(axes, inset, drawn[-1])
            axes.set_title(material.movies[movie]["title"])
            axes.set_xlabel(label)
        axes_of[0].set_ylabel("TSRSA score (Spearman r)")
        legend(figure)
    columns = ["series", "movie", "window", "point", "x", "value", "x_half_width", "half_width"]
    return figure, pd.concat(drawn, ignore_index=True)[[*columns, "trials", "undefined", "whole", "drop"]]


def _curve(axes: Axes, inset: Axes, rows: pd.DataFrame, series: Series, whole: float, dashes: str) -> None:
    colour, marker = series.look.colour, series.look.marker
    if np.isfinite(whole) and (series.blind or len(rows)):
        blind = f"{series.name} (sees frames alone)" if series.blind else None
        axes.axhline(whole, linestyle="--", linewidth=1, color=dashes, label=blind)
    if rows.empty:
        return
    trials, means = rows[rows["point"] == "trial"], rows[rows["point"] == "mean"]
    widths = means[["x_half_width", "half_width"]]
    widths = widths.where(widths > 1e-12)  # a bar of no length is no bar
    axes.errorbar(
        means["x"],
        means["value"],
        widths["half_width"],
        widths["x_half_width"],
        fmt=marker,
        color=colour,
        markersize=7,
        markerfacecolor="none",  # hollow, so that trials show inside
        capsize=2,
        linewidth=0.9,
        label=series.name,
    )
    axes.plot(trials["x"], trials["value"], marker, markersize=2.4, color=colour, alpha=0.7, markeredgewidth=0)
    ordered = means.sort_values("x")
    inset.plot(ordered["x"], 100 * ordered["drop"], f"-{marker}", color=colour, markersize=2.5, linewidth=0.8)


def _fit(axes: Axes, inset: Axes, rows: pd.DataFrame) -> None:
    """Leave the lower part of the panel to the inset, so that it covers no point; few trials have bars wider than the panel."""
    low, high = np.clip(axes.get_ylim(), -1, 1)
    axes.set_ylim(low - 0.95 * (high - low), high)
    if len(rows):
        left, right = rows["x"].min(), rows["x"].max()
        margin = 0.12 * (right - left) or 0.05
        axes.set_xlim(left - margin, right + margin)
    inset.axhline(0, linewidth=0.5, color="black")
    inset.set_ylabel("drop (%)", fontsize=6, labelpad=1)
    inset.tick_params(labelsize=6, pad=1, length=2)


def _reading(material: Material, series: Sequence[Series], shown: pd.DataFrame) -> str:
    """Say n, error type, the lines and the largest drops, beside those of the paper."""
    means = shown[shown["point"] == "mean"]
    if means.empty:
        return "Dashed: score of the movie as it is."
    said = [
        f"Small points: trials ({' or '.join(map(str, sorted((means['trials'] + means['undefined']).unique())))} a window; "
        f"windows of {', '.join(map(str, sorted(means['window'].unique())))} frames); large points: their means; error bars: "
        f"99 % confidence intervals in x and y (Student's t over trials: over random draws of frames, not over units or "
        f"movies; a single trial has none, and those of two or three may leave the panel). Dashed: score of the movie as it "
        f"is. Inset: drop, 1 - score / original. For every area the layer that was best on the original movie, mean over "
        f"areas. No test is made."
    ]
    if missing := [one.name for one in series if one.trials.empty and not one.blind]:
        said.append(f"Not tried here: {', '.join(missing)}.")
    if undefined := int(means["undefined"].sum()):
        said.append(f"{undefined} trials have no score, and are left out.")
    for movie in material.shown(means):
        largest = means[means["movie"] == movie].groupby("series", sort=False)["drop"].max().dropna()
        told = "; ".join(f"{name} {100 * rate:.1f} %" for name, rate in largest.items())
        said += [f"Largest drops, {material.movies[movie]['title']}: {told}."] if told else []
    most = published.number(material.published, "figure_4a", "Movie1", "lorafb_snet largest drop, percent")
    bound = published.number(material.published, "figure_4a", "Movie1", "sew_resnet drop below, percent")
    if "sew_resnet" in material.roles:
        said.append(f"The paper: LoRaFB-SNet {most:g} %, SEW-ResNet under {bound:g} %.")
    return " ".join(said)
