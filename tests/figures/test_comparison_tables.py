"""Tables set ours beside the paper's; a claim is judged by the test, and never said to be reproduced."""

import numpy as np
import pandas as pd
import pytest
from synthetic_study import AREAS, held, seen_by, study

from lorafb.artefacts.provenance import Provenance
from lorafb.figures import catalogue, paper_numbers, style
from lorafb.figures.figure_data import function
from lorafb.files import InputError


def made(whole, name):
    record = catalogue.TABLES[name]
    return function(record.make)(seen_by(whole, record))


@pytest.mark.parametrize("name", catalogue.TABLES)
def test_every_table_is_made_and_reads_in_markdown(name, tmp_path):
    record = catalogue.TABLES[name]
    assert catalogue.possible(record, held(study()))
    table, caption = made(study(), name)
    style.write_table(record.title, table, caption, tmp_path / name, Provenance())
    title, message, text, rows, details = (tmp_path / f"{name}.md").read_text().split("\n\n")
    assert title == f"# {record.title}"
    assert [message.strip("*"), text, details.rstrip()] == caption.split("\n\n")
    assert "[simulated mice, miniature study]" in details
    assert rows.count("\n") == len(table) + 1
    assert len({line.count(" | ") for line in rows.splitlines()}) == 1


@pytest.mark.parametrize(
    ("table", "row", "column", "value"),
    [
        ("table_1", "Movie1", "ceiling", 0.821),
        ("table_1", "Movie2", "sew_resnet", 0.094),
        ("table_1_percent", "Movie2", "lorafb_snet", 45.9),
        ("table_2", "Movie1", "no_spike", 0.498),
        ("table_3", "visal", "Movie2", 1420),
        ("table_4", "Movie2", "visam", 0.315),
        ("table_5", "Movie1", "lorafb_snet", 0.4335),
        ("table_6", "scenes", "resnet_2p_cpc", 0.3435),
        ("figure_4a", "Movie1", "lorafb_snet largest drop, percent", 46.5),
    ],
)
def test_the_papers_numbers_are_those_of_the_paper(table, row, column, value):
    assert paper_numbers.number(paper_numbers.read(), table, row, column) == value


def test_the_papers_numbers_agree_among_themselves():
    numbers = paper_numbers.read()
    for movie in ("Movie1", "Movie2"):
        ceiling = paper_numbers.number(numbers, "table_1", movie, "ceiling")
        for role in ("cornet", "resnet_2p_cpc", "sew_resnet", "lorafb_snet"):
            percent = paper_numbers.number(numbers, "table_1_percent", movie, role)
            assert 100 * paper_numbers.score(numbers, movie, role) / ceiling == pytest.approx(percent, abs=0.2)
        areas = [paper_numbers.number(numbers, "table_4", movie, area) for area in AREAS]
        assert np.mean(areas) == pytest.approx(paper_numbers.score(numbers, movie, "lorafb_snet"), abs=0.001)


def test_what_the_paper_does_not_give_is_no_number():
    assert np.isnan(paper_numbers.score(paper_numbers.read(), "Movie2", "no_spike"))
    assert np.isnan(paper_numbers.score(paper_numbers.read(), "", "cornet"))


def test_a_number_that_is_given_twice_is_refused(tmp_path):
    (tmp_path / "paper.csv").write_text("table,row,column,value,sd\na,b,c,1,\na,b,c,2,\n")
    with pytest.raises(InputError, match=r"paper\.csv: a / b / c is given twice"):
        paper_numbers.read(tmp_path / "paper.csv")


def test_table_1_gives_ours_the_papers_and_the_difference_and_percents_of_the_ceiling():
    table, caption = made(study(), "table_1")
    rows = table[table["movie"] == "movie1"].set_index("network")
    ours, ceiling = rows.loc["CORnet", "ours"], rows.loc["published ceiling", "ours"]
    assert rows.loc["CORnet", "the paper"] == 0.506
    assert rows.loc["CORnet", "difference"] == pytest.approx(ours - 0.506)
    assert rows.loc["CORnet", "% of the published ceiling"] == pytest.approx(100 * ours / ceiling)
    half = (
        study()
        .ceilings.query("movie == 'movie1' and layer == 'stimulus' and area != 'control'")
        .groupby("area")["value"]
        .mean()
    )
    perfect = np.sqrt(2 * half / (1 + half)).mean()
    assert rows.loc["a perfect model", "ours"] == pytest.approx(perfect)
    assert rows.loc["CORnet", "% of a perfect model"] == pytest.approx(100 * ours / perfect)
    assert rows.loc["time alone", "ours"] == 0.33
    assert "5 splits" in caption


def test_the_sd_over_splits_is_of_means_over_areas():
    whole = study()
    splits = whole.ceilings.query("movie == 'movie1' and layer == 'units' and area != 'control'")
    sd = splits.groupby("trial")["value"].mean().std()
    table, _ = made(whole, "table_1")
    assert table.query("movie == 'movie1' and network == 'published ceiling'")[
        "sd over splits"
    ].item() == pytest.approx(sd)


def test_a_network_that_is_not_in_the_study_leaves_ours_empty():
    table, caption = made(study(subjects=("lorafb_snet", "cornet")), "table_6")
    rows = table.set_index("network")
    assert np.isnan(rows.loc["SEW-ResNet", "ours"])
    assert rows.loc["SEW-ResNet", "the paper"] == 0.3935
    assert "Not in this study: ResNet-2p-CPC, SEW-ResNet." in caption


def test_table_3_counts_units_and_a_control_area_has_no_published_number():
    table, _ = made(study(), "table_3")
    rows = table[table["movie"] == "movie2"].set_index("area")
    assert rows.loc["VISp", "kept: the paper"] == 1854
    assert rows.loc["VISp", "found: difference"] == 48 - 2015
    assert rows.loc["control", "kept: ours"] == 44
    assert rows.loc["control", "kept: the paper"] is pd.NA


def test_table_4_has_an_area_a_row_and_no_mean():
    table, _ = made(study(), "table_4")
    assert table["area"].tolist() == ["VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam", "control"] * 2
    assert table["best layer"].tolist() == ["layer"] * 14


def test_table_5_shows_the_cross_validated_fit_beside_and_no_baseline_of_another_metric():
    whole = study()
    table, _ = made(whole, "table_5")
    one = whole.scores_of("original", "regression-cv").query(
        "subject == 'cornet' and movie == 'movie1' and area == 'mean'"
    )
    assert table.query("network == 'CORnet' and movie == 'movie1'")["cross-validated"].item() == one["value"].item()
    assert "time alone" not in set(table["network"])
    assert "ci_low" not in table


def test_cells_of_markdown_are_short_escaped_and_empty_where_undefined():
    table = pd.DataFrame(
        {"name": ["a|b"], "value": [0.123456], "count": pd.array([None], "Int64"), "none": [float("nan")]}
    )
    assert style.markdown(table).splitlines()[2] == "| a\\|b | 0.123 |  |  |"
