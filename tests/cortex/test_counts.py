"""Spikes counted in presentations: against a plain loop, and on the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lorafb.cortex.counts import count_units, whole_counts
from lorafb.files import InputError

TIMES = st.integers(0, 40).map(lambda eighths: eighths / 8)
"""A grid so coarse that spikes often lie exactly on edges."""

ROWS = st.lists(st.tuples(TIMES, st.integers(1, 20)), min_size=1, max_size=12)
TRAIN = st.lists(TIMES | st.floats(0, 6), max_size=60).map(lambda times: np.array(sorted(times), float))


def by_loop(spikes, start, stop):
    return [sum(begin <= t < end for t in spikes) for begin, end in zip(start, stop, strict=True)]


def edges(rows):
    start = np.array([begin for begin, _ in rows])
    return start, start + np.array([eighths / 8 for _, eighths in rows])


@given(trains=st.lists(TRAIN, min_size=1, max_size=4), rows=ROWS)
def test_counting_agrees_with_a_loop_over_spikes_even_on_edges(trains, rows):
    start, stop = edges(rows)
    counts = count_units(iter(trains), start[None], stop[None])
    assert counts.shape == (1, len(rows), len(trains))
    assert_array_equal(counts[0].T, [by_loop(spikes, start, stop) for spikes in trains])


def test_a_spike_at_the_start_counts_and_one_at_the_stop_belongs_to_the_next_frame():
    counts = count_units([np.array([1.0, 2.0])], np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    assert counts[:, 0].tolist() == [1, 1]


@given(spikes=TRAIN, cuts=st.lists(TIMES, min_size=2, unique=True).map(sorted))
def test_frames_without_a_gap_share_out_every_spike_once(spikes, cuts):
    counts = count_units([spikes], np.array(cuts[:-1]), np.array(cuts[1:]))
    assert counts.sum() == np.sum((spikes >= cuts[0]) & (spikes < cuts[-1]))


def test_counts_take_the_smallest_type_that_holds_them():
    for n, kind in ((255, "uint8"), (256, "uint16"), (70_000, "uint32")):
        counts = count_units([np.zeros(1), np.zeros(n)], np.array([[0.0, 1.0]]), np.array([[1.0, 2.0]]))
        assert counts.dtype == kind
        assert counts[0].tolist() == [[1, n], [0, 0]]


def test_no_units_make_an_empty_axis():
    assert count_units([], np.zeros((2, 3)), np.ones((2, 3))).shape == (2, 3, 0)


def test_whole_numbers_kept_as_floats_are_counts():
    counts = whole_counts(np.array([0.0, 2.0]), "file")
    assert counts.dtype.kind == "i"
    assert counts.tolist() == [0, 2]


def test_what_is_not_a_spike_count_is_refused():
    bad = (([0.5], "0.5"), ([np.nan], "nan"), ([1, -2], "-2"), (["3"], "<U1"), ([1e300], "1e\\+300"), ([True], "bool"))
    for values, named in bad:
        with pytest.raises(InputError, match=f"^file.*{named}"):
            whole_counts(np.array(values), "file")
