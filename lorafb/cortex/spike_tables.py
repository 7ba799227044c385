"""A person's spike times and frame onsets, as tables: counted as an NWB session is, by the same function.

Two clocks, two ways to number frames or units, or a doubled row would give counts that look like any others. So what does
not fit together is refused, and a repeat that lacks a frame is left out and named, as in sessions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Recording
from lorafb.cortex import own_archives, own_tables, places
from lorafb.cortex.intervals import Invalid, Layout
from lorafb.cortex.own_tables import OwnTable
from lorafb.cortex.places import Areas
from lorafb.cortex.presentations import PAUSE, FloatArray, Presentations, stops, trimmed
from lorafb.cortex.quality import COLUMNS, Quality
from lorafb.cortex.sessions import ALL, count_session, join
from lorafb.files import InputError

PER_SECOND = {"s": 1.0, "ms": 1000.0}
"""By which times are divided, so that 1100 ms is the same float as 1.1 s."""
NO_FILTER = Quality(**dict.fromkeys(COLUMNS))
Files = Path | str | Sequence[Path | str]
"""One file, or several."""


@dataclass(frozen=True)
class TableSession:
    """One session of a person's tables, with what `count_session` asks of an NWB session.

    name   : of the file of spikes, and the session where there are several
    number : the session's number or name
    table  : DataFrame with `unit_id` and `area` (missing where unknown), a row a unit
    trains : sorted spike times of each of those units in seconds, by unit
    rows   : when frames were shown
    """

    name: str
    number: int | str
    table: pd.DataFrame
    trains: Mapping[Any, FloatArray]
    rows: Presentations
    probes: tuple[str, ...] = ()

    def session_id(self) -> int | str:
        """Give the number or name of the session."""
        return self.number

    def units(self, areas: Areas = (), area_column: str | None = None) -> pd.DataFrame:
        """Give the table of units; a recorded place in an area of the study gets its name (`places.place`).

        `area_column` is for NWB: the column of places was chosen when the tables were read.
        """
        named = {one: places.place(one, areas) or one for one in self.table["area"].dropna().unique()}
        area = self.table["area"].map(named).astype(object)
        return self.table.assign(area=area, several=False, probe="")

    def observed(self) -> None:
        """Say that nothing tells when units were observed."""

    def invalid_times(self) -> list[Invalid]:
        """Give the times without valid data: tables have none."""
        return []

    def presentations(
        self,
        stimulus: str | Sequence[str],
        layout: Layout | None = None,
        n_frames: int | None = None,
        rate_hz: float | None = None,
    ) -> Presentations:
        """Give when frames were shown; the tables hold one stimulus, and were read already."""
        return self.rows

    def spikes(self, units: pd.DataFrame) -> Iterator[FloatArray]:
        """Sorted spike times of some units."""
        return (self.trains.get(unit, np.zeros(0)) for unit in units["unit_id"])


def count_tables(
    settings: Mapping[str, Any],
    files: Mapping[str, Files],
    movie: str,
    areas: Areas,
    *,
    n_frames: int | None = None,
    order: Literal["movie", "scenes"] = "movie",
) -> tuple[Recording, pd.DataFrame]:
    """Count the spikes of a person's tables while a stimulus was shown.

    Parameters
    ----------
    settings : the config's block `recording` of kind `spikes`
    files : where `spikes`, `frames`, and if there is one `units` are. Several files of spikes are sessions where there are as
        many of frames, in the same order; else parts of one recording (a file an area)
    movie : name of the movie, or of the scenes
    areas : whose units are counted; a mapping gives other names of each (`places`)
    n_frames : frames of the stimulus; as many as the table shows when not given
    order : whether frames came in their order, or as still scenes in random order

    Returns
    -------
    As `sessions.count_session`: the recording of area `all`, of all sessions, and the report of each session.
    """
    counted = [
        count_session(
            session,
            movie,
            areas,
            NO_FILTER,
            n_frames=n_frames,
            order=order,
            latency_s=settings["latency"],
            bin_s=settings["bin"],
        )
        for session in sessions(settings, files, n_frames)
    ]
    recordings, reports = zip(*counted, strict=True)
    return join(recordings, ALL, settings["repeats"]), pd.concat(reports, ignore_index=True)


def sessions(
    settings: Mapping[str, Any], files: Mapping[str, Files], n_frames: int | None = None
) -> list[TableSession]:
    """Read all sessions of a person's tables; parameters as for `count_tables`.

    Raises
    ------
    InputError
        One line: the file, its row and value, and what was expected.
    """
    names = _sessions_of(files)
    shown = presentations(settings["frames"], files["frames"], n_frames, names)
    spikes, table = read_spikes(settings, files)
    where = _said(files["spikes"])
    numbers = list(dict.fromkeys(table["session"]))
    _same_sessions(where, numbers, _said(files["frames"]), list(shown))
    made = []
    for number in numbers:
        name = where if len(numbers) == 1 else f"{where}: session {number}"
        own = spikes[spikes["session"] == number]
        rows = shown[number]
        if not ((own["time"] >= rows.start.min()) & (own["time"] < rows.stop.max())).any():
            times = f"{own['time'].min():g} to {own['time'].max():g} s" if len(own) else "none"
            frames = f"{rows.start.min():g} to {rows.stop.max():g} s"
            raise InputError(
                f"{name}: no spike lies in a frame (spikes {times}, frames {frames}); set time_unit where times are in "
                "milliseconds, divide numbers of samples by their rate, and give both by one clock"
            )
        trains = {unit: np.sort(times.to_numpy(np.float64)) for unit, times in own.groupby("unit")["time"]}
        of_session = table.loc[table["session"] == number, ["unit", "area"]].rename(columns={"unit": "unit_id"})
        made.append(TableSession(name, number, of_session.reset_index(drop=True), trains, rows))
    return made


def _listed(files: Files) -> Sequence[Path | str]:
    return [files] if isinstance(files, Path | str) else list(files)


def _said(files: Files) -> str:
    first, *more = _listed(files)
    return f"{first} and {len(more)} more" if more else str(first)


def _sessions_of(files: Mapping[str, Files]) -> list[str]:
    """Names of sessions that are a file of spikes and one of frames each; none where files are no sessions."""
    spikes, frames = _listed(files["spikes"]), _listed(files["frames"])
    if len(frames) == 1:
        return []
    if len(spikes) != len(frames):
        column = "give one of frames for each of spikes, or one for all"
        raise InputError(f"{_said(frames)}: {len(frames)} files of frames and {len(spikes)} of spikes; {column}")
    return _names(spikes)


def _names(files: Sequence[Path | str]) -> list[str]:
    """Short names of files: without folder and ending, where they differ so, else as they are."""
    names = [Path(one).name.partition(".")[0] for one in files]
    return names if len(set(names)) == len(names) else [str(one) for one in files]


def presentations(
    settings: Mapping[str, Any], files: Files, n_frames: int | None = None, sessions: Sequence[str] = ()
) -> dict[int | str, Presentations]:
    """Read when frames were shown, by session: of each file its name in `sessions`, 0 where there is none, or by its column.

    A frame without an offset ends when the next one comes, and after the usual time where that is later than one and a half
    of it, or where there is none. Frames below 0 are grey screen.
    """
    made: dict[int | str, Presentations] = {}
    for place, path in enumerate(_listed(files)):
        shown = _shown(settings, path, n_frames, sessions[place] if sessions else 0)
        if both := set(made) & set(shown):
            raise InputError(f"{path}: shows session {both.pop()}, which another file shows already")
        made |= shown
    return made


def _shown(
    settings: Mapping[str, Any], path: Path | str, n_frames: int | None, session: int | str
) -> dict[int | str, Presentations]:
    """Read one table of frames."""
    table, _ = _opened(path, settings, ("onset", "offset", "frame", "repeat", "session"))
    scale = PER_SECOND[settings["time_unit"]]
    rows = pd.DataFrame({"session": _optional(table, settings, "session", session), "place": np.arange(len(table))})
    rows["start"] = table.numbers(settings["onset"]) / scale
    repeat = _optional(table, settings, "repeat", None)
    rows["repeat"] = 0 if repeat is None else pd.factorize(repeat)[0]
    has_offset = _has(table, settings, "offset")
    rows["stop"] = table.numbers(settings["offset"]) / scale if has_offset else np.nan
    early = (rows["stop"] <= rows["start"]).to_numpy()
    if early.any():
        place = int(np.argmax(early))
        after = f"its onset, {rows['start'].iloc[place]:g} s"
        table.refuse(settings["offset"], place, f"expected a time after {after}")
    if _has(table, settings, "frame"):
        rows["frame"] = table.whole(settings["frame"])
        keys = ["session", "repeat", "frame"] if repeat is not None else ["session", "start"]
    else:
        rows["frame"] = _numbered(table, rows, n_frames, repeat is not None)
        keys = ["session", "start"]
    for columns in (keys, ["session", "start"]):
        twice = (rows.duplicated(columns) & ((rows["frame"] >= 0) | ("frame" not in columns))).to_numpy()
        if twice.any():
            place = int(np.argmax(twice))
            name = settings["frame" if "frame" in columns else "onset"]
            table.refuse(name, place, "which is there already: expected each frame of a repeat, and each onset, once")
    shown = rows[rows["frame"] >= 0]
    if shown.empty:
        raise InputError(f"{table.where}: shows no frame: all are below 0")
    made: dict[int | str, Presentations] = {}
    for number in rows["session"].unique().tolist():
        own = rows[rows["session"] == number]
        own = own.sort_values("start", kind="stable")
        stop = own["stop"].to_numpy() if has_offset else stops(own["start"].to_numpy(np.float64), table.where)
        seen, start = own["frame"].to_numpy() >= 0, own["start"].to_numpy(np.float64)
        stop, cut = trimmed(table.where, start, stop, seen)
        made[number] = Presentations(
            table.where,
            start[seen],
            stop[seen],
            own["frame"].to_numpy(np.int64)[seen],
            np.zeros(int(seen.sum())),
            None if repeat is None else own["repeat"].to_numpy(np.int64)[seen],
            (cut,),
        )
    return made


def _numbered(table: OwnTable, rows: pd.DataFrame, n_frames: int | None, repeated: bool) -> NDArray[np.int64]:
    """Frames [rows] of onsets without numbers: each repeat in the order of time, all frames there."""
    ordered = rows.sort_values(["session", "start"], kind="stable")
    column = "give the column `frame`"
    if n_frames is None:
        raise InputError(f"{table.where}: has no column of frames, and no stimulus says how many there are; {column}")
    for number, own in ordered.groupby("session", sort=False):
        session = "" if number == 0 else f"session {number}: "
        sizes = own.groupby("repeat", sort=False).size() if repeated else pd.Series([len(own)])
        if ((sizes % n_frames) != 0).any() or (repeated and (sizes != n_frames).any()):
            odd = int(sizes[sizes != n_frames].iloc[0])
            held = f"{odd} onsets{' in a repeat' if repeated else ''}"
            raise InputError(f"{table.where}: {session}{held}, expected {n_frames} a repeat; {column}")
        times = own["start"].to_numpy().reshape(-1, n_frames)
        gaps = np.diff(times, axis=1)
        late = np.argwhere(gaps > PAUSE * np.median(gaps))
        if len(late):
            at = f"{times[tuple(late[0])]:g} s, within repeat {late[0][0] + 1}"
            raise InputError(f"{table.where}: {session}a pause after {at}: a frame may be missing there; {column}")
    count = ordered.groupby(["session", "repeat"], sort=False).cumcount() % n_frames
    return np.asarray(count.sort_index().to_numpy(np.int64))


def read_spikes(settings: Mapping[str, Any], files: Mapping[str, Files]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read spikes (session, unit, time in seconds), and units (session, unit, area; missing where unknown).

    A unit whose name stands in several files of one session is called by its file, too: ids may start anew in each.
    """
    paths, names = _listed(files["spikes"]), _sessions_of(files)
    parts = [_spikes(settings, path, names[place] if names else 0) for place, path in enumerate(paths)]
    spikes, units = (pd.concat(one, ignore_index=True) for one in zip(*parts, strict=True))
    if len(parts) > 1 and units.duplicated(["session", "unit"]).any():
        if settings["units"]:
            unit = units.loc[units.duplicated(["session", "unit"]), "unit"].iloc[0]
            raise InputError(f"{_said(paths)}: unit {unit} is in several files; give it a name of its own in each")
        for name, part in zip(_names(paths), parts, strict=True):
            for rows in part:
                rows["unit"] = f"{name} " + rows["unit"].astype(str)
        spikes, units = (pd.concat(one, ignore_index=True) for one in zip(*parts, strict=True))
    if settings["units"]:
        return spikes, _with_areas(
            units, _areas(settings["units"], *_listed(files["units"])), _said(paths), _said(files["units"])
        )
    return spikes, units


def _spikes(settings: Mapping[str, Any], path: Path | str, session: int | str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read one file of spikes, as `read_spikes`; units without areas where a table of units has them."""
    about = settings["spikes"]
    table, known = _opened(path, about, ("time", "unit", "area", "session"))
    times = table.numbers(about["time"]) / PER_SECOND[about["time_unit"]]
    spikes = pd.DataFrame(
        {"session": _optional(table, about, "session", session), "unit": table.ids(about["unit"]), "time": times}
    )
    twice = spikes.duplicated().to_numpy()
    if twice.any():
        place = int(np.argmax(twice))
        unit = f"of unit {spikes['unit'].iloc[place]}"
        table.refuse(
            about["time"], place, f"which is there already {unit}: expected each spike once; drop doubled rows"
        )
    own = known or table
    units = pd.DataFrame({"session": _optional(own, about, "session", session), "unit": own.ids(about["unit"])})
    if settings["units"]:
        return spikes, units.drop_duplicates()
    if not _has(own, about, "area"):
        pickled = " (what pynapple knows of units is pickled, which is not read)" if known else ""
        raise InputError(
            f"{table.where}: has no column {about['area']!r}{pickled}; give a table of `units` with their areas"
        )
    units["area"] = pd.Categorical(own.texts(about["area"]))
    units = units.drop_duplicates().astype({"area": object})
    two = units.duplicated(["session", "unit"]).to_numpy()
    if two.any():
        raise InputError(f"{table.where}: unit {units['unit'][two].iloc[0]} is in more than one area")
    return spikes, units


def _areas(about: Mapping[str, Any], path: Path | str) -> pd.DataFrame:
    """Areas of units by a table of their own: unit, area, and session where it has them; no area where its cell is empty."""
    table, _ = _opened(path, about, ("unit", "area", "session"))
    name = table.find(about["area"])
    if name is None:
        table.column(about["area"])  # raises
    areas = table.rows[name].where(table.rows[name].notna(), "")
    units = pd.DataFrame({"unit": table.ids(about["unit"])})
    units["area"] = OwnTable(table.where, pd.DataFrame({"area": areas})).texts("area")
    if _has(table, about, "session"):
        units["session"] = table.ids(about["session"])
    keys = [key for key in ("session", "unit") if key in units]
    twice = units.duplicated(keys).to_numpy()
    if twice.any():
        table.refuse(about["unit"], int(np.argmax(twice)), "which is there already: expected a row a unit")
    return units.replace({"area": {"": np.nan}})


def _with_areas(units: pd.DataFrame, areas: pd.DataFrame, where: str, table: str) -> pd.DataFrame:
    """Look up the area of each unit; units of the table without spikes are silent, and units without an area lack it."""
    keys = [key for key in ("session", "unit") if key in areas]
    for key in keys:
        if units[key].dtype.kind != areas[key].dtype.kind:  # 7 in one file and "7" in the other
            units, areas = units.astype({key: str}), areas.astype({key: str})
    if "session" not in areas and units["session"].nunique() > 1 and units["unit"].duplicated().any():
        unit = units["unit"][units["unit"].duplicated()].iloc[0]
        raise InputError(f"{table}: unit {unit} is in several sessions; give the column `session`")
    if not units["unit"].isin(areas["unit"]).any():
        held = f"there are {areas['unit'].iloc[0]}, ..."
        raise InputError(f"{table}: has none of the units of {where} ({units['unit'].iloc[0]}, ...); {held}")
    silent: Literal["outer", "left"] = "outer" if "session" in areas or units["session"].nunique() == 1 else "left"
    joined = units.merge(areas, on=keys, how=silent)
    return joined.fillna({"session": units["session"].iloc[0]}).astype({"session": units["session"].dtype})


def _same_sessions(spikes: str, of_spikes: Sequence[Any], frames: str, of_frames: Sequence[Any]) -> None:
    missing = [one for one in of_spikes if one not in of_frames]
    if missing:
        held = ", ".join(map(str, of_frames))
        clock = "each session has its own clock, so both tables need the column `session`"
        raise InputError(f"{frames}: has no frames of session {missing[0]} of {spikes}; it has {held}; {clock}")


def _opened(path: Path | str, settings: Mapping[str, Any], names: Sequence[str]) -> tuple[OwnTable, OwnTable | None]:
    """Open a table of any kind; of some kinds of spikes with the units that there are."""
    if own_archives.is_archive(path):
        return own_archives.table(path, {name: settings[name] for name in names})
    table = own_tables.read(path)
    return exploded(table, settings["time"]) if "time" in names else (table, None)


def exploded(table: OwnTable, name: str) -> tuple[OwnTable, OwnTable | None]:
    """Rows of single spikes, and of units, of a table (Parquet) with a row a unit, whose times are a list; any other as it is."""
    time = table.find(name)
    if time is None or table.rows[time].dtype != object or not table.rows[time].map(pd.api.types.is_list_like).all():
        return table, None
    lists = table.rows[time]
    spikes = table.rows.loc[lists.index.repeat(lists.map(len))].assign(**{time: np.concatenate([*lists, np.zeros(0)])})
    return replace(table, rows=spikes), replace(table, rows=table.rows.drop(columns=time))


def _has(table: OwnTable, settings: Mapping[str, Any], name: str) -> bool:
    """Whether a table has a column that it may lack; one that the config names otherwise than usual must be there."""
    return table.find(settings[name]) is not None or settings[name] != name


def _optional(table: OwnTable, settings: Mapping[str, Any], name: str, other: Any) -> Any:
    return table.ids(settings[name]) if _has(table, settings, name) else other
