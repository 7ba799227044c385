"""Figures 3A, 3B and 4C, and all networks of a study: bars against visual cortex, beside the ceiling of the recording.

A bar that is missing must not look like a score of zero: a network without a score, or not in the study, is said in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lorafb.figures import published, scores
from lorafb.figures.bar_captions import caption
from lorafb.figures.material import Material
from lorafb.figures.style import COLUMN, PAGE, house_style, legend, look, panels

Shown = tuple[Figure, pd.DataFrame, str]
PAIRS = (0.0, 1.0, 2.4, 3.4)
"""Places of the bars of two networks, each trained in two ways."""
WORDS: dict[str, Any] = {
    "fontsize": 6,
    "color": "#666666",
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5},  # else a line would strike them out
}


def figure_3a(material: Material) -> Shown:
    """Draw LoRaFB-SNet, CORnet and ResNet-2p-CPC, a panel a movie (Huang et al. 2024, Figure 3A)."""
    return _upright(material, "original", (0.0, 1.0, 2.0))


def figure_3b(material: Material) -> Shown:
    """Draw LoRaFB-SNet and SEW-ResNet, trained on video and on still images (Huang et al. 2024, Figure 3B)."""
    return _upright(material, "original", PAIRS)


def figure_4c(material: Material) -> Shown:
    """Draw the networks of Figure 3B against responses to still scenes (Huang et al. 2024, Figure 4C)."""
    return _upright(material, "scenes", PAIRS)


def networks(material: Material) -> Shown:
    """Draw every network of the study, a row each, a panel a movie or set of scenes."""
    found = [scores.beside_ceiling(material, experiment) for experiment in ("original", "scenes")]
    shown = pd.concat([table for table in found if len(table)], ignore_index=True)
    movies, labels = material.shown(shown), [told["label"] for told in material.subjects.values()]
    with house_style():
        width = min(2 * PAGE, max(1.6 * COLUMN, 1.8 + 1.8 * len(movies)))
        figure, axes_of = panels(len(movies), 1.3 + 0.3 * len(labels), width)
        for axes, movie in zip(axes_of, movies, strict=True):
            _panel(Panel(axes, movie, shown[shown["movie"] == movie], upright=False), material, range(len(labels)))
            axes.set_xlabel("TSRSA (Spearman r)")
        axes_of[0].set_yticks(range(len(labels)), labels)
        axes_of[0].set_ylim(len(labels) - 0.4, -0.6)
        legend(figure, columns=min(len(movies) + 1, 4))
    return figure, shown, caption(material, shown, "each whole movie, and on still scenes")


def _upright(material: Material, experiment: str, places: Sequence[float]) -> Shown:
    shown = scores.beside_ceiling(material, experiment)
    movies = material.shown(shown)
    labels = [material.label(role).replace(" (", "\n(") for role in material.roles]
    with house_style():
        width = min(PAGE, max(COLUMN, 0.9 + 0.5 * (places[-1] + 1) * len(movies)))
        figure, axes_of = panels(len(movies), 3.0, width)
        for axes, movie in zip(axes_of, movies, strict=True):
            _panel(Panel(axes, movie, shown[shown["movie"] == movie], upright=True), material, places)
            axes.set_xticks(places, labels, rotation=35, ha="right", rotation_mode="anchor")
            axes.set_xlim(places[0] - 0.6, places[-1] + 0.6)
        axes_of[0].set_ylabel("TSRSA score (Spearman r)")
        legend(figure)
    return figure, shown, caption(material, shown, "still scenes" if experiment == "scenes" else "the whole movie")


@dataclass(frozen=True)
class Panel:
    """One movie's bars, standing or lying."""

    axes: Axes
    movie: str
    shown: pd.DataFrame
    upright: bool

    def bar(self, place: float, value: float, **look: Any) -> None:
        """Draw a bar from 0 to `value`."""
        (self.axes.bar if self.upright else self.axes.barh)(place, value, 0.7, edgecolor="white", linewidth=0, **look)

    def plot(self, places: Any, values: Any, style: str, **look: Any) -> None:
        """Draw points or a line, `places` across the bars and `values` along them."""
        self.axes.plot(*((places, values) if self.upright else (values, places)), style, color="black", **look)

    def words(self, place: float, said: str) -> None:
        """Say in words what stands where a bar would be."""
        x, y = (place, 0.02) if self.upright else (0.02, place)
        turned = {"rotation": 90, "ha": "center", "va": "bottom"} if self.upright else {"va": "center"}
        self.axes.text(x, y, said, **turned, **WORDS)

    def line(self, value: float, **look: Any) -> None:
        """Draw a line across all bars."""
        (self.axes.axhline if self.upright else self.axes.axvline)(value, color="black", **look)


def _panel(panel: Panel, material: Material, places: Sequence[float]) -> None:
    for place, (subject, role) in zip(places, material.columns(), strict=True):
        _network(panel, place, panel.shown[panel.shown["subject"] == subject], look(role), in_study=bool(subject))
        paper = published.score(material.published, material.paper(panel.movie), role)
        if np.isfinite(paper):
            panel.plot(place + 0.28, paper, "D", markerfacecolor="white", markersize=3.5, label="the paper's score")
    means = panel.shown[panel.shown["area"] == "mean"]
    for column, style, name in (
        ("ceiling", "--", "ceiling (halves of units)"),
        ("lag_only", ":", "distance in time alone"),
    ):
        if len(means) and np.isfinite(means[column].iloc[0]):
            panel.line(means[column].iloc[0], linestyle=style, linewidth=1, label=name)
    panel.line(0, linewidth=0.6)
    panel.axes.set_title(material.movies[panel.movie]["title"])


def _network(panel: Panel, place: float, own: pd.DataFrame, style: Any, in_study: bool) -> None:
    """Draw one network: a bar, its interval, and areas as points beside it; hollow those that no mean holds."""
    means = own[own["area"] == "mean"]
    if means["value"].isna().all():
        panel.words(place, "not in this study" if not in_study else "no score" if len(means) else "not shown it")
        return
    mean = means.iloc[0]
    panel.bar(place, mean["value"], color=style.colour, hatch=style.hatch)
    panel.plot(
        [place] * 2, [mean["ci_low"], mean["ci_high"]], "-_" if panel.upright else "-|", markersize=6, linewidth=1
    )
    areas = own[own["area"] != "mean"]
    for rows, fill, left, right, name in (
        (areas[~areas["control"]], "black", -0.24, -0.06, "an area"),
        (areas[areas["control"]], "white", 0.06, 0.2, "control area, in no mean"),
    ):
        if len(rows):
            across = place + np.linspace(left, right, len(rows) + 2)[1:-1]
            panel.plot(
                across,
                rows["value"].to_numpy(),
                "o",
                markersize=2.6,
                markerfacecolor=fill,
                markeredgewidth=0.6,
                label=name,
            )
