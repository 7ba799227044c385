"""Spike times, onsets, units and counts as tables, for `lorafb inspect`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lorafb.commands.kinds.finding import NAMES, Finding, are_real, areas, by_area, name
from lorafb.commands.kinds.sessions import table_rows
from lorafb.config.movies import FrameTimes, SpikeTimes, UnitTable
from lorafb.cortex import csv_counts, spike_tables
from lorafb.cortex.intervals import Layout
from lorafb.cortex.own_tables import OwnTable
from lorafb.cortex.presentations import movie_repeats
from lorafb.cortex.spike_tables import PER_SECOND
from lorafb.files import InputError
from lorafb.records import Model

LONG_S = 1.0
"""A frame shown for longer is taken to be given in milliseconds."""
RARE_HZ = 0.3
"""A mean rate of units below which their times are taken to be milliseconds."""
MODELS: dict[str, type[Model]] = {"spikes": SpikeTimes, "frames": FrameTimes, "units": UnitTable}
"""Tables of one recording, as the config has them."""


def table(own: OwnTable) -> Finding:
    """Say what a table is, by the names of its columns."""
    counts = _called(own, "unit", "frame", "repeat", "count", "area", "session")
    if {"unit", "frame", "repeat", "count", "area"} <= set(counts):
        return _counts(own, counts)
    spikes = _called(own, "unit", "time", "area", "session")
    if {"unit", "time"} <= set(spikes):
        return _spikes(own, spikes)
    frames = _called(own, "frame", "onset", "offset", "repeat", "session")
    if "onset" in frames:
        return _frames(own, frames)
    units_called = _called(own, "unit", "area", "session")
    if {"unit", "area"} <= set(units_called):
        held = pd.Series(own.texts(units_called["area"]))
        about = {"file": own.where, **_otherwise(units_called)}
        return Finding("table of units", [("units", f"{len(own)}: {by_area(held)}")], parts={"units": about})
    rows = [(str(one), f"{own.rows[one].dtype}, {own.rows[one].notna().sum()} values") for one in own.rows]
    unknown = "no column is called as those of spike times, onsets, units or counts are"
    return Finding(f"table of {len(own)} rows; {unknown}", rows)


def _called(own: OwnTable, *names: str) -> dict[str, str]:
    """Columns of a table by what they probably mean; a column means one thing."""
    found: dict[str, str] = {}
    for one in names:
        known = (own.find(word) for word in NAMES[one].split())
        column = next((word for word in known if word and word not in found.values()), None)
        found |= {one: column} if column else {}
    return found


def _otherwise(called: Mapping[str, str]) -> dict[str, str]:
    """Keys of a config for the columns that are not called as it expects."""
    return {one: column for one, column in called.items() if column.lower() != one}


def _counts(own: OwnTable, called: Mapping[str, str]) -> Finding:
    real = are_real(own.numbers(called["count"]))
    known = csv_counts.areas(own.where, called)
    rows = extents([csv_counts.read(own.where, area, "", 30.0, called, real) for area in known])
    recording = {"kind": "counts", "file": own.where, "rate_hz": 30.0, **({"values": "real"} if real else {})}
    part = {"areas": areas(known), "movies": {name(own.where): {"recording": {**recording, **_otherwise(called)}}}}
    hints = ["set rate_hz to the frame rate, which the table does not hold, and add the stimulus"]
    return Finding("table of real values" if real else "table of spike counts", rows, part, hints)


def extents(found: Sequence[Any]) -> list[tuple[str, str]]:
    """Describe recordings of areas, a row each."""
    return [
        (one.area, f"{one.summed.shape[1]} units, {one.n_repeats} repeats of {len(one.summed)} frames") for one in found
    ]


def _spikes(own: OwnTable, called: Mapping[str, str]) -> Finding:
    own, known = spike_tables.exploded(own, called["time"])
    known = known or own
    times = own.numbers(called["time"])
    units = known.ids(called["unit"])
    n_units, lasted = len(np.unique(units)), float(np.ptp(times)) or 1.0
    rate_hz = len(times) / n_units / lasted
    unit = "ms" if called["time"].lower().endswith("ms") or rate_hz < RARE_HZ else "s"
    rate = f"{rate_hz * PER_SECOND[unit]:.3g} spikes/s a unit, if times are in {'milli' * (unit == 'ms')}seconds"
    rows = [("spikes", f"{len(times)}, {times.min():g} to {times.max():g} {unit}"), ("rate", rate)]
    held = ""
    if "area" in called:
        held = pd.DataFrame({"unit": units, "area": known.texts(called["area"])}).drop_duplicates("unit")["area"]
        held = f": {by_area(held)}"
    rows += [("units", f"{n_units}{held}")]
    about = {"file": own.where, **_otherwise(called), **({"time_unit": unit} if unit != "s" else {})}
    return Finding("table of spike times", rows, parts={"spikes": about})


def _frames(own: OwnTable, called: Mapping[str, str]) -> Finding:
    onsets = own.numbers(called["onset"])
    usual = float(np.median(np.diff(np.sort(onsets)))) if len(onsets) > 1 else 0.0
    unit = "ms" if called["onset"].lower().endswith("ms") or usual > LONG_S else "s"
    about = {"file": own.where, **_otherwise(called), **({"time_unit": unit} if unit != "s" else {})}
    rows = [("onsets", f"{len(onsets)}, {onsets.min():g} to {onsets.max():g} {unit}")]
    if "frame" not in called:
        return Finding("table of frame onsets", [*rows, ("frames", "not numbered")], parts={"frames": about})
    for session, shown in spike_tables.presentations(_settings("frames", about), own.where).items():
        which = "frames" if session == 0 else f"session {session}"
        rows += table_rows(which, (movie_repeats(shown), Layout(), False))
    return Finding("table of frame onsets", rows, parts={"frames": about})


def _settings(kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    return MODELS[kind].model_validate(dict(about)).model_dump()


def recording_of(parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> Finding:
    """Put the files of one recording together: spike times, onsets of frames, and units where they are given.

    Raises
    ------
    InputError
        If they do not fit together (`spike_tables.sessions`).
    """
    if missing := [one for one in ("spikes", "frames") if one not in parts]:
        want = {"spikes": "the table of spike times", "frames": "the table of frame onsets"}[missing[0]]
        return Finding(f"give {want} too, to see the block that counts the spikes: lorafb inspect FILE FILE")
    known = [one for one in MODELS if one in parts]
    files = {one: [about["file"] for about in parts[one]] for one in known}
    blocks = {one: {**parts[one][0], "file": files[one] if len(files[one]) > 1 else files[one][0]} for one in known}
    settings: dict[str, Any] = {one: _settings(one, blocks[one]) if one in blocks else None for one in MODELS}
    held = spike_tables.read_spikes(settings, files)[1]["area"].dropna()
    hints = ["add the stimulus; `latency` and `bin` move and size the window of each frame"]
    try:
        spike_tables.presentations(settings["frames"], files["frames"][0])
    except InputError as error:
        hints.append(str(error))
    else:
        spike_tables.sessions(settings, files)
    recording = {"kind": "spikes", **blocks}
    part = {"areas": areas(held), "movies": {name(Path(files["spikes"][0])): {"recording": recording}}}
    return Finding("", block=part, hints=hints)
