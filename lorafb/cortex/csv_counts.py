"""A person's own counts as a tidy table: one row per unit, repeat and frame, in a table that any program writes.

A missing row is not a count of zero: it may as well be a dropped frame. So every combination must be there, once.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Recording
from lorafb.cortex import own_tables
from lorafb.cortex.own_tables import OwnTable
from lorafb.files import InputError, nearest

COLUMNS = ("area", "unit", "repeat", "frame", "count", "session")
"""Names of the columns, unless the config gives others; a table of one session needs no session."""


def areas(path: Path | str, names: Mapping[str, str] | None = None) -> list[str]:
    """Names of the areas of a tidy table, in its own order."""
    return list(dict.fromkeys(own_tables.read(path).texts((names or {}).get("area", "area"))))


def extent(path: Path | str, names: Mapping[str, str]) -> tuple[list[str], int]:
    """Areas of a tidy table and its number of frames, from these two columns alone."""
    area, frame = (names.get(name, name) for name in ("area", "frame"))
    table = own_tables.read(path, (area, frame))
    return list(dict.fromkeys(table.texts(area))), len(_frames(table.where, table.whole(frame)))


def _frames(where: str, frame: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of the frames, one by one; a gap may be a frame that was dropped everywhere."""
    frames = np.unique(frame)
    if len(frames) and frames[-1] - frames[0] >= len(frames):
        gap = int(frames[np.argmax(np.diff(frames) > 1)]) + 1
        raise InputError(
            f"{where}: frame {gap} is in no row, and frames {frames[0]} to {frames[-1]} are; number them one by one"
        )
    return frames


def read(
    path: Path | str,
    area: str,
    movie: str,
    rate_hz: float,
    names: Mapping[str, str] | None = None,
    real: bool = False,
) -> Recording:
    """Read one area from a tidy table of spike counts, or of real values.

    Parameters
    ----------
    path : a table (see `own_tables.read`) with the columns area, unit, repeat, frame, count, and for several mice session;
        frames are whole numbers and may be counted from any number, areas, units, repeats and sessions may be names
    area : name of the area as the file spells it
    movie : name of the movie that was shown
    rate_hz : frames a second
    names : of columns that are called otherwise, by the names above
    real : whether the values are real (dF/F, rates) instead of counts

    Raises
    ------
    InputError
        One line: the file, the column or row, its value and what was expected.
    """
    called = {name: (names or {}).get(name, name) for name in COLUMNS}
    table = own_tables.read(path)
    cells = _cells(table, called)
    wanted = np.flatnonzero(cells["area"] == area)
    if not len(wanted):
        known = list(dict.fromkeys(cells["area"]))
        raise InputError(f"{path}: holds no area {area!r}{nearest(area, known)}; it holds {', '.join(known)}")
    rows = cells.iloc[wanted]
    values = OwnTable(table.where, table.rows.iloc[wanted], table.line, table.first, table.separator)
    counts = _values(values, called["count"], real)
    twice = rows.duplicated(["session", "unit", "repeat", "frame"]).to_numpy()
    if twice.any():
        place = int(np.argmax(twice))
        session, unit, repeat, frame = (rows[name].iloc[place] for name in ("session", "unit", "repeat", "frame"))
        mouse = f"session {session}, " if rows["session"].nunique() > 1 else ""
        which = f"{mouse}unit {unit}, repeat {repeat}, frame {frame} is there twice"
        raise InputError(f"{path}: area {area}: {which}, again in {values.at(place)}")
    repeats, repeat = np.unique(rows["repeat"], return_inverse=True)
    frames = _frames(str(path), cells["frame"].to_numpy())  # of all areas, which saw the same movie
    frame = np.searchsorted(frames, rows["frame"])
    units = rows[["session", "unit"]].drop_duplicates().sort_values(["session", "unit"])
    unit = rows.groupby(["session", "unit"]).ngroup().to_numpy()
    shape = len(repeats), len(frames), len(units)
    if math.prod(shape) > len(rows):  # checked before anything of that shape is made
        # The first unit with too few rows, its first repeat with too few rows, and the first frame not among those.
        nth_unit = int(np.argmax(np.bincount(unit, minlength=len(units)) < len(repeats) * len(frames)))
        of_unit = unit == nth_unit
        nth_repeat = int(np.argmax(np.bincount(repeat[of_unit], minlength=len(repeats)) < len(frames)))
        nth_frame = np.setdiff1d(np.arange(len(frames)), frame[of_unit & (repeat == nth_repeat)])[0]
        lacking = f"lacks frame {frames[nth_frame]} of repeat {repeats[nth_repeat]}"
        name = units["unit"].iloc[nth_unit]
        raise InputError(f"{path}: area {area}: unit {name} {lacking}; a count of 0 needs a row too")
    by_repeat = counts[np.lexsort((unit, frame, repeat))].reshape(shape)
    ids = {"unit_id": units["unit"].to_numpy(), "session": units["session"].to_numpy()}
    return Recording.of_repeats(area, movie, rate_hz, by_repeat, ids)


def _cells(table: OwnTable, called: Mapping[str, str]) -> pd.DataFrame:
    """Where each row [rows] belongs: its area, session, unit, repeat and frame."""
    own_session = table.find(called["session"]) is not None or called["session"] != "session"
    return pd.DataFrame(
        {
            "area": table.texts(called["area"]),
            "unit": table.ids(called["unit"]),
            "repeat": table.ids(called["repeat"]),
            "frame": table.whole(called["frame"]),
            "session": table.ids(called["session"]) if own_session else 0,
        }
    )


def _values(table: OwnTable, name: str, real: bool) -> NDArray[Any]:
    """Read counts, or real values [rows]; a row with another value is named."""
    if real:
        return table.numbers(name).astype(np.float64)
    counts = table.whole(name, "expected spike counts, which are whole numbers; for others set `values: real`")
    if counts.min() < 0:
        table.refuse(name, int(np.argmin(counts)), "expected spike counts, none below 0; for others set `values: real`")
    return counts
