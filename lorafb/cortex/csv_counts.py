"""A person's own recording as a tidy table: one row per unit, repeat and frame, in a CSV that any program writes.

A missing row is not a count of zero: it may as well be a dropped frame. So every combination must be there, once.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from lorafb.artefacts.recordings import Recording
from lorafb.cortex.counts import whole_counts
from lorafb.files import InputError, nearest

COLUMNS = ("area", "unit", "repeat", "frame", "count")


def areas(path: Path | str) -> list[str]:
    """Names of the areas of a tidy table, in its own order."""
    return list(dict.fromkeys(_table(path)["area"]))


def read(path: Path | str, area: str, movie: str, rate_hz: float) -> Recording:
    """Read one area from a tidy table of spike counts.

    Parameters
    ----------
    path : a CSV with the columns area, unit (whole numbers), repeat, frame, count, and for several mice session;
        repeats and frames may be counted from any number
    area : name of the area as the file spells it
    movie : name of the movie that was shown
    rate_hz : frames a second

    Raises
    ------
    InputError
        One line: the file, the column or row, its value and what was expected.
    """
    table = _table(path)
    rows = table[table["area"] == area]
    if rows.empty:
        known = list(dict.fromkeys(table["area"]))
        raise InputError(f"{path}: holds no area {area!r}{nearest(area, known)}; it holds {', '.join(known)}")
    counts = whole_counts(rows["count"].to_numpy(), f"{path}: column 'count'")
    twice = rows[rows.duplicated(["session", "unit", "repeat", "frame"])]
    if len(twice):
        unit, repeat, frame = (twice[name].iloc[0] for name in ("unit", "repeat", "frame"))
        raise InputError(f"{path}: area {area}: unit {unit}, repeat {repeat}, frame {frame} is there twice")
    repeats, repeat = np.unique(rows["repeat"], return_inverse=True)
    frames = np.unique(table["frame"])  # of all areas, which saw the same movie
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
    ids = {"unit_id": units["unit"].to_numpy(np.int64), "session": units["session"].to_numpy(np.int64)}
    return Recording.of_repeats(area, movie, rate_hz, by_repeat, ids)


def _table(path: Path | str) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"area": str}, keep_default_na=False, na_values=[""])  # an area may be named NA
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, OSError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: is no readable CSV ({' '.join(str(error).split())})") from None
    for column in COLUMNS:
        if column not in table:
            listed = ", ".join(map(str, table.columns))
            raise InputError(f"{path}: column {column!r} is missing{nearest(column, table.columns)}; it has {listed}")
    table = table if "session" in table else table.assign(session=0)
    for column in ("unit", "repeat", "frame", "session"):
        if table[column].dtype.kind not in "ui":
            kind = table[column].dtype
            raise InputError(f"{path}: column {column!r} holds {kind}, expected whole numbers, none missing")
    return table.assign(area=table["area"].map(str))
