"""Figures show the numbers that they are given, the same data give the same bytes, text stays text."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from synthetic_study import AREAS, TWIN, held, seen_by, study

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance
from lorafb.experiments import statistics
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
    message, text, details = caption.split("\n\n")
    assert message
    assert text
    assert "Made by: ./run snakemake" in details


def lines_of(axes, label):
    """Horizontal and vertical places of the lines with a label."""
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines if line.get_label() == label]


def means_of(shown, movie="movie1"):
    return shown[(shown["movie"] == movie) & (shown["area"] == "mean")].set_index("subject")


def test_a_networks_row_has_its_mean_over_areas_both_intervals_and_its_areas():
    figure, shown, _ = drawn(study(), "figure_3a")
    axes, means = figure.axes[0], means_of(shown)
    areas = shown[(shown["movie"] == "movie1") & shown["area"].isin(AREAS)].groupby("subject", sort=False)["value"]
    for place, subject in enumerate(("lorafb_snet", "cornet", "resnet_2p_cpc")):
        assert means.loc[subject, "value"] == pytest.approx(areas.mean()[subject])
        assert lines_of(axes, "score, mean over areas")[place] == ([means.loc[subject, "value"]], [place])
        assert lines_of(axes, "an area")[place][0] == areas.get_group(subject).tolist()
        for label, prefix in (("95 % over units", "ci"), ("95 % over time", "e2")):
            assert lines_of(axes, label)[place][0] == means.loc[subject, [f"{prefix}_low", f"{prefix}_high"]].tolist()
        assert lines_of(axes, "without the effect of time")[place][0] == [means.loc[subject, "score_lag"]]


def test_percents_are_of_what_a_perfect_model_could_reach_and_the_published_fraction_has_its_own_name():
    whole = study()
    figure, shown, _ = drawn(whole, "figure_3a")
    halves = whole.ceilings[(whole.ceilings["movie"] == "movie1") & whole.ceilings["area"].isin(AREAS)]
    half = {kind: rows.groupby("area")["value"].mean() for kind, rows in halves.groupby("layer")}
    perfect = np.sqrt(2 * half["stimulus"] / (1 + half["stimulus"])).mean()
    one = means_of(shown).loc["cornet"]
    assert one["reach"] == pytest.approx(perfect)
    assert one["fraction"] == pytest.approx(one["value"] / perfect)
    assert one["fraction_published"] == pytest.approx(one["value"] / half["units"].mean())
    assert [text.get_text() for text in figure.axes[0].texts][1] == f"{100 * one['value'] / perfect:.0f} %"
    (level,) = lines_of(figure.axes[0], "a perfect model")
    assert level[0] == pytest.approx([perfect, perfect])


def test_time_alone_is_dotted_and_so_are_intervals_over_too_short_a_movie():
    whole = study()
    figure, _, caption = drawn(whole, "figure_3a")
    assert any(np.allclose(line.get_xdata(), 0.33) for line in figure.axes[0].lines if line.get_linestyle() == ":")
    assert "20 groups of units left out in turn" in caption
    assert "Units of one mouse are not independent" in caption
    assert "Dotted intervals" not in caption
    assert "No interval is known." in drawn(study(statistics=False), "figure_3a")[2]
    figure, _, caption = drawn(replace(whole, statistics=whole.statistics.assign(short_blocks=True)), "figure_3a")
    assert {line.get_linestyle() for line in figure.axes[0].lines if line.get_label() == "95 % over time"} == {":"}
    assert "Dotted intervals over time are too narrow" in caption


def test_a_triangle_is_filled_where_every_check_of_the_score_without_time_agrees():
    whole = study()
    for agrees, fills in ((True, {"#0072B2", "#D55E00", "#009E73"}), (False, {"white"})):
        figure, *_ = drawn(replace(whole, statistics=whole.statistics.assign(supported=agrees)), "figure_3a")
        found = [line.get_markerfacecolor() for line in figure.axes[0].lines if line.get_marker() == "v"]
        assert set(found) == fills


def test_the_untrained_twin_stands_below_the_papers_networks_in_grey():
    figure, shown, _ = drawn(study(subjects=("lorafb_snet", "cornet", TWIN)), "figure_3a")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["LoRaFB-SNet", "CORnet", "ResNet-2p-CPC", TWIN]
    assert shown[shown["untrained"]]["subject"].unique().tolist() == [TWIN]
    score = [line for line in figure.axes[0].lines if line.get_label() == "score, mean over areas"][-1]
    assert score.get_color() == "#999999"


def test_a_control_area_is_shown_hollow_and_is_in_no_mean():
    figure, shown, _ = drawn(study(), "figure_3a")
    one = shown[(shown["movie"] == "movie1") & (shown["subject"] == "cornet")].set_index("area")
    assert one.loc["mean", "value"] == pytest.approx(one.loc[list(AREAS), "value"].mean())
    assert one["control"].to_dict() == {**dict.fromkeys((*AREAS, "mean"), False), "control": True}
    hollow = [line for line in figure.axes[0].lines if line.get_label() == "control area, in no mean"]
    assert {line.get_markerfacecolor() for line in hollow} == {"none"}
    assert hollow[1].get_xdata().tolist() == [one.loc["control", "value"]]


def test_a_network_without_a_score_has_words_and_a_reason():
    figure, shown, caption = drawn(study(undefined=(("cornet", "visl"),)), "figure_3a")
    assert "no score: see below" in [text.get_text() for text in figure.axes[0].texts]
    assert "no score: see below" not in [text.get_text() for text in figure.axes[1].texts]
    means = shown[(shown["subject"] == "cornet") & (shown["area"] == "mean")]
    assert means["value"].isna().tolist() == [True, False]
    assert means["reason"].tolist() == [scores.SILENT, ""]
    assert "Without a score, since an area has none: CORnet on movie1 (simulated mouse) (VISl)." in caption
    whole = study(undefined=(("cornet", "visl"),))
    reason = f"{statistics.NO_SCORE} (visl)"  # what the area, and not the network, lacks
    known = whole.statistics.assign(reason=reason)
    _, shown, _ = drawn(replace(whole, statistics=known), "figure_3a")
    assert shown.loc[(shown["subject"] == "cornet") & shown["value"].isna(), "reason"].unique().tolist() == [reason]


def test_more_panels_than_letters_have_headings():
    figure, axes_of = style.panels(60, (1, 1))
    for axes in axes_of:
        style.heading(axes, "title")
    figure.draw_without_rendering()
    assert [axes_of[place].get_title() for place in (0, 27, 59)] == [
        r"$\mathbf{A}$  title",
        r"$\mathbf{b}$  title",
        "title",
    ]


def test_a_network_that_is_not_in_the_study_has_an_empty_row_and_is_named():
    figure, _, caption = drawn(study(subjects=("lorafb_snet", "cornet")), "figure_3a")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "LoRaFB-SNet",
        "CORnet",
        "ResNet-2p-CPC",
    ]
    assert [text.get_text() for text in figure.axes[0].texts][-1] == "not in this study"
    assert "Not in this study: ResNet-2p-CPC." in caption


def test_the_papers_scores_stand_beside_ours_as_open_diamonds():
    figure, shown, caption = drawn(study(), "figure_3a")
    diamonds = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert diamonds == [0.520, 0.506, 0.348]
    assert shown.loc[shown["area"] == "mean", "paper"].tolist() == [0.520, 0.283, 0.506, 0.223, 0.348, 0.172]
    assert "(the paper: +2.8 %)" in caption


def test_the_message_names_the_highest_score_of_the_data():
    _, shown, caption = drawn(study(), "figure_3a")
    best = means_of(shown)["value"].idxmax()
    assert caption.startswith(f"On movie1 (simulated mouse) {study().subjects[best]['label']} scores highest (")
    hidden = tuple((name, "visl") for name in ("lorafb_snet", "cornet", "resnet_2p_cpc"))
    _, _, caption = drawn(study(movies=("movie1",), undefined=hidden), "figure_3a")
    assert caption.startswith("No network has a score.")


def test_panels_that_are_compared_have_one_scale_and_letters():
    figure, *_ = drawn(study(), "networks")
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert [axes.get_title(loc="left")[:11] for axes in figure.axes] == [rf"$\mathbf{{{one}}}" for one in "ABC"]


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


def test_drops_have_a_panel_of_their_own_and_error_bars_stay_in_it():
    figure, shown, caption = drawn(study(), "figure_4a")
    axes, drops = figure.axes
    means = shown.query("point == 'mean'")
    for panel, value, half in (
        (axes, means["value"], means["half_width"]),
        (drops, 100 * means["drop"], 100 * means["half_width"] / means["whole"]),
    ):
        low, high = panel.get_ylim()
        assert low < (value - half).min() < (value + half).max() < high
        assert sum(len(line.get_xdata()) for line in panel.lines if line.get_markersize() == 2.2) == 18  # every trial
    assert caption.startswith("On movie1 (simulated mouse), with frames in random order, the score drops by at most ")


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
    assert "VISp, unit 100" in panels[0].get_title(loc="left")


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
    figure, data, caption = matrices.areas(pd.concat([scores, another]), "title", "tsrsa", 7, "Mice.")
    assert data.to_dict("list") == {
        "movie": ["m"] * 4,
        "area": ["visp", "visp", "visl", "visl"],
        "other": ["visp", "visl", "visp", "visl"],
        "value": [0.8, 0.3, 0.3, 0.9],
    }
    assert "TSRSA between 2 areas" in caption
    assert "7 splits" in caption
    assert caption.startswith("VISp and VISl are the most alike (0.30)")
    assert caption.endswith("\n\nMice.")
    axes = figure.axes[0]
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {(0, 0): "0.80", (1, 0): "0.30", (0, 1): "0.30", (1, 1): "0.90"}


def test_frames_are_summarised_by_their_distance():
    matrix = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.7], [0.2, 0.7, 1.0]])
    _, data, caption = matrices.frames({"sn1": matrix}, rate_hz=10.0, title="title")
    assert data["r"].tolist() == pytest.approx([0.6, 0.2])
    assert data["lag"].tolist() == [1, 2]
    assert data["seconds"].tolist() == pytest.approx([0.1, 0.2])
    assert matrices.percentiles(matrix)[np.triu_indices(3, 1)].tolist() == [50, 0, 100]
    assert caption.startswith("Neighbouring frames of title correlate by 0.60 in sn1.")
    assert "every two of 3 frames (0.3 s)" in caption
    assert "without variance" not in caption


def test_a_layer_without_correlations_is_named_in_the_caption():
    silent = np.where(np.eye(3) > 0, 1, np.nan)
    silent[0, 1] = 0.5
    _, _, caption = matrices.frames({"sn1": silent, "sn2": np.eye(3)}, 10.0, "title")
    assert caption.split("\n\n")[1].endswith("(white), in: sn1.")


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


def test_networks_are_ranked_by_their_mean_score():
    own = ("a", "b", "c", "d", "e")
    figure, shown, _ = drawn(study(subjects=own, movies=("movie1",)), "networks")
    means = shown[shown["area"] == "mean"].set_index("subject")["value"].sort_values(ascending=False)
    assert list(means.index) != list(own)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(means.index)
    assert [xs[0] for xs, _ in lines_of(figure.axes[0], "score, mean over areas")] == means.tolist()


def test_layers_have_a_panel_a_network_on_one_scale_with_the_best_of_each_area():
    whole = study(subjects=("cornet", "own"), movies=("movie1", "movie2"))
    second = whole.layers.assign(layer="deep", layer_index=1, value=whole.layers["value"] + 0.1)
    both = pd.concat([whole.layers.assign(best=False), second.assign(best=True)], ignore_index=True)
    figure, shown, caption = drawn(replace(whole, layers=both), "layers")
    maps = [axes for axes in figure.axes if axes.images]
    assert len({axes.images[0].get_clim() for axes in maps}) == 1
    assert set(shown["movie"]) == {"movie1"}
    own = shown[shown["subject"] == "own"].pivot(index="layer", columns="area", values="value")
    np.testing.assert_allclose(maps[1].images[0].get_array()[1], own.loc["deep", [*AREAS, "control"]])
    assert {y for _, ys in lines_of(maps[1], "best layer of an area") for y in ys} == {1}
    assert caption.startswith("The layer nearest to most areas: deep of CORnet (6 of 6), deep of own (6 of 6).")
    silent = both.assign(value=both["value"].mask(both["layer"] == "layer"))
    assert "Grey, without a score: layer of CORnet, layer of own;" in drawn(replace(whole, layers=silent), "layers")[2]
