"""Look of every figure, and how figures and tables are written: the same data give the same bytes, text stays text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import Any, NamedTuple, cast

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance, sealed
from lorafb.similarity.metrics import METRICS

Drawn = tuple[Figure, pd.DataFrame, str]
"""A figure, the data that it shows, and its caption."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
"""Okabe and Ito 2008: colour-blind readers can distinguish them."""
COLUMN = 3.4
"""Width of a column, and of every panel, in inches."""
LINE, LONG, POINTS = 0.15, 28, 72
"""Height of a line of a legend in inches; letters of a name that fills a line of it; points an inch."""
FAINT = "#666666"


class Look(NamedTuple):
    """Look of a network in every figure: colour, marker, and hatch of its bar (hatched: trained on still images)."""

    colour: str
    marker: str = "o"
    hatch: str = ""


LOOKS = {
    "lorafb_snet": Look(COLOURS[0]),
    "cornet": Look(COLOURS[1], "s"),
    "resnet_2p_cpc": Look(COLOURS[2], "^"),
    "sew_resnet": Look(COLOURS[3], "D"),
    "lorafb_imagenet": Look(COLOURS[5], "v", "////"),
    "sew_imagenet": Look("#E7BFD6", "P", "////"),
    "lorafb_continuous": Look(COLOURS[5], "<"),
    "lorafb_discontinuous": Look(COLOURS[5], ">"),
    "no_spike": Look(COLOURS[4], "X"),
}
MARKERS = "os^DvPX"
OTHER = Look(COLOURS[6], "h")
"""Look of a network without a role in the paper."""


def look(role: str) -> Look:
    """Look of a role, of a network by its place in a study ("0", "1", ...), or of one without a role."""
    if role.isdigit():
        return Look(COLOURS[int(role) % len(COLOURS)], MARKERS[int(role) % len(MARKERS)])
    return LOOKS.get(role, OTHER)


SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "lorafb",
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
}


ACRONYM = 3
"""Longest name of an area that is taken for an acronym: tables have names in lower case."""


def metric_label(metric: str) -> str:
    """Label of a metric."""
    return METRICS[metric].label if metric in METRICS else metric


def axis_label(metric: str) -> str:
    """Label of a metric, with its unit, for an axis."""
    unit = METRICS[metric].unit if metric in METRICS else ""
    return f"{metric_label(metric)} score ({unit})" if unit else f"{metric_label(metric)} score"


def mark(simulated: bool, miniature: bool) -> str:
    """Short warning that goes on every figure made from such data."""
    return ", ".join(["simulated mice"] * simulated + ["miniature study"] * miniature)


def area_name(area: str) -> str:
    """Spell an area as anatomists do: visp is VISp, and v1 is V1."""
    if area.startswith("vis"):
        return area[:3].upper() + area[3:]
    return area.upper() if area.startswith("ca") or len(area) <= ACRONYM else area


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house's style, without a display and without changing a caller's settings."""
    with mpl.rc_context(cast(Any, SETTINGS)):
        yield


def panels(n: int, size: tuple[float, float] = (COLUMN, 2.4), columns: int = 2) -> tuple[Figure, list[Axes]]:
    """Make a figure of `n` lettered panels, each in a cell of its own that a page can show alone; `size` of one, in inches.

    The last row of cells is for the legend and the mark: see `write`.
    """
    columns = min(n, columns)
    rows, (width, height) = -(-n // columns), size
    figure = Figure(figsize=(columns * width, rows * height))
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[*[height] * rows, 1e-3])
    axes_of = [figure.add_subfigure(grid[divmod(place, columns)]).subplots() for place in range(n)]
    figure.add_subfigure(grid[rows, 0])
    return figure, axes_of


def heading(axes: Axes, text: str) -> None:
    """Write the heading of a panel, behind its letter where there are several panels."""
    every = cast(Figure, axes.get_figure(root=True)).subfigs[:-1]
    letter = (ascii_uppercase + ascii_lowercase)[every.index(cast(Any, axes.figure)) :][:1] if len(every) > 1 else ""
    axes.set_title((rf"$\mathbf{{{letter}}}$  " if letter else "") + text)


def one_scale(axes_of: Sequence[Axes], axis: str = "y") -> None:
    """Give panels that are compared the same axis; each keeps its numbers, since a page may show it alone."""
    ends = np.array([getattr(axes, f"get_{axis}lim")() for axes in axes_of])
    for axes in axes_of:
        axes.set(**{f"{axis}lim": (ends[:, 0].min(), ends[:, 1].max())})


def _foot(figure: Figure, warning: str) -> None:
    """Name each thing once, and mark the figure, in the last cell: there they cover nothing, at the width of a column."""
    *cells, foot = figure.subfigs
    pairs = (zip(*axes.get_legend_handles_labels(), strict=True) for cell in cells for axes in cell.axes)
    handles: dict[str, Any] = {}
    for handle, label in (one for panel in pairs for one in panel):
        handles.setdefault(label, handle)
    columns = 1 if max(map(len, handles), default=0) > LONG else 2
    height = LINE * (-(-len(handles) // columns) + bool(warning)) + 0.06
    grid = cast(Any, foot)._subplotspec.get_gridspec()  # it has no public name
    *rows, _ = grid.get_height_ratios()
    grid.set_height_ratios([*rows, height])
    figure.set_figheight(sum(rows) + height)
    if handles:
        foot.legend(handles.values(), handles.keys(), loc="upper left", ncols=columns, fontsize=7, borderaxespad=0.2)
    if warning:
        foot.text(0.99, 0.02, warning, fontsize=6, color=FAINT, ha="right", va="bottom")


def write(drawn: Drawn, stem: Path, provenance: Provenance, warning: str = "") -> None:
    """Write a figure as `stem`.svg and .png, with a short warning on it; beside them its data (.csv) and caption (.txt).

    The svg says where its cells are: `data-cells`, for each "x y width height" in its own coordinates.
    """
    figure, data, caption = drawn
    with house_style():
        _foot(figure, warning)
        for ending, metadata in (
            (".png", {"Software": "lorafb"}),
            (".svg", {"Date": None, "Creator": None, "Format": None, "Type": None}),
        ):
            with sealed(stem.with_suffix(ending), provenance) as temporary:
                figure.savefig(temporary, metadata=metadata)
                if ending == ".svg":
                    drawing = temporary.read_text(encoding="utf-8")
                    drawing = drawing.replace("<svg ", f'<svg data-cells="{_cells(figure)}" ', 1)
                    temporary.write_text(drawing, encoding="utf-8")
    tables.write(data, stem.with_suffix(".csv"), provenance)
    with sealed(stem.with_suffix(".txt"), provenance) as temporary:
        temporary.write_text(caption + "\n", encoding="utf-8")


def _cells(figure: Figure) -> str:
    """Places of the cells in points from the upper left corner, those of no height left out."""
    height = figure.get_figheight() * POINTS
    boxes = [cell.bbox.transformed(figure.dpi_scale_trans.inverted()).bounds for cell in figure.subfigs]
    places = ((POINTS * x, height - POINTS * (y + h), POINTS * w, POINTS * h) for x, y, w, h in boxes)
    return "; ".join(" ".join(f"{value:.1f}" for value in place) for place in places)


def write_table(title: str, table: pd.DataFrame, caption: str, stem: Path, provenance: Provenance) -> None:
    """Write a table as `stem`.csv, all digits, and as `stem`.md: title, message, caption, three digits a number, details."""
    tables.write(table, stem.with_suffix(".csv"), provenance)
    message, text, details = caption.split("\n\n")
    parts = [f"# {title}", f"**{message}**", text, markdown(table).rstrip(), details]
    with sealed(stem.with_suffix(".md"), provenance) as temporary:
        temporary.write_text("\n\n".join(part for part in parts if part.strip("*")) + "\n", encoding="utf-8")


def markdown(table: pd.DataFrame) -> str:
    """Lay a table out in Markdown: numbers to the right, undefined values empty."""
    numeric = [pd.api.types.is_numeric_dtype(table[column]) for column in table]
    lines = [list(map(str, table.columns)), ["---:" if one else "---" for one in numeric]]
    lines += [[cell(value).replace("|", "\\|") for value in row] for row in table.itertuples(index=False)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(value: object) -> str:
    """Text of a value in a table: floats with three digits, empty where there is none."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "" if value is None or value is pd.NA else str(value)
