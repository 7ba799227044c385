"""The report: one HTML page that works offline, every figure in it with its caption and its source."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from lorafb.artefacts import tables
from lorafb.artefacts.benchmarks import Benchmark, stage_name
from lorafb.artefacts.provenance import verify, versions
from lorafb.figures.captions import TEMPLATES, caption
from lorafb.figures.style import area_name, cell, metric_label


@dataclass(frozen=True)
class Part:
    """One section of the report: a figure (svg) or a table.

    Attributes
    ----------
    title : heading
    text : caption, then an empty line and details, if there are any
    table : rows to show
    svg : drawing
    source : stem of the files of the workflow that the part is read from
    """

    title: str
    text: str
    table: pd.DataFrame | None = None
    svg: str = ""
    source: Path | None = None

    @property
    def id(self) -> str:
        """Id of the heading."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    @property
    def seal(self) -> Mapping[str, Any]:
        """Digests of the code and inputs that the files were made from."""
        return verify(f"{self.source}{'.svg' if self.svg else '.csv'}") if self.source else {}


def render(*, remarks: Sequence[str] = (), **facts: Any) -> str:
    """Render the page `templates/report.html`, which says what each fact is."""
    page = TEMPLATES.get_template("report.html")
    return page.render(versions=sorted(versions().items()), remarks=remarks, **facts)


def from_page(path: object) -> str:
    """Path of an artefact relative to the page, which is in the folder `results`."""
    return str(path).removeprefix("results/")


TEMPLATES.filters |= {"cell": cell, "from_page": from_page}


def figure(title: str, stem: Path) -> Part:
    """Read a figure of the workflow: its drawing and its caption."""
    svg = Path(f"{stem}.svg").read_text(encoding="utf-8")
    drawing = Markup(own_ids(svg[svg.index("<svg") :], stem.name))  # our own drawing, which holds no script
    return Part(title, Path(f"{stem}.txt").read_text(encoding="utf-8"), svg=drawing, source=stem)


def own_ids(svg: str, name: str) -> str:
    """Prefix the ids of a picture with its name, since a page has several pictures."""
    return svg.replace('id="', f'id="{name}-').replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")


def table(title: str, stem: Path) -> Part:
    """Read a table of the workflow, with its caption and details."""
    _, text, _, *details = Path(f"{stem}.md").read_text(encoding="utf-8").split("\n\n")
    return Part(title, "\n\n".join([text, *details]), tables.read(f"{stem}.csv"), source=stem)


def units(counted: Sequence[pd.DataFrame]) -> Part:
    """Units of each area and movie: found, kept, and the numbers of what was left out or changed, where there is any."""
    rows = pd.concat(counted, ignore_index=True).drop(columns="notes", errors="ignore")
    last = list(rows.columns).index("median_rate")
    numbers = [name for name in rows.columns[last + 1 :] if not rows[name].fillna(0).any()]
    return Part("Units", caption("units"), rows.drop(columns=numbers))


def trainings(paths: Mapping[str, Path | str]) -> Part:
    """Results of trainings, from their one-row tables by the network's label."""
    rows = pd.concat([tables.read(path).assign(network=label) for label, path in paths.items()], ignore_index=True)
    quiet = ["silent_layers"] if rows["silent_layers"].notna().any() else []
    rows = rows[["network", "test_accuracy", "low", "high", "chance", "test_clips", *quiet]]
    names = {"test_accuracy": "test accuracy", "low": "from", "high": "to", "test_clips": "test clips"}
    names |= {"silent_layers": "silent layers"}
    return Part("Trainings", caption("trainings"), rows.rename(columns=names))


def times(jobs: Iterable[Benchmark]) -> Part:
    """Time of each stage, the longest first."""
    table = pd.DataFrame([vars(job) for job in jobs])
    stages = (
        table.assign(stage=table["stage"].map(stage_name))
        .groupby("stage")
        .agg(
            jobs=("seconds", "size"),
            seconds=("seconds", "sum"),
            longest=("seconds", "max"),
            memory=("memory_mb", "max"),
        )
    )
    rows = stages.reset_index().sort_values(["seconds", "stage"], ascending=[False, True])
    rows = rows.rename(columns={"longest": "longest job (s)", "memory": "memory (MB)"})
    return Part("Time of each stage", caption("times"), rows)


def lead(networks: pd.DataFrame, titles: Mapping[str, str], metric: str) -> list[str]:
    """Say what a reader asks first, per movie: the network nearest to cortex, the ceiling, and the next network.

    Parameters
    ----------
    networks : data of the figure `networks`
    titles : movie to its heading
    metric : metric of the scores
    """
    texts = []
    for movie in (movie for movie in titles if movie in set(networks["movie"])):
        means = networks[(networks["movie"] == movie) & (networks["area"] == "mean")]
        missing = means["value"].isna()
        scored = means[~missing].sort_values("value", ascending=False, kind="stable").to_dict("records")
        facts = {"title": titles[movie], "scored": scored, "missing": list(means.loc[missing, "label"])}
        texts.append(caption("lead", facts, metric=metric_label(metric)))
    return texts


def by_area(networks: pd.DataFrame, titles: Mapping[str, str], metric: str) -> list[Part]:
    """Scores of every network per area, one table per movie, from the data of the figure `networks`."""
    text, movies = (
        caption("by_area", metric=metric_label(metric)),
        [movie for movie in titles if movie in set(networks["movie"])],
    )
    return [Part(f"Scores by area, {titles[movie]}", text, scores_by_area(networks, movie)) for movie in movies]


def scores_by_area(networks: pd.DataFrame, movie: str) -> pd.DataFrame:
    """Scores on a movie: one row per network, then the baseline and the ceiling; controls in the last columns."""
    rows = networks[networks["movie"] == movie].sort_values("control", kind="stable")
    areas = rows.drop_duplicates("area").set_index("area")
    names = {area: area_name(str(area)) + " (in no mean)" * control for area, control in areas["control"].items()}
    lines = [(own["label"].iloc[0], own.set_index("area")["value"]) for _, own in rows.groupby("subject", sort=False)]
    if areas["lag_only"].notna().any():
        lines.append(("distance in time alone", areas["lag_only"]))
    lines.append(("ceiling (halves of units)", areas["ceiling"]))
    table = (
        pd.DataFrame([values.reindex(list(names)) for _, values in lines])
        .rename(columns=names)
        .rename_axis(columns=None)
    )
    clear = rows["fraction"].notna().any()
    percent = 100 * table["mean"] / (areas["ceiling"]["mean"] if clear else float("nan"))
    table.insert(list(table.columns).index("mean") + 1, "% of ceiling", percent)
    table.insert(0, "network", [network for network, _ in lines])
    return table.reset_index(drop=True)
