"""Every experiment is index arithmetic on Gram matrices: checked against the same scores made the long way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lorafb import trials
from lorafb.artefacts import grams
from lorafb.artefacts.grams import Gram, Pass, condense, raw, square
from lorafb.artefacts.provenance import Provenance
from lorafb.artefacts.recordings import Recording
from lorafb.experiments.areas import select_units
from lorafb.experiments.best import best_of
from lorafb.experiments.psth import regressed_units
from lorafb.experiments.score import Layer, UndefinedScore, correlations, parts_of, score, score_layers
from lorafb.experiments.summary import model_scores
from lorafb.experiments.table import COLUMNS, Labels
from lorafb.files import InputError
from lorafb.similarity import metrics, tsrsa
from lorafb.similarity.coordinates import coordinates_of_products
from lorafb.similarity.pearson import integer_products, pearson

T = 50
LABELS = Labels("net", "ucf101", "movie")
TSRSA = metrics.load("tsrsa")
ALL = {"min_rate": 0, "skip_frames": 1}


def gram(responses):
    if responses.dtype.kind == "f":
        centred = responses.astype(np.float64)
        centred -= centred.mean(axis=1, keepdims=True)
        return Gram(condense(centred @ centred.T), responses.sum(axis=1, dtype=np.float64), centred.shape[1])
    products, sums = integer_products(responses)
    return Gram(condense(products), sums, responses.shape[1])


def counts(seed, n_frames=T, n_units=30):
    return np.random.default_rng(seed).poisson(3, size=(n_frames, n_units))


def area(name, summed, **selection):
    units = {"unit_id": np.arange(summed.shape[1]) + 9, "session": np.ones(summed.shape[1], int)}
    return select_units(Recording(name, "movie", 10.0, 2, None, summed, units), ALL | selection)


AREAS = [area("VISp", counts(11, n_units=12)), area("VISl", counts(12, n_units=12))]
FEATURES = {"stem": counts(1), "top": counts(2).astype(np.float32) / 3}


def a_pass(order, features=FEATURES):
    """A pass of a network whose responses are `features` [frames, units] of the frames in `order`."""
    ranked = {name: ranked_gram(one[order]) for name, one in features.items()}
    return Pass(order, {name: gram(one[order]) for name, one in features.items()}, ranked)


def ranked_gram(responses):
    ranks = tsrsa.frame_ranks(responses)
    return Gram(condense(ranks @ ranks.T), np.zeros(len(ranks)), ranks.shape[1])


WHOLE = a_pass(np.arange(T))


def score_of(drawn, made=WHOLE, areas=AREAS, metric=TSRSA, best=None):
    return score(parts_of(made, drawn, "still"), areas, [metric], LABELS, best)


def grid(scores):
    """Values [layer, area] of one trial."""
    return scores.pivot(index="layer_index", columns="area", values="value")[["visp", "visl"]].to_numpy()


def expected(frames, features=FEATURES, recorded=None):
    """Scores [layer, area] from responses, nothing reused."""
    recorded = frames if recorded is None else recorded
    return [[tsrsa.score(one[frames], area.summed[recorded]) for area in AREAS] for one in features.values()]


def test_the_original_leaves_the_first_frame_out_and_scenes_keep_every_image():
    scores = score_of([trials.original(T)])
    assert_allclose(grid(scores), expected(np.arange(1, T)), atol=1e-12)
    assert tuple(scores.columns) == COLUMNS
    assert set(scores["experiment"]) == {"original"}
    assert scores["window"].isna().all()
    scenes = score_of([trials.scenes(T)])
    assert_allclose(grid(scenes), expected(np.arange(T)), atol=1e-12)
    assert set(scenes["experiment"]) == {"scenes"}


def test_the_best_layer_of_an_area_is_marked():
    for _, rows in score_of([trials.original(T)]).groupby("area"):
        assert rows.loc[rows["best"], "value"].tolist() == [rows["value"].max()]


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_clips_and_fronts_are_sub_blocks(data):
    length = data.draw(st.integers(4, T - 1))
    drawn = trials.clips(T, length, data.draw(st.integers(1, min(3, T - length))))
    scores = score_of([*drawn, trials.front(T, length)])
    for trial, clip in enumerate(drawn):
        rows = scores[(scores["experiment"] == "clip") & (scores["trial"] == trial)]
        assert_array_equal(clip.scored, clip.scored[0] + np.arange(length))
        assert_allclose(grid(rows), expected(clip.scored), atol=1e-12)
    fronts = scores[scores["experiment"] == "front"]
    assert_allclose(grid(fronts), expected(np.arange(1, length)), atol=1e-12)
    assert set(scores["length"]) == {length}


@settings(deadline=None, max_examples=20)
@given(window=st.integers(1, T), seed=st.integers(0, 99), feed=st.sampled_from(["stateful", "still"]))
def test_shuffled_frames_are_compared_with_the_response_to_the_same_image(window, seed, feed):
    drawn = trials.shuffles(T, window, 2, feed, seed=seed)
    passes = [(trial, a_pass(trial.order)) for trial in drawn]
    scores = score(passes, AREAS, [TSRSA], LABELS)
    for number, trial in enumerate(drawn):
        left_out = trial.order[0] if feed == "stateful" else 0
        rows = scores[scores["trial"] == number]
        assert_allclose(grid(rows), expected(np.delete(np.arange(T), left_out)), atol=1e-12)
        assert set(rows["chaos"]) == {trials.chaos(trial.order)}
        assert set(rows["window"]) == {window}


def test_shuffling_what_is_seen_frame_by_frame_changes_no_bit():
    scores = score_of(trials.shuffles(T, 7, 2, "still"))
    original = score_of([trials.original(T)])
    for _, rows in scores.groupby("trial"):
        assert_array_equal(rows["value"], original["value"])


def test_replaced_frames_of_a_still_network_come_from_one_pass_over_each_movie():
    both = {name: np.concatenate([one, one[::-1] + 1]) for name, one in FEATURES.items()}
    drawn = trials.replacements(T, 5, 3, ["gaussian"])
    scores = score_of(drawn, a_pass(np.arange(2 * T), both))
    direct = score([(trial, a_pass(trial.order, both)) for trial in drawn], AREAS, [TSRSA], LABELS)
    assert_allclose(scores["value"], direct["value"], atol=1e-12)
    for number, trial in enumerate(drawn):
        seen = {name: one[trial.order] for name, one in both.items()}
        assert_allclose(grid(scores[scores["trial"] == number]), expected(np.arange(1, T), seen), atol=1e-12)
    assert set(scores["ratio"]) == {0.2}
    assert set(scores["replacement"]) == {"gaussian"}


def test_best_layer_mode_scores_only_the_best_layers_and_keeps_their_places():
    best = {"tsrsa": {"visp": Layer("top", 1), "visl": Layer("top", 1)}}
    drawn = trials.shuffles(T, 6, 1, "stateful")
    passes = [(trial, a_pass(trial.order, {"top": FEATURES["top"]})) for trial in drawn]
    scores = score(passes, AREAS, [TSRSA], LABELS, best)
    everything = score([(trial, a_pass(trial.order)) for trial in drawn], AREAS, [TSRSA], LABELS)
    assert scores["layer_index"].tolist() == [1, 1]
    assert scores["best"].all()
    assert_array_equal(scores["value"], everything.loc[everything["layer"] == "top", "value"])


def test_a_missing_best_layer_is_an_error_and_an_area_without_one_has_no_score():
    whole = trials.original(T)
    with pytest.raises(ValueError, match="no layer deep: there are stem, top"):
        score_layers(whole, WHOLE, AREAS, TSRSA, {"visp": Layer("deep", 3), "visl": Layer("top", 1)})
    visp, visl = score_layers(whole, WHOLE, AREAS, TSRSA, {"visp": Layer("top", 1)})
    assert (visp.area, visp.layer) == ("visp", "top")
    assert (visl.area, visl.layer, visl.layer_index, visl.best) == ("visl", "", None, True)
    assert np.isnan(visl.value)
    scores = score_of([whole], best={"tsrsa": {"visp": Layer("top", 1)}})
    assert model_scores(scores)["value"].isna().tolist() == [True]
    assert model_scores(scores, ["VISl"])["value"].notna().tolist() == [True]


def test_a_movie_of_another_length_is_an_error():
    longer = Pass(np.arange(T + 1), {"stem": gram(counts(1, T + 1))})
    with pytest.raises(ValueError, match=f"frame {T} was shown, visp has {T} frames .movie."):
        score_of([trials.original(T + 1)], longer)
    with pytest.raises(ValueError, match=f"layer stem saw {T + 1} frames, the trial shows {T}"):
        score([(trials.original(T), longer)], AREAS, [TSRSA], LABELS)


def test_a_constant_frame_of_a_layer_gives_a_warning_and_no_score():
    silent = FEATURES["stem"].copy()
    silent[[4, 7]] = 0
    with pytest.warns(UndefinedScore, match=f"layer stem: all units respond alike to 2 of {T - 1} frames .first: 4."):
        scores = score_of([trials.original(T)], a_pass(np.arange(T), {**FEATURES, "stem": silent}))
    assert scores["value"].isna().tolist() == [True, True, False, False]
    assert scores["best"].tolist() == [False, False, True, True]


def test_a_constant_first_frame_does_no_harm_to_a_movie():
    silent = FEATURES["stem"].copy()
    silent[0] = 0
    assert score_of([trials.original(T)], a_pass(np.arange(T), {"stem": silent}))["value"].notna().all()


def test_a_silent_frame_of_an_area_gives_a_warning():
    summed = counts(11, n_units=12)
    summed[5] = 0
    with pytest.warns(UndefinedScore, match=f"area visp: all units respond alike to 1 of {T - 1} frames .first: 5."):
        score_of([trials.original(T)], areas=[area("VISp", summed)])


@pytest.mark.filterwarnings("ignore:regression leaves out")
def test_every_metric_sees_what_its_record_says():
    frames = np.arange(1, T)
    for name in metrics.names():
        metric = metrics.load(name)
        scores = score_of([trials.original(T)], metric=metric)
        if metric.fewest_frames > T - 1:
            assert scores.empty
            continue
        assert set(scores["metric"]) == {name}
        for place, features in enumerate(FEATURES.values()):
            wide = features[frames].astype(np.float64)
            counted = AREAS[0].summed[frames]
            seen = {
                "rsm": (pearson(features[frames]), pearson(counted)),
                "products": (wide @ wide.T, (counted @ counted.T).astype(np.float64)),
                "responses": (coordinates_of_products(wide @ wide.T), counted),
            }[metric.sees]
            if metric.ranked:
                seen = tsrsa.spearman(features[frames]), tsrsa.spearman(counted)
            value = metric.compare(metric.model(seen[0]), metric.area(seen[1]))
            assert grid(scores)[place, 0] == pytest.approx(value, abs=1e-6)
    with pytest.raises(ValueError, match="layer stem: metric tsrsa-spearman needs the ranks of responses"):
        score_of([trials.original(T)], Pass(np.arange(T), WHOLE.layers), metric=metrics.load("tsrsa-spearman"))


def test_a_metric_scores_the_trials_that_make_sense_for_it():
    drawn = [*trials.base(T, [20, 45], 1, [20, T]), *trials.shuffles(T, 9, 1, "still")]
    regression = score_of(drawn, metric=metrics.load("regression"))
    assert set(regression["experiment"]) == {"original", "shuffle"}  # its value depends on the number of frames
    assert set(score_of(drawn)["experiment"]) == {"original", "clip", "front", "shuffle"}
    assert set(score_of(drawn, metric=metrics.load("cka"))["experiment"]) == {"original", "clip", "front", "shuffle"}


@given(frames=st.permutations(range(T)), n=st.integers(2, T), name=st.sampled_from(["stem", "top"]))
def test_a_choice_of_frames_is_cut_out_of_the_products(frames, n, name):
    chosen, whole = np.array(frames[:n]), WHOLE.layers[name]
    assert_array_equal(square(whole, chosen), square(whole)[np.ix_(chosen, chosen)])
    every = correlations(whole, np.arange(T))
    assert_allclose(correlations(whole, chosen), every[np.ix_(chosen, chosen)], atol=1e-12)
    assert_allclose(raw(whole, chosen), FEATURES[name][chosen].astype(float) @ FEATURES[name][chosen].T, rtol=1e-5)


def test_controls_are_in_no_mean():
    scores = score_of([trials.original(T)])
    assert model_scores(scores, ["VISl"])["value"].item() == scores.loc[(scores["area"] == "visp"), "value"].max()


def test_best_layers_are_those_of_each_metric():
    scores = score(parts_of(WHOLE, [trials.original(T)]), AREAS, [TSRSA, metrics.load("regression")], LABELS)
    assert best_of(scores, "regression").keys() == best_of(scores, "tsrsa").keys() == {"visp", "visl"}


def test_the_unit_of_a_psth_is_the_one_with_the_median_r2():
    random = np.random.default_rng(4)
    features = random.poisson(9, (T, 6))
    driven = np.rint(features[:, :3] * 2 + random.normal(size=(T, 3)) * [0.1, 40, 4] + 200).astype(int)
    table = regressed_units({"top": gram(features)}, [area("VISp", driven)], {"visp": Layer("top", 0)})
    assert len(table) == T - 1
    assert table["unit_id"].unique().tolist() == [11]  # of noise 0.1, 40 and 4
    assert_allclose(table["measured"], driven[1:, 2] * 5.0)
    residual = ((table["measured"] - table["regressed"]) ** 2).sum()
    total = ((table["measured"] - table["measured"].mean()) ** 2).sum()
    assert table["r2"].iloc[0] == pytest.approx(1 - residual / total)
    assert regressed_units({"top": gram(features)}, AREAS, {}).empty


def test_trials_are_written_with_their_passes_and_come_back_as_they_were(tmp_path):
    drawn = trials.replacements(T, 7, 2, ["black", "static"])
    both = {name: np.concatenate([one, one + 1]) for name, one in FEATURES.items()}
    passes = [(trial, a_pass(trial.order, both)) for trial in drawn]
    grams.write_trials(tmp_path / "trials.h5", Provenance({}, {}, ""), iter(passes))
    back = list(grams.read_trials(tmp_path / "trials.h5", {"top"}))
    assert len(back) == 4
    for (trial, made), (trial_back, made_back) in zip(passes, back, strict=True):
        assert list(made_back.layers) == ["top"]
        assert_array_equal(made_back.layers["top"].products, made.layers["top"].products)
        assert_array_equal(made_back.ranked["top"].products, made.ranked["top"].products)
        for name in ("order", "scored", "recorded"):
            assert_array_equal(getattr(trial_back, name), getattr(trial, name))
        assert (trial_back.experiment, dict(trial_back.labels)) == (trial.experiment, dict(trial.labels))
    with pytest.raises(InputError, match="no layer deep: there are stem, top"):
        next(grams.read_trials(tmp_path / "trials.h5", {"deep"}))
    grams.write(WHOLE, tmp_path / "pass.h5", Provenance({}, {}, ""))
    ((trial, made),) = grams.read_trials(tmp_path / "pass.h5")
    assert (trial.experiment, len(trial.scored)) == ("pass", 0)
    assert_array_equal(made.order, np.arange(T))
