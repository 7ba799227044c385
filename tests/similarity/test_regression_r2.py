"""Regression: the published R2 to its digits, and one that predicts frames it has not seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_cases import CASES, arrays_of
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA

from lorafb.similarity import metrics, regression
from lorafb.similarity.coordinates import coordinates_of_products
from lorafb.similarity.regression import (
    Folds,
    components,
    cross_validated_r2,
    r2,
    varying_units,
)


def smooth(seed, n_frames, n_series, width=9):
    """Slow random series [n_frames, n_series]."""
    noise = np.random.default_rng(seed).normal(size=(n_frames + width - 1, n_series))
    return np.stack([np.convolve(series, np.ones(width) / width, "valid") for series in noise.T], axis=1)


def coordinates(features):
    return coordinates_of_products(features.astype(np.float64) @ features.T, features.shape[1])


def poisson(seed, n_frames=60, n_units=120):
    """Features [n_frames, n_units] and responses of nine units that depend on them."""
    random = np.random.default_rng(seed)
    features = random.poisson(2, (n_frames, n_units)).astype(np.float64)
    return features, (features[:, :9] + random.normal(size=(n_frames, 9))).round()


@pytest.mark.parametrize("name", [name for name in CASES if "regression_published_float32" in CASES[name]])
def test_the_published_r2_of_small_arrays_is_that_of_the_exact_components(name):
    x, y = arrays_of(name)
    published = CASES[name]["regression_published_float32"]
    assert r2(components(coordinates(x)), varying_units(y)) == pytest.approx(published, abs=1e-6)


@pytest.mark.parametrize(("n_frames", "n_units"), [(57, 900), (57, 501), (130, 600), (420, 1000), (45, 600)])
def test_the_published_solver_gives_the_r2_that_it_gives_on_the_units(n_frames, n_units):
    features, psth = poisson(n_frames, n_frames, n_units)
    published = PCA(40, random_state=2023).fit_transform(features.astype(np.float32))
    assert r2(components(coordinates(features)), psth) == pytest.approx(r2(published, psth), abs=2e-6)


@given(seed=st.integers(0, 200))
@settings(max_examples=20, deadline=None)
def test_components_are_the_exact_ones_except_for_signs(seed):
    features, psth = poisson(seed)
    exact = PCA(40, svd_solver="full").fit_transform(features)
    ours = components(coordinates(features))
    assert_allclose(np.abs(ours), np.abs(exact), atol=1e-7)
    assert r2(ours, psth) == pytest.approx(r2(exact, psth), abs=1e-12)


def test_components_of_layers_that_have_fewer_or_none():
    features, psth = poisson(1, n_units=12)
    ours = components(coordinates(features))
    assert ours.shape == (60, 12)
    assert r2(ours, psth) == pytest.approx(r2(features, psth), abs=1e-9)

    alike = components(coordinates_of_products(np.full((50, 50), 7.0)))
    assert r2(alike, poisson(3, 50)[1]) == pytest.approx(0, abs=1e-12)
    assert components(coordinates_of_products(np.zeros((50, 50)))).tolist() == [[0.0]] * 50

    undefined = coordinates_of_products(np.full((50, 50), np.nan))
    assert np.isnan(undefined).all()
    assert np.isnan(r2(components(undefined), psth[:50]))

    with pytest.raises(ValueError, match="40 components and needs as many scored frames, not 39"):
        components(np.ones((39, 41)))


def test_constant_units_are_named_and_left_out():
    responses = np.arange(12).reshape(4, 3)
    responses[:, 1] = 5
    with pytest.warns(UserWarning, match=r"1 constant units: \[1\]"):
        rest = varying_units(responses)
    assert rest.shape == (4, 2)


def test_the_scale_of_the_responses_does_not_matter():
    x, y = arrays_of("narrow")
    assert r2(x, varying_units(y / 20)) == pytest.approx(r2(x, varying_units(y)), abs=1e-6)


def test_a_layer_with_nan_has_no_r2():
    features, psth = np.full((50, 60), np.nan), smooth(1, 50, 2)
    assert np.isnan(r2(features, psth))
    assert np.isnan(cross_validated_r2(features, psth))


def test_without_units_there_is_no_r2():
    assert np.isnan(r2(np.ones((50, 3)), np.empty((50, 0))))
    assert np.isnan(cross_validated_r2(np.ones((50, 3)), np.empty((50, 0))))


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 99))
def test_coordinates_keep_every_distance_between_frames(seed):
    features = np.random.default_rng(seed).normal(size=(12, 300))
    small = coordinates_of_products(features @ features.T)
    assert small.shape == (12, 11)  # one dimension less than frames, since means are taken off
    wide = coordinates(features)
    assert wide.shape == features.shape
    assert_allclose(wide[:, :11], small)
    assert not wide[:, 11:].any()
    distance = np.linalg.norm(features[:, None] - features[None], axis=2)
    assert_allclose(np.linalg.norm(small[:, None] - small[None], axis=2), distance, atol=1e-6)


def test_a_linear_read_out_predicts_held_out_frames():
    drive = smooth(1, 400, 6)
    features = drive @ np.random.default_rng(2).normal(size=(6, 200))
    psth = drive @ np.random.default_rng(3).normal(size=(6, 5))
    assert cross_validated_r2(coordinates(features), psth) > 0.99


def test_smooth_features_without_a_relation_fit_but_do_not_predict():
    features, psth = smooth(1, 400, 200), smooth(2, 400, 5)
    assert r2(components(coordinates(features)), psth) > 0.2
    assert cross_validated_r2(coordinates(features), psth) < 0.05


def test_cross_validation_on_coordinates_is_that_on_the_features():
    features, psth = poisson(2, n_frames=120)
    folds = Folds(4, 5)
    expected = cross_validated_r2(features, psth, folds)
    assert cross_validated_r2(coordinates(features), psth, folds) == pytest.approx(expected, abs=1e-6)


def test_a_gap_keeps_neighbours_of_the_predicted_block_out():
    seen = regression._away_from(np.arange(100), np.arange(40, 60), gap=10)
    assert seen.tolist() == [*range(30), *range(70, 100)]


def test_a_movie_too_short_for_its_gaps_is_refused():
    with pytest.raises(ValueError, match="gap of 30 leave 2 frames"):
        cross_validated_r2(smooth(1, 40, 3), smooth(2, 40, 2), Folds(n_blocks=5, gap=30))


def test_fewest_frames_of_the_metrics_are_the_fewest_that_they_score():
    for name, score in (("regression", components), ("regression-cv", lambda side: cross_validated_r2(side, side))):
        fewest = metrics.find(name).fewest_frames
        score(smooth(1, fewest, 2))
        with pytest.raises(ValueError, match=r"scored frames|gap of 30"):
            score(smooth(1, fewest - 1, 2))


def test_sides_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="50 frames of features, 49 of responses"):
        r2(np.ones((50, 3)), np.ones((49, 2)))
