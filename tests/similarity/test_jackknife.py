import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lorafb.similarity import jackknife


@given(arrays(np.float64, 12, elements=st.floats(-10, 10)))
def test_leaving_one_value_out_of_a_mean_gives_its_textbook_standard_error(values):
    replicates = np.array([np.delete(values, k).mean() for k in range(12)])
    expected = values.std(ddof=1) / np.sqrt(12)
    assert jackknife.standard_error(replicates) == pytest.approx(expected, abs=1e-9)


def test_an_interval_is_the_value_and_students_t_standard_errors():
    replicates = np.array([1.0, 2.0, 3.0])  # sum of squares 2, SE = sqrt(2 / 3 * 2)
    result = jackknife.interval(2.0, replicates)
    assert result.error == pytest.approx(np.sqrt(4 / 3))
    assert result.high - 2 == pytest.approx(4.302653 * np.sqrt(4 / 3), rel=1e-6)
    assert result.n_groups == 3


def test_holm_by_hand():
    np.testing.assert_allclose(jackknife.holm([0.01, 0.04, 0.03, np.nan]), [0.03, 0.06, 0.06, np.nan])
    assert jackknife.holm([0.9, 0.8]).max() == 1


def test_a_difference_that_never_varies_has_no_p():
    assert np.isnan(jackknife.p_of(0.0, np.zeros(5)))


def streams(n):
    return [np.random.default_rng([1, k]) for k in range(n)]


def test_mice_are_the_groups_where_there_are_eight_of_them():
    sessions = np.repeat(np.arange(8), 3)
    other = np.zeros(5, int)  # an area that one mouse alone has units of
    result = jackknife.groups_of_units([sessions, other], streams(2))
    assert [group.tolist() for group in result[0][:2]] == [[0, 1, 2], [3, 4, 5]]
    assert [len(group) for group in result[1]] == [5, 0, 0, 0, 0, 0, 0, 0]


@given(st.lists(st.integers(1, 90), min_size=1, max_size=4))
def test_random_groups_part_the_units_of_every_area_into_as_many(sizes):
    result = jackknife.groups_of_units([np.zeros(size, int) for size in sizes], streams(len(sizes)))
    for size, groups in zip(sizes, result, strict=True):
        assert sorted(np.concatenate(groups)) == list(range(size))
        assert len(groups) == 20
        assert sum(len(group) > 0 for group in groups) == min(size, 20)


def test_blocks_are_contiguous_and_leave_all_other_frames():
    rest = jackknife.without_blocks(np.arange(1, 21), 5)
    assert [sorted(set(range(1, 21)) - set(frames)) for frames in rest] == [
        list(range(first, first + 4)) for first in (1, 5, 9, 13, 17)
    ]


def test_alternate_blocks_keep_a_gap():
    one, other = jackknife.alternate_blocks(np.arange(24), 2)
    assert one.tolist() == [0, 1, 2, 3, 12, 13, 14, 15]
    assert other.tolist() == [6, 7, 8, 9, 18, 19, 20, 21]


def test_there_are_ten_alternate_blocks_at_most_and_two_at_least():
    assert jackknife.alternate_blocks(np.arange(100), 1)[0].tolist()[8:11] == [8, 20, 21]
    one, other = jackknife.alternate_blocks(np.arange(20), 8)
    assert (one.tolist(), other.tolist()) == ([0, 1], [10, 11])
    assert jackknife.alternate_blocks(np.arange(20), 10)[0].tolist() == []
