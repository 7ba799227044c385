"""Matrices as pictures: area against area, frame against frame, and layer against area."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from lorafb.figures import captions
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import COLUMN, Drawn, area_name, axis_label, heading, house_style, metric_label, panels

FloatArray = NDArray[np.float64]
COLOURS, INK, PAPER = "cividis", "#010101", "#fefefe"
"""Colours of values, and of words on them, which a dark page must not change."""


def areas(scores: pd.DataFrame, title: str, metric: str, splits: int, note: str = "") -> Drawn:
    """Draw how similar the areas represent the movie; on the diagonal each area's ceiling.

    Parameters
    ----------
    scores : tidy scores of the experiment `areas`
        Every ordered pair of areas; where `area` equals `layer` (the other area), the mean ceiling.
    title : heading
    metric : metric to show
    splits : random halves behind a ceiling
    note : source of the recordings
    """
    data = scores[scores["metric"] == metric].rename(columns={"layer": "other"})[["movie", "area", "other", "value"]]
    order = data["other"].unique()
    table = data.pivot(index="area", columns="other", values="value").loc[order, order].to_numpy()
    with house_style():
        figure, (axes,) = panels(1, (COLUMN, COLUMN * 0.85))
        image = axes.imshow(table, vmin=min(0.0, float(np.nanmin(table))), vmax=1, cmap=COLOURS)
        names = [area_name(area) for area in order]
        axes.set_xticks(range(len(order)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(order)), names)
        for (row, column), value in np.ndenumerate(table):
            weight, color = "bold" if row == column else "normal", INK if value > 0.6 else PAPER
            centre = {"ha": "center", "va": "center"}
            axes.text(column, row, f"{value:.2f}", centre, fontsize=6, weight=weight, color=color)
        heading(axes, title)
        axes.spines[:].set_visible(False)
        axes.figure.colorbar(image, ax=axes, shrink=0.8, label=axis_label(metric))
    pairs = data[data["area"] != data["other"]].sort_values("value", ascending=False)
    ends = [
        {"one": area_name(row["area"]), "other": area_name(row["other"]), "value": row["value"]}
        for row in pairs[pairs["value"].notna()].to_dict("records")
    ]
    facts = {
        "areas": data["area"].nunique(),
        "metric": metric_label(metric),
        "splits": splits,
        "ends": ends[::-1][:1] + ends[:1],
    }
    return figure, data, captions.caption("areas", facts, note=note)


def frames(matrices: Mapping[str, FloatArray], rate_hz: float, title: str, n_areas: int = 0) -> Drawn:
    """Draw RSMs with time on both axes, as TSRSA sees them: each pair of frames by its rank among the pairs of its matrix.

    Parameters
    ----------
    matrices : name of a panel to Pearson r, shape (T, T)
    rate_hz : frames per second
    title : what is shown
    n_areas : the last panels, which are cortical areas

    Returns
    -------
    figure, data, caption
        The data are means over the pairs of frames at each distance in time: layer, lag (frames), seconds, r.
    """
    n_frames = len(next(iter(matrices.values())))
    seconds = n_frames / rate_hz
    with house_style():
        figure, axes_of = panels(len(matrices), (COLUMN / 1.5, 2.9), columns=3)
        for axes, (name, matrix) in zip(axes_of, matrices.items(), strict=True):
            image = axes.imshow(
                percentiles(matrix), COLOURS, extent=(0, seconds, seconds, 0), vmin=0, vmax=100, interpolation="nearest"
            )
            axes.set(xlabel="time (s)", ylabel="time (s)")
            heading(axes, name.replace(".", "\n", 1))
            bar = axes.figure.colorbar(image, ax=axes, location="bottom", ticks=[0, 50, 100])
            bar.set_label("rank of similarity (%)", fontsize=6)
    rows = [
        {"layer": name, "lag": lag, "seconds": lag / rate_hz, "r": float(np.mean(np.diagonal(matrix, lag)))}
        for name, matrix in matrices.items()
        for lag in range(1, n_frames)
    ]
    undefined = [name for name, matrix in matrices.items() if np.isnan(matrix).any()]
    table = pd.DataFrame(rows)
    near = {str(name): float(part["r"].iloc[0]) for name, part in table.groupby("layer", sort=False)}
    facts = {"frames": n_frames, "seconds": seconds, "undefined": undefined, "title": title, "n_areas": n_areas}
    return figure, table, captions.caption("frames", facts, near={name: r for name, r in near.items() if r == r})


def percentiles(matrix: FloatArray) -> FloatArray:
    """Rank of each pair of frames among all pairs, 0 (least alike) to 100; the diagonal 100, NaN where r is NaN."""
    pairs = np.triu_indices(len(matrix), 1)
    ranks = np.asarray(rankdata(matrix[pairs], nan_policy="omit"))
    ranked = np.full(matrix.shape, 100.0)
    ranked[pairs] = 100 * (ranks - 1) / max(int(np.count_nonzero(~np.isnan(ranks))) - 1, 1)
    ranked.T[pairs] = ranked[pairs]
    return ranked


def layers(data: FigureData) -> Drawn:
    """Draw the score of every layer in every area, a panel per network, on the first movie that it is shown."""
    rows = data.of_metric(data.layers, data.metric)
    movies = [movie for movie in data.movies if movie in set(rows["movie"])]
    rows = rows.assign(order=rows["movie"].map(movies.index)).sort_values(["order", "layer_index"], kind="stable")
    first = rows.groupby("subject")["order"].transform("min")
    rows = rows[rows["order"] == first]
    subjects = [name for name in data.subjects if name in set(rows["subject"])]
    most = int(rows.groupby("subject")["layer"].nunique().max())
    low, high = min(0.0, float(rows["value"].min())), float(rows["value"].max())
    best: list[dict[str, object]] = []
    with house_style():
        figure, axes_of = panels(len(subjects), (COLUMN, 1.3 + 0.17 * most))
        for axes, subject in zip(axes_of, subjects, strict=True):
            own = rows[rows["subject"] == subject]
            table = own.pivot_table(index="layer", columns="area", values="value", sort=False, dropna=False)
            values = table.to_numpy(np.float64)
            axes.set_facecolor("#dddddd")
            image = axes.imshow(values, COLOURS, vmin=low, vmax=high, aspect="auto")
            chosen = own[own["best"]]
            spots = [
                (table.columns.get_loc(a), table.index.get_loc(b))
                for a, b in zip(chosen["area"], chosen["layer"], strict=True)
            ]
            if spots:
                axes.plot(
                    *zip(*spots, strict=True),
                    "o",
                    color="black",
                    markerfacecolor="white",
                    markersize=4,
                    label="best layer of an area",
                )
            axes.set_xticks(
                range(len(table.columns)), [area_name(area) for area in table.columns], rotation=45, ha="right"
            )
            axes.set_yticks(range(len(table)), table.index, fontsize=6)
            bar = axes.figure.colorbar(image, ax=axes, location="bottom", aspect=30)
            bar.set_label(axis_label(data.metric), fontsize=6)
            heading(axes, data.name(subject))
            counted = chosen[~chosen["area"].isin(data.controls)]["layer"].value_counts()
            if len(counted):
                best.append(
                    {
                        "label": data.name(subject),
                        "layer": counted.index[0],
                        "n": int(counted.iloc[0]),
                        "of": int(counted.sum()),
                    }
                )
    groups = rows.groupby(["subject", "layer"], sort=False)["value"]
    silent = [f"{layer} of {data.name(str(subject))}" for (subject, layer), one in groups if one.isna().all()]
    shown = rows[["subject", "movie", "layer", "layer_index", "area", "value", "best"]]
    return (
        figure,
        shown,
        captions.caption(
            "matrices",
            data=data,
            movies=list(shown["movie"].unique()),
            best=best,
            silent=silent,
            metric=metric_label(data.metric),
        ),
    )
