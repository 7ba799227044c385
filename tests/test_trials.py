"""Draws that can be repeated alone, the published draws, and index arithmetic."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lorafb import trials

RUNS = Path(__file__).parent / "golden" / "tsrsa"


def runs_with(draw):
    runs = {path.stem: json.loads(path.read_text()) for path in sorted(RUNS.glob("*.json"))}
    return [pytest.param(run, id=name) for name, run in runs.items() if draw in run.get("draws", {})]


def option(run, name):
    words = run["command"].split()
    return int(words[words.index(name) + 1])


@pytest.mark.parametrize("run", runs_with("clip_start"))
def test_published_clips_start_where_the_published_code_started_them(run):
    drawn = run["draws"]["clip_start"]
    starts = trials.clip_starts(run["stimulus"]["frames"], option(run, "--clip-len"), len(drawn), "published")
    assert_array_equal(starts, drawn)


@pytest.mark.parametrize("run", runs_with("shuffle_index"))
def test_published_orders_are_those_of_the_published_code(run):
    drawn = run["draws"]["shuffle_index"]
    orders = trials.shuffled_orders(run["stimulus"]["frames"], option(run, "--window"), len(drawn), "published")
    assert_array_equal(orders, drawn)


@pytest.mark.parametrize("run", runs_with("replace_index"))
def test_published_replaced_frames_are_those_of_the_published_code(run):
    drawn = run["draws"]["replace_index"]
    frames = trials.replaced_frames(run["stimulus"]["frames"], option(run, "--window"), len(drawn), "published")
    assert_array_equal(frames, drawn)


movies = st.integers(4, 60)
draws = st.sampled_from(["published", "independent"])


@given(n_frames=movies, data=st.data(), draws=draws, seed=st.integers(0, 2**32 - 1))
def test_frames_stay_in_their_windows(n_frames, data, draws, seed):
    window = data.draw(st.integers(1, n_frames))
    for order in trials.shuffled_orders(n_frames, window, 3, draws, seed):
        assert_array_equal(np.sort(order), np.arange(n_frames))
        assert_array_equal(order // window, np.arange(n_frames) // window)


@given(n_frames=movies, data=st.data(), draws=draws, seed=st.integers(0, 2**32 - 1))
def test_one_frame_is_replaced_in_each_window(n_frames, data, draws, seed):
    window = data.draw(st.integers(1, n_frames))
    for frames in trials.replaced_frames(n_frames, window, 3, draws, seed):
        assert_array_equal(frames // window, np.arange(-(-n_frames // window)))
        assert frames.max() < n_frames


@given(n_frames=movies, data=st.data(), draws=draws, skip_frames=st.integers(0, 1))
def test_all_clips_of_a_length_are_drawn_once_and_never_hold_a_skipped_frame(n_frames, data, draws, skip_frames):
    length = data.draw(st.integers(3, n_frames - skip_frames))
    n_starts = n_frames - skip_frames - length + 1
    starts = trials.clip_starts(n_frames, length, n_starts, draws, skip_frames=skip_frames)
    assert_array_equal(np.sort(starts), np.arange(n_starts))
    clips = [trials.clip_frames(start, length, skip_frames) for start in starts]
    assert {len(clip) for clip in clips} == {length}
    assert min(clip[0] for clip in clips) == skip_frames
    assert max(clip[-1] for clip in clips) == n_frames - 1


def test_an_independent_trial_does_not_depend_on_how_many_are_drawn():
    assert_array_equal(trials.shuffled_orders(90, 10, 5)[:2], trials.shuffled_orders(90, 10, 2))
    assert_array_equal(trials.replaced_frames(90, 7, 5)[:2], trials.replaced_frames(90, 7, 2))
    assert_array_equal(trials.clip_starts(90, 20, 5)[:2], trials.clip_starts(90, 20, 2))
    many, few = trials.half_orders({"visp": 30}, 5), trials.half_orders({"visl": 9, "visp": 30}, 2)
    assert_array_equal(many["visp"][:2], few["visp"])


def test_one_independent_trial_can_be_repeated_alone():
    random = trials.stream(seed=7, experiment="shuffle", window=90, trial=3)
    assert_array_equal(random.permutation(90), trials.shuffled_orders(90, 90, 4, seed=7)[3])


def test_seed_experiment_window_and_trial_each_give_another_stream():
    keys = [(1, "shuffle", 10, 0), (2, "shuffle", 10, 0), (1, "replace", 10, 0), (1, "shuffle", 11, 0)]
    keys.append((1, "shuffle", 10, 1))
    assert len({trials.stream(*key).integers(2**62) for key in keys}) == len(keys)


def test_units_and_repeats_are_split_by_other_streams():
    units, repeats = (trials.half_orders({"visp": 30}, 1, of)["visp"] for of in ("units", "repeats"))
    assert (units != repeats).any()


def test_halves_in_each_clip_are_other_ones():
    starts = trials.clip_starts(30, 10, 2)
    orders = trials.clip_half_orders("visp", 12, starts, 4, n_starts=20)
    assert orders.shape == (2, 4, 12)
    assert len({tuple(order) for order in orders.reshape(8, 12)}) == 8


def test_a_short_last_window_is_replaced_evenly_by_independent_draws_and_at_its_end_by_published_ones():
    independent = trials.replaced_frames(12, 10, 400)[:, 1]
    published = trials.replaced_frames(12, 10, 400, "published")[:, 1]
    assert 0.4 < (independent == 11).mean() < 0.6
    assert (published == 11).mean() > 0.8


def test_state_loses_the_first_frame_shown_and_stillness_the_movies_first():
    order = np.array([2, 0, 1, 3])
    assert_array_equal(order[trials.scored_positions(order, "stateful")], [0, 1, 3])
    assert_array_equal(order[trials.scored_positions(order, "clip")], [0, 1, 3])
    assert_array_equal(order[trials.scored_positions(order, "still")], [2, 1, 3])


def test_chaos_is_zero_in_order_and_two_in_reverse():
    assert trials.chaos(np.arange(9)) == 0
    assert trials.chaos(np.arange(9)[::-1]) == 2


@given(order=st.permutations(range(9)))
def test_chaos_is_one_minus_spearman(order):
    spearman = np.corrcoef(order, range(9))[0, 1]
    assert trials.chaos(np.array(order)) == pytest.approx(1 - spearman, abs=1e-12)


def test_a_front_is_all_that_was_shown_but_its_first_frame():
    assert_array_equal(trials.front_frames(10, 5), [1, 2, 3, 4])
    assert_array_equal(trials.movie_frames(4), [1, 2, 3])
    assert trials.ratio(5) == 0.2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trials.shuffled_orders(900, 0, 1), "window 0 is no window"),
        (lambda: trials.shuffled_orders(900, 1200, 1), "window 1200 is longer than the movie .900 frames.*1 to 900"),
        (lambda: trials.replaced_frames(900, 901, 1), "window 901 is longer than the movie"),
        (lambda: trials.clip_starts(900, 900, 1), "clip of 900 frames.*3 to 899"),
        (lambda: trials.clip_starts(900, 2, 1), "clip of 2 frames.*3 to 899"),
        (lambda: trials.clip_starts(900, 890, 11), "11 different clips of 890 frames.*10 starts"),
        (lambda: trials.front_frames(900, 901), "front of 901 frames.*4 to 900"),
        (lambda: trials.front_frames(900, 3), "front of 3 frames"),
        (lambda: trials.shuffled_orders(9, 3, 0), "0 trials"),
        (lambda: trials.shuffled_orders(9, 3, 1, "publshed"), "draws 'publshed'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
