import time

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from lorafb.files import InputError
from lorafb.networks import catalogue
from lorafb.training import motion
from lorafb.training.motion import MOTIONS
from lorafb.training.settings import Task

torch.set_num_threads(1)

SMALL = Task(training_videos=16, test_videos=16, video=6, frames=4, size=32)
WHITE = np.full((214, 320, 3), 255, dtype=np.uint8)
RAMP = np.broadcast_to(np.linspace(100, 250, 320)[None, :, None], (214, 320, 3)).astype(np.uint8)


def film(monkeypatch, name, picture, **settings):
    """Make 8 videos of one motion from one picture; grey levels, shape (8, F, size, size)."""
    monkeypatch.setattr(motion.photographs, "regions", lambda use, folder=None: [picture])
    task = Task(size=96, frames=3, **{"video": 5, **settings})
    numbers = range(MOTIONS.index(name), 64, 8)
    return np.stack([motion.video(task, "training", number, seed=0) for number in numbers]).mean(axis=4)


def patch(grey):
    """Where the patch is (row, column) and its area, in sides of the frame; each of shape (8, T)."""
    inside = (grey - 38) / (255 - 38)
    area = inside.sum(axis=(2, 3))
    row, column = ((inside * (axis + 0.5)).sum(axis=(2, 3)) / area / 96 for axis in np.mgrid[:96, :96])
    return row, column, area / 96**2


def test_a_patch_starts_near_the_middle_in_its_own_size(monkeypatch):
    row, column, area = patch(film(monkeypatch, "clockwise", WHITE))
    for start in (row[:, 0], column[:, 0]):
        assert abs(start.mean() - 0.5) < 3 * motion.JITTER / np.sqrt(8)
    assert area == pytest.approx(np.full_like(area, np.pi * motion.RADIUS**2), rel=0.02)


@pytest.mark.parametrize(
    ("name", "down", "right"), [("left", 0, -1), ("right", 0, 1), ("up", -1, 0), ("down", 1, 0), ("clockwise", 0, 0)]
)
def test_a_patch_that_moves_left_moves_left_evenly(name, down, right, monkeypatch):
    monkeypatch.setattr(motion, "RADIUS", 0.04)
    monkeypatch.setattr(motion, "JITTER", 0.0)
    row, column, _ = patch(film(monkeypatch, name, WHITE, video=4))
    along, across = (column, row) if right else (row, column)
    steps = np.diff(along, axis=1)
    assert np.abs(np.diff(across, axis=1)).max() < 1e-3
    assert steps == pytest.approx(np.repeat(steps[:, :1], 3, axis=1), abs=2e-3)
    shift = steps.sum(axis=1) * ((down + right) or 1)
    if down or right:
        assert shift.min() >= motion.TRAVEL[0] - 2e-3
        assert shift.max() <= motion.TRAVEL[1] + 2e-3
        assert np.ptp(shift) > 0.03
    else:
        assert np.abs(shift).max() < 1e-3


@pytest.mark.parametrize(("name", "sign"), [("zoom in", 1), ("zoom out", -1)])
def test_zooming_in_enlarges_the_patch(name, sign, monkeypatch):
    monkeypatch.setattr(motion, "RADIUS", 0.1)
    _, _, area = patch(film(monkeypatch, name, WHITE))
    growth = sign * np.diff(np.log(area), axis=1) / 2
    assert growth.min() > motion.ZOOM[0] / 4 - 0.01
    assert growth.max() < motion.ZOOM[1] / 4 + 0.01


@pytest.mark.parametrize(("name", "sign"), [("clockwise", 1), ("anti-clockwise", -1), ("zoom in", 0), ("left", 0)])
def test_what_the_patch_shows_turns_as_a_clock_or_not_at_all(name, sign, monkeypatch):
    monkeypatch.setattr(motion, "JITTER", 0.0)
    grey = film(monkeypatch, name, RAMP)[:, :2]
    down, right = (axis - 47.5 for axis in np.mgrid[:96, :96])
    middle = np.hypot(down, right) < 12  # inside the patch in the first two frames of every motion
    slopes = [
        [np.linalg.lstsq(np.c_[down[middle], right[middle], np.ones(middle.sum())], f[middle])[0] for f in c]
        for c in grey
    ]
    angle = np.unwrap(np.arctan2(np.array(slopes)[..., 0], np.array(slopes)[..., 1]), axis=1)
    turned = np.diff(angle, axis=1)[:, 0]
    if sign:
        assert (sign * turned).min() > motion.TURN[0] / 4 - 0.05
        assert (sign * turned).max() < motion.TURN[1] / 4 + 0.05
    else:
        assert np.abs(turned).max() < 0.05


@pytest.mark.parametrize("kind", range(4))
def test_opposite_motions_are_mirror_images_about_the_first_place(kind):
    forth, back = (motion.path(name, 0.6, 5) for name in MOTIONS[2 * kind : 2 * kind + 2])
    assert forth[0] == back[0] == motion.Place()
    for one, other in zip(forth, back, strict=True):
        assert (one.down, one.right, one.turn) == (-other.down, -other.right, -other.turn)
        assert one.magnification * other.magnification == pytest.approx(1)


def test_no_clip_looks_past_the_edge_of_its_photographs(monkeypatch):
    for name in MOTIONS:
        grey = film(monkeypatch, name, WHITE, video=3)
        assert grey.min() == 38  # the ground: 15 % of white
        assert grey.max() == 255


def test_a_video_is_a_function_of_split_number_and_seed():
    clips = motion.clips(SMALL, "motion", "training", seed=4)
    assert_array_equal(clips.videos[5].permute(0, 2, 3, 1), motion.video(SMALL, "training", 5, seed=4))
    assert not np.array_equal(motion.video(SMALL, "training", 5, seed=4), motion.video(SMALL, "training", 5, seed=5))
    assert not np.array_equal(motion.video(SMALL, "training", 5, seed=4), motion.video(SMALL, "test", 5, seed=4))
    assert not np.array_equal(motion.video(SMALL, "training", 5, seed=4), motion.video(SMALL, "training", 13, seed=4))


def test_every_motion_is_as_frequent():
    assert torch.bincount(motion.clips(SMALL, "motion", "training", seed=4).labels).tolist() == [2] * 8


def shown(training, split="training", epoch=1):
    """What an epoch shows: (video, frames) of every clip."""
    clips = motion.clips(SMALL, training, split, seed=4)
    return [(video, frames.tolist()) for video, frames in (clips.shown(k, epoch) for k in range(len(clips)))]


def test_every_clip_of_a_video_begins_with_its_first_frame_or_ends_with_its_last():
    assert shown("motion")[:4] == [(0, [0, 1, 2, 3]), (0, [2, 3, 4, 5]), (1, [0, 1, 2, 3]), (1, [2, 3, 4, 5])]
    assert shown("motion", epoch=1) == shown("motion", epoch=2)


def test_the_continuous_subset_takes_one_run_a_video_and_epoch_and_is_tested_on_every_clip():
    runs = shown("motion_subset")
    assert [video for video, _ in runs] == list(range(16))
    assert all(frames == list(range(frames[0], frames[0] + 4)) for _, frames in runs)
    assert {frames[0] for _, frames in runs} == {0, 1, 2}
    assert runs != shown("motion_subset", epoch=2)
    assert shown("motion_subset", "test") == shown("motion", "test")


def test_the_discontinuous_subset_takes_different_frames_in_the_order_drawn():
    drawn = shown("motion_random")
    assert [video for video, _ in drawn] == list(range(16))
    assert all(len(set(frames)) == 4 for _, frames in drawn)
    assert any(frames != sorted(frames) for _, frames in drawn)
    assert drawn != shown("motion_random", epoch=2)
    assert shown("motion_random", "test", 1) == shown("motion_random", "test", 2)


def test_still_clips_show_the_first_frame_alone_which_does_not_know_the_motion(monkeypatch):
    assert shown("motion_still")[3] == (3, [0, 0, 0, 0])
    first = motion.video(SMALL, "test", 3, seed=2)[0]
    monkeypatch.setattr(motion, "label", lambda number: 0)
    assert_array_equal(first, motion.video(SMALL, "test", 3, seed=2)[0])


def test_a_sample_is_time_first_and_between_minus_one_and_one():
    clips = motion.clips(SMALL, "motion", "training", seed=4)
    frames, label = clips.sample(19, epoch=0)
    assert frames.shape == (4, 3, 32, 32)
    assert frames.dtype == torch.float32
    assert label == 1
    torch.testing.assert_close(frames, clips.videos[9][2:].float() / 127.5 - 1, atol=1e-6, rtol=0)


def test_the_whole_task_is_made_in_seconds():
    start = time.process_time()
    motion.clips(Task(), "motion", "training", seed=1)
    motion.clips(Task(), "motion", "test", seed=1)
    assert time.process_time() - start < 6  # some three times what an idle core needs


def test_a_task_that_cannot_be_shown_is_refused():
    for name, value in (("frames", 0), ("video", 1), ("size", 0), ("training_videos", 0), ("test_videos", -1)):
        with pytest.raises(ValueError, match=rf"{name}\n  Input should be greater than or equal to"):
            Task(**{name: value})
    with pytest.raises(InputError, match="clips of 13 frames do not fit videos of 12"):
        motion.clips(Task(frames=13), "motion", "training", seed=1)
    with pytest.raises(InputError, match="did you mean 'motion_still'"):
        motion.clips(SMALL, "motion_stil", "training", seed=1)


def test_the_catalogue_feeds_what_the_task_shows():
    record = catalogue.network("lorafb_snet_tiny")
    assert {record.feed(training).classes for training in catalogue.MOTION_TRAININGS} == {len(MOTIONS)}
    assert record.feed("motion_still").steps == motion.STILL_STEPS


def test_an_unknown_split_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'training'"):
        motion.clips(SMALL, "motion", "train", seed=1)
