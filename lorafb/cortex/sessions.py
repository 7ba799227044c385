"""From sessions of raw recording to one recording per area: count each session once, join the sessions of a movie.

Mice that saw different numbers of frames or repeats must not be joined unnoticed: joining checks both.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Note, Recording, many
from lorafb.cortex import observed
from lorafb.cortex.allen import session
from lorafb.cortex.counts import count_units
from lorafb.cortex.hdf5_tables import Source
from lorafb.cortex.intervals import Invalid, Layout
from lorafb.cortex.places import Areas
from lorafb.cortex.presentations import NAMED, FloatArray, Presentations, Repeats, movie_repeats, scene_repeats
from lorafb.cortex.quality import COLUMNS, Quality, left_out
from lorafb.files import InputError, nearest

log = logging.getLogger(__name__)

ALL = "all"
"""Area of a recording that holds a whole session; its units have a column `area`."""

MOST_COUNTS = 2**30
"""Counts of a session that are in memory at once: 1,600 units during 36,000 presentations are 58 million."""

UNOBSERVED = "unobserved"
REASONS = (*COLUMNS, "peak_channel_id", "several_areas", UNOBSERVED)
"""Why a unit of an area is left out: a quality filter, an unknown place, electrodes in several areas, time without recording."""

RATE_TOLERANCE = 0.01
"""Largest relative difference between the frame rates of sessions that are joined."""


@runtime_checkable
class Opened(Protocol):
    """A session that is open: of an NWB file (`allen.Session` says what each method gives), or of a person's tables."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def probes(self) -> Sequence[str]: ...  # noqa: D102
    def session_id(self) -> int | str: ...  # noqa: D102
    def units(self, areas: Areas = (), area_column: str | None = None) -> pd.DataFrame: ...  # noqa: D102
    def observed(self) -> list[FloatArray] | None: ...  # noqa: D102
    def invalid_times(self) -> list[Invalid]: ...  # noqa: D102
    def presentations(  # noqa: D102
        self,
        stimulus: str | Sequence[str],
        layout: Layout | None = None,
        n_frames: int | None = None,
        rate_hz: float | None = None,
    ) -> Presentations: ...
    def spikes(self, units: pd.DataFrame) -> Iterator[FloatArray]: ...  # noqa: D102


def count_session(
    source: Source | Opened,
    stimulus: str | Sequence[str],
    areas: Areas,
    quality: Quality | None = None,
    *,
    n_frames: int | None = None,
    rate_hz: float | None = None,
    order: Literal["movie", "scenes"] = "movie",
    layout: Layout | None = None,
    unobserved: Literal["leave_out_units", "leave_out_repeats"] = "leave_out_units",
    name: str | None = None,
    latency_s: float = 0.0,
    bin_s: float | None = None,
) -> tuple[Recording, pd.DataFrame]:
    """Count the spikes of one session's good units while a stimulus was shown.

    Parameters
    ----------
    source : NWB file of the Allen Visual Coding Neuropixels schema, or one like it; `remote.open_remote` gives one on a server;
        or a session that is open
    stimulus : its name in the table `STIMULUS_presentations`, or names of several tables; becomes the recording's movie
    areas : whose units are counted; the spikes of others are not even read. A mapping gives other names of each (`places`)
    quality : unit filters; the AllenSDK's when not given
    n_frames : frames of the stimulus; taken from the table when not given
    rate_hz : frames a second; needed where a row is a showing of the whole movie
    order : whether frames came in their order, or as still scenes in random order
    layout : columns and rows of the table, where they are not Allen's
    unobserved : what is left out where some units were not observed in all repeats: these units, or these repeats
    name : what errors call the file
    latency_s : seconds from a frame's onset to the first spike that counts for it
    bin_s : seconds in which spikes count for a frame; as long as it was shown when not given

    Returns
    -------
    recording : Recording
        Of area `all`: counts [repeats, T, units], units with columns `area`, `session`, `unit_id` and quality; its notes say
        all that was left out or cut.
    report : DataFrame
        What became of the units, see `report`.

    Raises
    ------
    InputError
        If the file is at fault, has none of these areas, no whole repeat, or no unit passes the filters.
    """
    names = [stimulus] if isinstance(stimulus, str) else list(stimulus)
    with nullcontext(source) if isinstance(source, Opened) else session(source, name) as opened:
        units = opened.units(areas, layout.unit_area if layout else None)
        table = f"{opened.name}: table units"
        units["left_out"] = left_out(units, quality or Quality(), table)
        known = sorted(set(units["area"].dropna()) - {""})
        if not set(areas) & set(known):
            hint = nearest(next(iter(areas)), known) if areas else ""
            listed = ", ".join(known) or "none"
            other = "a table `areas: {NAME: [other names]}` says what a file calls an area"
            raise InputError(f"{table}: has no unit of {', '.join(areas)}{hint}; {other}; its areas are {listed}")
        rows = opened.presentations(names, layout, n_frames, rate_hz)
        repeats = (movie_repeats if order == "movie" else scene_repeats)(rows, n_frames)
        wanted = units[units["area"].isin(list(areas))]
        good = wanted[wanted["left_out"] == ""]
        if good.empty:
            failed = f"they failed {wanted['left_out'].value_counts().to_dict()}"
            raise InputError(f"{table}: no unit of {', '.join(areas)} passes the quality filters; {failed}")
        if repeats.start.size * len(good) > MOST_COUNTS:
            during = f"{len(good)} units during {repeats.start.size} presentations of {rows.table}"
            raise InputError(f"{table}: {during} are more than {MOST_COUNTS} counts")
        rate_hz, repeats = repeats.rate_hz, repeats.window(latency_s, bin_s)
        ends: list[tuple[float, float, int]] = []
        counts = count_units(_with_ends(opened.spikes(good), ends), repeats.start, repeats.stop)
        seen, unmatched = _seen(opened, good, repeats, counts, np.array(ends))
        kept, repeats, counts = _observed(seen, repeats, counts, unobserved, table)
        units.loc[good.index[~kept], "left_out"] = UNOBSERVED
        good = good[kept]
        session_id = opened.session_id()
        notes = [*repeats.notes, *unmatched, *_unit_notes(units, areas, table)]
        path = f"{Path(opened.name).parent}/" if isinstance(source, str | Path | Opened) else ""
    columns = {name: good[name].to_numpy() for name in ("unit_id", "area", *COLUMNS) if name in good}
    columns = {name: one.astype(str) if one.dtype.kind == "O" else one for name, one in columns.items()}
    columns["session"] = np.full(len(good), session_id)
    told = tuple(note._replace(text=note.text.replace(path, "") if path else note.text) for note in notes)
    for note in told:
        if note.text:
            log.warning("%s", note.text)
    recording = Recording.of_repeats(ALL, names[0], rate_hz, counts, columns, told, bin_s)
    return recording, report(units, recording, repeats, list(areas))


def _with_ends(trains: Iterable[FloatArray], ends: list[tuple[float, float, int]]) -> Iterator[FloatArray]:
    """Pass trains on, and note the first and last spike of each and their number."""
    for train in trains:
        ends.append((train[0], train[-1], len(train)) if len(train) else (np.nan, np.nan, 0))
        yield train


def _seen(
    opened: Opened, units: pd.DataFrame, repeats: Repeats, counts: NDArray[np.unsignedinteger], ends: FloatArray
) -> tuple[observed.Mask, list[Note]]:
    """Whether each unit was observed in each repeat (units, repeats), and what cannot be told."""
    probes, start, stop = list(units["probe"]), repeats.start, repeats.stop
    invalid = [one for one in opened.invalid_times() if not one.of_stimulus(opened.probes)]
    seen = observed.of_probes(probes, start, stop, invalid) & observed.of_spikes(probes, ends, counts, start, stop)
    if (intervals := opened.observed()) is not None:
        seen &= observed.of_intervals(start, stop, [intervals[unit] for unit in units.index])
    notes = []
    for one in invalid:
        n_rows = int(((start < one.end) & (stop > one.begin)).sum())
        if n_rows and not any(map(one.names, opened.probes)):
            times = (
                f"{many(n_rows, 'row')} in invalid times, {one.begin:.3f} to {one.end:.3f} s ({', '.join(one.tags)})"
            )
            told = f"{opened.name}: {times}; spikes may be missing there, and are counted as they are"
            notes.append(Note("rows_in_doubt", n_rows, told))
    return seen, notes


def _observed(
    seen: observed.Mask, repeats: Repeats, counts: NDArray[np.unsignedinteger], unobserved: str, table: str
) -> tuple[NDArray[np.bool_], Repeats, NDArray[np.unsignedinteger]]:
    """Units that stay (units,), repeats that stay, and the counts of both."""
    by_any, by_all = np.asarray(seen.any(axis=0)), np.asarray(seen.all(axis=0))
    stay = by_all if unobserved == "leave_out_repeats" else by_any
    if not stay.any():
        raise InputError(f"{table}: no repeat was observed by {'any unit' if not by_any.any() else 'all units'}")
    kept = np.asarray(seen[:, stay].all(axis=1))
    if not kept.any():
        raise InputError(
            f"{table}: no unit was observed in all {stay.sum()} repeats; `unobserved: leave_out_repeats` keeps the "
            f"repeats that all units saw ({by_all.sum()})"
        )
    n_out = int((~stay).sum())
    if n_out:
        first = repeats.start[~stay, 0].min()
        by = "some units" if by_any[~stay].any() else "any unit"
        line = f"{many(n_out, 'repeat')}, the first from {first:.3f} s, not observed by {by}"
        note = Note("repeats_unobserved", n_out, f"{table}: {line}: left out")
        left = (*repeats.left_out, line)
        repeats = replace(
            repeats, start=repeats.start[stay], stop=repeats.stop[stay], left_out=left, notes=(*repeats.notes, note)
        )
    return kept, repeats, counts[stay][:, :, kept]


def _unit_notes(units: pd.DataFrame, areas: Areas, table: str) -> list[Note]:
    """Say which units were left out, by area where that is known, and which are in no area of the study."""
    notes = []
    for area in areas:
        reasons = units.loc[units["area"] == area, "left_out"]
        notes.append(Note("failed_quality", int(reasons.isin(COLUMNS).sum()), "", area))
        n = int((reasons == UNOBSERVED).sum())
        told = f"{table}: {many(n, 'unit')} of {area} not observed in every repeat: left out" if n else ""
        notes.append(Note("unobserved", n, told, area))
    unknown = int((units["left_out"] == "peak_channel_id").sum())
    notes.append(
        Note(
            "of_unknown_place",
            unknown,
            f"{table}: {many(unknown, 'unit')} of unknown place: left out" if unknown else "",
        )
    )
    several = units["several"] & (units["left_out"] == "several_areas")
    if several.any():
        told = f"{many(int(several.sum()), 'unit')} with electrodes in several areas, and no waveform to choose by: left out"
        notes.append(Note("several_areas", int(several.sum()), f"{table}: {told}"))
    placed = int((units["several"] & units["area"].isin(list(areas))).sum())
    if placed:
        told = f"{many(placed, 'unit')} with electrodes in several areas: in the area where the waveform is largest"
        notes.append(Note("placed_by_waveform", placed, f"{table}: {told}"))
    others = units.loc[~units["area"].isin(list(areas)), "area"].dropna().value_counts().sort_index()
    named = ", ".join(f"{place} {n}" for place, n in others.items())
    told = f"{table}: {many(int(others.sum()), 'unit')} in no area of the study: {named}" if len(others) else ""
    notes.append(Note("in_no_area", int(others.sum()), told))
    return notes


def counting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Make settings of the config into what `count_session` takes beside areas and quality."""
    return {key: Layout(**value) if key == "layout" else value for key, value in settings.items()}


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
        units over the movie (spikes/s; NaN where there are none), `repeats` kept, `repeats_left_out` (joined by "; "),
        and the `notes` on the area (joined by " | ").
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
                **{f"left_out_{name}": int((reasons == name).sum()) for name in REASONS},
                "mean_rate": float(rates[counted].mean()) if counted.any() else np.nan,
                "repeats": recording.n_repeats,
                "repeats_left_out": "; ".join(repeats.left_out),
                "notes": " | ".join(note.text for note in recording.notes if note.text and note.area in ("", area)),
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
        why = "".join(f"; {note.text}" for one in sessions for note in one.notes if note.area == area and note.text)
        raise InputError(f"{movie}: no session has units of {area}{nearest(area, known)}; they have {known}{why}")
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
    every = [note for one in sessions for note in one.notes]
    notes = every if area == ALL else _shortened([note for note in every if note.area in ("", area)])
    fewer = [one for one in sessions if one.n_repeats > n_repeats]
    if fewer:
        dropped = sum(one.n_repeats - n_repeats for one in fewer)
        told = f"{movie}: sessions have different numbers of repeats; of each the first {n_repeats} count"
        notes.append(Note("repeats_dropped", dropped, told))
    return Recording.of_repeats(
        area, movie, rate_hz, np.concatenate(counts, axis=2), units, tuple(notes), sessions[0].bin_s
    )


def _shortened(notes: Sequence[Note]) -> list[Note]:
    """Keep the texts of the first three notes of each kind, and the number of the others."""
    kept = []
    for what in dict.fromkeys(note.what for note in notes):
        alike = [note for note in notes if note.what == what]
        told = [note for note in alike if note.text]
        silent = sum(note.number for note in alike if not note.text)
        more = told[NAMED:]
        rest = f"{what}: {sum(note.number for note in more)} in {many(len(more), 'more session')}" if more else ""
        kept += [*told[:NAMED], Note(what, silent + sum(note.number for note in more), rest)]
    return kept


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
