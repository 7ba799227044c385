"""The report: the answer first, every part with where it comes from, one page that works offline."""

import numpy as np
import pandas as pd
import pytest
from synthetic_study import seen_by, study

from lorafb.artefacts import tables
from lorafb.artefacts.benchmarks import Benchmark
from lorafb.artefacts.provenance import Provenance
from lorafb.figures import catalogue, report, style
from lorafb.figures.figure_data import function

NETWORKS = pd.DataFrame(
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
    assert report.lead(NETWORKS, {"m": "The movie", "other": "Unseen"}, "tsrsa") == [
        "The movie: Net <a> is nearest to cortex, TSRSA 0.300 (95 % interval over units 0.250 to 0.350). This is 60 % of the "
        "ceiling between halves of units, 0.500. Next is Net c, 0.200. Distance in time alone, which sees no stimulus, "
        "reaches 0.100. Without a score: Net b."
    ]


def test_a_movie_without_any_score_says_so():
    assert report.lead(NETWORKS.assign(value=np.nan), {"m": "The movie"}, "tsrsa") == [
        "The movie: no network has a score."
    ]


def test_scores_by_area_have_controls_apart_and_the_ceiling_last():
    table = report.scores_by_area(NETWORKS, "m")
    assert list(table.columns) == ["network", "VISp", "mean", "% of ceiling", "HP (in no mean)"]
    assert table["network"].tolist() == [
        "Net <a>",
        "Net b",
        "Net c",
        "distance in time alone",
        "ceiling (halves of units)",
    ]
    assert table["VISp"].tolist()[-2:] == [0.1, 0.5]
    assert table["% of ceiling"].tolist()[0] == pytest.approx(60)
    assert table["HP (in no mean)"].tolist()[0] == 0.0


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Render a report with two figures and some tables."""
    tmp_path = tmp_path_factory.mktemp("report")
    inputs = Provenance({"scores.csv": "ab" * 32})
    for name in ("figure_3a", "figure_3b"):
        record = catalogue.FIGURES[name]
        figure, data, _ = function(record.make)(seen_by(study(), record))
        style.write((figure, data, "about <b>\n\nall details"), tmp_path / name, inputs)
    rows = pd.DataFrame({"network": ["<x>"], "ours": [0.123456]})
    style.write_table("Table", rows, "what it is\n\nmore of it", tmp_path / "t", inputs)
    parts = [
        *report.by_area(NETWORKS, {"m": "The movie"}, "tsrsa"),
        report.table("Table 1: scores", tmp_path / "t"),
        report.figure("Figure 3A", tmp_path / "figure_3a"),
        report.figure("Figure 3B", tmp_path / "figure_3b"),
        report.times([Benchmark("score_base", 1.0, 1.0, 10.0), Benchmark("score", 2.0, 1.0, 20.0)]),
    ]
    return report.render(
        title="study",
        lead=["First."],
        notes=["SIMULATED"],
        remarks=[f"remark <{k}>" for k in range(7)],
        miniature=True,
        parts=parts,
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


def test_remarks_on_the_recordings_come_before_the_parts_five_of_them_at_once(page):
    shown, folded = page.partition("<summary>and 2 more</summary>")[::2]
    assert [f"remark &lt;{k}&gt;" in shown for k in range(7)] == [True] * 5 + [False] * 2
    assert "remark &lt;6&gt;" in folded
    assert shown.index("remark &lt;4&gt;") < page.index("<nav>")


def test_the_table_of_units_shows_the_numbers_that_are_not_zero():
    counted = [
        pd.DataFrame({"movie": [movie], "median_rate": [1.0], "rows_cut": [cut], "unobserved": [0], "notes": [None]})
        for movie, cut in (("a", 0), ("b", 3))
    ]
    counted.append(pd.DataFrame({"movie": ["c"], "median_rate": [1.0], "notes": ["x"]}))
    part = report.units(counted)
    assert list(part.table.columns) == ["movie", "median_rate", "rows_cut"]
    assert part.table["rows_cut"].tolist()[:2] == [0, 3]
    assert "results/units has all, and the reasons" in part.text


@pytest.mark.parametrize(("name", "spelt"), [("visp", "VISp"), ("v1", "V1"), ("ca1", "CA1"), ("control", "control")])
def test_areas_are_spelt_as_people_do(name, spelt):
    assert style.area_name(name) == spelt


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
    assert report.own_ids(svg, "a") == own


def test_heavy_figures_are_links_beside_the_page(page):
    assert '<a href="figures/f.svg">Frames</a>' in page


def test_the_warnings_of_the_whole_study_are_given_once_at_the_top(page):
    for warning in ("SIMULATED", "MINIATURE", "one checkpoint cannot represent an architecture"):
        assert page.count(warning) == 1
        assert page.index(warning) < page.index("First.")


def test_captions_are_below_their_parts_and_details_are_folded(page):
    assert "<figcaption>about &lt;b&gt;</figcaption>" in page
    assert '<p class="small">what it is</p>' in page
    folds = [fold.split("</details>")[0] for fold in page.split("<details")[1:]]
    for details in ("all details", "more of it"):
        assert any(details in fold for fold in folds)


def test_times_are_summed_over_the_jobs_of_a_stage():
    jobs = [
        Benchmark("score_base", 1.0, 1.0, 9.0),
        Benchmark("train", 2.0, 1.0, 1.0),
        Benchmark("train", 3.0, 1.0, 2.0),
    ]
    assert report.times(jobs).table.to_dict("list") == {
        "stage": ["training networks", "scores"],
        "jobs": [2, 1],
        "seconds": [5.0, 1.0],
        "longest job (s)": [3.0, 1.0],
        "memory (MB)": [2.0, 9.0],
    }


def test_results_of_trainings_are_one_row_each(tmp_path):
    for name, accuracy, quiet in (("a", 0.5, ""), ("b", 0.75, "stem")):
        row = {"test_accuracy": accuracy, "low": 0.4, "high": 0.9, "chance": 0.25, "test_clips": 40, "epoch": 3}
        row["silent_layers"] = quiet
        tables.write(pd.DataFrame([row]), tmp_path / f"{name}.csv", Provenance())
    part = report.trainings({"Net a": tmp_path / "a.csv", "Net b": tmp_path / "b.csv"})
    assert part.table["network"].tolist() == ["Net a", "Net b"]
    assert part.table["test accuracy"].tolist() == [0.5, 0.75]
    assert part.table["silent layers"].fillna("").tolist() == ["", "stem"]
    assert "silent layers" not in report.trainings({"Net a": tmp_path / "a.csv"}).table
    assert "never saw" in part.text
