"""Figure 6: the responses of single units during the movie, measured and regressed from the network."""

import math

from lorafb.figures import captions
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import COLOURS, PAGE, Drawn, area_name, house_style, legend, mesh


def figure_6(data: FigureData) -> Drawn:
    """Draw one unit per area: the measured PSTH and the regressed one (Huang et al. 2024, Figure 6)."""
    movie = data.movies_in(data.psth)[0]
    table = data.psth[data.psth["movie"] == movie]
    areas, response = table["area"].unique(), data.movies[movie].get("response", "spikes/s")
    with house_style():
        rows = math.ceil(len(areas) / 2)
        figure, axes_of = mesh(len(areas), min(2, len(areas)), (PAGE, 0.9 + 1.15 * rows), sharex=True)
        for axes, area in zip(axes_of, areas, strict=False):
            unit = table[table["area"] == area]
            axes.plot(unit["frame"], unit["measured"], color="black", linewidth=0.9, label="measured")
            label = "regressed from the network"
            axes.plot(unit["frame"], unit["regressed"], color=COLOURS[1], linewidth=0.9, label=label)
            kind = " (control area)" if area in data.controls and area != "control" else ""
            title = f"{area_name(area)}{kind}, unit {unit['unit_id'].iloc[0]}: $R^2$ = {unit['r2'].iloc[0]:.2f}"
            axes.set_title(title, fontsize=7)
            axes.margins(x=0)
        for axes in axes_of[-min(2, len(areas)) :]:
            axes.set_xlabel("frame")
        figure.supylabel(response, fontsize=8)
        legend(figure)
    facts = {
        "title": data.title(movie),
        "areas": len(areas),
        "frames": table.groupby("area")["frame"].count().max(),
        "network": data.label(data.roles[0]),
        "responses": "PSTHs" if response == "spikes/s" else "Mean responses",
    }
    return figure, table, captions.caption("psth", facts, data=data)
