"""From sessions of raw recording to one recording per area: count each session once, join the sessions of a movie.

Mice that saw different numbers of frames or repeats must not be joined unnoticed: joining checks both.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from lorafb.artefacts.recordings import Recording
from lorafb.cortex.allen import session
from lorafb.cortex.counts import count_units
from lorafb.cortex.hdf5_tables import Source
from lorafb.cortex.presentations import FloatArray, Presentations, Repeats, movie_repeats, scene_repeats
from lorafb.cortex.quality import COLUMNS, Quality, left_out
from lorafb.files import InputError, nearest

log = logging.getLogger(__name__)

ALL = "all"
"""Area of a recording that holds a whole session; its units have a column `area`."""

MOST_COUNTS = 2**30
"""Counts of a session that are in memory at once: 1,600 units during 36,000 presentations are 58 million."""

RATE_TOLERANCE = 0.01
"""Largest relative difference between the frame rates of sessions that are joined."""


@runtime_checkable
class Opened(Protocol):
    """A session that is open: an NWB file's (`lorafb.cortex.allen.Session` says what each method gives), or that of tables."""

    @property
    def name(self) -> str: ...  # noqa: D102
    def session_id(self) -> int | str: ...  # noqa: D102
    def units(self) -> pd.DataFrame: ...  # noqa: D102
    def presentations(self, stimulus: str) -> Presentations: ...  # noqa: D102
    def spikes(self, units: pd.DataFrame) -> Iterator[FloatArray]: ...  # noqa: D102


def count_session(
    source: Source | Opened,
    stimulus: str,
    areas: Sequence[str],
    quality: Quality | None = None,
    *,
    n_frames: int | None = None,
    order: Literal["movie", "scenes"] = "movie",
    name: str | None = None,
    latency_s: float = 0.0,
    bin_s: float | None = None,
) -> tuple[Recording, pd.DataFrame]:
    """Count the spikes of one session's good units while a stimulus was shown.

    Parameters
    ----------
    source : NWB file of the Allen Visual Coding Neuropixels schema, or one like it; `remote.open_remote` gives one on a server;
        or a session that is open
    stimulus : its name in the table `STIMULUS_presentations`; becomes the recording's movie
    areas : whose units are counted; the spikes of others are not even read
    quality : unit filters; the AllenSDK's when not given
    n_frames : frames of the stimulus; taken from the table when not given
    order : whether frames came in their order, or as still scenes in random order
    name : what errors call the file
    latency_s : seconds from a frame's onset to the first spike that counts for it
    bin_s : seconds in which spikes count for a frame; as long as it was shown when not given

    Returns
    -------
    recording : Recording
        Of area `all`: counts [repeats, T, units], units with columns `area`, `session`, `unit_id` and quality.
    report : DataFrame
        What became of the units, see `report`.

    Raises
    ------
    InputError
        If the file is at fault, has none of these areas, no whole repeat, or no unit passes the filters.
    """
    with nullcontext(source) if isinstance(source, Opened) else session(source, name) as opened:
        units = opened.units()
        table = f"{opened.name}: table units"
        units["left_out"] = left_out(units, quality or Quality(), table)
        known = sorted(set(units["area"].dropna()) - {""})
        if not set(areas) & set(known):
            hint = nearest(areas[0], known) if areas else ""
            listed = ", ".join(known) or "none"
            raise InputError(f"{table}: has no unit of {', '.join(areas)}{hint}; its areas are {listed}")
        rows = opened.presentations(stimulus)
        repeats = (movie_repeats if order == "movie" else scene_repeats)(rows, n_frames)
        for line in repeats.left_out:
            log.warning("%s: left out: %s", rows.table, line)
        wanted = units[units["area"].isin(list(areas))]
        good = wanted[wanted["left_out"] == ""]
        if good.empty:
            failed = f"they failed {wanted['left_out'].value_counts().to_dict()}"
            raise InputError(f"{table}: no unit of {', '.join(areas)} passes the quality filters; {failed}")
        if repeats.start.size * len(good) > MOST_COUNTS:
            during = f"{len(good)} units during {repeats.start.size} presentations of {rows.table}"
            raise InputError(f"{table}: {during} are more than {MOST_COUNTS} counts")
        window = repeats.window(latency_s, bin_s)
        counts = count_units(opened.spikes(good), window.start, window.stop)
        session_id = opened.session_id()
    columns = {name: good[name].to_numpy() for name in ("unit_id", "area", *COLUMNS) if name in good}
    columns = {name: one.astype(str) if one.dtype.kind == "O" else one for name, one in columns.items()}
    columns["session"] = np.full(len(good), session_id)
    recording = Recording.of_repeats(ALL, stimulus, repeats.rate_hz, counts, columns, bin_s)
    return recording, report(units, recording, window, areas)


def report(units: pd.DataFrame, recording: Recording, repeats: Repeats, areas: Sequence[str]) -> pd.DataFrame:
    """Describe what became of a session's units.

    Parameters
    ----------
    units : all units of the session with `area` and `left_out`, the name of the filter that a unit failed
    recording : what was counted of the good ones
    repeats : whole repeats
    areas : the report's rows

    Returns
    -------
    DataFrame
        One row per area, and a last one for units of unknown place (`area` is empty): `session`, `movie`, `area`,
        `units` in the file, `kept`, one column per filter with the units that it left out, `mean_rate` of the kept
        units over the movie (spikes/s; NaN where there are none), `repeats` kept, `repeats_left_out` (joined by "; ").
    """
    rates = recording.summed.sum(axis=0) / float((repeats.stop - repeats.start).sum())
    rows = []
    for area in [*areas, ""] if units["area"].isna().any() else areas:
        reasons = units.loc[units["area"].fillna("") == area, "left_out"]
        counted = recording.units["area"] == area
        rows.append(
            {
                "session": recording.units["session"][0].item(),
                "movie": recording.movie,
                "area": area,
                "units": len(reasons),
                "kept": int(counted.sum()),
                **{f"left_out_{name}": int((reasons == name).sum()) for name in (*COLUMNS, "peak_channel_id")},
                "mean_rate": float(rates[counted].mean()) if counted.any() else np.nan,
                "repeats": recording.n_repeats,
                "repeats_left_out": "; ".join(repeats.left_out),
            }
        )
    return pd.DataFrame(rows)


def join(sessions: Sequence[Recording], area: str, repeats: Literal["equal", "fewest"] = "equal") -> Recording:
    """Join one area's units of all sessions that saw a movie.

    Parameters
    ----------
    sessions : counted sessions, of area `all`
    area : whose units are joined; `all` for those of every area, which keep their column `area`
    repeats : where a session lacks repeats, refuse ("equal"), or take the first ones of every session, as many as the
        session with fewest has

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
    _check_alike(sessions, repeats)
    movie = sessions[0].movie
    in_area = [(one.units["area"] == area) | (area == ALL) for one in sessions]
    if not any(mask.any() for mask in in_area):
        known = sorted({str(name) for one in sessions for name in one.units["area"]})
        raise InputError(f"{movie}: no session has units of {area}{nearest(area, known)}; they have {known}")
    n_repeats = min(one.n_repeats for one in sessions)
    counts = []
    for one, mask in zip(sessions, in_area, strict=True):
        if one.counts is None:
            raise InputError(f"{movie}: session {_session(one)} has no counts of single repeats")
        counts.append(one.counts[:n_repeats, :, mask])
    columns = set.intersection(*(set(one.units) for one in sessions)) - (set() if area == ALL else {"area"})
    units = {
        name: np.concatenate([one.units[name][mask] for one, mask in zip(sessions, in_area, strict=True)])
        for name in sorted(columns)
    }
    rate_hz = round(float(np.mean([one.rate_hz for one in sessions])), 3)
    return Recording.of_repeats(area, movie, rate_hz, np.concatenate(counts, axis=2), units, sessions[0].bin_s)


def _check_alike(sessions: Sequence[Recording], repeats: str) -> None:
    if not sessions:
        raise InputError("no session to join")
    first, movie = sessions[0], sessions[0].movie
    names = [_session(one) for one in sessions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{movie}: session {twice[0]} is given more than once")
    for name, one in zip(names[1:], sessions[1:], strict=True):
        this, that = f"{movie}: session {name}", f"session {names[0]}"
        if one.movie != movie:
            raise InputError(f"{this} saw {one.movie}, {that} saw {movie}")
        if len(one.summed) != len(first.summed):
            raise InputError(f"{this} has {len(one.summed)} frames, {that} has {len(first.summed)}")
        if abs(one.rate_hz / first.rate_hz - 1) > RATE_TOLERANCE:
            raise InputError(f"{this} was shown at {one.rate_hz} Hz, {that} at {first.rate_hz} Hz")
        if one.n_repeats != first.n_repeats and repeats == "equal":
            whole = f"{one.n_repeats} whole repeats, {that} has {first.n_repeats}"
            raise InputError(f"{this} has {whole}; leave one of them out")


def _session(recording: Recording) -> str:
    return str(recording.units["session"][0])
