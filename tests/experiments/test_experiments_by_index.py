"""Every experiment is index arithmetic on what was made once: checked against the same scores made the long way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lorafb import trials
from lorafb.artefacts.grams import Products
from lorafb.artefacts.recordings import Recording
from lorafb.experiments.clip import score_clips, score_front
from lorafb.experiments.cortex_side import area_side
from lorafb.experiments.original import score_original
from lorafb.experiments.replace import score_replace, score_replace_still
from lorafb.experiments.scenes import score_scenes
from lorafb.experiments.scoring import Layer, UndefinedScore, correlations, score_layers, sub_block
from lorafb.experiments.shuffle import score_shuffle, score_shuffle_still
from lorafb.experiments.table import COLUMNS, Labels
from lorafb.similarity import metrics, tsrsa
from lorafb.similarity.pearson import integer_products, pearson

T = 24
LABELS = Labels("net", "ucf101", "movie")
TSRSA = metrics.load("tsrsa")


def products(responses):
    if responses.dtype.kind == "f":
        centred = responses.astype(np.float64)
        centred -= centred.mean(axis=1, keepdims=True)
        return Products((centred @ centred.T)[np.triu_indices(len(centred))], np.zeros(len(centred)), centred.shape[1])
    square, sums = integer_products(responses)
    return Products(square[np.triu_indices(len(square))], sums, responses.shape[1])


def responses(seed, n_frames=T, n_units=30):
    return np.random.default_rng(seed).poisson(3, size=(n_frames, n_units))


def area(seed, name):
    counts = responses(seed, n_units=12)
    return area_side(Recording(name, "movie", 1.0, 1, None, counts))


AREAS = [area(11, "VISp"), area(12, "VISl")]
FEATURES = {"stem": responses(1), "top": responses(2).astype(np.float32) / 3}
LAYERS = {name: products(features) for name, features in FEATURES.items()}


def long_way(features, area, frames, area_frames=None):
    """One score from responses, nothing reused."""
    seen = area.summed[frames if area_frames is None else area_frames]
    return tsrsa.compare(tsrsa.prepare(pearson(features[frames])), tsrsa.prepare(pearson(seen)))


def grid(scores):
    """Values [layer, area] of one run."""
    return scores.pivot(index="layer_index", columns="area", values="value")[["visp", "visl"]].to_numpy()


def expected(frames, features=FEATURES, area_frames=None):
    return [[long_way(one, area, frames, area_frames) for area in AREAS] for one in features.values()]


def test_the_original_leaves_the_first_frame_out():
    scores = score_original(LAYERS, AREAS, LABELS, TSRSA)
    assert_allclose(grid(scores), expected(np.arange(1, T)), atol=1e-12)
    assert tuple(scores.columns) == COLUMNS
    assert set(scores["experiment"]) == {"original"}
    assert scores["window"].isna().all()


def test_scenes_keep_every_image():
    assert_allclose(grid(score_scenes(LAYERS, AREAS, LABELS, TSRSA)), expected(np.arange(T)), atol=1e-12)


def test_the_best_layer_of_an_area_is_marked():
    scores = score_original(LAYERS, AREAS, LABELS, TSRSA)
    for _, rows in scores.groupby("area"):
        assert rows.loc[rows["best"], "value"].tolist() == [rows["value"].max()]


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_clips_are_sub_blocks(data):
    length = data.draw(st.integers(3, T - 1))
    starts = trials.clip_starts(T, length, data.draw(st.integers(1, T - length)))
    scores = score_clips(LAYERS, AREAS, LABELS, TSRSA, starts, length)
    for trial, start in enumerate(starts):
        frames = np.arange(1 + start, 1 + start + length)
        assert_allclose(grid(scores[scores["trial"] == trial]), expected(frames), atol=1e-12)


def test_a_front_of_l_frames_scores_l_minus_one():
    scores = score_front(LAYERS, AREAS, LABELS, TSRSA, 10)
    assert_allclose(grid(scores), expected(np.arange(1, 10)), atol=1e-12)
    assert set(scores["length"]) == {10}


def test_a_front_that_ends_inside_a_clip_of_the_network_is_refused():
    with pytest.raises(ValueError, match=r"front of 12 frames ends inside a clip of 5.*10 or 15"):
        score_front(LAYERS, AREAS, LABELS, TSRSA, 12, chunk=5)
    score_front(LAYERS, AREAS, LABELS, TSRSA, 15, chunk=5)
    score_front(LAYERS, AREAS, LABELS, TSRSA, T, chunk=5)


@settings(deadline=None, max_examples=20)
@given(window=st.integers(1, T), seed=st.integers(0, 99), feed=st.sampled_from(["stateful", "still"]))
def test_shuffled_frames_meet_the_response_to_the_same_image(window, seed, feed):
    orders = trials.shuffled_orders(T, window, 2, seed=seed)
    shown = [{name: products(features[order]) for name, features in FEATURES.items()} for order in orders]
    scores = score_shuffle(shown, AREAS, LABELS, TSRSA, orders, window, feed=feed)
    for trial, order in enumerate(orders):
        left_out = order[0] if feed == "stateful" else 0
        rows = scores[scores["trial"] == trial]
        assert_allclose(grid(rows), expected(np.delete(np.arange(T), left_out)), atol=1e-12)
        assert set(rows["chaos"]) == {trials.chaos(order)}


@settings(deadline=None, max_examples=20)
@given(window=st.integers(1, T), seed=st.integers(0, 99))
def test_shuffling_what_is_seen_frame_by_frame_changes_nothing_at_all(window, seed):
    orders = trials.shuffled_orders(T, window, 2, seed=seed)
    scores = score_shuffle_still(LAYERS, AREAS, LABELS, TSRSA, orders, window)
    original = score_original(LAYERS, AREAS, LABELS, TSRSA)
    for trial, order in enumerate(orders):
        rows = scores[scores["trial"] == trial]
        assert_array_equal(rows["value"], original["value"])
        assert set(rows["chaos"]) == {trials.chaos(order)}


def test_replaced_frames_of_a_still_network_come_from_one_pass_over_each_movie():
    noise = {name: features[::-1] + 1 for name, features in FEATURES.items()}
    both = {name: products(np.concatenate([FEATURES[name], noise[name]])) for name in FEATURES}
    replaced = trials.replaced_frames(T, 5, 3)
    scores = score_replace_still(both, AREAS, LABELS, TSRSA, replaced, 5, "gaussian")
    for trial, frames in enumerate(replaced):
        seen = {name: features.copy() for name, features in FEATURES.items()}
        for name in seen:
            seen[name][frames] = noise[name][frames]
        rows = scores[scores["trial"] == trial]
        assert_allclose(grid(rows), expected(np.arange(1, T), seen), atol=1e-12)
        direct = score_replace([{name: products(seen[name]) for name in seen}], AREAS, LABELS, TSRSA, 5, "gaussian")
        assert_allclose(rows["value"], direct["value"], atol=1e-12)
    assert set(scores["ratio"]) == {0.2}
    assert set(scores["replacement"]) == {"gaussian"}


def test_best_layer_mode_scores_only_the_best_layers_and_keeps_their_places():
    best = {"visp": Layer("top", 1), "visl": Layer("top", 1)}
    orders = trials.shuffled_orders(T, 6, 1)
    shown = {"top": products(FEATURES["top"][orders[0]])}
    scores = score_shuffle([shown], AREAS, LABELS, TSRSA, orders, 6, best)
    everything = score_shuffle([{"stem": shown["top"], **shown}], AREAS, LABELS, TSRSA, orders, 6)
    assert scores["layer_index"].tolist() == [1, 1]
    assert scores["best"].all()
    assert_array_equal(scores["value"], everything.loc[everything["layer"] == "top", "value"])


def test_a_best_layer_that_was_not_seen_is_told():
    with pytest.raises(ValueError, match="no layer deep: there are stem, top"):
        score_layers(LAYERS, AREAS, np.arange(1, T), TSRSA, best={"visp": Layer("deep", 3), "visl": Layer("top", 1)})


def test_an_area_without_a_best_layer_stays_without_a_score():
    visp, visl = score_layers(LAYERS, AREAS, np.arange(1, T), TSRSA, best={"visp": Layer("top", 1)})
    assert (visp.area, visp.layer) == ("visp", "top")
    assert (visl.area, visl.layer, visl.layer_index, visl.best) == ("visl", "", None, True)
    assert np.isnan(visl.value)


def test_a_movie_of_another_length_is_told():
    layers = {"stem": products(responses(1, n_frames=T - 1))}
    with pytest.raises(ValueError, match=f"layer stem saw {T - 1} frames, visp {T} .movie."):
        score_original(layers, AREAS, LABELS, TSRSA)


def test_a_constant_frame_of_a_layer_is_told_and_leaves_it_without_a_score():
    silent = FEATURES["stem"].copy()
    silent[[4, 7]] = 0
    with pytest.warns(UndefinedScore, match="layer stem: all units respond alike to 2 of 23 frames .first: 4."):
        scores = score_original({**LAYERS, "stem": products(silent)}, AREAS, LABELS, TSRSA)
    assert scores["value"].isna().tolist() == [True, True, False, False]
    assert scores["best"].tolist() == [False, False, True, True]


def test_a_constant_first_frame_does_no_harm_to_a_movie():
    silent = FEATURES["stem"].copy()
    silent[0] = 0
    scores = score_original({"stem": products(silent)}, AREAS, LABELS, TSRSA)
    assert scores["value"].notna().all()


def test_a_silent_frame_of_an_area_is_told():
    counts = responses(11, n_units=12)
    counts[5] = 0
    with pytest.warns(UndefinedScore, match="area visp: all units respond alike to 1 of 23 frames .first: 5."):
        score_original(LAYERS, [area_side(Recording("VISp", "movie", 1.0, 1, None, counts))], LABELS, TSRSA)


@pytest.mark.filterwarnings("ignore:regression leaves out")
def test_metrics_that_see_responses_are_given_responses():
    features = {name: responses(seed, 60) for seed, name in enumerate(FEATURES)}
    counts = Recording("VISp", "movie", 1.0, 1, None, responses(9, 60, 5))
    for name in ("tsrsa-spearman", "regression"):
        scores = score_original(features, [area_side(counts)], LABELS, metrics.load(name))
        assert scores["value"].between(-1, 1).all()
        assert set(scores["metric"]) == {name}
    with pytest.raises(ValueError, match="layer stem: metric tsrsa-spearman sees responses, and products are given"):
        score_original(LAYERS, AREAS, LABELS, metrics.load("tsrsa-spearman"))
    with pytest.raises(ValueError, match="layer stem: metric tsrsa sees similarity, and responses are given"):
        score_original(FEATURES, AREAS, LABELS, TSRSA)


@given(frames=st.permutations(range(T)), n=st.integers(2, T), name=st.sampled_from(["stem", "top"]))
def test_a_choice_of_frames_is_cut_out_of_the_products(frames, n, name):
    chosen = np.array(frames[:n])
    assert_allclose(correlations(LAYERS[name], chosen), pearson(FEATURES[name][chosen]), atol=1e-12)
    cut = sub_block(LAYERS[name], chosen)
    assert_array_equal(correlations(cut, np.arange(n)), correlations(LAYERS[name], chosen))
