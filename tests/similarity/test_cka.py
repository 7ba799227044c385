"""Linear CKA from products: equal to the formula on features, and not moved by what it must not see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group

from lorafb.similarity import cka


def score(x, y):
    return cka.compare(*(cka.prepare((side @ side.T).astype(np.float64)) for side in (x, y)))


def sides(seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=(20, 7)) + 3
    return x, x[:, :4] + random.normal(size=(20, 4))


def test_three_frames_by_hand():
    # centred, x is (-1, 0, 1) and y is (-1, 2, -1) / 3 or (-1, 0, 1): the products of x are orthogonal to those of the first
    x = np.array([[0], [1], [2]])
    assert score(x, np.array([[0], [1], [0]])) == pytest.approx(0)
    assert score(x, np.array([[5], [3], [1]])) == pytest.approx(1)
    # y = (0, 0, 1), centred (-1, -1, 2) / 3: cosine 3 / (sqrt 2 sqrt 6), squared since CKA is of one unit each
    assert score(x, np.array([[0], [0], [1]])) == pytest.approx(9 / 12)


@given(seed=st.integers(0, 999))
def test_products_give_the_formula_on_features(seed):
    x, y = sides(seed)
    one, other = x - x.mean(axis=0), y - y.mean(axis=0)
    norms = np.linalg.norm(one.T @ one) * np.linalg.norm(other.T @ other)
    assert score(x, y) == pytest.approx(np.linalg.norm(other.T @ one) ** 2 / norms, abs=1e-12)
    assert score(y, x) == pytest.approx(score(x, y), abs=1e-12)


@given(seed=st.integers(0, 999), scale=st.floats(0.01, 100))
def test_rotation_one_scale_and_baselines_of_units_do_not_matter(seed, scale):
    x, y = sides(seed)
    moved = scale * x @ ortho_group.rvs(7, random_state=seed) + np.arange(7)
    assert score(moved, y) == pytest.approx(score(x, y), abs=1e-9)
    assert score(x, moved) == pytest.approx(1)


def test_undefined_sides_have_no_score():
    x, _ = sides(1)
    nan = x.copy()
    nan[3, 2] = np.nan
    for side in (nan, np.ones((20, 3)), np.full((20, 3), 0.1), np.zeros((20, 3))):
        assert np.isnan(score(x, side))
        assert np.isnan(score(side, x))


def test_sides_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="19 frames of the model, 20 of the area"):
        score(sides(1)[0][1:], sides(1)[1])
