"""From scores to one number a network, undefined scores said and never counted."""

import numpy as np
import pandas as pd
import pytest

from lorafb.experiments.best import best_layers, best_of
from lorafb.experiments.score import Layer, UndefinedScore, mark_best
from lorafb.experiments.summary import area_scores, model_scores
from lorafb.experiments.table import COLUMNS, Labels, Score, joined, tidy, typed

LABELS = Labels("net", "ucf101", "movie")


def scores(values, **shared):
    """Scores of layers a, b, c (rows of `values`) for areas visp, visl (columns)."""
    rows = [
        Score(area, layer, index, value)
        for index, (layer, row) in enumerate(zip("abc", values, strict=False))
        for area, value in zip(("visp", "visl"), row, strict=False)
    ]
    return tidy(mark_best(rows), LABELS, shared.pop("experiment", "original"), "tsrsa", **shared)


def test_the_best_layer_is_the_highest_and_the_first_of_equals():
    assert best_layers(scores([[0.1, 0.5], [0.3, 0.5]])) == {"visp": Layer("b", 1), "visl": Layer("a", 0)}


def test_a_layer_without_a_score_is_never_the_best_and_is_named():
    with pytest.warns(UndefinedScore, match="area visp: layers without a score: a"):
        best = best_layers(scores([[np.nan, 0.1], [0.3, 0.2]]))
    assert best["visp"] == Layer("b", 1)


def test_the_published_choice_takes_nan_for_the_largest():
    assert best_layers(scores([[0.9, 0.1], [np.nan, 0.2]]), published=True)["visp"] == Layer("b", 1)


@pytest.mark.filterwarnings("ignore::lorafb.experiments.score.UndefinedScore")
def test_an_area_without_any_score_has_no_best_layer():
    with pytest.raises(ValueError, match="area visl: no layer has a score"):
        best_layers(scores([[0.1, np.nan], [0.3, np.nan]]))


def test_an_area_without_any_score_is_named_and_stops_no_other():
    table = joined([scores([[0.1, np.nan], [0.3, np.nan]]), scores([[0.9, 0.9]], experiment="clip")])
    with pytest.warns(UndefinedScore, match="area visl: no layer has a score"):
        assert best_of(table, "tsrsa") == {"visp": Layer("b", 1)}


@pytest.mark.filterwarnings("ignore::lorafb.experiments.score.UndefinedScore")
def test_where_no_area_has_a_score_there_is_no_best_layer_at_all():
    assert best_of(scores([[np.nan, np.nan]]), "tsrsa") == {}


def test_best_layers_of_two_runs_at_once_are_refused():
    both = joined([scores([[0.1, 0.2]], trial=0), scores([[0.1, 0.2]], trial=1)])
    with pytest.raises(ValueError, match="one network on one movie"):
        best_layers(both)


def test_a_network_scores_the_mean_over_areas_of_their_best_layers():
    means = model_scores(scores([[0.1, 0.5], [0.3, 0.1]]))
    assert means["value"].tolist() == [pytest.approx(0.4)]
    assert means["area"].tolist() == ["mean"]
    assert tuple(means.columns) == COLUMNS


def test_each_trial_has_a_score_of_its_own():
    both = joined([scores([[0.1, 0.2]], trial=0, length=5), scores([[0.3, 0.4]], trial=1, length=5)])
    means = model_scores(both)
    assert means["trial"].tolist() == [0, 1]
    assert means["value"].tolist() == pytest.approx([0.15, 0.35])


def test_an_area_without_a_score_leaves_the_network_without_one():
    table = scores([[0.1, np.nan], [0.3, np.nan]])
    areas = area_scores(table)
    assert areas["area"].tolist() == ["visp", "visl"]
    assert areas["value"].isna().tolist() == [False, True]
    assert model_scores(table)["value"].isna().tolist() == [True]


def test_a_table_comes_back_from_its_file_as_it_was(tmp_path):
    table = joined(
        [scores([[0.1, np.nan]]), scores([[1 / 3, 0.2]], experiment="shuffle", trial=1, window=5, chaos=0.25)]
    )
    table.to_csv(tmp_path / "scores.csv", index=False)
    pd.testing.assert_frame_equal(typed(pd.read_csv(tmp_path / "scores.csv")), table)


def test_unused_cells_are_empty_in_the_file():
    assert (
        scores([[np.nan]]).to_csv(index=False).splitlines()[1]
        == "original,net,ucf101,movie,visp,a,0,tsrsa,,,,,,,,False"
    )


def test_a_table_of_something_else_is_refused():
    with pytest.raises(ValueError, match="no column experiment, network"):
        typed(pd.DataFrame({"value": [1.0]}))
