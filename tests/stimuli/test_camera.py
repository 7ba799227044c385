import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image

from lorafb.stimuli import camera, photographs
from lorafb.stimuli.camera import Pose, view

SPECKLE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
MOVIE = photographs.regions("movie")


def test_a_camera_straight_above_at_scale_one_sees_the_pixels_themselves():
    assert_array_equal(view(Image.fromarray(SPECKLE), Pose(20, 25, 1.0, 0.0), size=16), SPECKLE[12:28, 17:33])


def test_half_a_pixel_to_the_right_is_the_mean_of_two_neighbours():
    seen = view(Image.fromarray(SPECKLE), Pose(20, 25.5, 1.0, 0.0), size=16)
    mean = (SPECKLE[12:28, 17:33].astype(float) + SPECKLE[12:28, 18:34]) / 2
    assert np.abs(seen - mean).max() <= 0.5


def test_a_quarter_turn_of_the_camera_turns_the_picture_anti_clockwise():
    seen = view(Image.fromarray(SPECKLE), Pose(20, 25, 1.0, np.pi / 2), size=16)
    assert np.abs(seen.astype(int) - np.rot90(SPECKLE[12:28, 17:33])).max() <= 1


def test_two_samples_at_scale_two_are_the_means_of_blocks_of_four():
    seen = view(Image.fromarray(SPECKLE), Pose(20, 25, 2.0, 0.0), size=8, samples=2)
    blocks = SPECKLE[12:28, 17:33].reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
    assert np.abs(seen - blocks).max() <= 0.5


@settings(max_examples=15, deadline=None)
@given(
    height=st.integers(20, 90),
    width=st.integers(20, 90),
    size=st.sampled_from([8, 16, 33]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_camera_never_sees_past_the_edge(height, width, size, seed):
    white = np.full((height, width, 3), 255, dtype=np.uint8)
    assert camera.movie([white], 40, 10.0, size, seed).min() == 255
    assert camera.scene([white], 3, size, seed).min() == 255


def test_the_same_seed_films_the_same_movie_and_another_seed_another():
    first = camera.movie(MOVIE, 30, 30.0, 32, seed=1)
    assert first.shape == (30, 32, 32, 3)
    assert first.dtype == np.uint8
    assert_array_equal(first, camera.movie(MOVIE, 30, 30.0, 32, seed=1))
    assert not np.array_equal(first, camera.movie(MOVIE, 30, 30.0, 32, seed=2))


def test_a_longer_movie_begins_with_the_shorter_one():
    assert_array_equal(camera.movie(MOVIE, 130, 30.0, 32, seed=3)[:70], camera.movie(MOVIE, 70, 30.0, 32, seed=3))


def test_twice_the_rate_films_the_same_shots_twice_as_often():
    assert_array_equal(camera.movie(MOVIE, 120, 60.0, 32, seed=3)[::2], camera.movie(MOVIE, 60, 30.0, 32, seed=3))


def test_a_movie_moves_smoothly_but_at_its_cuts():
    movie = camera.movie(MOVIE, 300, 30.0, 64, seed=1).astype(float)
    change = np.abs(np.diff(movie, axis=0)).mean(axis=(1, 2, 3))
    cuts = change > 40
    assert 10 / camera.SHOT_S[1] - 1 <= cuts.sum() <= 10 / camera.SHOT_S[0]
    assert 2 < np.median(change[~cuts]) < 20
    jerk = np.abs(np.diff(np.log(change)))[~(cuts[1:] | cuts[:-1])]
    assert np.median(jerk) < 0.1


def test_frames_near_in_time_are_more_alike_than_frames_apart():
    pixels = camera.movie(MOVIE, 300, 30.0, 32, seed=1).reshape(300, -1)
    r = np.corrcoef(pixels)
    near, middling, far = (np.diagonal(r, lag).mean() for lag in (1, 15, 90))
    assert near > 0.85
    assert near > middling + 0.2 > far + 0.2


def test_scenes_are_unrelated():
    scenes = np.stack([camera.scene(MOVIE, number, 32, seed=5) for number in range(40)])
    r = np.corrcoef(scenes.reshape(40, -1))
    assert abs(np.diagonal(r, 1).mean()) < 0.3
    assert np.unique(scenes, axis=0).shape == scenes.shape


def test_a_view_without_contrast_is_drawn_again():
    empty, full = np.full((1, 4, 4, 3), 9), np.zeros((1, 4, 4, 3))
    full[:, ::2] = 255
    assert camera.contrasted(lambda number: full if number == 3 else empty) == 3


def test_where_no_view_has_contrast_the_best_one_is_taken():
    ramp = np.arange(4.0)[None, :, None, None] * np.ones((1, 4, 4, 3))
    assert camera.contrasted(lambda number: ramp * (number == 5)) == 5


@pytest.mark.parametrize(("frames", "rate", "size"), [(0, 30.0, 8), (3, 0.0, 8), (3, 30.0, 0)])
def test_a_movie_of_nothing_is_refused(frames, rate, size):
    with pytest.raises(ValueError, match="expected each above 0"):
        camera.movie(MOVIE, frames, rate, size, seed=1)
