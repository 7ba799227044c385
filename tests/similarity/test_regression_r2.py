"""Regression: the published R2 to its digits, and one that predicts frames it has not seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_cases import CASES, arrays_of
from numpy.testing import assert_allclose

from lorafb.similarity import regression
from lorafb.similarity.regression import Folds, components, coordinates, cross_validated_r2, r2, varying_units


def smooth(seed, n_frames, n_series, width=9):
    """Slow random series [n_frames, n_series]."""
    noise = np.random.default_rng(seed).normal(size=(n_frames + width - 1, n_series))
    return np.stack([np.convolve(series, np.ones(width) / width, "valid") for series in noise.T], axis=1)


@pytest.mark.parametrize("name", [name for name in CASES if "regression_published_float32" in CASES[name]])
def test_the_published_r2_is_reached(name):
    x, y = arrays_of(name)
    published = CASES[name]["regression_published_float32"]
    assert r2(components(x), varying_units(y)) == pytest.approx(published, abs=1e-6)


def test_few_units_are_taken_as_they_are():
    features = np.random.default_rng(1).normal(size=(20, 40)).astype(np.float32)
    assert components(features) is features


def test_fewer_frames_than_components_are_refused():
    with pytest.raises(ValueError, match="40 components and needs as many scored frames, not 39"):
        components(np.ones((39, 41)))


def test_constant_units_are_named_and_left_out():
    responses = np.arange(12).reshape(4, 3)
    responses[:, 1] = 5
    with pytest.warns(UserWarning, match=r"1 constant units: \[1\]"):
        kept = varying_units(responses)
    assert kept.shape == (4, 2)


def test_the_scale_of_the_responses_does_not_matter():
    x, y = arrays_of("narrow")
    assert r2(components(x), varying_units(y / 20)) == pytest.approx(r2(components(x), varying_units(y)), abs=1e-6)


def test_a_layer_that_holds_no_numbers_has_no_r2():
    features = np.full((50, 60), np.nan)
    psth = smooth(1, 50, 2)
    assert np.isnan(r2(components(features), psth))
    assert np.isnan(cross_validated_r2(coordinates(features), psth))


def test_without_units_there_is_no_r2():
    assert np.isnan(r2(np.ones((50, 3)), np.empty((50, 0))))
    assert np.isnan(cross_validated_r2(np.ones((50, 3)), np.empty((50, 0))))


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 99))
def test_coordinates_keep_every_distance_between_frames(seed):
    features = np.random.default_rng(seed).normal(size=(12, 300))
    small = coordinates(features)
    assert small.shape == (12, 12)
    distance = np.linalg.norm(features[:, None] - features[None], axis=2)
    assert_allclose(np.linalg.norm(small[:, None] - small[None], axis=2), distance, atol=1e-6)


def test_a_linear_read_out_is_found_in_frames_that_were_not_seen():
    drive = smooth(1, 400, 6)
    features = drive @ np.random.default_rng(2).normal(size=(6, 200))
    psth = drive @ np.random.default_rng(3).normal(size=(6, 5))
    assert cross_validated_r2(coordinates(features), psth) > 0.99


def test_smooth_features_without_a_relation_fit_but_do_not_predict():
    features, psth = smooth(1, 400, 200), smooth(2, 400, 5)
    assert r2(components(features), psth) > 0.2
    assert cross_validated_r2(coordinates(features), psth) < 0.05


def test_a_gap_keeps_neighbours_of_the_predicted_block_out():
    seen = regression._away_from(np.arange(100), np.arange(40, 60), gap=10)
    assert seen.tolist() == [*range(30), *range(70, 100)]


def test_a_movie_too_short_for_its_gaps_is_refused():
    with pytest.raises(ValueError, match="gap of 30 leave 2 frames"):
        cross_validated_r2(smooth(1, 40, 3), smooth(2, 40, 2), Folds(n_blocks=5, gap=30))


def test_sides_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="50 frames of features, 49 of responses"):
        r2(np.ones((50, 3)), np.ones((49, 2)))
