"""How every figure of the house looks, and how it is written: the same data give the same bytes, text stays text."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance, sealed

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
"""Okabe and Ito 2008: told apart by colour-blind readers."""

COLUMN, PAGE = 3.4, 7.0
"""Widths of one column and of a page, in inches."""

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


def area_name(area: str) -> str:
    """Spell an area as anatomists do: visp is VISp."""
    return area[:3].upper() + area[3:] if area.startswith("vis") else area


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house's style, without a display and without touching a caller's settings."""
    with mpl.rc_context(cast(Any, SETTINGS)):
        yield


def write(figure: Figure, shown: pd.DataFrame, caption: str, stem: Path, provenance: Provenance) -> None:
    """Write a figure as `stem`.svg and .png, beside them the data that it shows (.csv) and its caption (.txt)."""
    for ending, metadata in (
        (".svg", {"Date": None, "Creator": None, "Format": None, "Type": None}),
        (".png", {"Software": "lorafb"}),
    ):
        with house_style(), sealed(stem.with_suffix(ending), provenance) as temporary:
            figure.savefig(temporary, metadata=metadata)
    tables.write(shown, stem.with_suffix(".csv"), provenance)
    with sealed(stem.with_suffix(".txt"), provenance) as temporary:
        temporary.write_text(caption + "\n", encoding="utf-8")
