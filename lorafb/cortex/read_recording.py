"""From a recording as the config names it to one area's recording: each kind of source has a reader."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lorafb.artefacts import recordings
from lorafb.artefacts.recordings import Note, Recording, many
from lorafb.cortex import array_counts, csv_counts, npz_counts, places, published_counts, sessions
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
    settings : the block, or what of it decides: `kind`, and of a person's own recording `rate_hz`, `axes` and `repeats`
    files : counted sessions (`simulated`, `allen`, `nwb`), the one table of counts (`counts`), or the area's files
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
        case "simulated" | "allen" | "nwb":
            counted = [recordings.read(path) for path in files]
            recording = sessions.join(counted, area, settings.get("repeats", "equal"))
        case "counts":
            recording = _of_table(files[0], area, movie, settings.get("rate_hz"), asked or [area])
        case "arrays":
            read = [array_counts.read(path, area, movie, settings["rate_hz"], settings["axes"]) for path in files]
            recording = side_by_side(read, area)
        case "published":
            folder = Path(files[0]).parent
            recording = published_counts.read(folder.parent, folder.name, area)
        case kind:
            raise InputError(
                f"recording kind {kind!r} is unknown; expected simulated, allen, nwb, counts, arrays or published"
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


def _of_table(file: Path | str, area: str, movie: str, rate_hz: float | None, asked: Areas) -> Recording:
    """Join what a table of counts holds of an area, and name what it holds of none."""
    known = areas(file)
    mine = places.inside(area, known, asked) or [area]  # the reader's error says what there is
    recording = side_by_side([read_counts(file, place, movie, rate_hz) for place in mine], area)
    if others := places.elsewhere(known, asked):
        held = {place: read_counts(file, place, movie, rate_hz).summed.shape[1] for place in others}
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


def read_counts(file: Path | str, area: str, movie: str, rate_hz: float | None) -> Recording:
    """Read one area from a person's table of counts: a .csv, which needs `rate_hz` (frames a second), or an .npz."""
    if is_csv(file):
        if rate_hz is None:
            raise InputError(f"{file}: a .csv does not hold the frame rate; set rate_hz in the recording's settings")
        return csv_counts.read(file, area, movie, rate_hz)
    return npz_counts.read(file, area, movie)


def areas(file: Path | str) -> list[str]:
    """Names of the areas in a person's table of counts."""
    return csv_counts.areas(file) if is_csv(file) else npz_counts.areas(file)


def is_csv(file: Path | str) -> bool:
    """Whether a person's table of counts is a .csv, which does not hold the frame rate."""
    return Path(file).suffix.lower() == ".csv"
