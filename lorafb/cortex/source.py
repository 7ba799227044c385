"""From what the config names as a recording to one area's recording: one function a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lorafb.artefacts import recordings
from lorafb.artefacts.recordings import Recording
from lorafb.cortex import plain_arrays, published, sessions, table, tidy
from lorafb.cortex.reliability import split_half_reliability

Files = Sequence[Path | str]


def recording(told: Mapping[str, Any], files: Files, area: str, movie: str, order: str = "movie") -> Recording:
    """Make one area's recording of a movie, as the config's block `movies.NAME.recording` says.

    Parameters
    ----------
    told : the block, or what of it decides: `kind`, and of a person's own `rate_hz`, `axes` and `repeats`
    files : counted sessions (`simulated`, `allen`), the one table of counts (`counts`), or the area's own file
    area, movie : names
    order : `scenes` for still scenes, whose units get a split-half reliability where single repeats are known
    """
    made = replace(KINDS[told["kind"]](told, files, area, movie), movie=movie)
    if order == "scenes" and made.counts is not None:
        made.units["reliability"] = split_half_reliability(made.counts)
    return made


def _sessions(told: Mapping[str, Any], files: Files, area: str, movie: str) -> Recording:
    return sessions.join([recordings.read(path) for path in files], area, told.get("repeats", "equal"))


def _table(told: Mapping[str, Any], files: Files, area: str, movie: str) -> Recording:
    if Path(files[0]).suffix.lower() == ".csv":
        return tidy.read(files[0], area, movie, told["rate_hz"])
    return table.read(files[0], area, movie)


def _arrays(told: Mapping[str, Any], files: Files, area: str, movie: str) -> Recording:
    return plain_arrays.read(files[0], area, movie, told["rate_hz"], told["axes"])


def _published(told: Mapping[str, Any], files: Files, area: str, movie: str) -> Recording:
    dataset = Path(files[0]).parent
    return published.read(dataset.parent, dataset.name, area)


KINDS: dict[str, Callable[[Mapping[str, Any], Files, str, str], Recording]] = {
    "simulated": _sessions,
    "allen": _sessions,
    "counts": _table,
    "arrays": _arrays,
    "published": _published,
}
