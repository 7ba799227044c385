"""From what the config names as a recording to one area's recording: one function a kind of source."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lorafb.artefacts import recordings
from lorafb.artefacts.recordings import Recording
from lorafb.cortex import published, sessions, table
from lorafb.cortex.reliability import split_half_reliability

Files = Sequence[Path | str]


def recording(kind: str, files: Files, area: str, movie: str, order: str = "movie") -> Recording:
    """Make one area's recording of a movie, as the config's block `movies.NAME.recording` says.

    Parameters
    ----------
    kind : `kind` of the block
    files : counted sessions (`simulated`, `allen`), or the one table of counts (`counts`)
    area, movie : names
    order : `scenes` for still scenes, whose units get a split-half reliability where single repeats are known
    """
    made = replace(KINDS[kind](files, area, movie), movie=movie)
    if order == "scenes" and made.counts is not None:
        made.units["reliability"] = split_half_reliability(made.counts)
    return made


def _sessions(files: Files, area: str, movie: str) -> Recording:
    return sessions.join([recordings.read(path) for path in files], area)


def _table(files: Files, area: str, movie: str) -> Recording:
    return table.read(files[0], area, movie)


def _published(files: Files, area: str, movie: str) -> Recording:
    dataset = Path(files[0]).parent
    return published.read(dataset.parent, dataset.name, area)


KINDS: dict[str, Callable[[Files, str, str], Recording]] = {
    "simulated": _sessions,
    "allen": _sessions,
    "counts": _table,
    "published": _published,
}
