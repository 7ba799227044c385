"""Look of every figure, and how figures and tables are written: the same data give the same bytes, text stays text."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import matplotlib as mpl
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
COLUMN, PAGE = 3.4, 7.0
"""Widths of one column and of a page, in inches."""


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


def panels(n: int, height: float, width: float = COLUMN) -> tuple[Figure, list[Axes]]:
    """Make a figure of `n` panels side by side that share their y axis; sizes of the whole in inches."""
    return mesh(n, n, (width, height), sharey=True)


def mesh(
    n: int, columns: int, size: tuple[float, float], sharex: bool = False, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """Make a figure of `n` panels, row by row, and leave the rest of the last row empty; size (width, height) in inches."""
    figure = Figure(figsize=size)
    axes_of = list(figure.subplots(-(-n // columns), columns, sharex=sharex, sharey=sharey, squeeze=False).flat)
    for axes in axes_of[n:]:
        axes.set_axis_off()
    return figure, axes_of


def legend(figure: Figure, columns: int = 2) -> None:
    """Name each thing once under the panels, where the legend covers nothing."""
    handles = {
        label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=columns, fontsize=7)


def write(drawn: Drawn, stem: Path, provenance: Provenance, warning: str = "") -> None:
    """Write a figure as `stem`.svg and .png, with a short warning on it; beside them its data (.csv) and caption (.txt)."""
    figure, data, caption = drawn
    with house_style():
        if warning:  # a title of the whole figure, so that the layout makes room for it
            figure.suptitle(warning, fontsize=6, color="#666666", x=0.99, ha="right")
        for ending, metadata in (
            (".svg", {"Date": None, "Creator": None, "Format": None, "Type": None}),
            (".png", {"Software": "lorafb"}),
        ):
            with sealed(stem.with_suffix(ending), provenance) as temporary:
                figure.savefig(temporary, metadata=metadata)
    tables.write(data, stem.with_suffix(".csv"), provenance)
    with sealed(stem.with_suffix(".txt"), provenance) as temporary:
        temporary.write_text(caption + "\n", encoding="utf-8")


def write_table(title: str, table: pd.DataFrame, caption: str, stem: Path, provenance: Provenance) -> None:
    """Write a table as `stem`.csv, all digits, and as `stem`.md: title, caption, four digits per number, details."""
    tables.write(table, stem.with_suffix(".csv"), provenance)
    text, _, details = caption.partition("\n\n")
    parts = [f"# {title}\n", f"{text}\n", markdown(table), *([f"{details}\n"] if details else [])]
    with sealed(stem.with_suffix(".md"), provenance) as temporary:
        temporary.write_text("\n".join(parts), encoding="utf-8")


def markdown(table: pd.DataFrame) -> str:
    """Lay a table out in Markdown: numbers to the right, undefined values empty."""
    numeric = [pd.api.types.is_numeric_dtype(table[column]) for column in table]
    lines = [list(map(str, table.columns)), ["---:" if one else "---" for one in numeric]]
    lines += [[cell(value).replace("|", "\\|") for value in row] for row in table.itertuples(index=False)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(value: object) -> str:
    """Text of a value in a table: floats with four digits, empty where there is none."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"
    return "" if value is None or value is pd.NA else str(value)
