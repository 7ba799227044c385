import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from lorafb.similarity import lag
from lorafb.similarity.pearson import pearson, pearson_from_centred, upper_triangle
from lorafb.similarity.ranks import ranks


def residuals(seed, n_frames=20, units=8):
    return without_lags(pearson(np.random.default_rng(seed).normal(size=(n_frames, units))))


def without_lags(similarity):
    return lag.residual_ranks(ranks(upper_triangle(similarity)))


def test_four_frames_by_hand():
    similarity = np.array([[1, 0.6, 0.1, 0.2], [0.6, 1, 0.5, 0.3], [0.1, 0.5, 1, 0.4], [0.2, 0.3, 0.4, 1]])
    # ranks of the pairs: 01 is 6th, 02 1st, 03 2nd, 12 5th, 13 3rd, 23 4th; lag 1 has mean 5, lag 2 has 2, lag 3 has 2
    expected = np.array([[0, 1, -1, 0], [1, 0, 0, 1], [-1, 0, 0, -1], [0, 1, -1, 0]])
    np.testing.assert_allclose(without_lags(similarity), expected, atol=1e-12)


@given(seed=st.integers(0, 1000))
def test_residual_ranks_have_mean_zero_at_every_lag(seed):
    result = residuals(seed)
    assert max(abs(np.diagonal(result, k).mean()) for k in range(20)) < 1e-9


@given(seed=st.integers(0, 1000))
def test_frames_have_mean_zero_too_and_lags_again(seed):
    result = lag.without_frame_means(residuals(seed))
    assert max(abs(np.diagonal(result, k).mean()) for k in range(20)) < 1e-9
    np.testing.assert_array_equal(result, result.T)


def test_what_a_frame_has_in_common_with_all_others_is_taken_out():
    effects = np.random.default_rng(1).normal(size=12)
    additive = effects[:, None] + effects
    np.fill_diagonal(additive, 0)
    np.testing.assert_allclose(lag.without_frame_means(additive), 0, atol=1e-12)


@given(seed=st.integers(0, 1000))
def test_a_trend_is_taken_out_of_products_as_out_of_responses(seed):
    responses = np.random.default_rng(seed).normal(size=(15, 6))
    drifting = responses + np.outer(np.arange(15) - 7.0, np.random.default_rng(seed + 1).normal(size=6))
    result = [side - side.mean(axis=1, keepdims=True) for side in (responses, drifting)]
    one, other = (lag.detrended(side @ side.T) for side in result)
    np.testing.assert_allclose(one, other, atol=1e-9)
    time = np.arange(15) - 7.0
    straight = responses - np.outer(time, time @ responses / (time @ time))
    np.testing.assert_allclose(pearson_from_centred(one), pearson(straight), atol=1e-9)


@given(a=st.integers(0, 500), b=st.integers(501, 1000), n=st.sampled_from([19, 20]))
@settings(max_examples=20)
def test_all_shifts_at_once_are_those_of_the_definition(a, b, n):
    one, other = residuals(a, n), residuals(b, n)
    result = lag.shift_scores(lag.spectrum(one), lag.spectrum(other))
    for k in range(n):
        moved = np.roll(one, (-k, -k), axis=(0, 1))
        expected = (moved * other).sum() / np.linalg.norm(one) / np.linalg.norm(other)
        assert result[k] == pytest.approx(expected, abs=1e-12)


def test_a_population_agrees_with_itself_at_no_shift_and_p_is_the_smallest_there_is():
    spectrum = lag.spectrum(residuals(3))
    result = lag.against_shifts(lag.shift_scores(spectrum, spectrum))
    assert result.score == pytest.approx(1)
    assert result.p == 1 / 20


def test_time_alone_has_no_lag_controlled_score():
    frames = np.arange(12)
    similarity = -np.abs(np.subtract.outer(frames, frames)).astype(float)
    spectrum = lag.spectrum(without_lags(similarity))
    result = lag.against_shifts(lag.shift_scores(spectrum, lag.spectrum(residuals(1, 12))))
    assert np.isnan(result.score)
    assert np.isnan(result.p)


def test_a_frame_without_variance_leaves_no_score():
    responses = np.random.default_rng(0).normal(size=(10, 4))
    responses[3] = 1
    assert np.isnan(lag.spectrum(without_lags(pearson(responses))).rows).all()


def test_the_correlation_time_of_a_slow_population_is_that_of_its_process():
    noise = np.random.default_rng(0).normal(size=(3000, 200))
    slow = lfilter([1], [1, -np.exp(-1 / 20)], noise, axis=0)
    assert lag.correlation_time(pearson(slow)) == pytest.approx(21, abs=3)
    noisy = slow + 3 * slow.std() * np.random.default_rng(1).normal(size=slow.shape)
    assert lag.correlation_time(pearson(noisy)) == pytest.approx(21, abs=5)


@pytest.mark.slow
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.95])
def test_independent_stationary_populations_are_called_alike_in_one_case_in_twenty(keep):
    random, n = np.random.default_rng(1), 400
    below = 0
    for _ in range(n):
        pair = lfilter([1], [1, -keep], random.normal(size=(700, 2, 30)), axis=0)[500:]
        one, other = (lag.spectrum(without_lags(pearson(pair[:, k]))) for k in (0, 1))
        below += lag.against_shifts(lag.shift_scores(one, other)).p <= 0.05
    assert 0.02 < below / n < 0.085  # 400 draws of 0.05: standard error 0.011
