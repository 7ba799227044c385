"""From a recording as the config names it to one area's recording: each kind of source has a reader."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lorafb.artefacts import recordings
from lorafb.artefacts.recordings import Recording
from lorafb.cortex import array_counts, csv_counts, npz_counts, published_counts, sessions
from lorafb.cortex.reliability import split_half_reliability
from lorafb.files import InputError


def read_recording(
    settings: Mapping[str, Any], files: Sequence[Path | str], area: str, movie: str, order: str = "movie"
) -> Recording:
    """Make one area's recording of a movie, as the config's block `movies.NAME.recording` says.

    Parameters
    ----------
    settings : the block, or what of it decides: `kind`, and of a person's own recording `rate_hz`, `axes` and `repeats`
    files : counted sessions (`simulated`, `allen`), the one table of counts (`counts`), or the area's file
    area, movie : names
    order : `scenes` for still scenes, whose units get a split-half reliability where single repeats are known
    """
    match settings["kind"]:
        case "simulated" | "allen":
            counted = [recordings.read(path) for path in files]
            recording = sessions.join(counted, area, settings.get("repeats", "equal"))
        case "counts":
            recording = read_counts(files[0], area, movie, settings.get("rate_hz"))
        case "arrays":
            recording = array_counts.read(files[0], area, movie, settings["rate_hz"], settings["axes"])
        case "published":
            folder = Path(files[0]).parent
            recording = published_counts.read(folder.parent, folder.name, area)
        case kind:
            raise InputError(
                f"recording kind {kind!r} is unknown; expected simulated, allen, counts, arrays or published"
            )
    recording = replace(recording, movie=movie)  # sessions and published arrays name it in their way
    if order == "scenes" and recording.counts is not None:
        recording.units["reliability"] = split_half_reliability(recording.counts)
    return recording


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
