"""Whole sweeps of shuffles and replacements, base tables, unit tables and single units, from products alone."""

import numpy as np
import pytest

from lorafb import trials
from lorafb.artefacts import grams
from lorafb.artefacts.grams import Products
from lorafb.artefacts.provenance import Provenance
from lorafb.artefacts.recordings import Recording
from lorafb.experiments.base import score_base
from lorafb.experiments.best import best_of, model_scores
from lorafb.experiments.cortex_side import area_side, sides, units_table
from lorafb.experiments.psth import regressed_units
from lorafb.experiments.replace import score_replacements
from lorafb.experiments.scoring import Layer
from lorafb.experiments.shuffle import score_shuffles
from lorafb.experiments.table import Labels
from lorafb.files import InputError
from lorafb.similarity import metrics
from lorafb.similarity.pearson import integer_products, pearson
from lorafb.similarity.tsrsa import compare, prepare

T = 50
LABELS, TSRSA = Labels("net", "motion", "movie"), metrics.load("tsrsa")
BEST = {"visp": Layer("top", 1), "visl": Layer("stem", 0)}


def counts(seed, n_frames=T, n_units=30):
    return np.random.default_rng(seed).poisson(3, (n_frames, n_units))


def recording(name, seed):
    summed = counts(seed, n_units=12)
    units = {"unit_id": np.arange(12) + 100, "session": np.repeat([1, 2], 6)}
    return Recording(name, "movie", 10.0, 5, None, summed, units)


def products(features):
    square, sums = integer_products(features)
    return Products(square[np.triu_indices(len(square))], sums, features.shape[1])


RECORDED = [recording("VISp", 11), recording("VISl", 12)]
AREAS = [area_side(one, np.ones(12, bool)) for one in RECORDED]


def asked(window, name, layers):
    """A pass that anybody can make again: other features for each window and trial."""
    seed = sum(map(ord, f"{window}{name}"))
    return {layer: products(counts([seed, ord(layer[0])])) for layer in layers}


def test_a_shuffle_meets_the_responses_to_the_same_frames():
    found = score_shuffles(
        asked, {}, AREAS, LABELS, TSRSA, BEST, windows=[5, T], n_trials=2, feed="stateful", seed=3
    ).set_index(["window", "trial", "area"])
    assert len(found) == 2 * 2 * 2
    order = trials.shuffled_orders(T, 5, 2, seed=3)[1]
    layer = counts([sum(map(ord, "51")), ord("t")])
    expected = compare(prepare(pearson(layer[1:])), prepare(pearson(AREAS[0].summed[order[1:]])))
    assert found.loc[(5, 1, "visp"), "value"] == pytest.approx(expected, abs=1e-12)
    assert found.loc[(5, 1, "visp"), "chaos"] == trials.chaos(order)
    assert found.loc[(T, 0, "visl"), "layer"] == "stem"


def test_a_network_that_sees_frames_alone_asks_for_no_pass_and_scores_as_ever():
    layers = {"stem": products(counts(1)), "top": products(counts(2))}

    def refuse(*_):
        raise AssertionError("a pass was asked for")

    found = score_shuffles(refuse, layers, AREAS, LABELS, TSRSA, BEST, windows=[5], n_trials=3, feed="still")
    expected = compare(prepare(pearson(counts(2)[1:])), prepare(pearson(AREAS[0].summed[1:])))
    assert found.loc[found["area"] == "visp", "value"].tolist() == pytest.approx([expected] * 3)


def test_an_area_without_a_score_goes_through_a_sweep_and_leaves_the_network_without_one():
    found = score_shuffles(
        asked, {}, AREAS, LABELS, TSRSA, {"visp": Layer("top", 1)}, windows=[5], n_trials=1, feed="stateful"
    )
    assert found["value"].isna().tolist() == [False, True]
    assert model_scores(found)["value"].isna().tolist() == [True]
    assert model_scores(found, ["VISl"])["value"].notna().tolist() == [True]


def test_replacements_of_every_kind_are_scored_on_the_frames_of_the_movie():
    found = score_replacements(
        asked, AREAS, LABELS, TSRSA, BEST, windows=[2], kinds=["gaussian", "black"], n_trials=2, still=False
    ).set_index(["replacement", "trial", "area"])
    layer = counts([sum(map(ord, "2black/1")), ord("s")])
    expected = compare(prepare(pearson(layer[1:])), prepare(pearson(AREAS[1].summed[1:])))
    assert found.loc[("black", 1, "visl"), "value"] == pytest.approx(expected, abs=1e-12)
    assert set(found["ratio"]) == {0.5}


def test_frames_seen_alone_are_replaced_by_index():
    both = counts(5, 2 * T)
    found = score_replacements(
        lambda window, kind, layers: {layer: products(both) for layer in layers},
        AREAS,
        LABELS,
        TSRSA,
        BEST,
        windows=[4],
        kinds=["uniform"],
        n_trials=1,
        still=True,
        seed=9,
    )
    order = trials.replaced_orders(T, trials.replaced_frames(T, 4, 1, seed=9))[0]
    assert (order >= T).sum() == -(-T // 4)
    expected = compare(prepare(pearson(both[order][1:])), prepare(pearson(AREAS[0].summed[1:])))
    assert found.loc[found["area"] == "visp", "value"].item() == pytest.approx(expected, abs=1e-12)


def base(**how):
    layers = {"stem": products(counts(1)), "top": products(counts(2))}
    return score_base(layers, AREAS, LABELS, TSRSA, **how)


def test_the_base_table_holds_what_one_pass_answers_and_leaves_out_what_does_not_fit():
    found = base(clips=[10, 60], n_clips=2, fronts=[20, 22, T, 90], chunk=5, others=[metrics.load("regression")])
    assert set(found["experiment"]) == {"original", "clip", "front"}
    assert set(found["length"].dropna()) == {10, 20, T}  # 60 and 90 are too long, 22 ends inside a chunk of 5
    assert set(found.loc[found["experiment"] == "original", "metric"]) == {"tsrsa", "regression"}
    assert best_of(found, "regression").keys() == {"visp", "visl"}


def test_regression_from_products_is_that_from_responses():
    features = {"stem": counts(1).astype(np.float64)}
    metric = metrics.load("regression")
    found = score_base({"stem": products(counts(1))}, AREAS, LABELS, TSRSA, others=[metric])
    direct = score_base(features, AREAS, LABELS, metric)
    np.testing.assert_allclose(found.loc[found["metric"] == "regression", "value"], direct["value"], atol=1e-6)


def test_controls_are_in_no_mean():
    scores = base()
    assert model_scores(scores, ["VISl"])["value"].item() == scores.loc[(scores["area"] == "visp"), "value"].max()


def test_units_are_counted_by_the_rule_of_their_movie():
    found = units_table(RECORDED, {"min_rate": 6.1}).set_index("area")
    rate = RECORDED[0].summed.sum(axis=0) / (T / 10.0) / 5
    assert found.loc["visp", "units"] == 12
    assert found.loc["visp", "kept"] == (rate >= 6.1).sum()
    assert found.loc["visp", "sessions"] == 2
    assert found.loc["visp", "mean_rate"] == pytest.approx(rate[rate >= 6.1].mean())
    RECORDED[0].units["reliability"] = np.linspace(0, 1, 12)
    assert sides(RECORDED[:1], {"min_reliability": 0.8})[0].n_units == 3
    del RECORDED[0].units["reliability"]


def test_the_unit_shown_is_the_one_with_the_median_r2():
    random = np.random.default_rng(4)
    features = random.poisson(9, (T, 6))
    driven = np.rint(features[:, :3] * 2 + random.normal(size=(T, 3)) * [0.1, 40, 4] + 200).astype(int)
    units = {"unit_id": np.arange(3) + 9, "session": np.ones(3, int)}
    area = area_side(Recording("VISp", "movie", 10.0, 2, None, driven, units), np.ones(3, bool))
    found = regressed_units({"top": products(features)}, [area], {"visp": Layer("top", 0)}, 2, 10.0)
    assert len(found) == T - 1
    assert found["unit_id"].unique().tolist() == [11]  # of noise 0.1, 40 and 4
    np.testing.assert_allclose(found["measured"], driven[1:, 2] * 5.0)
    residual = ((found["measured"] - found["regressed"]) ** 2).sum()
    total = ((found["measured"] - found["measured"].mean()) ** 2).sum()
    assert found["r2"].iloc[0] == pytest.approx(1 - residual / total)


def test_an_area_that_no_layer_regresses_shows_no_unit():
    assert regressed_units({"top": products(counts(1))}, AREAS, {}, 5, 10.0).empty


def test_trials_are_written_as_they_come_and_read_one_by_one(tmp_path):
    made = {f"{kind}/{trial}": asked(kind, trial, ["stem", "top"]) for kind in ("black", "static") for trial in (0, 1)}
    grams.write_trials(tmp_path / "trials.h5", Provenance({}, {}, ""), iter(made.items()))
    found = grams.read_trial(tmp_path / "trials.h5", "static/1", {"top"})
    assert list(found) == ["top"]
    np.testing.assert_array_equal(found["top"].products, made["static/1"]["top"].products)
    with pytest.raises(InputError, match="holds no trial black/2"):
        grams.read_trial(tmp_path / "trials.h5", "black/2")
