"""What `lorafb inspect` says of a file of any kind, and names for the block of a config that uses it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.cortex import places

KNOWN = (
    *("VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam", "VISli", "VISpl", "VISpor", "VISa"),
    *("LGd", "LP", "CA1", "CA3", "DG", "SUB"),
)
"""Acronyms of the areas whose full names and layers `places` knows."""

NAMES = {
    "time": "time spike_time spike_times times time_s time_ms t",
    "unit": "unit unit_id cluster cluster_id neuron neuron_id cell cell_id roi id index",
    "area": "area region brain_area brain_region location structure acronym",
    "session": "session session_id mouse animal subject",
    "frame": "frame frame_id frame_index frame_number movie_frame_index image stimulus_index",
    "onset": "onset start_time start onset_time onset_s onset_ms timestamp time t",
    "offset": "offset stop_time stop end_time end offset_time offset_s offset_ms",
    "repeat": "repeat trial repetition rep presentation showing",
    "count": "count counts n_spikes spikes value values dff df_f response rate activity",
}
"""What people call the columns of their tables, the likeliest first."""

FEWEST = 3
"""Frames of a movie at least."""


@dataclass(frozen=True)
class Finding:
    """What a file holds.

    title : what it is
    rows  : what was found of what
    block : part of a config that would use it; empty where there is none
    hints : what a person must add or know
    parts : of a recording as tables, what each file of it is: `spikes`, `frames` or `units`
    """

    title: str
    rows: Sequence[tuple[str, str]] = ()
    block: Mapping[str, Any] = field(default_factory=dict)
    hints: Sequence[str] = ()
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def by_area(held: pd.Series) -> str:
    """Count units by the area that each is in."""
    counts = held.value_counts(sort=False).sort_index()
    return ", ".join(f"{area} {n}" for area, n in counts.items()) or "no area is named"


def areas(held: Iterable[Any]) -> Any:
    """Areas for a config: names; a mapping where a place is no name of a file."""
    found = list(dict.fromkeys(places.place(str(one), KNOWN) or str(one) for one in held))
    plain = {one: re.sub(r"[^A-Za-z0-9_]+", "_", one).strip("_") or "mine" for one in found}
    return (
        found
        if all(one == plain[one] for one in found)
        else {plain[one]: [] if plain[one] == one else [one] for one in found}
    )


def name(path: Path | str) -> str:
    """Name for a config, from that of a file."""
    stem = Path(path).name.partition(".")[0]
    return re.sub(r"[^A-Za-z0-9_]+", "_", stem).strip("_") or "mine"


def size(height: int, width: int) -> str:
    """Say how large frames are."""
    return f"{height} x {width} pixels (height x width)"


def are_real(values: NDArray[Any]) -> bool:
    """Whether some values are no counts."""
    return values.dtype.kind == "f" and bool(((values != np.rint(values)) | (values < 0)).any())
