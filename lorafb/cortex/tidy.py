"""A person's own recording as a tidy table: one row a unit, repeat and frame, in a CSV that any program writes.

A row that is missing is not a count of zero: it may as well be a dropped frame. So every combination must be there, once.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Recording, smallest
from lorafb.cortex.counts import whole_counts
from lorafb.files import InputError, nearest

COLUMNS = ("area", "unit", "repeat", "frame", "count")
NUMBERS = ("unit", "repeat", "frame", "count")


def areas(path: Path | str) -> list[str]:
    """Names of the areas of a tidy table, in its own order."""
    return [str(area) for area in dict.fromkeys(_table(path)["area"])]


def read(path: Path | str, area: str, movie: str, rate_hz: float) -> Recording:
    """Read one area from a tidy table of spike counts.

    Parameters
    ----------
    path : Path or str
        A CSV with the columns area, unit (whole numbers), repeat, frame, count, and where there are several mice session.
        Repeats and frames may be counted from any number.
    area : str
        Name of the area as the file spells it.
    movie : str
        Name of the movie that was shown.
    rate_hz : float
        Frames a second.

    Raises
    ------
    InputError
        One line: the file, the column or row, what was found and what was expected.
    """
    table = _table(path)
    known = [str(one) for one in dict.fromkeys(table["area"])]
    rows = table[table["area"] == area]
    if rows.empty:
        raise InputError(f"{path}: holds no area {area!r}{nearest(area, known)}; it holds {', '.join(known)}")
    counts = whole_counts(rows["count"].to_numpy(), f"{path}: column 'count'")
    repeats, repeat = np.unique(rows["repeat"], return_inverse=True)
    frames = np.unique(table["frame"])  # of all areas, which saw the same movie
    frame = np.searchsorted(frames, rows["frame"])
    units = rows[["session", "unit"]].drop_duplicates().sort_values(["session", "unit"])
    unit = rows.groupby(["session", "unit"]).ngroup().to_numpy()
    twice = rows.duplicated(["session", "unit", "repeat", "frame"])
    if twice.any():
        row = rows[twice].iloc[0]
        raise InputError(
            f"{path}: area {area}: unit {row['unit']}, repeat {row['repeat']}, frame {row['frame']} stands there twice"
        )
    shape = len(repeats), len(frames), len(units)
    if math.prod(shape) > len(rows):  # asked before anything of that shape is made
        nth_repeat, nth_frame, nth_unit = _first_missing(repeat, frame, unit, shape)
        raise InputError(
            f"{path}: area {area}: unit {units['unit'].iloc[nth_unit]} lacks frame {frames[nth_frame]} "
            f"of repeat {repeats[nth_repeat]}; a count of 0 must stand there too"
        )
    counts = counts[np.lexsort((unit, frame, repeat))].reshape(shape)
    by_repeat = smallest(counts)
    return Recording(
        area=area,
        movie=movie,
        rate_hz=rate_hz,
        n_repeats=len(by_repeat),
        counts=by_repeat,
        summed=by_repeat.sum(axis=0, dtype=np.int64),
        units={"unit_id": units["unit"].to_numpy(np.int64), "session": units["session"].to_numpy(np.int64)},
    )


def _table(path: Path | str) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"area": str}, keep_default_na=False, na_values=[""])  # an area may be named NA
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, OSError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: is no readable CSV ({' '.join(str(error).split())})") from None
    for column in COLUMNS:
        if column not in table:
            found = ", ".join(map(str, table.columns))
            raise InputError(f"{path}: column {column!r} is missing{nearest(column, table.columns)}; it has {found}")
    table = table if "session" in table else table.assign(session=0)
    for column in (*NUMBERS, "session"):
        if table[column].dtype.kind not in "ui" and column != "count":
            raise InputError(
                f"{path}: column {column!r} holds {table[column].dtype}, expected whole numbers, none missing"
            )
    return table.assign(area=table["area"].astype(str))


def _first_missing(
    repeat: NDArray[Any], frame: NDArray[Any], unit: NDArray[Any], shape: tuple[int, int, int]
) -> tuple[int, int, int]:
    """Find a place (repeat, frame, unit) without a row, of rows that stand there once each and do not fill `shape`."""
    n_repeats, n_frames, n_units = shape
    lacking = int(np.argmax(np.bincount(unit, minlength=n_units) < n_repeats * n_frames))
    mine = unit == lacking
    poorest = int(np.argmax(np.bincount(repeat[mine], minlength=n_repeats) < n_frames))
    shown = frame[mine & (repeat == poorest)]
    return poorest, int(np.setdiff1d(np.arange(n_frames), shown)[0]), lacking
