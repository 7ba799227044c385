import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lorafb.files import InputError
from lorafb.stimuli import video

CLIPS = Path(__file__).parents[2] / "data" / "real" / "clips"


def write(path, frames, rate=Fraction(30000, 1001)):
    """Write frames losslessly."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=rate)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "bgr0"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    frames = np.random.default_rng(1).integers(0, 256, (12, 16, 24, 3), dtype=np.uint8)
    path = tmp_path_factory.mktemp("video") / "made with spaces.mkv"
    write(path, frames)
    return path, frames


def test_the_ucf101_clip_is_read_whole():
    clip = video.read(CLIPS / "test.avi")
    assert clip.frames.shape == (164, 240, 320, 3)
    assert clip.frames.dtype == np.uint8
    assert clip.frames.mean() == pytest.approx(88.757, abs=0.5)
    assert clip.rate_hz == 25.0


def test_the_bikes_clip_is_read_whole():
    clip = video.read(CLIPS / "bikes.mp4")
    assert clip.frames.shape == (250, 272, 640, 3)
    assert clip.frames.mean() == pytest.approx(99.539, abs=0.5)
    assert clip.rate_hz == 25.0


def test_a_lossless_file_comes_back_pixel_by_pixel(made):
    path, frames = made
    clip = video.read(path)
    assert_array_equal(clip.frames, frames)
    assert clip.rate_hz == pytest.approx(30000 / 1001, rel=1e-3)
    assert clip.source == "video file made with spaces.mkv"


@pytest.mark.parametrize(("start", "frames"), [(0, 1), (3, 4), (11, 1), (5, None)])
def test_a_run_of_frames_is_cut_out(made, start, frames):
    path, whole = made
    end = None if frames is None else start + frames
    assert_array_equal(video.read(path, start=start, frames=frames).frames, whole[start:end])


def test_scaling_down_averages(made):
    path, whole = made
    small = video.read(path, size=(4, 6)).frames
    assert small.shape == (12, 4, 6, 3)
    assert small.mean() == pytest.approx(whole.mean(), abs=3)
    assert small.std() < whole.std() / 2


def test_the_rate_can_be_stated(made):
    assert video.read(made[0], frames=1, rate_hz=60.0).rate_hz == 60.0


@pytest.mark.parametrize(("start", "frames"), [(0, 13), (10, 3), (12, None), (40, 1)])
def test_too_few_frames_say_how_many_there_are(made, start, frames):
    with pytest.raises(InputError, match=r"made with spaces\.mkv: holds 12 frames"):
        video.read(made[0], start=start, frames=frames)


def test_a_page_saved_as_a_video_is_refused(tmp_path):
    path = tmp_path / "movie.avi"
    path.write_text("<!DOCTYPE html><html><body>Quota exceeded</body></html>")
    with pytest.raises(InputError, match=r"movie\.avi: not a video file"):
        video.read(path)


def test_sound_alone_is_refused(tmp_path):
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    with pytest.raises(InputError, match="holds no video"):
        video.read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.mp4: no such file"):
        video.read(tmp_path / "nowhere.mp4")


@pytest.mark.parametrize(("start", "frames"), [(-1, None), (0, 0)])
def test_senseless_selections_are_refused(made, start, frames):
    with pytest.raises(InputError, match="expected a start from 0 and at least 1 frame"):
        video.read(made[0], start=start, frames=frames)
