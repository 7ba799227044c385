import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from lorafb.similarity import metrics, regression


def case(seed, n_frames=60, n_units=120):
    random = np.random.default_rng(seed)
    features = random.poisson(2, (n_frames, n_units)).astype(np.float64)
    return features, (features[:, :9] + random.normal(size=(n_frames, 9))).round()


@given(seed=st.integers(0, 200))
@settings(max_examples=20, deadline=None)
def test_components_of_products_are_the_exact_components_but_for_signs(seed):
    features, psth = case(seed)
    exact = PCA(40, svd_solver="full").fit_transform(features)
    found = regression.components_of_products(features @ features.T)
    np.testing.assert_allclose(np.abs(found), np.abs(exact), atol=1e-7)
    assert regression.r2(found, psth) == pytest.approx(regression.r2(exact, psth), abs=1e-12)


def test_a_layer_that_responds_alike_to_all_frames_explains_nothing():
    found = regression.components_of_products(np.full((50, 50), 7.0))
    assert regression.r2(found, case(3, 50)[1]) == pytest.approx(0, abs=1e-12)
    assert regression.components_of_products(np.zeros((50, 50))).tolist() == [[0.0]] * 50


def test_fewer_units_than_components_are_taken_as_they_are():
    features, psth = case(1, n_units=12)
    found = regression.components_of_products(features @ features.T)
    assert found.shape == (60, 12)
    assert regression.r2(found, psth) == pytest.approx(regression.r2(features, psth), abs=1e-9)


def test_cross_validation_sees_the_same_in_products():
    features, psth = case(2, n_frames=120)
    folds = regression.Folds(4, 5)
    found = regression.coordinates_of_products(features @ features.T)
    expected = regression.cross_validated_r2(regression.coordinates(features), psth, folds)
    assert regression.cross_validated_r2(found, psth, folds) == pytest.approx(expected, abs=1e-6)


def test_too_few_frames_are_refused_and_no_number_stays_none():
    with pytest.raises(ValueError, match="40 components and needs as many scored frames, not 30"):
        regression.components_of_products(np.eye(30))
    assert np.isnan(regression.coordinates_of_products(np.full((50, 50), np.nan))).all()


def test_metrics_that_see_responses_say_how_products_serve_them():
    assert metrics.load("regression").products is regression.components_of_products
    assert metrics.load("tsrsa").products is None
