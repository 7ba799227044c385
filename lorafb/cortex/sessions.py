"""From sessions of raw recording to one recording an area: count each session once, join the sessions of a movie.

Mice that saw different numbers of frames or repeats must not be laid side by side unseen: joining checks both.
"""

import logging
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Recording
from lorafb.cortex.allen import session
from lorafb.cortex.counts import count_units
from lorafb.cortex.hdf5_tables import Source
from lorafb.cortex.presentations import Repeats, movie_repeats, scene_repeats
from lorafb.cortex.quality import COLUMNS, Quality, left_out
from lorafb.files import InputError, nearest

log = logging.getLogger(__name__)

ALL = "all"
"""Area of a recording that holds a whole session; its units have a column `area`."""

MOST_COUNTS = 2**30
"""Counts of a session that are held at once: 1,600 units during 36,000 presentations are 58 million."""

RATE_TOLERANCE = 0.01
"""Largest relative difference between the frame rates of sessions that are joined."""


def count_session(
    source: Source,
    stimulus: str,
    areas: Sequence[str],
    quality: Quality | None = None,
    *,
    n_frames: int | None = None,
    order: Literal["movie", "scenes"] = "movie",
    name: str | None = None,
) -> tuple[Recording, pd.DataFrame]:
    """Count the spikes of one session's good units while a stimulus was shown.

    Parameters
    ----------
    source : path or seekable binary file object
        NWB file of the Allen Visual Coding Neuropixels schema, or one like it; `remote.open_remote` gives one on a server.
    stimulus : str
        Name of the stimulus in the table `STIMULUS_presentations`; becomes the recording's movie.
    areas : sequence of str
        Areas whose units are counted; the spikes of others are not even read.
    quality : Quality, optional
        Unit filters; the AllenSDK's when not given.
    n_frames : int, optional
        Frames of the stimulus; taken from the table when not given.
    order : {"movie", "scenes"}
        Whether frames came in their order, or as still scenes in random order.
    name : str, optional
        What errors call the file.

    Returns
    -------
    recording : Recording
        Of area `all`: counts [repeats, T, units], units with columns `area`, `session`, `unit_id` and quality.
    report : DataFrame
        One row an area, see `report`.

    Raises
    ------
    InputError
        If the file is at fault, has none of these areas, no whole repeat, or no unit passes the filters.
    """
    with session(source, name) as opened:
        units = opened.units()
        table = f"{opened.name}: table units"
        units["left_out"] = left_out(units, quality or Quality(), table)
        _have_areas(units, areas, table)
        shown = opened.presentations(stimulus)
        repeats = (movie_repeats if order == "movie" else scene_repeats)(shown, n_frames)
        for line in repeats.left_out:
            log.warning("%s: left out: %s", shown.table, line)
        kept = units[(units["left_out"] == "") & units["area"].isin(list(areas))]
        if kept.empty:
            reasons = units.loc[units["area"].isin(list(areas)), "left_out"].value_counts().to_dict()
            raise InputError(
                f"{table}: no unit of {', '.join(areas)} passes the quality filters; they failed {reasons}"
            )
        if repeats.start.size * len(kept) > MOST_COUNTS:
            told = f"{repeats.start.size} presentations of {shown.table}"
            raise InputError(f"{table}: {len(kept)} units during {told} are more than {MOST_COUNTS} counts")
        counts = count_units(opened.spikes(kept), repeats.start, repeats.stop)
        session_id = opened.session_id()
    quality_columns = {column: _plain(kept[column]) for column in ("area", *COLUMNS) if column in kept}
    ids = {"unit_id": kept["unit_id"].to_numpy(), "session": np.full(len(kept), session_id, np.int64)}
    summed = counts.sum(axis=0, dtype=np.int64)
    recording = Recording(ALL, stimulus, repeats.rate_hz, len(counts), counts, summed, ids | quality_columns)
    return recording, report(units, recording, repeats, areas)


def report(units: pd.DataFrame, recording: Recording, repeats: Repeats, areas: Sequence[str]) -> pd.DataFrame:
    """Tell what became of a session's units.

    Parameters
    ----------
    units : DataFrame
        All units of the session with `area` and `left_out`, the name of the filter that a unit failed.
    recording : Recording
        What was counted of the kept ones.
    repeats : Repeats
    areas : sequence of str

    Returns
    -------
    DataFrame
        One row an area, and a last one for units of unknown place (`area` is empty): `session`, `movie`, `area`,
        `units` found, `kept`, one column a filter with the units that it left out, `mean_rate` of the kept units over
        the movie (spikes/s; NaN where there are none), `repeats` kept, `repeats_left_out` (lines joined by "; ").
    """
    seconds = float((repeats.stop - repeats.start).sum())
    rates = recording.summed.sum(axis=0) / seconds

    def row(area: str) -> dict[str, object]:
        reasons = units.loc[units["area"].fillna("") == area, "left_out"]
        here = recording.units["area"] == area
        return {
            "session": int(recording.units["session"][0]),
            "movie": recording.movie,
            "area": area,
            "units": len(reasons),
            "kept": int(here.sum()),
            **{f"left_out_{name}": int((reasons == name).sum()) for name in (*COLUMNS, "peak_channel_id")},
            "mean_rate": float(rates[here].mean()) if here.any() else np.nan,
            "repeats": recording.n_repeats,
            "repeats_left_out": "; ".join(repeats.left_out),
        }

    placeless = [""] if units["area"].isna().any() else []
    return pd.DataFrame([row(area) for area in [*areas, *placeless]])


def join(sessions: Sequence[Recording], area: str, repeats: Literal["equal", "fewest"] = "equal") -> Recording:
    """Join one area's units of all sessions that saw a movie.

    Parameters
    ----------
    sessions : sequence of Recording
        Counted sessions, of area `all`.
    area : str
    repeats : {"equal", "fewest"}
        What to do where a session lacks repeats: refuse, or take of every session its first ones, as many as the session
        with fewest has.

    Returns
    -------
    Recording
        counts [repeats, T, units of all sessions], in the order of the sessions.

    Raises
    ------
    InputError
        If sessions differ in movie, frames, frame rate or (unless "fewest") repeats, if one comes twice, or if no
        session has units of the area.
    """
    _alike(sessions, repeats)
    here = [_column(one, "area") == area for one in sessions]
    if not any(mask.any() for mask in here):
        known = sorted({str(name) for one in sessions for name in _column(one, "area")})
        raise InputError(
            f"{sessions[0].movie}: no session has units of {area}{nearest(area, known)}; they have {known}"
        )
    n_repeats = min(one.n_repeats for one in sessions)
    counts = np.concatenate(
        [_counts(one)[:n_repeats, :, mask] for one, mask in zip(sessions, here, strict=True)], axis=2
    )
    shared = set.intersection(*({*one.units} for one in sessions)) - {"area"}
    units = {
        name: np.concatenate([_column(one, name)[mask] for one, mask in zip(sessions, here, strict=True)])
        for name in sorted(shared)
    }
    rate_hz = round(float(np.mean([one.rate_hz for one in sessions])), 3)
    return Recording(area, sessions[0].movie, rate_hz, n_repeats, counts, counts.sum(axis=0, dtype=np.int64), units)


def _have_areas(units: pd.DataFrame, areas: Sequence[str], table: str) -> None:
    known = sorted(set(units["area"].dropna()) - {""})
    if not set(areas) & set(known):
        hint = nearest(areas[0], known) if areas else ""
        raise InputError(
            f"{table}: has no unit of {', '.join(areas)}{hint}; its areas are {', '.join(known) or 'none'}"
        )


def _alike(sessions: Sequence[Recording], repeats: str) -> None:
    if not sessions:
        raise InputError("no session to join")
    first = sessions[0]
    names = [_session(one) for one in sessions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{first.movie}: session {twice[0]} is given more than once")
    for one in sessions[1:]:
        what = f"{first.movie}: session {_session(one)}"
        if one.movie != first.movie:
            raise InputError(f"{what} saw {one.movie}, session {names[0]} saw {first.movie}")
        if len(one.summed) != len(first.summed):
            raise InputError(f"{what} has {len(one.summed)} frames, session {names[0]} has {len(first.summed)}")
        if abs(one.rate_hz / first.rate_hz - 1) > RATE_TOLERANCE:
            raise InputError(f"{what} was shown at {one.rate_hz} Hz, session {names[0]} at {first.rate_hz} Hz")
        if one.n_repeats != first.n_repeats and repeats == "equal":
            raise InputError(
                f"{what} has {one.n_repeats} whole repeats, session {names[0]} has {first.n_repeats}; "
                f"leave one of them out"
            )


def _session(recording: Recording) -> int:
    return int(recording.units["session"][0])


def _counts(recording: Recording) -> NDArray[np.unsignedinteger[Any]]:
    if recording.counts is None:
        raise InputError(f"{recording.movie}: session {_session(recording)} has no counts of single repeats")
    return recording.counts


def _column(recording: Recording, name: str) -> NDArray[Any]:
    values = recording.units[name]
    return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values  # HDF5 gives text back as bytes


def _plain(column: "pd.Series[Any]") -> NDArray[Any]:
    values = column.to_numpy()
    return values if values.dtype.kind in "uif" else values.astype(str)
