"""Stimulus files: frames go in and out a few at a time."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lorafb.artefacts import stimuli
from lorafb.artefacts.provenance import Provenance
from lorafb.artefacts.stimuli import LazyFrames, Stimulus


def numbered(number):
    return np.full((4, 6, 3), number, np.uint8)


@pytest.mark.parametrize("positions", [slice(3, 7), slice(None), np.array([0, 5, 199]), slice(190, 500)])
def test_frames_that_are_made_are_taken_as_those_of_an_array(positions):
    made = LazyFrames((200, 4, 6, 3), numbered)
    assert len(made) == 200
    assert made.dtype == np.uint8
    assert_array_equal(made[positions], np.stack([numbered(number) for number in range(200)])[positions])


def test_a_stimulus_is_written_without_ever_being_whole_in_memory(tmp_path):
    asked = []
    made = LazyFrames((200, 4, 6, 3), lambda number: asked.append(number) or np.full((4, 6, 3), number, np.uint8))
    taken = []

    class Watched(LazyFrames):
        def __getitem__(self, positions):
            block = super().__getitem__(positions)
            taken.append(len(block))
            return block

    stimuli.write(Stimulus(Watched(made.shape, made.make), 30.0, "numbers"), tmp_path / "movie.h5", Provenance())
    assert asked == list(range(200))
    assert max(taken) == stimuli.BLOCK
    assert_array_equal(stimuli.read(tmp_path / "movie.h5").frames[:, 0, 0, 0], np.arange(200))


@pytest.mark.parametrize("shape", [(70, 5, 7, 3), (70, 5, 7)])
def test_colour_and_grey_come_back_as_they_were(shape, tmp_path):
    frames = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    stimuli.write(Stimulus(frames, 24.0, "noise"), tmp_path / "movie.h5", Provenance())
    with stimuli.opened(tmp_path / "movie.h5") as movie:
        assert_array_equal(movie.frames[60:68], frames[60:68])
        assert_array_equal(movie.pixels, frames)
        assert (movie.rate_hz, movie.source) == (24.0, "noise")
