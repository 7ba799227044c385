"""Figures show the numbers that they are given, the same data give the same bytes, text stays text."""

import numpy as np
import pandas as pd
import pytest

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance
from lorafb.figures import bars, matrices, report, style

SCORES = pd.DataFrame(
    [
        ("one", "Network one", "movie1", "visp", "a", 0.2, False),
        ("one", "Network one", "movie1", "visp", "b", 0.4, True),
        ("one", "Network one", "movie1", "visl", "a", 0.6, True),
        ("one", "Network one", "movie1", "visl", "b", 0.1, False),
        ("two", "Network <two>", "movie1", "visp", "a", 0.3, True),
        ("two", "Network <two>", "movie1", "visl", "a", 0.5, True),
    ],
    columns=["subject", "label", "movie", "area", "layer", "value", "best"],
)
CEILINGS = pd.DataFrame(
    [("movie1", "visp", 0, 0.7), ("movie1", "visp", 1, 0.9), ("movie1", "visl", 0, 1.0), ("movie1", "visl", 1, 1.0)],
    columns=["movie", "area", "trial", "value"],
)


@pytest.fixture
def shown():
    return bars.score_of_each_area(SCORES, CEILINGS)


def test_a_networks_score_is_the_mean_over_areas_of_their_best_layers(shown):
    mean = shown[(shown["subject"] == "one") & (shown["area"] == "mean")].iloc[0]
    assert mean["value"] == pytest.approx((0.4 + 0.6) / 2)
    assert mean["ceiling"] == pytest.approx((0.8 + 1.0) / 2)
    assert mean["fraction"] == pytest.approx(0.5 / 0.9)


def test_an_area_without_a_score_leaves_the_networks_mean_empty():
    scores = SCORES.assign(best=SCORES["best"] & (SCORES["area"] != "visl"))
    shown = bars.score_of_each_area(scores, CEILINGS)
    assert shown.loc[shown["area"] == "mean", "value"].isna().all()


def test_bars_are_as_high_as_the_scores_and_the_ceiling_is_drawn(shown):
    axes = bars.figure_3a(shown, {"movie1": "Movie 1"}).axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([0.5, 0.4])
    assert any(np.allclose(line.get_ydata(), 0.9) for line in axes.lines)
    assert axes.get_title(loc="left") == "Movie 1"


def test_the_same_figure_gives_the_same_bytes_and_its_text_stays_text(shown, tmp_path):
    for name in ("one", "two"):
        figure = bars.figure_3a(shown, {"movie1": "Movie 1"})
        style.write(figure, shown, "caption", tmp_path / name, Provenance())
    for ending in (".svg", ".png", ".csv", ".txt"):
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()
    assert "TSRSA score" in (tmp_path / "one.svg").read_text()
    assert tables.read(tmp_path / "one.csv")["value"].tolist() == pytest.approx(shown["value"].tolist())


def test_the_caption_says_n_and_whose_brain_it_is(shown):
    caption = bars.caption_3a(shown, 100, "The mice are SIMULATED.")
    assert "2 areas" in caption
    assert "100 splits" in caption
    assert caption.endswith("The mice are SIMULATED.")


def test_areas_are_drawn_with_their_ceilings_on_the_diagonal():
    rows = [("visp", "visp", 0.8), ("visp", "visl", 0.3), ("visl", "visp", 0.3), ("visl", "visl", 0.9)]
    shown = pd.DataFrame(rows, columns=["area", "other", "value"]).assign(movie="m")
    axes = matrices.areas_figure(shown, "title").axes[0]
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {(0, 0): "0.80", (1, 0): "0.30", (0, 1): "0.30", (1, 1): "0.90"}


def test_frames_are_summarised_by_their_distance():
    matrix = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.7], [0.2, 0.7, 1.0]])
    shown = matrices.frames_shown({"sn1": matrix}, rate_hz=10.0)
    assert shown["r"].tolist() == pytest.approx([0.6, 0.2])
    assert shown["seconds"].tolist() == pytest.approx([0.1, 0.2])
    assert len(matrices.frames_figure({"sn1": matrix}, 10.0, "title").axes) >= 1


def test_a_layer_without_correlations_is_named_in_the_caption():
    silent = np.full((3, 3), np.nan)
    caption = matrices.frames_caption({"sn1": silent, "sn2": np.eye(3)}, 10.0)
    assert caption.endswith("(white), in: sn1.")


def test_the_report_holds_figures_and_escapes_what_people_wrote(shown, tmp_path):
    style.write(
        bars.figure_3a(shown, {"movie1": "M"}),
        shown,
        "about <b>",
        tmp_path / "figure_3a",
        Provenance({"scores.csv": "ab" * 32}),
    )
    sections = [report.summary(tmp_path / "figure_3a.csv")]
    page = report.render("study", ["SIMULATED"], sections, {"Figure 3A": tmp_path / "figure_3a"}, "a: <1>")
    assert page.count("<svg") == 1
    assert "about &lt;b&gt;" in page
    assert "Network &lt;two&gt;" in page
    assert "abababababab" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_ids_of_two_pictures_on_one_page_do_not_meet():
    svg = '<path id="p"/><use xlink:href="#p"/><g clip-path="url(#p)"/>'
    assert report._own_ids(svg, "a") == '<path id="a-p"/><use xlink:href="#a-p"/><g clip-path="url(#a-p)"/>'
