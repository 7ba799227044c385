import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import norm

from lorafb.files import InputError
from lorafb.stimuli import photographs
from lorafb.stimuli.noise import KINDS, noise

MOVIE = photographs.regions("movie")


@pytest.mark.parametrize("kind", KINDS)
def test_frame_k_does_not_depend_on_the_length(kind):
    long = noise(kind, 9, (24, 24), 7, MOVIE)
    assert long[:].shape == long.shape == (9, 24, 24, 3)
    assert long[:].dtype == np.uint8
    assert_array_equal(long[2:4], noise(kind, 4, (24, 24), 7, MOVIE)[2:4])


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "static"])
def test_frames_and_seeds_differ(kind):
    frames = noise(kind, 6, (24, 24), 7, MOVIE)[:]
    assert len(np.unique(frames, axis=0)) == 6
    assert not np.array_equal(frames, noise(kind, 6, (24, 24), 8, MOVIE)[:])


def test_gaussian_has_the_moments_of_a_normal_clipped_at_two_deviations():
    frames = noise("gaussian", 50, (40, 40), 1)[:].astype(float)
    inside, outside = norm.cdf(2) - norm.cdf(-2), 2 * norm.sf(2)
    deviation = 63.75 * np.sqrt(inside - 4 * norm.pdf(2) + 4 * outside)
    assert frames.mean() == pytest.approx(127.5, abs=0.5)
    assert frames.std() == pytest.approx(deviation, abs=0.5)


def test_uniform_uses_every_value_alike():
    counts = np.bincount(noise("uniform", 50, (40, 40), 1)[:].ravel(), minlength=256)
    expected = counts.sum() / 256
    assert ((counts - expected) ** 2 / expected).sum() < 330  # the 99.9 % point of chi squared, 255 degrees of freedom


def test_values_are_drawn_alone_in_space_time_and_colour():
    frames = noise("gaussian", 40, (32, 32), 1)[:].astype(float) - 127.5
    for axis in range(4):
        moved = np.roll(frames, 1, axis=axis)
        assert abs((frames * moved).mean() / frames.var()) < 0.01


def test_black_is_black():
    assert not noise("black", 3, (8, 8), 1)[:].any()


def test_unknown_kinds_and_static_without_photographs_are_refused():
    with pytest.raises(InputError, match="did you mean 'gaussian'"):
        noise("gausian", 2, (8, 8), 1)
    with pytest.raises(InputError, match="no photographs"):
        noise("static", 2, (8, 8), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_need_not_be_square(kind):
    assert noise(kind, 2, (12, 20), 1, MOVIE)[:].shape == (2, 12, 20, 3)
