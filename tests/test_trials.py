"""Draws that can be repeated alone, the published draws, and index arithmetic."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lorafb import draws, trials

RUNS = Path(__file__).parent / "golden" / "tsrsa"


def runs_with(draw):
    runs = [json.loads(path.read_text()) for path in sorted(RUNS.glob("*.json"))]
    return [run for run in runs if draw in run.get("draws", {})]


def option(run, name):
    words = run["command"].split()
    return int(words[words.index(name) + 1])


def test_published_clips_start_where_the_published_code_started_them():
    for run in runs_with("clip_start"):
        drawn = run["draws"]["clip_start"]
        starts = draws.clip_starts(run["stimulus"]["frames"], option(run, "--clip-len"), len(drawn), "published")
        assert_array_equal(starts, drawn)


def test_published_orders_are_those_of_the_published_code():
    for run in runs_with("shuffle_index"):
        drawn = run["draws"]["shuffle_index"]
        orders = draws.shuffled_orders(run["stimulus"]["frames"], option(run, "--window"), len(drawn), "published")
        assert_array_equal(orders, drawn)


def test_published_replaced_frames_are_those_of_the_published_code():
    for run in runs_with("replace_index"):
        drawn = run["draws"]["replace_index"]
        frames = draws.replaced_frames(run["stimulus"]["frames"], option(run, "--window"), len(drawn), "published")
        assert_array_equal(frames, drawn)


movies = st.integers(4, 60)
modes = st.sampled_from(["published", "independent"])


@given(n_frames=movies, data=st.data(), mode=modes, seed=st.integers(0, 2**32 - 1))
def test_frames_stay_in_their_windows(n_frames, data, mode, seed):
    window = data.draw(st.integers(1, n_frames))
    for order in draws.shuffled_orders(n_frames, window, 3, mode, seed):
        assert_array_equal(np.sort(order), np.arange(n_frames))
        assert_array_equal(order // window, np.arange(n_frames) // window)


@given(n_frames=movies, data=st.data(), mode=modes, seed=st.integers(0, 2**32 - 1))
def test_one_frame_is_replaced_in_each_window(n_frames, data, mode, seed):
    window = data.draw(st.integers(1, n_frames))
    for frames in draws.replaced_frames(n_frames, window, 3, mode, seed):
        assert_array_equal(frames // window, np.arange(-(-n_frames // window)))
        assert frames.max() < n_frames


@given(n_frames=movies, data=st.data(), mode=modes, skip_frames=st.integers(0, 1))
def test_all_clips_of_a_length_are_drawn_once_and_never_hold_a_skipped_frame(n_frames, data, mode, skip_frames):
    length = data.draw(st.integers(3, n_frames - skip_frames))
    n_starts = n_frames - skip_frames - length + 1
    starts = draws.clip_starts(n_frames, length, n_starts, mode, skip_frames=skip_frames)
    assert_array_equal(np.sort(starts), np.arange(n_starts))
    clips = [trial.scored for trial in trials.clips(n_frames, length, n_starts, mode, skip_frames=skip_frames)]
    assert_array_equal([clip[0] - skip_frames for clip in clips], starts)
    assert {len(clip) for clip in clips} == {length}
    assert min(clip[0] for clip in clips) == skip_frames
    assert max(clip[-1] for clip in clips) == n_frames - 1


def test_an_independent_trial_does_not_depend_on_how_many_are_drawn():
    assert_array_equal(draws.shuffled_orders(90, 10, 5)[:2], draws.shuffled_orders(90, 10, 2))
    assert_array_equal(draws.replaced_frames(90, 7, 5)[:2], draws.replaced_frames(90, 7, 2))
    assert_array_equal(draws.clip_starts(90, 20, 5)[:2], draws.clip_starts(90, 20, 2))
    many, few = draws.half_orders({"visp": 30}, 5), draws.half_orders({"visl": 9, "visp": 30}, 2)
    assert_array_equal(many["visp"][:2], few["visp"])


def test_one_independent_trial_can_be_repeated_alone():
    random = draws.stream(seed=7, experiment="shuffle", window=90, trial=3)
    assert_array_equal(random.permutation(90), draws.shuffled_orders(90, 90, 4, seed=7)[3])


def test_seed_experiment_window_and_trial_each_give_another_stream():
    keys = [(1, "shuffle", 10, 0), (2, "shuffle", 10, 0), (1, "replace", 10, 0), (1, "shuffle", 11, 0)]
    keys.append((1, "shuffle", 10, 1))
    assert len({draws.stream(*key).integers(2**62) for key in keys}) == len(keys)


def test_units_and_repeats_are_split_by_other_streams():
    units, repeats = (draws.half_orders({"visp": 30}, 1, of)["visp"] for of in ("units", "repeats"))
    assert (units != repeats).any()


def test_halves_in_each_clip_are_other_ones():
    orders = draws.clip_half_orders("visp", 12, 2, 4, n_starts=20)
    assert orders.shape == (2, 4, 12)
    assert len({tuple(order) for order in orders.reshape(8, 12)}) == 8


def test_a_short_last_window_is_replaced_evenly_by_independent_draws_and_at_its_end_by_published_ones():
    independent = draws.replaced_frames(12, 10, 400)[:, 1]
    published = draws.replaced_frames(12, 10, 400, "published")[:, 1]
    assert 0.4 < (independent == 11).mean() < 0.6
    assert (published == 11).mean() > 0.8


def test_state_loses_the_first_frame_shown_and_stillness_the_movies_first():
    for feed in ("stateful", "clip", "still"):
        for trial in trials.shuffles(9, 4, 3, feed):
            left_out = 0 if feed == "still" else trial.order[0]
            assert_array_equal(np.sort(trial.recorded), np.delete(np.arange(9), left_out))
            assert_array_equal(trial.order[trial.scored], trial.recorded)
            assert trial.labels["chaos"] == trials.chaos(trial.order)


def test_chaos_is_zero_in_order_and_two_in_reverse():
    assert trials.chaos(np.arange(9)) == 0
    assert trials.chaos(np.arange(9)[::-1]) == 2


@given(order=st.permutations(range(9)))
def test_chaos_is_one_minus_spearman(order):
    spearman = np.corrcoef(order, range(9))[0, 1]
    assert trials.chaos(np.array(order)) == pytest.approx(1 - spearman, abs=1e-12)


def test_a_front_is_all_that_was_shown_but_its_first_frame():
    front = trials.front(10, 5)
    assert_array_equal(front.order, np.arange(5))
    assert_array_equal(front.scored, [1, 2, 3, 4])
    assert_array_equal(front.recorded, [1, 2, 3, 4])
    assert_array_equal(trials.original(4).recorded, [1, 2, 3])
    assert_array_equal(trials.scenes(4).recorded, [0, 1, 2, 3])


def test_one_frame_a_window_comes_from_the_noise_movie_and_meets_the_recorded_frame_of_its_number():
    drawn = trials.replacements(12, 5, 3, ["black", "static"], seed=4)
    assert [(one.labels["replacement"], one.labels["trial"]) for one in drawn] == [
        (kind, trial) for kind in ("black", "static") for trial in range(3)
    ]
    for one, replaced in zip(drawn, np.tile(draws.replaced_frames(12, 5, 3, seed=4), (2, 1)), strict=True):
        assert_array_equal(np.flatnonzero(one.order >= 12), replaced)
        assert_array_equal(one.order % 12, np.arange(12))
        assert_array_equal(one.recorded, np.arange(1, 12))
        assert one.labels["ratio"] == 0.2


def test_a_trial_is_part_of_a_pass_only_where_the_network_gives_the_same_responses_there():
    movie, front = np.arange(12), trials.front(12, 7)
    for feed, chunk, fits in (("stateful", 1, True), ("still", 1, True), ("clip", 5, False), ("clip", 7, True)):
        part = front.within(movie, feed, chunk)
        assert (part is not None) == fits
        if part is not None:
            assert_array_equal(part.order[part.scored], front.recorded)
    assert trials.front(12, 12).within(movie, "clip", 5) is not None
    (shuffle,) = trials.shuffles(12, 12, 1, "stateful")
    assert shuffle.within(movie, "stateful") is None
    assert shuffle.within(movie, "clip", 5) is None
    (shuffle,) = trials.shuffles(12, 12, 1, "still")
    part = shuffle.within(movie, "still")
    assert_array_equal(part.scored, shuffle.recorded)
    (replaced,) = trials.replacements(12, 4, 1, ["black"])
    assert replaced.within(movie, "still") is None
    part = replaced.within(trials.with_noise(12, "black").order, "still")
    assert_array_equal(part.scored, replaced.order[1:])


def test_a_base_table_leaves_out_lengths_that_do_not_fit_the_movie():
    drawn = trials.base(20, [10, 60], 2, [3, 4, 20, 90])
    assert [(one.experiment, one.labels.get("length")) for one in drawn] == [
        ("original", None),
        ("clip", 10),
        ("clip", 10),
        ("front", 4),
        ("front", 20),
    ]


def test_what_cannot_be_drawn_is_refused():
    refused = [
        (lambda: draws.shuffled_orders(900, 0, 1), "window 0 is no window"),
        (lambda: draws.shuffled_orders(900, 1200, 1), "window 1200 is longer than the movie .900 frames.*1 to 900"),
        (lambda: draws.replaced_frames(900, 901, 1), "window 901 is longer than the movie"),
        (lambda: draws.clip_starts(900, 900, 1), "clip of 900 frames.*3 to 899"),
        (lambda: draws.clip_starts(900, 2, 1), "clip of 2 frames.*3 to 899"),
        (lambda: draws.clip_starts(900, 890, 11), "11 different clips of 890 frames.*10 starts"),
        (lambda: trials.front(900, 901), "front of 901 frames.*4 to 900"),
        (lambda: trials.front(900, 3), "front of 3 frames"),
        (lambda: draws.shuffled_orders(9, 3, 0), "0 trials"),
        (lambda: draws.shuffled_orders(9, 3, 1, "publshed"), "draws 'publshed'"),
    ]
    for call, message in refused:
        with pytest.raises(ValueError, match=message):
            call()
