"""Ceilings: which halves meet, and what their agreement says."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lorafb.similarity import ceilings
from lorafb.similarity.tsrsa import score

COUNTS = np.random.default_rng(1).poisson(4, size=(6, 12, 9)).astype(np.uint8)


def test_the_odd_unit_goes_to_the_second_half_or_to_none():
    order = np.array([4, 0, 3, 1, 2])
    first, second = ceilings.halves(order, equal=False)
    assert_array_equal(first, [4, 0])
    assert_array_equal(second, [3, 1, 2])
    assert_array_equal(ceilings.halves(order)[1], [3, 1])


def test_halves_of_units_are_scored_against_each_other():
    order, counts = np.arange(9), COUNTS.sum(axis=0)
    assert ceilings.between_units(counts, order[None]) == [score(counts[:, :4], counts[:, 4:])]


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("n_units", [8, 9])
@pytest.mark.parametrize("largest", [5, 900, 2**21, 2**27])  # products in float32, float64 and int64
def test_products_of_the_second_half_are_what_the_first_leaves(equal, n_units, largest):
    random = np.random.default_rng(largest)
    counts = random.integers(0, largest, (30, n_units))
    orders = np.array([random.permutation(n_units) for _ in range(3)])
    pairs = [ceilings.halves(order, equal) for order in orders]
    expected = [score(counts[:, one], counts[:, other]) for one, other in pairs]
    assert_array_equal(ceilings.between_units(counts, orders, equal), expected)


def test_halves_of_repeats_hold_all_units():
    order = np.array([[0, 2, 4, 1, 3, 5]])
    expected = score(COUNTS[::2].sum(axis=0), COUNTS[1::2].sum(axis=0))
    assert ceilings.between_repeats(COUNTS, order) == [expected]


def test_halves_of_both_share_neither_unit_nor_repeat():
    counts = COUNTS.astype(np.int64)
    expected = score(counts[:3, :, :4].sum(axis=0), counts[3:, :, 4:8].sum(axis=0))
    assert ceilings.between_both(counts, np.arange(9)[None], np.arange(6)[None]) == [expected]


def test_sums_over_repeats_do_not_wrap():
    counts = np.full((20, 4, 3), 200, np.uint8)
    counts[:, np.arange(3), np.arange(3)] = 255
    counts[:, 3] = [250, 10, 0]
    orders = np.arange(20)[None]
    assert ceilings.between_repeats(counts, orders)[0] == pytest.approx(1)


def test_numbers_of_splits_must_agree():
    with pytest.raises(ValueError, match="longer"):
        ceilings.between_both(COUNTS, np.arange(9)[None], np.array([np.arange(6)] * 2))


def test_spearman_brown_doubles_the_data():
    made = ceilings.ceiling(np.array([0.4, 0.6]))
    assert made.half == pytest.approx(0.5)
    assert made.reliability == pytest.approx(2 / 3)
    assert made.reach == pytest.approx(np.sqrt(2 / 3))
    assert made.sd_over_splits == pytest.approx(np.std([0.4, 0.6], ddof=1))


def test_halves_that_do_not_agree_give_no_reach():
    assert np.isnan(ceilings.ceiling(np.array([-0.2, 0.1])).reach)
    assert np.isnan(ceilings.ceiling(np.array([0.2, np.nan])).half)
