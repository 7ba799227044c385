"""Statistics of scores, checked against the same numbers made the long way."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.signal import lfilter

from lorafb.artefacts.grams import Gram
from lorafb.artefacts.recordings import Recording
from lorafb.experiments.areas import select_units
from lorafb.experiments.ceiling import possible_halves, score_ceilings
from lorafb.experiments.replicates import LAG_ONLY, Movie
from lorafb.experiments.score import UndefinedScore
from lorafb.experiments.statistics import pairs, summarise
from lorafb.similarity import jackknife, lag, ranks
from lorafb.similarity.pearson import integer_products, pearson, upper_triangle
from lorafb.similarity.tsrsa import compare, prepare

T, RATE_HZ = 80, 10.0
DRIVE = np.random.default_rng(0).gamma(2, 1, (T, 6)).repeat(1, axis=0)


def driven(seed, n_units):
    """Counts of units that the same drive moves, in 6 repeats [repeats, T, units]."""
    random = np.random.default_rng(seed)
    rates = DRIVE @ random.gamma(1, 1, (6, n_units))
    return random.poisson(rates / rates.mean() * 4, (6, T, n_units)).astype(np.uint8)


def area(name, seed, counts=None):
    counts = driven(seed, 50) if counts is None else counts
    units = {"unit_id": np.arange(counts.shape[2]), "session": np.repeat([1, 2], counts.shape[2] // 2)}
    recording = Recording(name, "movie", RATE_HZ, 6, counts, counts.sum(axis=0, dtype=np.int64), units)
    return select_units(recording, {"min_rate": 0.5, "skip_frames": 1})


def all_ceilings(areas, n_splits):
    return score_ceilings(areas, n_splits, possible_halves(areas), seed=1)


def layer(counts):
    products, sums = integer_products(counts)
    return Gram(products[np.triu_indices(T)], sums, counts.shape[1])


AREAS = [
    area("VISp", 1),
    area("VISl", 2),
    area("control", 3, np.random.default_rng(3).poisson(4, (6, T, 50)).astype(np.uint8)),
]
FEATURES = {"stem": driven(4, 40)[0].astype(np.int64), "top": driven(5, 60)[0].astype(np.int64)}
OTHER = {"only": np.random.default_rng(6).poisson(3, (T, 40))}


@pytest.fixture(scope="module")
def made():
    movie = Movie(AREAS, ["control"], seed=1, truths={one.area: one.summed / 6.0 for one in AREAS})
    networks = {
        LAG_ONLY: movie.score_lag_only(),
        "driven": movie.score({name: layer(counts) for name, counts in FEATURES.items()}),
        "noise": movie.score({name: layer(counts) for name, counts in OTHER.items()}),
    }
    layers = {LAG_ONLY: ["lag"], "driven": ["stem", "top"], "noise": ["only"]}
    ceilings = all_ceilings(AREAS, 12)
    table = summarise(networks, layers, movie, ceilings).set_index(["subject", "area"])
    return movie, networks, table, pairs(networks, movie), ceilings


def score(features, counts, frames):
    return compare(prepare(pearson(features[frames])), prepare(pearson(counts[frames])))


def test_the_score_is_that_of_the_best_layer_and_no_control_is_in_the_mean(made):
    _, _, table, *_ = made
    frames = np.arange(1, T)
    by_hand = {one.area: [score(FEATURES[name], one.summed, frames) for name in FEATURES] for one in AREAS}
    for name, values in by_hand.items():
        assert table.loc[("driven", name), "value"] == pytest.approx(max(values), abs=1e-12)
        assert table.loc[("driven", name), "layer"] == list(FEATURES)[int(np.argmax(values))]
    expected = np.mean([max(by_hand["visp"]), max(by_hand["visl"])])
    assert table.loc[("driven", "mean"), "value"] == pytest.approx(expected, abs=1e-12)


def test_leaving_units_out_is_as_if_they_had_never_been_recorded(made):
    _, networks, *_ = made
    frames = np.arange(1, T)
    sessions = [one.units["session"] for one in AREAS]
    streams = [movie_stream(place) for place in range(3)]
    for place, groups in enumerate(jackknife.groups_of_units(sessions, streams)):
        for group, values in zip(groups, networks["driven"].units[:, :, place], strict=True):
            rest = np.delete(AREAS[place].summed, group, axis=1)
            expected = [score(features, rest, frames) for features in FEATURES.values()]
            np.testing.assert_allclose(values, expected, atol=1e-12)


def movie_stream(place):
    return np.random.default_rng([1, 6, 0, place])


def test_leaving_a_block_of_frames_out_takes_its_pairs_from_both_sides(made):
    _, networks, *_ = made
    for values, frames in zip(networks["driven"].blocks, jackknife.without_blocks(np.arange(1, T)), strict=True):
        expected = [[score(features, one.summed, frames) for one in AREAS] for features in FEATURES.values()]
        np.testing.assert_allclose(values, expected, atol=1e-12)


def test_an_interval_holds_its_score_and_drive_is_told_from_noise(made):
    _, _, table, compared, _ = made
    assert (table["ci_low"] <= table["value"]).all()
    assert (table["e2_high"] >= table["value"]).all()
    assert table.loc[("driven", "mean"), "p_lag"] <= 2 / T
    assert table.loc[("driven", "control"), "p_lag"] > 0.05
    assert np.isnan(table.loc[(LAG_ONLY, "mean"), "score_lag"])
    row = compared[(compared["subject_a"] == "driven") & (compared["subject_b"] == "noise")].iloc[0]
    difference = table.loc[("driven", "mean"), "value"] - table.loc[("noise", "mean"), "value"]
    assert row["difference"] == pytest.approx(difference, abs=1e-12)
    assert row["ci_low"] > 0
    assert row["ci_p_holm"] < 0.001
    assert len(compared) == 3


def test_a_network_that_is_compared_with_itself_differs_by_nothing(made):
    movie, networks, *_ = made
    row = pairs({"a": networks["driven"], "b": networks["driven"]}, movie).iloc[0]
    assert row["difference"] == row["ci_low"] == row["e2_high"] == 0
    assert np.isnan(row["ci_p"])


def test_ceilings_and_the_reach_of_a_perfect_model(made):
    _, _, table, _, ceilings = made
    means = ceilings.groupby(["layer", "area"])["value"].mean()
    row = table.loc[("driven", "visp")]
    assert row["ceiling"] == pytest.approx(means["units", "visp"])
    half = means["stimulus", "visp"]
    assert row["reach"] == pytest.approx(np.sqrt(2 * half / (1 + half)))
    assert row["fraction"] == pytest.approx(row["value"] / row["reach"])
    assert table.loc[("driven", "control"), "reason"] == "halves of control do not agree safely"
    assert np.isnan(table.loc[("driven", "control"), "fraction"])


def test_against_the_truth_it_is_the_score_on_data_without_noise(made):
    _, _, table, *_ = made
    frames = np.arange(1, T)
    expected = max(
        compare(prepare(pearson(one[frames])), prepare(pearson(AREAS[0].summed[frames] / 6.0)))
        for one in FEATURES.values()
    )
    assert table.loc[("driven", "visp"), "truth_value"] == pytest.approx(expected, abs=1e-9)


def test_optimism_and_the_cross_fitted_score_by_hand(made):
    movie, _, table, *_ = made
    halves = jackknife.alternate_blocks(np.arange(1, T), movie.correlation_time)
    by_half = np.array(
        [[score(features, AREAS[0].summed, frames) for features in FEATURES.values()] for frames in halves]
    )
    chosen = by_half.argmax(axis=1)
    crossed = (by_half[1, chosen[0]] + by_half[0, chosen[1]]) / 2
    row = table.loc[("driven", "visp")]
    assert row["cross_fitted"] == pytest.approx(crossed, abs=1e-12)
    assert row["optimism"] == pytest.approx(by_half.max(axis=1).mean() - crossed, abs=1e-12)


def test_halves_that_the_gap_leaves_nothing_of_have_no_score():
    movie = Movie(AREAS[:1], [], seed=1)
    movie.halves = [np.zeros(len(pairs), bool) for pairs in movie.halves]
    assert np.isnan(movie.score({"top": layer(FEATURES["top"])}).halves).all()


def test_a_silent_layer_is_never_the_best_and_a_network_of_silent_layers_has_no_score(made):
    movie, _, _, _, ceilings = made
    silent = layer(np.zeros((T, 5), np.int64))
    networks = {
        "half": movie.score({"silent": silent, "top": layer(FEATURES["top"])}),
        "whole": movie.score({"silent": silent}),
    }
    layers = {"half": ["silent", "top"], "whole": ["silent"]}
    table = summarise(networks, layers, movie, ceilings).set_index(["subject", "area"])
    assert table.loc[("half", "visp"), "layer"] == "top"
    assert np.isfinite(table.loc[("half", "mean"), "ci_high"])
    assert table.loc[("whole", "visp"), "layer"] == ""
    assert table.loc["whole"][["value", "ci_low", "p_lag", "optimism"]].isna().all(axis=None)


def slow_drives(random, n):
    """Slow positive series [T, n], more alike the nearer in time."""
    noise = random.normal(size=(T + 100, n))
    return np.exp(0.5 * lfilter([1], [1, -0.8], noise, axis=0)[100:])


def size_of_the_paired_test(draw, column, n_draws=300):
    """Share of draws in which two networks that nothing tells apart are called different at 5 %."""
    called = 0
    for seed in range(n_draws):
        counts, one, other = draw(np.random.default_rng([7, seed]))
        movie = Movie([area("VISp", 1, counts)], [], seed=seed)
        networks = {name: movie.score({"only": layer(side)}) for name, side in (("one", one), ("other", other))}
        called += pairs(networks, movie)[column].item() <= 0.05
    return called / n_draws


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:movie. blocks of time")
def test_networks_that_other_units_would_tell_apart_the_other_way_differ_in_one_case_in_twenty():
    """Each unit follows a drive or, as likely, that drive backwards; a network sees the one or the other."""

    def draw(random):
        drive = slow_drives(random, 6)
        rates = np.where(random.random(60) < 0.5, drive @ (w := random.gamma(1, 1, (6, 60))), drive[::-1] @ w)
        features = random.poisson(drive @ random.gamma(1, 1, (6, 200)) * 3)
        return random.poisson(rates, (6, T, 60)).astype(np.uint8), features, features[::-1]

    assert size_of_the_paired_test(draw, "ci_p") <= 0.08  # standard error of 300 draws: 0.013


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:movie. blocks of time")
def test_networks_that_another_movie_would_tell_apart_the_other_way_differ_in_one_case_in_twenty():
    """Every unit has a twin that follows another drive of the same law as it the first; a network sees either drive."""

    def draw(random):
        first, second = slow_drives(random, 6), slow_drives(random, 6)
        tuning, seen = random.gamma(1, 1, (6, 30)), random.gamma(1, 1, (6, 200))
        rates = np.concatenate([first @ tuning, second @ tuning], axis=1)
        one, other = (random.poisson(drive @ seen * 3) for drive in (first, second))
        return random.poisson(rates, (6, T, 60)).astype(np.uint8), one, other

    assert size_of_the_paired_test(draw, "e2_p") <= 0.1  # blocks of 8 frames: a little too often, as documented


def test_mice_are_left_out_whole_where_there_are_eight(made):
    units = {"unit_id": np.arange(48), "session": np.repeat(np.arange(8), 6)}
    counts = driven(9, 48)
    recording = Recording("VISp", "movie", RATE_HZ, 6, counts, counts.sum(axis=0, dtype=np.int64), units)
    one = select_units(recording, {"min_rate": 0.5, "skip_frames": 1})
    movie = Movie([one], [])
    assert movie.sessions_as_groups
    assert len(movie.groups[0]) == 8


@pytest.mark.filterwarnings("ignore:area ca3. 3 of 4 splits")
def test_an_area_of_few_units_is_left_out_unit_by_unit_and_takes_nothing_from_others():
    few = area("CA3", 8, driven(8, 6))
    movie = Movie([AREAS[0], few], ["CA3"], seed=1)
    scores = movie.score({"top": layer(FEATURES["top"])})
    ceilings = all_ceilings([AREAS[0], few], 4)
    table = summarise({"net": scores}, {"net": ["top"]}, movie, ceilings).set_index("area")
    assert table["n_groups"].to_dict() == {"visp": 20, "ca3": 6, "mean": 20}
    frames = np.arange(1, T)
    one_less = [score(FEATURES["top"], np.delete(few.summed, unit, axis=1), frames) for unit in range(6)]
    error = jackknife.interval(table.loc["ca3", "value"], np.array(one_less))
    assert table.loc["ca3", "ci_low"] == pytest.approx(error.low, abs=1e-12)


def test_an_area_of_one_of_eight_sessions_has_no_interval_and_stops_nothing():
    n_units = [one.summed.shape[1] for one in AREAS]
    eight = replace(AREAS[0], units={"session": np.arange(n_units[0]) % 8})
    one = replace(AREAS[1], units={"session": np.full(n_units[1], 3)})
    with pytest.warns(UndefinedScore, match="area visl: without 1 of 8 groups"):
        scores = Movie([eight, one], [], seed=1).score({"top": layer(FEATURES["top"])})
    assert np.isfinite(scores.whole).all()


def test_an_area_that_is_silent_in_a_frame_has_no_score_and_spoils_no_other():
    counts = driven(8, 6)
    counts[:, 20] = 0
    silent = area("CA3", 8, counts)
    with pytest.warns(UndefinedScore, match="area ca3: without 6 of 20 groups|area ca3: without 20 of 20 groups"):
        movie = Movie([AREAS[0], silent], ["CA3"], seed=1)
    alone = Movie([AREAS[0]], [], seed=1)
    features = {"top": layer(FEATURES["top"])}
    beside, by_itself = movie.score(features), alone.score(features)
    assert movie.correlation_time == alone.correlation_time
    assert np.isnan(beside.whole[0, 1])
    np.testing.assert_array_equal(beside.blocks[:, :, 0], by_itself.blocks[:, :, 0])
    np.testing.assert_array_equal(beside.halves[:, :, 0], by_itself.halves[:, :, 0])


def test_the_checks_are_the_test_on_other_frames_and_on_units_without_their_trend(made):
    _, networks, table, *_ = made
    found = networks["driven"].shifts
    frames = np.arange(1 + 10, T)  # the first second at 10 frames/s

    def by_hand(features, area_responses):
        one, other = (
            lag.residual_ranks(ranks.ranks(upper_triangle(pearson(side)))) for side in (features, area_responses)
        )
        return lag.shift_scores(lag.spectrum(one), lag.spectrum(other))

    stem, summed = FEATURES["stem"], AREAS[0].summed
    np.testing.assert_allclose(found["_later"][0, 0], by_hand(stem[frames], summed[frames]), atol=1e-9)
    straight = [detrend_linear(side[1:].astype(np.float64)) for side in (stem, summed)]
    np.testing.assert_allclose(found["_detrended"][0, 0], by_hand(*straight), atol=1e-6)
    row = table.loc[("driven", "visp")]
    assert row["supported"] == (row[["p_lag", "p_lag_later", "p_lag_detrended", "p_lag_frames"]].max() <= 0.05)


def detrend_linear(responses):
    """Each unit's responses [T, units] without their slope in time, their mean kept: the long way."""
    time = np.arange(len(responses))
    slopes = np.polyfit(time, responses, 1)[0]
    return responses - np.outer(time - time.mean(), slopes)


def test_a_drift_that_both_sides_share_is_no_support():
    """Both populations drift, and share nothing else: what the plain test takes for agreement, the checks do not."""
    random = np.random.default_rng(5)
    drift = np.linspace(0, 1, T)[:, None]
    counts = random.poisson(3 + 9 * drift * random.random(50), (6, T, 50)).astype(np.uint8)
    features = random.poisson(3 + 9 * drift * random.random(60), (T, 60))
    with pytest.warns(UserWarning, match="blocks of time are shorter than three correlation times"):
        movie = Movie([area("VISp", 1, counts)], [], seed=1)
    ceilings = all_ceilings(movie.areas, 4)
    networks = {"drifting": movie.score({"only": layer(features)})}
    row = summarise(networks, {"drifting": ["only"]}, movie, ceilings).iloc[0]
    assert row["p_lag"] <= 0.05
    assert row["p_lag_detrended"] > 0.05
    assert not row["supported"]


def test_columns_are_the_ones_that_figures_read(made):
    _, _, table, compared, _ = made
    assert {"ci_low", "ci_high", "fraction_published", "p_lag", "truth_value"} <= set(table.columns)
    assert {"difference", "ci_p_holm", "e2_p_holm"} <= set(compared.columns)
    assert isinstance(table, pd.DataFrame)


def test_replicates_made_anew_for_each_network_give_the_same_scores(monkeypatch):
    features = {name: layer(counts) for name, counts in FEATURES.items()}
    held = Movie(AREAS, ["control"], seed=1).score(features)
    monkeypatch.setattr("lorafb.experiments.replicates.HELD", 0)
    movie = Movie(AREAS, ["control"], seed=1)
    for anew in (movie.score(features), movie.score(features)):
        assert_array_equal(anew.units, held.units)
        assert {check: scores.tolist() for check, scores in anew.shifts.items()} == {
            check: scores.tolist() for check, scores in held.shifts.items()
        }
