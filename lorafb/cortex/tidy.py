"""A person's own recording as a tidy table: one row a unit, repeat and frame, in a CSV that any program writes.

A row that is missing is not a count of zero: it may as well be a dropped frame. So every combination must be there, once.
"""

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
    whole_counts(rows["count"].to_numpy(), f"{path}: column 'count'")
    units, unit = _numbered(rows[["session", "unit"]])
    repeats, repeat = _numbered(rows[["repeat"]])
    frames, frame = _numbered(table[["frame"]], rows[["frame"]])
    counts = np.full((len(repeats), len(frames), len(units)), -1, np.int64)
    counts[repeat, frame, unit] = rows["count"].to_numpy()
    if (counts < 0).any():
        where = [int(place[0]) for place in np.nonzero(counts < 0)]
        raise InputError(
            f"{path}: area {area}: unit {units[where[2]][1]} lacks frame {frames[where[1]][0]} of repeat {repeats[where[0]][0]}; "
            "a count of 0 must stand there too"
        )
    if len(rows) != counts.size:
        twice = rows[rows.duplicated(["session", "unit", "repeat", "frame"])].iloc[0]
        raise InputError(
            f"{path}: area {area}: unit {twice['unit']}, repeat {twice['repeat']}, frame {twice['frame']} stands there twice"
        )
    by_repeat = smallest(counts)
    columns = {"unit_id": [unit for _, unit in units], "session": [session for session, _ in units]}
    return Recording(
        area=area,
        movie=movie,
        rate_hz=rate_hz,
        n_repeats=len(by_repeat),
        counts=by_repeat,
        summed=by_repeat.sum(axis=0, dtype=np.int64),
        units={name: np.array(values, np.int64) for name, values in columns.items()},
    )


def _table(path: Path | str) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
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


def _numbered(all_rows: pd.DataFrame, rows: pd.DataFrame | None = None) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Different rows of a few columns, ascending, and the place among them of each row (of `rows`, where given)."""
    values = all_rows.to_numpy(np.int64)
    different = np.unique(values, axis=0)
    wanted = values if rows is None else rows.to_numpy(np.int64)
    if wanted.shape[1] == 1:
        return different, np.searchsorted(different[:, 0], wanted[:, 0])
    place = {tuple(row): number for number, row in enumerate(different.tolist())}
    return different, np.array([place[tuple(row)] for row in wanted.tolist()])
