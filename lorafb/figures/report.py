"""The report: one HTML page that works offline, every figure inside it with its caption and where it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import verify

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 58rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
figure { margin: 1.5rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
figcaption, .small { font-size: 0.85rem; color: #444; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid #ddd; text-align: left; } td.number { text-align: right; }
.note { background: #fff4d6; padding: 0.6rem 1rem; border-radius: 4px; } code, pre { font-size: 0.85rem; }
pre { overflow-x: auto; background: #f6f6f6; padding: 0.8rem; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% for note in notes %}<p class="note">{{ note }}</p>
{% endfor %}
{% for table in tables %}
<h2>{{ table.title }}</h2>
<div class="table"><table>
<tr>{% for name in table.columns %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in table.rows %}<tr>{% for cell in row %}<td{% if cell.number %} class="number"{% endif %}>{{ cell.text }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
{% if table.caption %}<p class="small">{{ table.caption }}</p>{% endif %}
{% endfor %}
{% for figure in figures %}
<h2>{{ figure.title }}</h2>
<figure>{{ figure.svg }}<figcaption>{{ figure.caption }}</figcaption></figure>
<details class="small"><summary>where it comes from</summary>
<p>Code <code>{{ figure.code }}</code>; data <code>{{ figure.data }}</code>; made from:</p>
<ul>{% for name, digest in figure.inputs %}<li><code>{{ name }}</code> sha256 <code>{{ digest }}</code></li>{% endfor %}</ul></details>
{% endfor %}
<h2>How this was made</h2>
<p class="small">{% for name, version in versions %}{{ name }} {{ version }}{{ ", " if not loop.last else "." }}{% endfor %}</p>
<details><summary>the whole config, defaults spelt out</summary><pre>{{ config }}</pre></details>
</body>
</html>
"""


@dataclass(frozen=True)
class Section:
    """A table of the report: its title, its rows, and what a reader must know of it."""

    title: str
    rows: pd.DataFrame
    caption: str = ""


def render(
    title: str, notes: Sequence[str], sections: Sequence[Section], figures: Mapping[str, Path], config: str
) -> str:
    """Render the page.

    Parameters
    ----------
    title : heading
    notes : what must be read first
    sections : tables, in order
    figures : title to the stem of a figure's files (.svg, .txt, .csv)
    config : the resolved config, as YAML
    """
    page = Environment(autoescape=True, trim_blocks=True).from_string(PAGE)
    shown = [_figure(name, stem) for name, stem in figures.items()]
    return page.render(
        title=title,
        notes=notes,
        tables=[_table(section) for section in sections],
        figures=shown,
        versions=sorted(verify(f"{next(iter(figures.values()))}.svg")["versions"].items()) if figures else [],
        config=config,
    )


def _figure(title: str, stem: Path) -> dict[str, object]:
    told = verify(f"{stem}.svg")
    svg = Path(f"{stem}.svg").read_text(encoding="utf-8")
    return {
        "title": title,
        "svg": Markup(_own_ids(svg[svg.index("<svg") :], stem.name)),  # drawn by us, and no script is in it
        "caption": Path(f"{stem}.txt").read_text(encoding="utf-8"),
        "data": f"{stem.name}.csv",
        "code": str(told["code"])[:12],
        "inputs": [(name, digest[:12]) for name, digest in told["inputs"].items()],
    }


def _own_ids(svg: str, name: str) -> str:
    """Give the ids of one picture a name of their own, since a page has several."""
    return svg.replace('id="', f'id="{name}-').replace('"#', f'"#{name}-').replace("url(#", f"url(#{name}-")


def _table(section: Section) -> dict[str, object]:
    rows = [[_cell(value) for value in row] for row in section.rows.itertuples(index=False)]
    return {"title": section.title, "columns": list(section.rows.columns), "rows": rows, "caption": section.caption}


def _cell(value: object) -> dict[str, object]:
    if isinstance(value, float):
        return {"text": "" if value != value else f"{value:.3f}", "number": True}
    return {"text": str(value), "number": isinstance(value, int)}


def summary(path: Path) -> Section:
    """Reduce the data of Figure 3A to the report's first table: one row a network and movie."""
    shown = tables.read(path)
    means = shown[shown["area"] == "mean"][["label", "movie", "value", "ceiling", "fraction"]]
    rows = means.rename(columns={"label": "network", "value": "TSRSA", "fraction": "of the ceiling"})
    return Section(
        "Scores", rows, "Mean over areas of each area's best layer; ceiling: between halves of an area's units."
    )


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
