"""Correlations of frames: exact on integers, undefined where a frame does not vary, and never anything else."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from lorafb.similarity.pearson import (
    exact_type,
    integer_products,
    pairs_from_products,
    pearson,
    pearson_from_centred,
    pearson_from_products,
    undefined_frames,
    upper_triangle,
)

counts = arrays(np.int64, (5, 7), elements=st.integers(0, 4))


def test_two_frames_with_swapped_units_correlate_at_minus_one():
    assert pearson(np.array([[0, 2], [2, 0]]))[0, 1] == -1.0


def test_a_silent_frame_has_no_correlation():
    r = pearson(np.array([[0, 0, 0], [1, 2, 0]]))
    assert np.isnan(r[0]).all()
    assert np.isnan(r[:, 0]).all()
    assert r[1, 1] == 1.0
    assert_array_equal(undefined_frames(r), [0])


@pytest.mark.parametrize("value", [0.0, 0.1, -3.7, 1e6])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_frame_of_equal_floats_has_no_correlation(value, kind):
    responses = np.random.default_rng(1).normal(size=(4, 1001)).astype(kind)
    responses[2] = value
    assert_array_equal(undefined_frames(pearson(responses)), [2])


def test_centring_that_leaves_rounding_behind_does_not_make_a_correlation():
    products = np.array([[2.0, 1e-15, 1.0], [1e-15, 3e-29, 1e-15], [1.0, 1e-15, 2.0]])
    assert_array_equal(undefined_frames(pearson_from_centred(products)), [1])


def test_one_unit_correlates_nothing():
    assert np.isnan(pearson(np.array([[1], [2], [3]]))).all()


def test_a_frame_that_is_no_number_leaves_the_others_alone():
    responses = np.random.default_rng(1).normal(size=(4, 9))
    responses[1, 3] = np.nan
    r = pearson(responses)
    assert_array_equal(undefined_frames(r), [1])
    assert np.isfinite(r[np.ix_([0, 2, 3], [0, 2, 3])]).all()


@given(responses=counts)
def test_the_square_of_a_correlation_is_the_rational_one(responses):
    r = pearson(responses)
    n = responses.shape[1]
    for t, u in np.ndindex(r.shape):
        x, y = ([int(value) for value in responses[frame]] for frame in (t, u))
        covariance = n * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)
        variances = [n * sum(a * a for a in z) - sum(z) ** 2 for z in (x, y)]
        if 0 in variances:
            assert np.isnan(r[t, u])
        else:
            assert r[t, u] ** 2 == pytest.approx(float(Fraction(covariance**2, variances[0] * variances[1])), abs=1e-15)


@given(responses=counts)
def test_correlations_are_symmetric_and_one_on_the_diagonal(responses):
    r = pearson(responses)
    assert_array_equal(r, r.T)
    diagonal = np.diagonal(r)
    assert (diagonal[~np.isnan(diagonal)] == 1).all()


@given(responses=counts)
def test_integers_and_floats_agree_with_numpy(responses):
    varying = responses[np.ptp(responses, axis=1) > 0]
    if len(varying) > 1:
        assert_allclose(pearson(varying), np.corrcoef(varying), atol=1e-12)
        assert_allclose(pearson(varying.astype(float)), np.corrcoef(varying), atol=1e-12)


@given(responses=counts, order=st.permutations(range(7)))
def test_the_order_of_units_does_not_matter(responses, order):
    assert_array_equal(pearson(responses), pearson(responses[:, order]))


@given(responses=counts, scale=st.integers(1, 50), added=arrays(np.int64, (5, 1), elements=st.integers(0, 50)))
def test_scaling_and_adding_a_constant_to_a_frame_do_not_matter(responses, scale, added):
    assert_allclose(pearson(scale * responses + added), pearson(responses), atol=1e-14)


@given(responses=counts, power=st.integers(0, 14))
def test_products_that_pass_64_bits_are_still_exact(responses, power):
    products, sums = integer_products(responses)
    scale = 4**power
    far = pearson_from_products(products * scale**2, sums * scale, responses.shape[1])
    assert_allclose(far, pearson(responses), atol=1e-14)


def test_the_formula_does_not_overflow_where_products_are_near_2_to_the_63():
    large = 2**30
    r = pearson(np.array([[large, 0, large], [0, large, large], [large, large, 0]]))
    assert_allclose(r[0], [1, -0.5, -0.5], atol=1e-15)


def test_products_are_exact_beyond_the_integers_of_a_float():
    responses = np.array([[2**27 + 1, 1], [2**27 + 1, 3]])
    products, sums = integer_products(responses)
    assert products[0, 1] == (2**27 + 1) ** 2 + 3
    assert_array_equal(sums, [2**27 + 2, 2**27 + 4])


def test_products_of_small_unsigned_counts_do_not_wrap():
    responses = np.full((2, 300), 255, np.uint8)
    products, sums = integer_products(responses)
    assert (products == 300 * 255**2).all()
    assert (sums == 300 * 255).all()


def test_products_beyond_64_bits_are_refused():
    with pytest.raises(ValueError, match="pass 2\\^63"):
        integer_products(np.full((2, 4), 2**31))


@pytest.mark.parametrize(("count", "expected"), [(4095, np.float32), (4096, np.float64), (2**27, np.int64)])
def test_products_are_made_in_the_fastest_type_that_holds_them(count, expected):
    responses = np.array([[count, 1], [1, count]])
    assert exact_type(responses) is expected
    products, _ = integer_products(responses)
    assert products.tolist() == [[count**2 + 1, 2 * count], [2 * count, count**2 + 1]]


def test_pairs_are_the_upper_triangle_of_the_matrix():
    counts = np.random.default_rng(0).integers(0, 9, (70, 12))  # more frames than a block of rows
    products, sums = integer_products(counts)
    whole = pearson_from_products(products, sums, 12)
    assert_array_equal(pairs_from_products(products, sums, 12), whole[np.triu_indices(70, 1)])


def test_products_of_floats_are_not_called_exact():
    with pytest.raises(ValueError, match="float64: exact products need integers"):
        integer_products(np.ones((2, 4)))


def test_pairs_come_row_by_row():
    matrix = np.arange(9.0).reshape(3, 3)
    assert_array_equal(upper_triangle(matrix), [1, 2, 5])
