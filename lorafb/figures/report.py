"""The report: one HTML page that works offline: the question, the answer, then every figure with its source."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from lorafb.artefacts import lineage, tables
from lorafb.artefacts.benchmarks import Benchmark, stage_name
from lorafb.artefacts.provenance import versions
from lorafb.figures import claims
from lorafb.figures.captions import TEMPLATES, caption, fill, one_line
from lorafb.figures.style import area_name, cell, metric_label


@dataclass(frozen=True)
class Part:
    """One section of the report: a figure (svg) or a table.

    Attributes
    ----------
    title : heading
    text : message, caption and details, an empty line between
    table : rows to show
    svg : drawing
    cells : places of its panels in it, as in `lorafb.figures.style.write`
    source : stem of the files of the workflow that the part is read from
    """

    title: str
    text: str
    table: pd.DataFrame | None = None
    svg: str = ""
    cells: tuple[str, ...] = ()
    source: Path | None = None

    @property
    def id(self) -> str:
        """Id of the heading."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    @property
    def lineage(self) -> Markup:
        """Tree of what made the files, as `lorafb why` gives it: inputs with digests, config keys, checkpoints, code."""
        return Markup(lineage.html(lineage.trace(f"{self.source}{'.svg' if self.svg else '.csv'}")))


def render(*, remarks: Sequence[str] = (), **facts: Any) -> str:
    """Render the page `templates/report.html`, which says what each fact is."""
    facts |= {"versions": sorted(versions().items()), "version": metadata.version("lorafb"), "remarks": remarks}
    facts["metric"] = metric_label(facts["metric"])
    methods, references = fill("methods", facts).split("---")
    facts |= {"intro": one_line(fill("intro", facts)), "methods": one_line(methods)}
    return TEMPLATES.get_template("report.html").render(references=references.strip().splitlines(), **facts)


def from_page(path: object) -> str:
    """Path of an artefact relative to the page, which is in the folder `results`."""
    return str(path).removeprefix("results/")


TEMPLATES.filters |= {"cell": cell, "from_page": from_page}


def figure(title: str, stem: Path) -> Part:
    """Read a figure of the workflow: its drawing, the places of its panels, and its caption."""
    svg = Path(f"{stem}.svg").read_text(encoding="utf-8")
    opening = svg[svg.index("<svg") : svg.index(">", svg.index("<svg"))]
    (cells,) = re.findall('data-cells="([^"]*)"', opening)
    inside = svg[svg.index(opening) + len(opening) + 1 : svg.rindex("</svg>")]
    drawing = Markup(own_ids(inside, "-".join(stem.parts[-3:])))  # our own drawing, which holds no script
    text = Path(f"{stem}.txt").read_text(encoding="utf-8").removesuffix("\n")
    return Part(title, text, svg=drawing, cells=tuple(cells.split("; ")), source=stem)


def own_ids(svg: str, name: str) -> str:
    """Prefix the ids of a picture with its name, since a page has several pictures."""
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)


def table(title: str, stem: Path) -> Part:
    """Read a table of the workflow: its rows, and its texts from the Markdown file."""
    parts = Path(f"{stem}.md").read_text(encoding="utf-8").rstrip().split("\n\n")[1:]
    texts = [part for part in parts if not part.startswith("|")]
    message = texts.pop(0).strip("*") if texts[0].startswith("**") else ""
    return Part(title, "\n\n".join([message, *texts]), tables.read(f"{stem}.csv"), source=stem)


def study(config: Mapping[str, Any], counted: Iterable[pd.DataFrame]) -> dict[str, Any]:
    """Facts of the study for the first sentences and the methods: its networks, and of each movie frames, mice and units.

    Parameters
    ----------
    config : the resolved config
    counted : tables of units, one a movie
    """
    movies = []
    for one in counted:
        name = str(one["movie"].iloc[0])
        about = (config["movies"] | config["scenes"])[name]
        own = one[~one["area"].isin([area.lower() for area in about.get("controls") or ()])]
        numbers = {key: (int(own[key].min()), int(own[key].max())) for key in ("units", "kept")}
        rows = {"sessions": int(own["sessions"].max()), "repeats": own["repeats"].max(), **numbers}
        still = name in config["scenes"]
        movies.append(
            {"name": name, "still": still, "kind": about["recording"]["kind"], **rows, **(about["stimulus"] or {})}
        )
    networks = {name: one.get("label") or one["network"] for name, one in config["subjects"].items()}
    return {"config": config, "movies": movies, "networks": networks, "areas": list(config["areas"])}


def answers(
    networks: pd.DataFrame, asked: pd.DataFrame | None, titles: Mapping[str, str], metric: str
) -> dict[str, list[str]]:
    """Answer in words, per movie: heading to sentences; every number is one of the files.

    Parameters
    ----------
    networks : data of the figure `networks`
    asked : table of claims, where the study has one
    titles : movie to its heading
    metric : metric of the scores
    """
    found = {}
    for movie in (movie for movie in titles if movie in set(networks["movie"])):
        means = networks[(networks["movie"] == movie) & (networks["area"] == "mean")]
        scored = means[means["value"].notna()].sort_values("value", ascending=False, kind="stable")
        own = asked[asked["movie"] == movie] if asked is not None else pd.DataFrame({"verdict": []})
        facts = {
            "rows": scored.to_dict("records"),
            "missing": means[means["value"].isna()].to_dict("records"),
            "groups": {verdict: rows.to_dict("records") for verdict, rows in by_verdict(own)},
        }
        lines = fill("answer", facts, metric=metric_label(metric)).splitlines()
        found[titles[movie]] = [line for line in map(one_line, lines) if line]
    return found


def by_verdict(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Claims grouped by verdict, the strongest first."""
    groups = {verdict: table[table["verdict"] == verdict] for verdict in claims.VERDICTS}
    return [(verdict, rows) for verdict, rows in groups.items() if len(rows)]


TEMPLATES.filters["by_verdict"] = by_verdict


def scores_by_area(networks: pd.DataFrame, titles: Mapping[str, str], metric: str) -> list[Part]:
    """Scores per area, a table per movie: a row per network, then time alone and what a perfect model could reach."""
    parts = []
    for movie in (movie for movie in titles if movie in set(networks["movie"])):
        rows = networks[networks["movie"] == movie].sort_values("control", kind="stable")
        areas = rows.drop_duplicates("area").set_index("area")
        names = {area: area_name(str(area)) + " (in no mean)" * control for area, control in areas["control"].items()}
        lines = {own["label"].iloc[0]: own.set_index("area")["value"] for _, own in rows.groupby("subject", sort=False)}
        lines |= {
            "time alone": areas["lag_only"],
            "a perfect model": areas["reach"],
            "published ceiling": areas["ceiling"],
        }
        shown = pd.DataFrame(lines).reindex(list(names)).T.rename(columns=names).dropna(how="all")
        percent = 100 * shown["mean"] / (areas["reach"]["mean"] if areas["fraction"].notna().any() else float("nan"))
        shown.insert(list(shown.columns).index("mean") + 1, "% of a perfect model", percent)
        shown = shown.rename_axis("network").reset_index()
        parts.append(Part(f"Scores by area, {titles[movie]}", caption("by_area", metric=metric_label(metric)), shown))
    return parts


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
