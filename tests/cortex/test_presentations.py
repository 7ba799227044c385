"""Rows of a presentation table cut into whole repeats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lorafb.cortex.presentations import Presentations, movie_repeats, scene_repeats
from lorafb.files import InputError


def presentations(frame, start=None, block=None, frame_s=0.5):
    frame = np.asarray(frame)
    start = np.arange(len(frame)) * frame_s if start is None else np.asarray(start, float)
    block = np.zeros(len(frame)) if block is None else np.asarray(block, float)
    return Presentations("session.nwb: table movie", start, start + frame_s, frame, block)


def test_frame_numbers_separate_repeats_without_a_pause():
    repeats = movie_repeats(presentations([0, 1, 2, 0, 1, 2]))
    assert_array_equal(repeats.start, [[0, 0.5, 1], [1.5, 2, 2.5]])
    assert_array_equal(repeats.stop, repeats.start + 0.5)
    assert repeats.left_out == ()
    assert repeats.rate_hz == 2


def test_a_repeat_that_lacks_a_frame_is_named_and_left_out():
    repeats = movie_repeats(presentations([0, 1, 2, 0, 2, 0, 1, 2], [0, 0.5, 1, 10, 11, 20, 20.5, 21]))
    assert_array_equal(repeats.start[:, 0], [0, 20])
    assert repeats.left_out == ("repeat 1 (from 10.000 s) lacks 1 of 3 frames, the first is 1",)


@given(removed=st.integers(0, 19), n_repeats=st.just(4))
def test_whichever_row_is_missing_only_its_repeat_is_left_out(removed, n_repeats):
    rows = np.delete(np.arange(5 * n_repeats), removed)
    repeats = movie_repeats(presentations(rows % 5, rows * 0.5), n_frames=5)
    assert_array_equal(repeats.start[:, 0], np.delete(np.arange(n_repeats) * 2.5, removed // 5))
    assert len(repeats.left_out) == 1


@given(removed=st.sets(st.integers(0, 39), max_size=36))
def test_no_repeat_is_made_from_two(removed):
    rows = np.setdiff1d(np.arange(40), list(removed))
    whole = [r for r in range(8) if not removed & set(range(5 * r, 5 * r + 5))]
    movie = presentations(rows % 5, rows * 0.5)
    if whole:
        assert_array_equal(movie_repeats(movie, 5).start[:, 0], np.array(whole) * 2.5)
    else:
        with pytest.raises(InputError, match="no repeat is whole"):
            movie_repeats(movie, 5)


def test_a_movie_stopped_half_way_and_continued_later_is_not_a_repeat():
    repeats = movie_repeats(presentations([0, 1, 2, 3, 0, 1, 2, 3], [0, 0.5, 60, 60.5, 70, 70.5, 71, 71.5]))
    assert_array_equal(repeats.start, [[70, 70.5, 71, 71.5]])
    assert len(repeats.left_out) == 2


def test_a_repeat_never_crosses_two_blocks():
    repeats = movie_repeats(presentations([0, 1, 2, 0, 1, 2], block=[1, 1, 2, 2, 2, 2]))
    assert_array_equal(repeats.start, [[1.5, 2, 2.5]])


def test_a_last_frame_missing_in_every_repeat_shows_when_the_length_is_known():
    movie = presentations([0, 1, 0, 1])
    assert len(movie_repeats(movie).start) == 2
    with pytest.raises(
        InputError, match=r"^session.nwb: table movie: no repeat is whole: .* lacks 1 of 3 .* and 1 more$"
    ):
        movie_repeats(movie, 3)


def test_a_frame_beyond_the_movie_means_another_movie():
    with pytest.raises(InputError, match="shows frame 2, expected 0 to 1"):
        movie_repeats(presentations([0, 1, 2]), 2)


def test_a_table_without_frames_is_refused():
    with pytest.raises(InputError, match="table movie: shows no frame"):
        movie_repeats(presentations([]))


def test_scenes_in_random_order_are_sorted_by_scene_and_time():
    repeats = scene_repeats(presentations([2, 0, 1, 1, 2, 0, 1], [0, 1, 2, 3, 4, 5, 6]))
    assert_array_equal(repeats.start, [[1, 2, 0], [5, 3, 4]])
    assert len(repeats.left_out) == 1  # scene 1 came a third time


@given(order=st.permutations([scene for scene in range(4) for _ in range(3)]))
def test_every_order_of_scenes_makes_the_same_number_of_repeats(order):
    repeats = scene_repeats(presentations(order))
    assert repeats.start.shape == (3, 4)
    assert (np.diff(repeats.start, axis=0) > 0).all()
    assert_array_equal(np.array(order)[(repeats.start / 0.5).astype(int)], np.tile(range(4), (3, 1)))
