"""Similarity matrices as pictures: area against area, and frame against frame."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lorafb.figures.style import COLUMN, PAGE, area_name, house_style


def areas_shown(scores: pd.DataFrame) -> pd.DataFrame:
    """Take what the figure shows out of tidy scores of the experiment `areas`: columns movie, area, other, value."""
    return scores.rename(columns={"layer": "other"})[["movie", "area", "other", "value"]]


def areas_caption(shown: pd.DataFrame, splits: int, note: str) -> str:
    """Say what the numbers are."""
    n_areas = shown["area"].nunique()
    return (
        f"TSRSA between {n_areas} areas: Spearman r between the correlations of every pair of frames (or bins) in one area and "
        f"in the other, all kept units of each. On the diagonal, in bold, the area's ceiling: mean between random halves of "
        f"its units, {splits} splits; a half has half the units, so that ceilings lie below what whole areas can reach. {note}"
    )


def areas_figure(similarities: pd.DataFrame, title: str) -> Figure:
    """Draw how alike areas represent the movie; on the diagonal each area's ceiling.

    Parameters
    ----------
    similarities : columns area, other, value
        Every ordered pair of areas; where `area` equals `other`, the mean ceiling.
    title : heading
    """
    order = list(dict.fromkeys(similarities["other"]))
    table = similarities.pivot(index="area", columns="other", values="value").loc[order, order]
    with house_style():
        figure = Figure(figsize=(COLUMN, COLUMN * 0.85))
        axes = figure.subplots()
        image = axes.imshow(table.to_numpy(), vmin=min(0.0, float(np.nanmin(table.to_numpy()))), vmax=1, cmap="cividis")
        names = [area_name(area) for area in order]
        axes.set_xticks(range(len(order)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(order)), names)
        for (row, column), value in np.ndenumerate(table.to_numpy()):
            bright = value > 0.6
            weight = "bold" if row == column else "normal"
            axes.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize=6,
                weight=weight,
                color="black" if bright else "white",
            )
        axes.set_title(title)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, shrink=0.8, label="TSRSA (Spearman r)")
    return figure


def frames_figure(matrices: Mapping[str, NDArray[np.float64]], rate_hz: float, title: str) -> Figure:
    """Draw matrices of the correlation of every pair of frames, side by side.

    Parameters
    ----------
    matrices : name of a panel to Pearson r, shape (T, T)
    rate_hz : frames a second
    title : heading of the figure
    """
    with house_style():
        columns = min(4, len(matrices))
        rows = -(-len(matrices) // columns)
        figure = Figure(figsize=(PAGE, 0.4 + 1.75 * rows))
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes in panels.flat[len(matrices) :]:
            axes.set_axis_off()
        for axes, (name, matrix) in zip(panels.flat, matrices.items(), strict=False):
            seconds = len(matrix) / rate_hz
            low, high = np.nanpercentile(matrix[np.triu_indices(len(matrix), 1)], [2, 98])
            axes.imshow(
                matrix, extent=(0, seconds, seconds, 0), vmin=low, vmax=high, cmap="viridis", interpolation="nearest"
            )
            axes.set_title(name.replace(".", "\n", 1), fontsize=7)
        figure.supxlabel("time (s)", fontsize=8)
        figure.supylabel("time (s)", fontsize=8)
        figure.suptitle(title, fontsize=8, x=0.01, ha="left")
    return figure


def frames_shown(matrices: Mapping[str, NDArray[np.float64]], rate_hz: float) -> pd.DataFrame:
    """Summarise matrices by the distance of two frames: columns layer, lag (frames), seconds, r (mean over pairs)."""
    rows = [
        {"layer": name, "lag": lag, "seconds": lag / rate_hz, "r": float(np.mean(np.diagonal(matrix, lag)))}
        for name, matrix in matrices.items()
        for lag in range(1, len(matrix))
    ]
    return pd.DataFrame(rows)


def frames_caption(matrices: Mapping[str, NDArray[np.float64]], rate_hz: float) -> str:
    """Say what the pictures are, and name layers without a correlation."""
    n_frames = len(next(iter(matrices.values())))
    undefined = [name for name, matrix in matrices.items() if np.isnan(matrix).any()]
    missing = (
        f" Frames without variance, and so without a correlation (white), in: {', '.join(undefined)}."
        if undefined
        else ""
    )
    return (
        f"Pearson r over a layer's units between the responses to every two of {n_frames} frames ({n_frames / rate_hz:.1f} s), "
        f"one panel a layer, colours from the 2nd to the 98th percentile of each. TSRSA ranks the pairs of such a matrix and "
        f"of an area's. The data beside this figure are the means over pairs at each distance in time.{missing}"
    )
