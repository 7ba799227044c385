"""The report: the answer first, every part with where it comes from, one page that works offline."""

import numpy as np
import pandas as pd
import pytest
from synthetic_study import material, seen_by

from lorafb.artefacts.provenance import Provenance
from lorafb.figures import catalogue, findings, report, style
from lorafb.figures.material import function

SHOWN = pd.DataFrame(
    [
        ("a", "Net <a>", "m", "visp", False, 0.3, np.nan, np.nan, 0.5),
        ("a", "Net <a>", "m", "hp", True, 0.0, np.nan, np.nan, 0.1),
        ("a", "Net <a>", "m", "mean", False, 0.3, 0.25, 0.35, 0.5),
        ("b", "Net b", "m", "visp", False, np.nan, np.nan, np.nan, 0.5),
        ("b", "Net b", "m", "mean", False, np.nan, np.nan, np.nan, 0.5),
        ("c", "Net c", "m", "visp", False, 0.2, np.nan, np.nan, 0.5),
        ("c", "Net c", "m", "mean", False, 0.2, np.nan, np.nan, 0.5),
    ],
    columns=["subject", "label", "movie", "area", "control", "value", "ci_low", "ci_high", "ceiling"],
).assign(fraction=lambda table: table["value"] / table["ceiling"], lag_only=0.1)


def test_the_lead_names_the_nearest_network_its_interval_and_the_ceiling():
    assert findings.lead(SHOWN, {"m": "The movie", "other": "Unseen"}) == [
        "The movie: Net <a> comes nearest to cortex, TSRSA 0.300 (95 % interval over units 0.250 to 0.350), 60 % of the "
        "ceiling between halves of units, 0.500; next Net c, 0.200; distance in time alone, which sees no stimulus, reaches "
        "0.100; without a score: Net b."
    ]


def test_a_movie_without_any_score_says_so():
    assert findings.lead(SHOWN.assign(value=np.nan), {"m": "The movie"}) == ["The movie: no network has a score."]


def test_scores_by_area_have_controls_apart_and_the_ceiling_last():
    table = findings.by_area(SHOWN, "m")
    assert list(table.columns) == ["network", "VISp", "mean", "% of ceiling", "hp (in no mean)"]
    assert table["network"].tolist() == [
        "Net <a>",
        "Net b",
        "Net c",
        "distance in time alone",
        "ceiling (halves of units)",
    ]
    assert table["VISp"].tolist()[-2:] == [0.1, 0.5]
    assert table["% of ceiling"].tolist()[0] == pytest.approx(60)
    assert table["hp (in no mean)"].tolist()[0] == 0.0


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Render a report with two figures and some tables."""
    tmp_path = tmp_path_factory.mktemp("report")
    inputs = Provenance({"scores.csv": "ab" * 32})
    for name in ("figure_3a", "figure_3b"):
        record = catalogue.FIGURES[name]
        figure, shown, _ = function(record.make)(seen_by(material(), record))
        style.write(figure, shown, "about <b>", tmp_path / name, inputs)
    style.write_table(
        "Table", pd.DataFrame({"network": ["<x>"], "ours": [0.123456]}), "what it is", tmp_path / "t", inputs
    )
    parts = [
        *report.by_area(SHOWN, {"m": "The movie"}),
        report.written("Table 1: scores", tmp_path / "t"),
        report.Picture("Figure 3A", tmp_path / "figure_3a"),
        report.Picture("Figure 3B", tmp_path / "figure_3b"),
        report.times(pd.DataFrame({"stage": ["score"] * 2, "seconds": [1.0, 2.0], "memory_mb": [10.0, 20.0]})),
    ]
    return report.render(
        "study",
        ["First."],
        ["SIMULATED"],
        parts,
        linked={"Frames": "results/figures/f"},
        made="2026, commit c",
        config="a: <1>",
    )


def test_the_page_escapes_what_people_wrote_and_fetches_nothing(page):
    assert page.count("<svg") == 2
    for said in (
        "about &lt;b&gt;",
        "Net &lt;a&gt;",
        "&lt;x&gt;",
        "a: &lt;1&gt;",
        "abababababab",
        "2026, commit c",
        "0.1235",
    ):
        assert said in page
    for gone in ("<script", "src=", "@import", "url(http"):
        assert gone not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_every_part_is_named_in_the_list_on_top_and_the_answer_comes_before_it(page):
    assert page.index("First.") < page.index("<nav>")
    anchors = [line.split('"')[1][1:] for line in page.splitlines() if line.startswith('<li><a href="#')]
    assert anchors[:3] == ["scores-by-area-the-movie", "table-1-scores", "figure-3a"]
    for anchor in anchors:
        assert page.count(f'id="{anchor}"') == 1


def test_ids_of_two_pictures_on_one_page_do_not_meet(page):
    ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
    svg = '<path id="p" fill="#56b4e9"/><use xlink:href="#p"/><g clip-path="url(#p)"/>'
    own = '<path id="a-p" fill="#56b4e9"/><use xlink:href="#a-p"/><g clip-path="url(#a-p)"/>'
    assert report._own_ids(svg, "a") == own


def test_heavy_figures_are_links_beside_the_page(page):
    assert '<a href="figures/f.svg">Frames</a>' in page


def test_times_are_summed_over_the_jobs_of_a_stage():
    jobs = pd.DataFrame({"stage": ["a", "b", "b"], "seconds": [1.0, 2.0, 3.0], "memory_mb": [9.0, 1.0, 2.0]})
    assert report.times(jobs).rows.to_dict("list") == {
        "stage": ["b", "a"],
        "jobs": [2, 1],
        "seconds": [5.0, 1.0],
        "longest job (s)": [3.0, 1.0],
        "memory (MB)": [2.0, 9.0],
    }
