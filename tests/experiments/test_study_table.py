"""All scores of a study in one file, which pandas alone reads."""

import pandas as pd
import pytest

import lorafb
from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance
from lorafb.experiments.study_table import STATISTICS, read
from lorafb.experiments.table import Labels, Score, tidy

OURS = Labels("sew", "motion", "film")


@pytest.fixture
def results(tmp_path):
    layers = [Score("visp", "low", 0, 0.1), Score("visp", "top", 1, 0.3, True)]
    clip = tidy([Score("visp", "top", 1, 0.2)], OURS, "clip", "tsrsa", length=15, trial=0)
    base = pd.concat([tidy(layers, OURS, "original", metric) for metric in ("tsrsa", "cka")] + [clip])
    ceiling = tidy([Score("visp", "units", 0, 0.5)], Labels("", "", "film"), "ceiling", "tsrsa", trial=0)
    shared = dict.fromkeys(STATISTICS, 0.0) | {"movie": "film", "supported": True, "ci_low": [1.0, 2.0, 3.0]}
    rows = [("net", "visp", "top", 0.3), ("net", "mean", "", 0.3), ("lag_only", "visp", "lag", 0.05)]
    statistics = pd.DataFrame(rows, columns=["subject", "area", "layer", "value"]).assign(**shared)
    for name, table in {
        "scores/net/film/base": base,
        "ceilings/film": ceiling,
        "statistics/film": statistics,
        "statistics/film_pairs": statistics,
    }.items():
        tables.write(table, tmp_path / f"{name}.csv", Provenance())
    return tmp_path


def test_every_score_has_a_row_and_best_layers_have_their_intervals(results):
    scores = lorafb.load(results)
    assert len(scores) == 5 + 1 + 2  # the mean over areas and what time alone reaches are in no table of scores
    with_intervals = scores[scores["ci_low"].notna()]
    found = with_intervals.set_index(["subject", "area", "layer"])[["value", "ci_low"]].T.to_dict("list")
    assert found == {
        ("net", "visp", "top"): [0.3, 1],
        ("net", "mean", ""): [0.3, 2],
        ("lag_only", "visp", "lag"): [0.05, 3],
    }
    assert set(with_intervals["metric"]) == {"tsrsa"}
    assert set(with_intervals["experiment"]) == {"original"}


def test_the_file_is_the_same_table_and_the_same_bytes_each_time(results):
    for name in ("one", "two"):
        tables.write(read(results.glob("*/**/*.csv")), results / f"{name}.csv.gz", Provenance())
    assert (results / "one.csv.gz").read_bytes() == (results / "two.csv.gz").read_bytes()
    again, scores = pd.read_csv(results / "one.csv.gz"), lorafb.load(results)
    assert list(again) == list(scores) == ["subject", *tidy([], OURS, "", "").columns, *STATISTICS]
    assert sorted(again["value"]) == sorted(scores["value"])


def test_an_unfinished_study_has_the_same_columns(results):
    for file in results.glob("statistics/*"):
        file.unlink()
    scores = lorafb.load(results)
    assert len(scores) == 6
    assert scores["ci_low"].isna().all()
    assert list(scores)[-len(STATISTICS) :] == list(STATISTICS)
