"""Captions: at most three plain sentences, a short mark, and details that follow the data."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from synthetic_study import seen_by, study

from lorafb.figures import catalogue
from lorafb.figures.figure_data import function

RECORDS = {**catalogue.FIGURES, **catalogue.TABLES}
PRESENT = {
    "networks": "TSRSA, the mean over 6 areas of each area's best layer, with 95 % jackknife intervals over units",
    "figure_3a": "Areas: VISp, VISl, VISrl, VISal, VISpm, VISam.",
    "figure_3b": "h the agreement of halves that differ in units and in repeats (5 splits, mean over areas).",
    "figure_3c": "Points are means over 3 clips per length, the same clips for every network.",
    "figure_3d": "Ratio of the mean TSRSA score of LoRaFB-SNet to that of each other network",
    "figure_4a": "3 trials per window; windows of 15, 100, 300 frames.",
    "figure_4b": "in each window, one random frame is replaced by a frame of Gaussian noise.",
    "figure_4c": "On scenes (simulated mouse) LoRaFB-SNet scores highest (",
    "layers": "TSRSA of every layer (from the first on top to the last) in every area",
    "figure_6": "PSTHs of one unit in each of 6 areas over 199 frames of movie1 (simulated mouse)",
    "figure_7a": "TSRSA score against level of chaos, 1 - Spearman r between the shuffled and the original order of frames.",
    "figure_7b": "in each window, one random frame is replaced by another frame.",
    "claims": "Both are corrected by Holm's method for the 12 tested rows of this table",
    "table_1": "of the units of an area, mean over areas, 5 splits;",
    "table_2": "time alone: a baseline that sees no stimulus",
    "table_3": "difference: ours minus the paper's.",
    "table_4": "TSRSA of LoRaFB-SNet per area, from the best layer of the area.",
    "table_5": "cross-validated: R2 on frames that the regression never saw (contiguous blocks).",
    "table_6": "TSRSA on still scenes: means over areas, from the best layer of each area.",
}


def made(whole, name):
    return function(RECORDS[name].make)(seen_by(whole, RECORDS[name]))


@pytest.mark.parametrize("name", RECORDS)
def test_a_caption_is_short_marked_and_says_what_is_shown(name):
    message, text, details = made(study(), name)[-1].split("\n\n")
    assert len(re.findall(r"[.!?](?=\s|$)", message)) == 1
    assert 1 <= len(re.findall(r"[.!?](?=\s|$)", text)) <= 3
    assert PRESENT[name] in f"{message} {text} {details}"
    assert details.startswith("[simulated mice, miniature study] ")
    assert details.endswith("Made by: ./run snakemake --cores 2 results/figures/figure.svg")
    assert not re.search(r"\bnan\b|None|\{|\s[.,;](?=\s|$)", f"{message} {text} {details}")


def test_the_largest_drops_in_the_caption_are_those_of_the_data():
    _, data, caption = made(study(), "figure_4a")
    drops = data[data["point"] == "mean"].groupby("series")["drop"].max()
    one, other = (f"{100 * drops[name]:.1f} %" for name in ("LoRaFB-SNet", "SEW-ResNet"))
    assert f"Largest drops, movie1 (simulated mouse): LoRaFB-SNet {one}; SEW-ResNet {other}." in caption
    assert "The paper: LoRaFB-SNet 46.5 %, SEW-ResNet under 9 %." in caption
    assert "The paper:" not in made(study(), "figure_7a")[-1]


def test_the_percentages_in_the_caption_of_bars_are_those_of_the_data():
    _, data, caption = made(study(), "figure_3a")
    means = data[(data["movie"] == "movie2") & (data["area"] == "mean")].set_index("role")["value"]
    percent = 100 * (means["lorafb_snet"] / means["resnet_2p_cpc"] - 1)
    assert f"ResNet-2p-CPC {percent:+.1f} % (the paper: +64.4 %)" in caption


def test_data_of_the_paper_have_no_mark_and_real_mice_are_not_called_simulated():
    real = replace(study(), simulated=False, miniature=False, note="Recordings: the published counts.")
    *_, details = made(real, "figure_3a")[-1].split("\n\n")
    assert "[" not in details
    assert "Recordings: the published counts." in details
    assert "[miniature study]" in made(replace(real, miniature=True), "table_1")[-1]


TSRSA_ROWS = ["time alone", "published ceiling", "a perfect model"]  # rows of TSRSA, whatever the study's first metric


def test_figures_and_tables_show_the_first_metric_of_the_study_by_its_label():
    whole = study()
    scores = whole.scores.assign(metric=whole.scores["metric"].replace("tsrsa", "cka"))
    changed = replace(whole, scores=scores, metrics=("cka", "regression"), paper=whole.paper.iloc[:0])
    for name, same in (("figure_3a", "value"), ("table_1", "ours"), ("table_6", "ours"), ("figure_3c", "value")):
        before, after = made(whole, name), made(changed, name)
        kept, changed_rows = (table[-2][~table[-2].isin(TSRSA_ROWS).any(axis=1)] for table in (before, after))
        assert len(kept) == len(changed_rows) > 0
        np.testing.assert_array_equal(kept[same], changed_rows[same])
        assert "CKA" in after[-1]
        assert "TSRSA" not in after[-1]
    figure, _, caption = made(changed, "figure_4a")
    assert figure.axes[0].get_ylabel() == "CKA score"
    assert "The paper:" not in caption


def test_a_metric_that_is_not_the_first_has_its_own_column_in_table_5_and_moves_no_other_number():
    whole = study()
    original = (whole.scores["experiment"] == "original") & (whole.scores["metric"] == "tsrsa")
    more = whole.scores[original].assign(metric="cka", value=0.125)
    wider = replace(whole, scores=pd.concat([whole.scores, more], ignore_index=True), metrics=("tsrsa", "cka"))
    before, after = made(whole, "table_5")[0], made(wider, "table_5")
    pd.testing.assert_frame_equal(before, after[0].drop(columns="CKA"))
    assert set(after[0]["CKA"]) == {0.125}
    assert "CKA: the same means, by this metric." in after[1]
    for name in set(RECORDS) - {"table_5"}:
        pd.testing.assert_frame_equal(made(whole, name)[-2], made(wider, name)[-2])


def test_intervals_ceilings_and_pairs_of_another_metric_are_not_taken_for_the_first_ones():
    whole = study()

    def doubled(table, *numbers):
        another = table.assign(metric="cka", **{number: table[number] + 1 for number in numbers})
        return pd.concat([another, table.assign(metric="tsrsa")], ignore_index=True)

    both = replace(
        whole,
        statistics=doubled(whole.statistics, "value", "ci_low", "ci_high"),
        ceilings=doubled(whole.ceilings, "value"),
        pairs=doubled(whole.pairs, "difference", "ci_low", "ci_high"),
    )
    for name in ("figure_3a", "table_1", "table_4", "claims"):
        pd.testing.assert_frame_equal(made(whole, name)[-2], made(both, name)[-2])
        assert made(whole, name)[-1] == made(both, name)[-1]
