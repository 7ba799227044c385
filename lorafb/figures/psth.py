"""Figure 6: what single units did during the movie, and what is regressed of it from the network."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lorafb.figures.bars import Shown
from lorafb.figures.material import Material
from lorafb.figures.style import COLOURS, PAGE, area_name, house_style, legend


def figure_6(material: Material) -> Shown:
    """Draw one unit an area: the measured PSTH and the regressed one (Huang et al. 2024, Figure 6)."""
    shown = material.psth
    movie = material.shown(shown)[0]
    shown = shown[shown["movie"] == movie]
    areas = list(dict.fromkeys(shown["area"]))
    with house_style():
        rows = math.ceil(len(areas) / 2)
        figure = Figure(figsize=(PAGE, 0.9 + 1.15 * rows))
        panels = figure.subplots(rows, min(2, len(areas)), sharex=True, squeeze=False)
        for axes, area in zip(panels.flat, areas, strict=False):
            _unit(axes, shown[shown["area"] == area], area, area in material.controls)
        for axes in panels.flat[len(areas) :]:
            axes.set_axis_off()
        for axes in panels[-1]:
            axes.set_xlabel("frame")
        figure.supylabel("spikes/s", fontsize=8)
        legend(figure)
    return figure, shown, _caption(material, shown, movie)


def _unit(axes: Axes, rows: pd.DataFrame, area: str, control: bool) -> None:
    axes.plot(rows["frame"], rows["measured"], color="black", linewidth=0.9, label="measured")
    axes.plot(rows["frame"], rows["regressed"], color=COLOURS[1], linewidth=0.9, label="regressed from the network")
    first = rows.iloc[0]
    kind = " (control area)" if control and area != "control" else ""
    axes.set_title(f"{area_name(area)}{kind}, unit {first['unit_id']}: $R^2$ = {first['r2']:.2f}", fontsize=7)
    axes.margins(x=0)


def _caption(material: Material, shown: pd.DataFrame, movie: str) -> str:
    n_frames = shown.groupby("area")["frame"].count().max()
    return (
        f"PSTHs of one unit in each of {shown['area'].nunique()} areas over {n_frames} frames of "
        f"{material.movies[movie]['title']}: measured (mean over repeats) and regressed (ridge, from principal components of "
        f"the layer of {material.label(material.roles[0])} that regresses the area best, fitted on the same frames, so that R2 "
        f"is of the fit and no prediction). Of each area the unit whose R2 is the median: an example; no error bars, no test. "
        f"{material.closing()}"
    )
