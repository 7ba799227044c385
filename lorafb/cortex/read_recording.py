"""From a recording as the config names it to one area's recording: each kind of source has a reader."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lorafb.artefacts import recordings
from lorafb.artefacts.recordings import Recording
from lorafb.cortex import array_counts, csv_counts, npz_counts, own_archives, published_counts, sessions
from lorafb.cortex.reliability import split_half_reliability
from lorafb.files import InputError


def read_recording(
    settings: Mapping[str, Any], files: Sequence[Path | str], area: str, movie: str, order: str = "movie"
) -> Recording:
    """Make one area's recording of a movie, as the config's block `movies.NAME.recording` says.

    Parameters
    ----------
    settings : the block, or what of it decides: `kind`, `repeats`, and of a person's own counts all but its file
    files : counted sessions (`simulated`, `allen`, `spikes`), the one table of counts (`counts`), or the area's file
    area, movie : names
    order : `scenes` for still scenes, whose units get a split-half reliability where single repeats are known
    """
    match settings["kind"]:
        case "simulated" | "allen" | "spikes":
            counted = [recordings.read(path) for path in files]
            recording = sessions.join(counted, area, settings.get("repeats", "equal"))
        case "counts":
            recording = read_counts(files[0], area, movie, settings)
        case "arrays":
            real = settings.get("values") == "real"
            recording = array_counts.read(files[0], area, movie, settings["rate_hz"], settings["axes"], real)
        case "published":
            folder = Path(files[0]).parent
            recording = published_counts.read(folder.parent, folder.name, area)
        case kind:
            raise InputError(
                f"recording kind {kind!r} is unknown; expected simulated, allen, spikes, counts, arrays or published"
            )
    recording = replace(recording, movie=movie)  # sessions and published arrays name it in their way
    if order == "scenes" and recording.counts is not None:
        recording.units["reliability"] = split_half_reliability(recording.counts)
    return recording


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


def is_table(file: Path | str) -> bool:
    """Whether a person's counts are a table, which does not hold the frame rate, and no archive of arrays."""
    return not own_archives.is_archive(file)


def _names(settings: Mapping[str, Any]) -> dict[str, str]:
    return {name: settings[name] for name in csv_counts.COLUMNS if name in settings}
