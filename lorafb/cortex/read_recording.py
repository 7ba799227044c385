"""From a recording as the config names it to one area's recording: each kind of source has a reader."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lorafb.artefacts import recordings
from lorafb.artefacts.recordings import Note, Recording, many
from lorafb.cortex import array_counts, csv_counts, npz_counts, own_archives, places, published_counts, sessions
from lorafb.cortex.places import Areas
from lorafb.cortex.reliability import split_half_reliability
from lorafb.files import InputError


def read_recording(
    settings: Mapping[str, Any],
    files: Sequence[Path | str],
    area: str,
    movie: str,
    order: str = "movie",
    asked: Areas = (),
    shown_hz: float | None = None,
) -> Recording:
    """Make one area's recording of a movie, as the config's block `movies.NAME.recording` says.

    Parameters
    ----------
    settings : the block, or what of it decides: `kind`, `repeats`, and of a person's own counts all but its file
    files : counted sessions (`simulated`, `allen`, `nwb`, `spikes`), the one table of counts (`counts`), or the area's files
    area, movie : names
    order : `scenes` for still scenes, whose units get a split-half reliability where single repeats are known
    asked : all areas of the study, with their other names (`places`): what a table holds beside them is counted and named
    shown_hz : frames a second of the stimulus, where it is known: the recording must have the same

    Raises
    ------
    InputError
        One line: what is wrong with the recording, or that its rate is not the stimulus'.
    """
    match settings["kind"]:
        case "simulated" | "allen" | "nwb" | "spikes":
            counted = [recordings.read(path) for path in files]
            recording = sessions.join(counted, area, settings.get("repeats", "equal"))
        case "counts":
            recording = _of_table(files[0], area, movie, settings, asked or [area])
        case "arrays":
            rate_hz, axes, real = settings["rate_hz"], settings["axes"], settings.get("values") == "real"
            recording = side_by_side(
                [array_counts.read(path, area, movie, rate_hz, axes, real) for path in files], area
            )
        case "published":
            folder = Path(files[0]).parent
            recording = published_counts.read(folder.parent, folder.name, area)
        case kind:
            raise InputError(
                f"recording kind {kind!r} is unknown; expected simulated, allen, nwb, spikes, counts, arrays or published"
            )
    recording = replace(recording, movie=movie)  # sessions and published arrays name it in their way
    check_rate(recording, shown_hz)
    if order == "scenes" and recording.counts is not None:
        recording.units["reliability"] = split_half_reliability(recording.counts)
    return recording


def check_rate(recording: Recording, shown_hz: float | None) -> None:
    """Raise InputError where a recording has another rate than its stimulus by more than a hundredth."""
    if shown_hz is not None and abs(recording.rate_hz / shown_hz - 1) > sessions.RATE_TOLERANCE:
        raise InputError(
            f"{recording.movie}, {recording.area}: the recording has {recording.rate_hz:g} frames a second, the stimulus "
            f"{shown_hz:g}; set the stimulus' rate_hz right, or name the recording of this stimulus"
        )


def _of_table(file: Path | str, area: str, movie: str, settings: Mapping[str, Any], asked: Areas) -> Recording:
    """Join what a table of counts holds of an area, and name what it holds of none."""
    known = areas(file, settings)
    mine = places.inside(area, known, asked) or [area]  # the reader's error says what there is
    recording = side_by_side([read_counts(file, place, movie, settings) for place in mine], area)
    if others := places.elsewhere(known, asked):
        held = {place: read_counts(file, place, movie, settings).summed.shape[1] for place in others}
        told = f"{Path(file).name}: {many(sum(held.values()), 'unit')} in no area of the study: "
        told += ", ".join(f"{place} {n}" for place, n in held.items())
        recording = replace(recording, notes=(*recording.notes, Note("in_no_area", sum(held.values()), told)))
    return recording


def side_by_side(parts: Sequence[Recording], area: str) -> Recording:
    """Join recordings of the same frames and repeats as the units of one area; notes are kept."""
    first = parts[0]
    shapes = {(one.n_repeats, len(one.summed), one.rate_hz) for one in parts}
    if len(shapes) > 1:
        listed = ", ".join(f"{one.area}: {one.n_repeats} of {len(one.summed)}" for one in parts)
        raise InputError(f"{first.movie}: parts of {area} have different repeats or frames ({listed})")
    columns = set.intersection(*(set(one.units) for one in parts))
    units = {name: np.concatenate([one.units[name] for one in parts]) for name in sorted(columns)}
    by_repeat = [one.counts for one in parts if one.counts is not None]
    counts = np.concatenate(by_repeat, axis=2) if len(by_repeat) == len(parts) else None
    summed = np.concatenate([one.summed for one in parts], axis=1)
    notes = tuple(note for one in parts for note in one.notes)
    return replace(first, area=area, counts=counts, summed=summed, units=units, notes=notes)


def read_counts(file: Path | str, area: str, movie: str, settings: Mapping[str, Any]) -> Recording:
    """Read one area from a person's counts: a table, which needs `rate_hz` (frames a second), or an .npz or .mat.

    `settings` may hold `rate_hz`, `values` ("real" allows real values) and the names of a table's columns.
    """
    real = settings.get("values") == "real"
    if not is_table(file):
        return npz_counts.read(file, area, movie, real)
    rate_hz = settings.get("rate_hz")
    if rate_hz is None:
        raise InputError(f"{file}: a table does not hold the frame rate; set rate_hz in the recording's settings")
    return csv_counts.read(file, area, movie, rate_hz, _names(settings), real)


def areas(file: Path | str, settings: Mapping[str, Any]) -> list[str]:
    """Names of the areas in a person's counts; `settings` as for `read_counts`."""
    return csv_counts.areas(file, _names(settings)) if is_table(file) else npz_counts.areas(file)


def extent(file: Path | str, settings: Mapping[str, Any]) -> tuple[list[str], int, float]:
    """Areas, number of frames, and frames a second of a person's counts, without the counts; `settings` as for `read_counts`."""
    if is_table(file):
        return *csv_counts.extent(file, _names(settings)), settings["rate_hz"]
    return npz_counts.extent(file)


def is_table(file: Path | str) -> bool:
    """Whether a person's counts are a table, which does not hold the frame rate, and no archive of arrays."""
    return not own_archives.is_archive(file)


def _names(settings: Mapping[str, Any]) -> dict[str, str]:
    return {name: settings[name] for name in csv_counts.COLUMNS if name in settings}
