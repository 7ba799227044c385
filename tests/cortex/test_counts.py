"""Spikes counted in presentations: against a plain loop, and on the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lorafb.cortex.counts import count_spikes, count_units, in_steps, whole_counts
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


@given(spikes=TRAIN, rows=ROWS)
def test_counting_agrees_with_a_loop_over_spikes_even_on_edges(spikes, rows):
    start, stop = edges(rows)
    assert count_spikes(spikes, start, stop).tolist() == by_loop(spikes, start, stop)


@given(trains=st.lists(TRAIN, min_size=1, max_size=4), rows=ROWS)
def test_counting_many_units_agrees_with_a_loop_over_spikes(trains, rows):
    start, stop = edges(rows)
    counts = count_units(iter(trains), start[None], stop[None])
    assert counts.shape == (1, len(rows), len(trains))
    assert_array_equal(counts[0].T, [by_loop(spikes, start, stop) for spikes in trains])


def test_a_spike_at_the_start_counts_and_one_at_the_stop_belongs_to_the_next_frame():
    assert count_spikes(np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([2.0, 3.0])).tolist() == [1, 1]


@given(spikes=TRAIN, cuts=st.lists(TIMES, min_size=2, unique=True).map(sorted))
def test_frames_without_a_gap_share_out_every_spike_once(spikes, cuts):
    counts = count_spikes(spikes, np.array(cuts[:-1]), np.array(cuts[1:]))
    assert counts.sum() == np.sum((spikes >= cuts[0]) & (spikes < cuts[-1]))


@given(spikes=TRAIN, rows=ROWS, steps=st.integers(1, 9))
def test_steps_of_a_presentation_share_out_its_spikes_once(spikes, rows, steps):
    start, stop = edges(rows)
    begin, end = in_steps(start, stop, steps)
    assert begin.shape == end.shape == (len(rows), steps)
    assert_array_equal(begin[:, 0], start)
    counts = count_units([spikes], begin, end)
    assert_array_equal(counts[:, :, 0].sum(axis=1), count_spikes(spikes, start, stop))


def test_eight_steps_of_a_scene_are_a_thirty_second_of_a_second_each():
    counts = count_units([np.array([1.0, 1.03, 1.03125, 1.24])], *in_steps(np.array([1.0]), np.array([1.25]), 8))
    assert counts[0, :, 0].tolist() == [2, 1, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(("n", "kind"), [(255, "uint8"), (256, "uint16"), (70_000, "uint32")])
def test_counts_take_the_smallest_type_that_holds_them(n, kind):
    trains = [np.zeros(1), np.zeros(n)]
    counts = count_units(trains, np.array([[0.0, 1.0]]), np.array([[1.0, 2.0]]))
    assert counts.dtype == kind
    assert counts[0].tolist() == [[1, n], [0, 0]]


def test_no_units_make_an_empty_axis():
    assert count_units([], np.zeros((2, 3)), np.ones((2, 3))).shape == (2, 3, 0)


def test_whole_numbers_kept_as_floats_are_counts():
    counts = whole_counts(np.array([0.0, 2.0]), "file")
    assert counts.dtype.kind == "i"
    assert counts.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("values", "told"),
    [([0.5], "0.5"), ([np.nan], "nan"), ([1, -2], "-2"), (["3"], "<U1"), ([1e300], "1e\\+300"), ([True], "bool")],
)
def test_what_is_no_spike_count_is_refused(values, told):
    with pytest.raises(InputError, match=f"^file.*{told}"):
        whole_counts(np.array(values), "file")
