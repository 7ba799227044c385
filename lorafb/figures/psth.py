"""Figure 6: the responses of single units during the movie, measured and regressed from the network."""

from lorafb.figures import captions
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import COLOURS, COLUMN, Drawn, area_name, heading, house_style, panels


def figure_6(data: FigureData) -> Drawn:
    """Draw one unit per area: the measured PSTH and the regressed one (Huang et al. 2024, Figure 6)."""
    movie = data.movies_in(data.psth)[0]
    table = data.psth[data.psth["movie"] == movie]
    areas, response = table["area"].unique(), data.movies[movie].get("response", "spikes/s")
    with house_style():
        figure, axes_of = panels(len(areas), (COLUMN, 1.5))
        for axes, area in zip(axes_of, areas, strict=True):
            unit = table[table["area"] == area]
            axes.plot(unit["frame"], unit["measured"], color="black", linewidth=0.9, label="measured")
            axes.plot(
                unit["frame"], unit["regressed"], color=COLOURS[1], linewidth=0.9, label="regressed from the network"
            )
            kind = " (control area)" if area in data.controls and area != "control" else ""
            heading(axes, f"{area_name(area)}{kind}, unit {unit['unit_id'].iloc[0]}: $R^2$ = {unit['r2'].iloc[0]:.2f}")
            axes.margins(x=0)
            axes.set(xlabel="frame", ylabel=response)
    facts = {
        "title": data.title(movie),
        "areas": len(areas),
        "frames": table.groupby("area")["frame"].count().max(),
        "network": data.label(data.roles[0]),
        "responses": "PSTHs" if response == "spikes/s" else "Mean responses",
        "r2": table.groupby("area", sort=False)["r2"].first().tolist(),
    }
    return figure, table, captions.caption("psth", facts, data=data)
