"""The report: one HTML page that works offline, every figure inside it with its caption and where it comes from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import verify, versions
from lorafb.figures import findings
from lorafb.figures.page import PAGE


@dataclass(frozen=True)
class Section:
    """A table of the report: its title, its rows, what a reader must know of it, and the stem of its files if it has any."""

    title: str
    rows: pd.DataFrame
    caption: str = ""
    stem: Path | None = None


@dataclass(frozen=True)
class Picture:
    """A figure of the report: its title, and the stem of its files (.svg, .txt, .csv)."""

    title: str
    stem: Path


def render(
    title: str,
    lead: Sequence[str],
    notes: Sequence[str],
    parts: Sequence[Section | Picture],
    *,
    linked: Mapping[str, Path] | None = None,
    made: str = "",
    config: str = "",
) -> str:
    """Render the page.

    Parameters
    ----------
    title : heading
    lead : what a reader asks first
    notes : what must be known before reading on
    parts : tables and figures, in order
    linked : title to the stem of figures that would make the page heavy: only named, with a link to the file beside it
    made : when, and by which commit
    config : the resolved config, as YAML
    """
    return (
        Environment(autoescape=True, trim_blocks=True)
        .from_string(PAGE)
        .render(
            title=title,
            lead=lead,
            notes=notes,
            made=made,
            parts=[_table(part) if isinstance(part, Section) else _figure(part) for part in parts],
            linked=[(name, _from_page(f"{stem}.svg")) for name, stem in (linked or {}).items()],
            versions=sorted(versions().items()),
            config=config,
        )
    )


def anchor(title: str) -> str:
    """Id of a heading."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _figure(picture: Picture) -> dict[str, object]:
    stem = picture.stem
    svg = Path(f"{stem}.svg").read_text(encoding="utf-8")
    return {
        "title": picture.title,
        "id": anchor(picture.title),
        "svg": Markup(_own_ids(svg[svg.index("<svg") :], stem.name)),  # drawn by us, and no script is in it
        "caption": Path(f"{stem}.txt").read_text(encoding="utf-8"),
        **_source(f"{stem}.svg", f"{stem}.csv"),
    }


def _source(artefact: str, data: str) -> dict[str, object]:
    seal = verify(artefact)
    inputs = [(name, digest[:12]) for name, digest in seal["inputs"].items()]
    return {"data": _from_page(data), "code": str(seal["code"])[:12], "inputs": inputs}


def _from_page(path: str) -> str:
    """Path of an artefact as the page, which lies among the results, sees it."""
    return path.removeprefix("results/")


def _own_ids(svg: str, name: str) -> str:
    """Give the ids of one picture a name of their own, since a page has several."""
    return svg.replace('id="', f'id="{name}-').replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")


def _table(section: Section) -> dict[str, object]:
    rows = [[_cell(value) for value in row] for row in section.rows.itertuples(index=False)]
    source = _source(f"{section.stem}.csv", f"{section.stem}.csv") if section.stem else {}
    about = {"title": section.title, "id": anchor(section.title), "caption": section.caption, **source}
    return {**about, "columns": list(section.rows.columns), "rows": rows}


def _cell(value: object) -> dict[str, object]:
    if isinstance(value, float):
        return {"text": "" if value != value else f"{value:.4g}", "number": True}
    return {"text": "" if value is pd.NA or value is None else str(value), "number": isinstance(value, int)}


def written(title: str, stem: Path) -> Section:
    """Read a table of the workflow, with its caption."""
    caption = Path(f"{stem}.md").read_text(encoding="utf-8").split("\n\n")[1]
    return Section(title, tables.read(f"{stem}.csv"), caption, stem)


def by_area(shown: pd.DataFrame, titles: Mapping[str, str]) -> list[Section]:
    """Scores of every network by area, a table a movie."""
    said = "TSRSA of each area's best layer; the mean is over areas, and empty where any of them has no score."
    movies = [movie for movie in titles if movie in set(shown["movie"])]
    return [Section(f"Scores by area, {titles[movie]}", findings.by_area(shown, movie), said) for movie in movies]


def units(counted: Sequence[Path | str]) -> Section:
    """Units of each area and movie: found, kept."""
    return Section("Units", pd.concat([tables.read(path) for path in counted], ignore_index=True), "Rates in spikes/s.")


def trainings(paths: Mapping[str, Path | str]) -> Section:
    """Put the results of trainings under one another, from their one-row tables by the network's label."""
    rows = pd.concat([tables.read(path).assign(network=label) for label, path in paths.items()], ignore_index=True)
    shown = rows[["network", "test_accuracy", "low", "high", "chance", "test_clips"]]
    return Section(
        "Trainings",
        shown.rename(
            columns={"test_accuracy": "test accuracy", "low": "from", "high": "to", "test_clips": "test clips"}
        ),
        "Accuracy on clips from parts of the photographs that training never saw, at the epoch where it was best, with "
        "its 95 % binomial interval; an epoch chosen on the test clips makes both a little too good. Where the patch is "
        "tells a shift, and its size a zoom, so that this is no measure of what a network knows of time; still frames "
        "alone leave it at chance.",
    )


def times(jobs: pd.DataFrame) -> Section:
    """Time of each stage, the longest first.

    Parameters
    ----------
    jobs : columns stage, seconds, memory_mb
        One row a job.
    """
    summed = jobs.groupby("stage").agg(
        jobs=("seconds", "size"), seconds=("seconds", "sum"), longest=("seconds", "max"), memory=("memory_mb", "max")
    )
    rows = summed.reset_index().sort_values(["seconds", "stage"], ascending=[False, True])
    return Section(
        "Time of each stage",
        rows.rename(columns={"longest": "longest job (s)", "memory": "memory (MB)"}),
        "Seconds of all jobs together, the latest run of each job; several run at once, so that a study takes less.",
    )
