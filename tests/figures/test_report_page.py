"""The report: the answer first, every part with where it comes from, one page that works offline."""

import html
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from synthetic_study import seen_by, study

from lorafb.artefacts import tables
from lorafb.artefacts.benchmarks import Benchmark
from lorafb.artefacts.provenance import Provenance
from lorafb.figures import catalogue, report, style
from lorafb.figures.figure_data import function

NAN = float("nan")
NETWORKS = pd.DataFrame(
    [
        ("a", "Net <a>", "m", "visp", False, 0.3, NAN, NAN, 0.5),
        ("a", "Net <a>", "m", "hp", True, 0.0, NAN, NAN, 0.1),
        ("a", "Net <a>", "m", "mean", False, 0.3, 0.25, 0.35, 0.5),
        ("b", "Net b", "m", "visp", False, NAN, NAN, NAN, 0.5),
        ("b", "Net b", "m", "mean", False, NAN, NAN, NAN, 0.5),
        ("c", "Net c", "m", "visp", False, 0.2, NAN, NAN, 0.5),
        ("c", "Net c", "m", "mean", False, 0.2, 0.18, 0.22, 0.5),
    ],
    columns=["subject", "label", "movie", "area", "control", "value", "ci_low", "ci_high", "reach"],
).assign(
    fraction=lambda table: table["value"] / table["reach"],
    e2_low=lambda table: table["value"] - 0.1,
    e2_high=lambda table: table["value"] + 0.1,
    ceiling=0.4,
    lag_only=0.1,
    short_blocks=False,
    score_lag=0.15,
    p_lag=0.012,
    supported=True,
    untrained=lambda table: table["subject"] == "c",
    reason=lambda table: np.where(table["value"].isna(), "all layers are silent", ""),
)
CLAIM = {"movie": "m", "source": "ranking", "reason": "", "paper": NAN, "seeds_p_holm": NAN}
CLAIMS = pd.DataFrame(
    [
        {**CLAIM, "claim": "A scores above B", "difference": 0.1, "ci_p_holm": 0.02, "verdict": "holds on this movie"},
        {**CLAIM, "claim": "A scores above C", "difference": 0.02, "ci_p_holm": 0.3, "verdict": "too near to tell"},
        {**CLAIM, "claim": "A drops", "difference": 0.02, "ci_p_holm": NAN, "verdict": "not tested"},
    ]
).assign(
    ci_low_holm=lambda table: table["difference"] - 0.04,
    ci_high_holm=lambda table: table["difference"] + 0.04,
    e2_low_holm=NAN,
    e2_high_holm=NAN,
    e2_p_holm=NAN,
)


def test_the_answer_gives_both_intervals_what_could_be_reached_baselines_and_verdicts():
    assert report.answers(NETWORKS, CLAIMS, {"m": "The movie", "other": "Unseen"}, "tsrsa") == {
        "The movie": [
            "Net <a> scores highest: TSRSA 0.30 (95 %: 0.25 to 0.35 over units, 0.20 to 0.40 over time), 60 % of what a "
            "perfect model could reach (0.50).",
            "Next is Net c, 0.200.",
            "Time alone, which sees no stimulus, reaches 0.10. Without the effect of time Net <a> scores 0.15 (p = 0.012), and "
            "every check agrees.",
            "The best untrained network, Net c, scores 0.200.",
            "Holds on this movie: A scores above B (difference 0.100, 0.060 to 0.140 over units, p = 0.02).",
            "Too near to tell: A scores above C (difference 0.020, -0.020 to 0.060 over units, p = 0.3).",
            "Net b has no score: all layers are silent.",
        ]
    }


def test_an_answer_says_what_it_cannot_say():
    unsafe = NETWORKS.assign(
        fraction=NAN, reason="halves of visp do not agree safely", short_blocks=True, supported=False
    )
    first, no_percent, _, time, *_ = report.answers(unsafe, None, {"m": "M"}, "tsrsa")["M"]
    assert first.endswith("0.20 to 0.40 over time, which is too narrow for so short a movie).")
    assert no_percent == "There is no percent of what a perfect model could reach: halves of visp do not agree safely."
    assert time.endswith("and not every check agrees, so this may be drift.")
    nothing = report.answers(NETWORKS.assign(value=NAN, reason="silent"), None, {"m": "M"}, "tsrsa")["M"]
    assert nothing[0] == "No network has a score."
    assert nothing[1:] == [f"{name} has no score: silent." for name in ("Net <a>", "Net b", "Net c")]


def test_every_number_of_the_answer_is_that_of_the_files(tmp_path):
    whole = study()
    for name, records in (("networks", catalogue.FIGURES), ("claims", catalogue.TABLES)):
        tables.write(
            function(records[name].make)(seen_by(whole, records[name]))[-2], tmp_path / f"{name}.csv", Provenance()
        )
    networks, asked = (tables.read(tmp_path / f"{name}.csv") for name in ("networks", "claims"))
    first, following, time, *verdicts = report.answers(networks, asked, {"movie1": "M"}, "tsrsa")["M"]
    means = whole.scores.query(
        "experiment == 'original' and metric == 'tsrsa' and movie == 'movie1' and area == 'mean'"
    )
    ranked = means.sort_values("value", ascending=False)
    best, second, last = (ranked.iloc[place] for place in (0, 1, -1))
    row = whole.statistics.query("movie == 'movie1' and area == 'mean'").set_index("subject").loc[best["subject"]]
    halves = whole.ceilings.query("movie == 'movie1' and layer == 'stimulus' and area != 'control'")
    half = halves.groupby("area")["value"].mean()
    perfect = np.sqrt(2 * half / (1 + half)).mean()
    shown = [
        best["value"],
        row["ci_low"],
        row["ci_high"],
        row["e2_low"],
        row["e2_high"],
        best["value"] / perfect,
        perfect,
    ]
    found = [float(one) for one in re.findall(r"-?\d+\.?\d*", re.sub(r"95 %|2p", "", first.partition("TSRSA")[2]))]
    np.testing.assert_allclose([*found[:5], found[5] / 100, found[6]], shown, atol=0.0051)
    assert first.startswith(best["label"])
    found = [float(one) for one in re.findall(r"0\.\d+", following)]
    np.testing.assert_allclose(found, [second["value"], last["value"]], atol=0.0051)
    found = [float(one) for one in re.findall(r"0\.\d+", time)]
    np.testing.assert_allclose(found, [0.33, row["score_lag"], row["p_lag"]], atol=0.0051)
    told = [
        list(map(float, one)) for line in verdicts for one in re.findall(r"difference (\S+), (\S+) to (\S+) over", line)
    ]
    rows = asked[(asked["movie"] == "movie1") & asked["ci_p_holm"].notna()]
    rows = pd.concat([rows[rows["verdict"] == verdict][:3] for verdict in report.claims.VERDICTS])
    np.testing.assert_allclose(told, rows[["difference", "ci_low_holm", "ci_high_holm"]], atol=0.00051)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("too near to tell", "and it is not shown that training makes a difference."),
        ("holds on this movie", "and training makes a difference on this movie."),
        ("the opposite holds on this movie", "and it scores above the trained one on this movie."),
    ],
)
def test_the_answer_says_whether_training_makes_a_difference(said, words):
    claim = CLAIMS[:1].assign(claim="Net <a> scores above Net c", source="baseline", verdict=said)
    lines = report.answers(NETWORKS, claim, {"m": "M"}, "tsrsa")["M"]
    assert f"The best untrained network, Net c, scores 0.200, {words}" in lines


def test_scores_by_area_have_controls_apart_and_what_could_be_reached_last():
    (part,) = report.scores_by_area(NETWORKS, {"m": "M"}, "tsrsa")
    table = part.table
    assert list(table.columns) == ["network", "VISp", "mean", "% of a perfect model", "HP (in no mean)"]
    assert table["network"].tolist() == ["Net <a>", "Net c", "time alone", "a perfect model", "published ceiling"]
    assert table["% of a perfect model"].tolist()[0] == pytest.approx(60)
    assert table["HP (in no mean)"].tolist()[0] == 0.0


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Render a report with two figures and some tables."""
    tmp_path = tmp_path_factory.mktemp("report")
    inputs = Provenance({"scores.csv": "ab" * 32})
    for name in ("figure_3a", "figure_3b"):
        record = catalogue.FIGURES[name]
        figure, data, _ = function(record.make)(seen_by(study(), record))
        style.write((figure, data, "Message <m>.\n\nabout <b>\n\nall details"), tmp_path / name, inputs, "a mark")
    rows = pd.DataFrame({"network": ["<x>"], "ours": [0.123456]})
    style.write_table("Table", rows, "It says.\n\nwhat it is\n\nmore of it", tmp_path / "t", inputs)
    parts = [
        report.figure("Figure 3B", tmp_path / "figure_3b"),
        *report.scores_by_area(NETWORKS, {"m": "The movie"}, "tsrsa"),
        report.table("Table 1: scores", tmp_path / "t"),
        report.times([Benchmark("score_base", 1.0, 1.0, 10.0), Benchmark("score", 2.0, 1.0, 20.0)]),
    ]
    counted = pd.DataFrame(
        {"movie": ["m"], "area": ["visp"], "units": [9], "kept": [8], "sessions": [2], "repeats": [10]}
    )
    about = {"recording": {"kind": "simulated"}, "stimulus": {"frames": 300, "rate_hz": 30}, "controls": []}
    config = {"movies": {"m": about}, "scenes": {}, "areas": ["VISp"], "ties": "average", "seed": 7}
    config |= {"subjects": {"a": {"label": "Net <a>", "network": "n"}}, "experiments": {"ceiling": {"splits": 20}}}
    return report.render(
        title="study",
        metric="tsrsa",
        study=report.study(config, [counted]),
        first=report.figure("Figure 3A", tmp_path / "figure_3a"),
        answers=report.answers(NETWORKS, CLAIMS, {"m": "The movie"}, "tsrsa"),
        verdicts=[report.Part("Claims", "3 claims.\n\nthat\n\nhow", CLAIMS)],
        notes=["The mice are SIMULATED"],
        simulated=True,
        miniature=True,
        remarks=[f"remark <{k}>" for k in range(7)],
        parts=parts,
        linked={"Frames": "results/figures/f"},
        made="2026",
        commit="c0",
        config="a: <1>",
    )


def test_the_page_escapes_what_people_wrote_and_fetches_nothing(page):
    for said in (
        "about &lt;b&gt;",
        "Message &lt;m&gt;.",
        "Net &lt;a&gt;",
        "&lt;x&gt;",
        "a: &lt;1&gt;",
        "abababababab",
        "commit c0",
        "0.123",
    ):
        assert said in page
    for gone in ("<script", "src=", "@import", "url(http"):
        assert gone not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_the_first_screen_asks_spells_the_metric_out_and_answers(page):
    first = page[page.index('id="answer"') : page.index('id="claims"')]
    question = first[first.index("<p>") + 3 : first.index("</p>")]
    assert len(re.findall(r"[.?](?=\s|$)", question)) == 4
    assert question.startswith("How much does the network represent m like 1 area of visual cortex?")
    assert "Time-Series Representational Similarity Analysis (TSRSA)" in question
    assert 'aria-label="How TSRSA works' in first
    assert "Net &lt;a&gt; scores highest: TSRSA 0.30" in first


def test_the_methods_have_the_numbers_of_the_study(page):
    methods = page[page.index("<blockquote>") : page.index("</blockquote>")]
    for said in (
        "m: 300 frames at 30 Hz, 10 repeats, 2 SIMULATED sessions, 8 of 9 units",
        "20 random halves",
        "seed 7",
        "numpy ",
    ):
        assert said in methods
    assert "NeurIPS 2024" in page


def test_a_figure_is_shown_cell_by_cell_so_that_its_panels_wrap(page):
    assert page.count('<use href="#figure-3a-drawing"/>') == 3  # two movies and the legend
    assert page.count('id="figure-3a-drawing"') == 1
    boxes = [list(map(float, box.split())) for box in re.findall('<svg viewBox="([^"]*)" style="--width', page)[:3]]
    assert boxes[0][2] == boxes[1][2] == pytest.approx(3.4 * 72, abs=4)
    assert boxes[1][0] == pytest.approx(boxes[0][2], abs=6)
    assert boxes[2][1] == pytest.approx(boxes[0][3], abs=6)


def test_claims_are_grouped_by_verdict_the_weak_ones_folded(page):
    groups = re.findall(r"<details( open)?><summary><strong>([^<]*)</strong> \((\d+)\)", page)
    assert groups == [(" open", "Holds on this movie", "1"), ("", "Too near to tell", "1"), ("", "Not tested", "1")]


def test_remarks_on_the_recordings_come_before_the_parts_five_of_them_at_once(page):
    shown, folded = page.partition("<summary>and 2 more</summary>")[::2]
    assert [f"remark &lt;{k}&gt;" in shown for k in range(7)] == [True] * 5 + [False] * 2
    assert "remark &lt;6&gt;" in folded
    assert shown.index("remark &lt;4&gt;") < page.index('id="claims"')


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


def test_every_part_is_named_in_the_contents(page):
    contents = page[page.index("<nav") : page.index("</nav>")]
    anchors = re.findall('href="#([^"]*)"', contents)
    assert anchors[:4] == ["answer", "claims", "figure-3b", "scores-by-area-the-movie"]
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
    for warning in ("The mice are SIMULATED", "MINIATURE", "cannot represent an architecture"):
        assert page.count(warning) == 1
        assert page.index(warning) < page.index('id="answer"')


def test_messages_are_above_captions_below_and_details_folded_with_copies_for_a_paper(page):
    part = page[page.index('<section id="figure-3b">') :]
    part = part[: part.index("</section>")]
    places = [
        part.index(one) for one in ("Message &lt;m&gt;.", "<use href", "about &lt;b&gt;", "<details>", "all details")
    ]
    assert places == sorted(places)
    for ending in ("svg", "png", "csv", "txt"):
        assert f'figure_3b.{ending}">' in part


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


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MEASURE = """<script>addEventListener("load", () => {
  const root = document.documentElement, drawn = [...document.querySelectorAll(".cells svg")];
  const told = parent.document.documentElement.dataset;
  told.inner = innerWidth; told.wide = root.scrollWidth;
  told.out = drawn.filter((one) => one.getBoundingClientRect().right > innerWidth + 1).length;
  told.empty = drawn.filter((one) => one.firstElementChild.getBBox().width < 10).length;
  told.sticks = getComputedStyle(document.querySelector("nav")).position;
})</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")
@pytest.mark.parametrize("width", [400, 1600])
def test_the_report_opens_without_an_error_and_fits(page, tmp_path, width):
    inner = html.escape(page.replace("</body>", f"{MEASURE}</body>"))
    frame = f'<iframe style="width: {width}px; height: 900px; border: 0" srcdoc="{inner}"></iframe>'
    (tmp_path / "frame.html").write_text(frame, encoding="utf-8")  # a window of Chromium is never as narrow as a phone
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--window-size=1700,950",
        "--timeout=20000",
    ]
    profile, address = f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / "frame.html").as_uri()
    command = [str(CHROMIUM), *options, profile, "--dump-dom", address]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert not re.findall("CONSOLE.*", ran.stderr)
    measured = dict(re.findall(r'data-(inner|wide|out|empty|sticks)="([^"]*)"', ran.stdout[:2000]))
    assert int(measured["inner"]) == width
    assert int(measured["wide"]) <= width
    assert (measured["out"], measured["empty"], measured["sticks"]) == ("0", "0", "sticky")
