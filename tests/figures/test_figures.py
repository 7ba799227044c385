"""Figures show the numbers that they are given, the same data give the same bytes, text stays text."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from synthetic_study import AREAS, held, seen_by, study

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance
from lorafb.figures import catalogue, matrices, scores, style
from lorafb.figures.figure_data import function

SPARSE = {
    "subjects": ("lorafb_snet", "cornet", "own"),
    "movies": ("movie1", "scenes"),
    "controls": (),
    "n_trials": 1,
    "undefined": (("cornet", "visl"),),
    "statistics": False,
}
"""Few networks, one without a score, single trials, no intervals."""


def drawn(whole, name):
    record = catalogue.FIGURES[name]
    return function(record.make)(seen_by(whole, record))


@pytest.mark.parametrize("name", catalogue.FIGURES)
@pytest.mark.parametrize("whole", [{}, SPARSE], ids=["dense", "sparse"])
def test_every_figure_is_drawn_from_much_and_from_little(name, whole, tmp_path):
    assert catalogue.possible(catalogue.FIGURES[name], held(study(**whole)))
    figure, data, caption = drawn(study(**whole), name)
    style.write((figure, data, caption), tmp_path / name, Provenance(), study().mark)
    assert len(tables.read(tmp_path / f"{name}.csv")) == len(data) > 0
    assert "simulated mice, miniature study" in (tmp_path / f"{name}.svg").read_text()
    text, details = caption.split("\n\n")
    assert text.endswith("[simulated mice, miniature study]")
    assert "Made by: ./run snakemake" in details


def test_a_networks_bar_is_the_mean_over_areas_and_its_points_are_the_areas():
    figure, shown, _ = drawn(study(), "figure_3a")
    bars = [bar for bar in figure.axes[0].patches if np.isclose(bar.get_width(), 0.7)]
    areas = shown[(shown["movie"] == "movie1") & shown["area"].isin(AREAS)].groupby("subject", sort=False)["value"]
    subjects = ["lorafb_snet", "cornet", "resnet_2p_cpc"]
    assert [bar.get_height() for bar in bars] == pytest.approx(areas.mean()[subjects].tolist())
    points = [line.get_ydata().tolist() for line in figure.axes[0].lines if line.get_label() == "an area"]
    assert points == [areas.get_group(subject).tolist() for subject in subjects]


def test_the_ceiling_is_the_mean_over_areas_that_are_no_controls_of_halves_of_units():
    whole = study()
    figure, shown, _ = drawn(whole, "figure_3a")
    splits = whole.ceilings[(whole.ceilings["movie"] == "movie1") & (whole.ceilings["layer"] == "units")]
    ceiling = splits[splits["area"].isin(AREAS)].groupby("area")["value"].mean().mean()
    assert shown[(shown["movie"] == "movie1") & (shown["area"] == "mean")]["ceiling"].tolist() == pytest.approx(
        [ceiling] * 3
    )
    assert any(np.allclose(line.get_ydata(), ceiling) for line in figure.axes[0].lines if line.get_linestyle() == "--")


def test_an_interval_is_drawn_where_the_statistics_put_it_and_the_baseline_is_dotted():
    figure, shown, caption = drawn(study(), "figure_3a")
    mean = shown[(shown["movie"] == "movie1") & (shown["area"] == "mean") & (shown["subject"] == "cornet")].iloc[0]
    lines = [list(line.get_ydata()) for line in figure.axes[0].lines]
    assert [mean["ci_low"], mean["ci_high"]] in lines
    assert any(np.allclose(line.get_ydata(), 0.33) for line in figure.axes[0].lines if line.get_linestyle() == ":")
    assert "20 groups of units left out in turn" in caption
    assert "too narrow" in caption
    assert "No interval is drawn." in drawn(study(statistics=False), "figure_3a")[2]


def test_a_control_area_is_shown_hollow_and_is_in_no_mean():
    figure, shown, _ = drawn(study(), "figure_3a")
    one = shown[(shown["movie"] == "movie1") & (shown["subject"] == "cornet")].set_index("area")
    assert one.loc["mean", "value"] == pytest.approx(one.loc[list(AREAS), "value"].mean())
    assert one["control"].to_dict() == {**dict.fromkeys((*AREAS, "mean"), False), "control": True}
    hollow = [line for line in figure.axes[0].lines if line.get_label() == "control area, in no mean"]
    assert {line.get_markerfacecolor() for line in hollow} == {"white"}
    assert any(np.allclose(line.get_ydata(), one.loc["control", "value"]) for line in hollow)


def test_a_network_without_a_score_has_words_where_its_bar_would_be():
    figure, shown, caption = drawn(study(undefined=(("cornet", "visl"),)), "figure_3a")
    assert [text.get_text() for text in figure.axes[0].texts] == ["no score"]
    assert [text.get_text() for text in figure.axes[1].texts] == []
    assert shown[(shown["subject"] == "cornet") & (shown["area"] == "mean")]["value"].isna().tolist() == [True, False]
    assert "Without a score, since an area has none: CORnet on movie1 (simulated mouse) (VISl)." in caption


def test_a_network_that_is_not_in_the_study_has_an_empty_place_and_is_named():
    figure, _, caption = drawn(study(subjects=("lorafb_snet", "cornet")), "figure_3a")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == [
        "LoRaFB-SNet",
        "CORnet",
        "ResNet-2p-CPC",
    ]
    assert [text.get_text() for text in figure.axes[0].texts] == ["not in this study"]
    assert "Not in this study: ResNet-2p-CPC." in caption


def test_the_papers_scores_stand_beside_ours_as_open_diamonds():
    figure, shown, caption = drawn(study(), "figure_3a")
    diamonds = [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert diamonds == [0.520, 0.506, 0.348]
    assert shown.loc[shown["area"] == "mean", "paper"].tolist() == [0.520, 0.283, 0.506, 0.223, 0.348, 0.172]
    assert "(the paper: +2.8 %)" in caption


def test_the_caption_of_bars_gives_difference_and_p_of_the_paired_test():
    whole = study()
    test = scores.difference(whole, "movie1", "lorafb_snet", "resnet_2p_cpc")
    assert (
        f"difference {test.difference:.3f} [{test.low:.3f}, {test.high:.3f}], p = 0.001" in drawn(whole, "figure_3a")[2]
    )
    turned = scores.difference(whole, "movie1", "resnet_2p_cpc", "lorafb_snet")
    assert turned == (-test.difference, -test.high, -test.low, test.p)


def test_figure_3c_shows_means_and_standard_errors_over_clips():
    whole = study()
    _, shown, _ = drawn(whole, "figure_3c")
    clips = whole.scores_of("clip").query(
        "subject == 'cornet' and movie == 'movie2' and area == 'mean' and length == 60"
    )["value"]
    point = shown.query("subject == 'cornet' and movie == 'movie2' and length == 60").iloc[0]
    assert point["value"] == pytest.approx(clips.mean())
    assert point["standard_error"] == pytest.approx(clips.std() / np.sqrt(3))
    assert point["trials"] == 3


def test_figure_3d_divides_the_first_networks_mean_by_each_others():
    _, means, _ = drawn(study(), "figure_3c")
    _, shown, _ = drawn(study(), "figure_3d")
    at = "movie == 'movie1' and length == 120 and subject == "
    above, below = (means.query(f"{at} '{name}'")["value"].item() for name in ("lorafb_snet", "resnet_2p_cpc"))
    assert shown.query(f"{at} 'resnet_2p_cpc'")["value"].item() == pytest.approx(above / below)
    assert set(shown["subject"]) == {"cornet", "resnet_2p_cpc"}


def test_figure_4a_shows_trials_means_and_drops_against_the_movie_as_it_is():
    whole = study()
    figure, shown, _ = drawn(whole, "figure_4a")
    trials = whole.scores_of("shuffle").query("role == 'lorafb_snet' and area == 'mean' and window == 300")
    intact = (
        whole.scores_of("original")
        .query("role == 'lorafb_snet' and area == 'mean' and movie == 'movie1'")["value"]
        .item()
    )
    mean = shown.query("series == 'LoRaFB-SNet' and window == 300 and point == 'mean'").iloc[0]
    assert mean["value"] == pytest.approx(trials["value"].mean())
    assert mean["x"] == pytest.approx(trials["chaos"].mean())
    assert mean["drop"] == pytest.approx(1 - trials["value"].mean() / intact)
    assert mean["half_width"] == pytest.approx(9.92484 * trials["value"].std() / np.sqrt(3))  # t(0.995, 2)
    assert mean["x_half_width"] == pytest.approx(9.92484 * trials["chaos"].std() / np.sqrt(3))
    assert len(shown.query("series == 'LoRaFB-SNet' and point == 'trial'")) == 9
    dashed = [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert any(np.isclose(value, intact) for value in dashed)


def test_the_inset_lies_below_every_point():
    figure, shown, _ = drawn(study(), "figure_4a")
    axes, inset = figure.axes[0], figure.axes[0].child_axes[0]
    figure.draw_without_rendering()
    top = axes.transData.inverted().transform(inset.get_window_extent().corners())[:, 1].max()
    points = shown.query("point == 'mean'")
    assert top < (points["value"] - points["half_width"]).min()


def test_a_network_that_sees_frames_alone_has_no_points_when_frames_are_shuffled():
    whole = study()
    still = {**whole.subjects, "sew_resnet": {**whole.subjects["sew_resnet"], "still": True}}
    figure, shown, caption = drawn(replace(whole, subjects=still), "figure_4a")
    assert set(shown["series"]) == {"LoRaFB-SNet"}
    assert "SEW-ResNet sees each frame alone, so a shuffle cannot change its score" in caption
    assert "SEW-ResNet (sees frames alone)" in [line.get_label() for line in figure.axes[0].lines]


def test_networks_and_kinds_that_were_not_tried_are_named_and_not_drawn():
    whole = study()
    gone = whole.scores["experiment"].isin(["shuffle"]) & (whole.scores["role"] == "cornet")
    gone |= whole.scores["replacement"] == "uniform"
    some = replace(whole, scores=whole.scores[~gone])
    for name, missing in (("figure_7a", "CORnet"), ("figure_7b", "uniform noise")):
        figure, shown, caption = drawn(some, name)
        assert f"Not tried here: {missing}." in caption
        assert missing not in set(shown["series"])
        assert not any(missing in str(line.get_label()) for line in figure.axes[0].lines)


def test_figure_7b_shows_the_papers_three_kinds_and_no_fourth():
    _, shown, _ = drawn(study(), "figure_7b")
    assert list(dict.fromkeys(shown["series"])) == ["Gaussian noise", "uniform noise", "static natural image"]
    assert set(shown["x"].round(12)) == {1 / 2, 1 / 5, 1 / 20}
    assert (shown.loc[shown["point"] == "mean", "x_half_width"] < 1e-12).all()


def test_trials_without_a_score_are_left_out_and_counted():
    whole = study()
    hole = whole.scores["experiment"].eq("shuffle") & whole.scores["trial"].eq(0) & whole.scores["area"].eq("mean")
    table = whole.scores.assign(value=whole.scores["value"].mask(hole))
    _, shown, caption = drawn(replace(whole, scores=table), "figure_4a")
    means = shown[shown["point"] == "mean"]
    assert means["trials"].tolist() == [2] * 6
    assert means["undefined"].tolist() == [1] * 6
    assert "6 trials have no score and are left out." in caption


def test_figure_6_draws_a_unit_of_each_area():
    figure, shown, _ = drawn(study(), "figure_6")
    panels = [axes for axes in figure.axes if axes.lines]
    assert len(panels) == 6
    first = shown[shown["area"] == "visp"]
    assert panels[0].lines[0].get_ydata().tolist() == first["measured"].tolist()
    assert panels[0].get_title(loc="left").startswith("VISp, unit 100")


def test_the_figure_of_networks_has_a_row_for_every_subject_on_every_movie():
    figure, shown, _ = drawn(study(subjects=("cornet", "own"), movies=("movie1", "scenes")), "networks")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["CORnet", "own"]
    assert len(figure.axes) == 2
    assert len(shown[shown["area"] == "mean"]) == 4


@pytest.mark.parametrize("name", ["figure_3b", "figure_4a"])
def test_the_same_data_give_the_same_bytes_and_text_stays_text(name, tmp_path):
    for folder in ("one", "two"):
        style.write(drawn(study(), name), tmp_path / folder, Provenance())
    for ending in (".svg", ".png", ".csv", ".txt"):
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()
    assert "TSRSA score" in (tmp_path / "one.svg").read_text()


def test_areas_are_drawn_with_their_ceilings_on_the_diagonal():
    rows = [("visp", "visp", 0.8), ("visp", "visl", 0.3), ("visl", "visp", 0.3), ("visl", "visl", 0.9)]
    scores = pd.DataFrame(rows, columns=["area", "layer", "value"]).assign(movie="m", metric="tsrsa")
    another = scores.assign(metric="cka", value=0.0)
    figure, data, caption = matrices.areas(pd.concat([scores, another]), "title", "tsrsa", 7, "Mice.", "simulated mice")
    assert data.to_dict("list") == {
        "movie": ["m"] * 4,
        "area": ["visp", "visp", "visl", "visl"],
        "other": ["visp", "visl", "visp", "visl"],
        "value": [0.8, 0.3, 0.3, 0.9],
    }
    assert "TSRSA between 2 areas" in caption
    assert "7 splits" in caption
    assert caption.endswith("[simulated mice]\n\nMice.")
    axes = figure.axes[0]
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {(0, 0): "0.80", (1, 0): "0.30", (0, 1): "0.30", (1, 1): "0.90"}


def test_frames_are_summarised_by_their_distance():
    matrix = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.7], [0.2, 0.7, 1.0]])
    figure, data, caption = matrices.frames({"sn1": matrix}, rate_hz=10.0, title="title")
    assert data["r"].tolist() == pytest.approx([0.6, 0.2])
    assert data["lag"].tolist() == [1, 2]
    assert data["seconds"].tolist() == pytest.approx([0.1, 0.2])
    assert len(figure.axes) >= 1
    assert "every two of 3 frames (0.3 s)" in caption
    assert "without variance" not in caption


def test_a_layer_without_correlations_is_named_in_the_caption():
    silent = np.where(np.eye(3) > 0, 1, np.nan)
    silent[0, 1] = 0.5
    _, _, caption = matrices.frames({"sn1": silent, "sn2": np.eye(3)}, 10.0, "title")
    assert caption.split("\n\n")[0].endswith("(white), in: sn1.")


def test_there_is_no_fraction_of_a_ceiling_that_is_not_clearly_above_zero():
    whole = study()
    near = whole.ceilings["value"].where(whole.ceilings["movie"] != "movie2", whole.ceilings["value"] - 0.63)
    shown = scores.with_ceilings(replace(whole, ceilings=whole.ceilings.assign(value=near)), "original")
    means = shown[shown["area"] == "mean"]
    assert means["ceiling"].notna().all()
    assert means.groupby("movie")["fraction"].agg(lambda parts: parts.notna().all()).to_dict() == {
        "movie1": True,
        "movie2": False,
    }


def test_networks_without_a_role_are_ranked_by_their_mean_score():
    own = ("a", "b", "c", "d", "e")
    figure, shown, _ = drawn(study(subjects=own, movies=("movie1",)), "networks")
    means = shown[shown["area"] == "mean"].set_index("subject")["value"].sort_values(ascending=False)
    assert list(means.index) != list(own)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(means.index)
    bars = [bar.get_width() for bar in figure.axes[0].patches if np.isclose(bar.get_height(), 0.7)]
    assert bars == pytest.approx(means.tolist())
    figure, *_ = drawn(study(), "networks")  # with roles: in the order of the study
    assert figure.axes[0].get_yticklabels()[0].get_text() == study().subjects["lorafb_snet"]["label"]
