"""Matrices of correlations as pictures: area against area, and frame against frame."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.figures import captions
from lorafb.figures.style import COLUMN, PAGE, Drawn, area_name, axis_label, house_style, mesh, metric_label


def areas(scores: pd.DataFrame, title: str, metric: str, splits: int, note: str = "", warning: str = "") -> Drawn:
    """Draw how similar the areas represent the movie; on the diagonal each area's ceiling.

    Parameters
    ----------
    scores : tidy scores of the experiment `areas`
        Every ordered pair of areas; where `area` equals `layer` (the other area), the mean ceiling.
    title : heading
    metric : metric to show
    splits : random halves behind a ceiling
    note, warning : source of the recordings, and the short warning of the caption
    """
    data = scores[scores["metric"] == metric].rename(columns={"layer": "other"})[["movie", "area", "other", "value"]]
    order = data["other"].unique()
    table = data.pivot(index="area", columns="other", values="value").loc[order, order].to_numpy()
    with house_style():
        figure, (axes,) = mesh(1, 1, (COLUMN, COLUMN * 0.85))
        image = axes.imshow(table, vmin=min(0.0, float(np.nanmin(table))), vmax=1, cmap="cividis")
        names = [area_name(area) for area in order]
        axes.set_xticks(range(len(order)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(order)), names)
        for (row, column), value in np.ndenumerate(table):
            weight, color = "bold" if row == column else "normal", "black" if value > 0.6 else "white"
            centre = {"ha": "center", "va": "center"}
            axes.text(column, row, f"{value:.2f}", centre, fontsize=6, weight=weight, color=color)
        axes.set_title(title)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, shrink=0.8, label=axis_label(metric))
    facts = {"areas": data["area"].nunique(), "metric": metric_label(metric), "splits": splits}
    return figure, data, captions.caption("areas", facts, note=note, warning=warning)


def frames(matrices: Mapping[str, NDArray[np.float64]], rate_hz: float, title: str) -> Drawn:
    """Draw matrices of the correlation of every pair of frames, side by side.

    Parameters
    ----------
    matrices : name of a panel to Pearson r, shape (T, T)
    rate_hz : frames per second
    title : heading of the figure

    Returns
    -------
    figure, data, caption
        The data are means over the pairs of frames at each distance in time: layer, lag (frames), seconds, r.
    """
    n_frames = len(next(iter(matrices.values())))
    seconds, columns = n_frames / rate_hz, min(4, len(matrices))
    with house_style():
        figure, axes_of = mesh(len(matrices), columns, (PAGE, 0.4 + 1.75 * -(-len(matrices) // columns)))
        for axes, (name, matrix) in zip(axes_of, matrices.items(), strict=False):
            low, high = np.nanpercentile(matrix[np.triu_indices(n_frames, 1)], [2, 98])
            extent = (0, seconds, seconds, 0)
            axes.imshow(matrix, "viridis", extent=extent, vmin=low, vmax=high, interpolation="nearest")
            axes.set_title(name.replace(".", "\n", 1), fontsize=7)
        figure.supxlabel("time (s)", fontsize=8)
        figure.supylabel("time (s)", fontsize=8)
        figure.suptitle(title, fontsize=8, x=0.01, ha="left")
    rows = [
        {"layer": name, "lag": lag, "seconds": lag / rate_hz, "r": float(np.mean(np.diagonal(matrix, lag)))}
        for name, matrix in matrices.items()
        for lag in range(1, n_frames)
    ]
    undefined = [name for name, matrix in matrices.items() if np.isnan(matrix).any()]
    facts = {"frames": n_frames, "seconds": seconds, "undefined": undefined}
    return figure, pd.DataFrame(rows), captions.caption("frames", facts)
