import time

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from PIL import Image

from lorafb.files import InputError
from lorafb.stimuli.camera import Pose, view
from lorafb.training import motion
from lorafb.training.motion import MOTIONS, Task

torch.set_num_threads(1)

SMALL = Task(training_clips=16, test_clips=8, frames=6, size=32)
MIDDLE = Pose(60, 60, 1.0, 0.7)


def spot(motion_name, row, column):
    """Film a bright spot that lies right and above of the middle of the frame; its (row, column) in each frame."""
    cosine, sine = np.cos(MIDDLE.angle), np.sin(MIDDLE.angle)
    down, right = row - 15.5, column - 15.5
    y, x = MIDDLE.y + right * sine + down * cosine, MIDDLE.x + right * cosine - down * sine
    rows, columns = np.mgrid[:120, :120]
    bright = 255 * np.exp(-((rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2) / 8)
    picture = Image.fromarray(np.repeat(bright[..., None], 3, axis=2).astype(np.uint8))
    frames = [view(picture, pose, 32)[..., 0].astype(float) for pose in motion.path(motion_name, MIDDLE, 0.0, 5)]
    return np.array([[(f * axis).sum() / f.sum() for axis in np.mgrid[:32, :32]] for f in frames])


@pytest.mark.parametrize(
    ("name", "step"), [("left", (0, -1.5)), ("right", (0, 1.5)), ("up", (-1.5, 0)), ("down", (1.5, 0))]
)
def test_a_picture_that_moves_left_moves_left_in_the_frame(name, step):
    place = spot(name, 15.5, 15.5)
    assert np.diff(place, axis=0) == pytest.approx(np.tile(step, (4, 1)), abs=0.05)
    assert place[2] == pytest.approx((15.5, 15.5), abs=0.05)


@pytest.mark.parametrize(("name", "growth"), [("zoom in", 0.02), ("zoom out", -0.02)])
def test_zooming_in_carries_a_spot_away_from_the_middle(name, growth):
    distance = np.hypot(*(spot(name, 8, 20) - 15.5).T)
    assert np.diff(np.log(distance)) == pytest.approx(np.full(4, growth), abs=0.005)


@pytest.mark.parametrize(("name", "turn"), [("clockwise", 2.5), ("anti-clockwise", -2.5)])
def test_clockwise_is_as_a_clock_shows_it(name, turn):
    down, right = (spot(name, 8, 20) - 15.5).T
    assert np.diff(np.rad2deg(np.arctan2(down, right))) == pytest.approx(np.full(4, turn), abs=0.3)


@pytest.mark.parametrize("kind", range(4))
def test_opposite_motions_show_the_same_frames_in_reverse(kind):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 120, 3), dtype=np.uint8))
    forth, back = (
        np.stack([view(picture, pose, 32) for pose in motion.path(name, MIDDLE, 0.6, 16)])
        for name in MOTIONS[2 * kind : 2 * kind + 2]
    )
    assert_array_equal(forth, back[::-1])
    assert not np.array_equal(forth, back)


def test_a_clip_is_a_function_of_split_number_and_seed():
    clips = motion.clips(SMALL, "training", seed=4)
    assert_array_equal(clips.frames[5].permute(0, 2, 3, 1), motion.clip(SMALL, "training", 5, seed=4))
    assert not np.array_equal(motion.clip(SMALL, "training", 5, seed=4), motion.clip(SMALL, "training", 5, seed=5))
    assert not np.array_equal(motion.clip(SMALL, "training", 5, seed=4), motion.clip(SMALL, "test", 5, seed=4))
    assert not np.array_equal(motion.clip(SMALL, "training", 5, seed=4), motion.clip(SMALL, "training", 13, seed=4))


def test_every_motion_is_as_frequent():
    assert torch.bincount(motion.clips(SMALL, "training", seed=4).labels).tolist() == [2] * 8
    assert len(motion.clips(SMALL, "test", seed=4)) == 8


def test_no_clip_leaves_its_region(monkeypatch):
    white = [np.full((214, 320, 3), 255, dtype=np.uint8)] * 2
    monkeypatch.setattr(motion.photographs, "regions", lambda use: white)
    assert motion.clips(Task(training_clips=64), "training", seed=0).frames.min() == 255


def test_static_clips_show_the_middle_frame_and_do_not_know_the_motion():
    still = Task(frames=5, size=32, variant="static")
    moving = Task(frames=5, size=32)
    for number in range(8):
        frames = motion.clip(still, "test", number, seed=2)
        assert (frames == frames[0]).all()
        assert_array_equal(frames[2], motion.clip(moving, "test", number, seed=2)[2])


def test_discontinuous_clips_show_the_same_frames_in_another_order():
    shuffled = Task(frames=16, size=32, variant="discontinuous")
    orders = []
    for number in range(4):
        frames = motion.clip(shuffled, "training", number, seed=2)
        moving = motion.clip(Task(frames=16, size=32), "training", number, seed=2)
        orders.append([int(np.flatnonzero((moving == frame).all(axis=(1, 2, 3)))[0]) for frame in frames])
        assert sorted(orders[-1]) == list(range(16))
    assert len({tuple(order) for order in orders}) == 4


def test_a_batch_is_time_first_and_between_minus_one_and_one():
    clips = motion.clips(SMALL, "training", seed=4)
    frames, labels = clips.batch([3, 9], epoch=0)
    assert frames.shape == (6, 2, 3, 32, 32)
    assert frames.dtype == torch.float32
    assert labels.tolist() == [3, 1]
    torch.testing.assert_close(frames[:, 1], clips.frames[9].float() / 127.5 - 1, atol=1e-6, rtol=0)


def test_the_whole_task_is_made_in_seconds():
    start = time.process_time()
    motion.clips(Task(), "training", seed=1)
    motion.clips(Task(), "test", seed=1)
    assert time.process_time() - start < 6  # twice what an idle core needs


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'static'"):
        Task(variant="statics")
    with pytest.raises(InputError, match="did you mean 'training'"):
        motion.clips(SMALL, "train", seed=1)


def test_frames_too_large_for_the_photographs_are_refused():
    with pytest.raises(InputError, match=r"16 frames of 200 pixels move over \d+ pixels .* at most 214"):
        motion.clips(Task(size=200), "training", seed=1)
