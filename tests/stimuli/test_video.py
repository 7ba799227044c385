import struct
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from lorafb.files import InputError
from lorafb.stimuli import video

CLIPS = Path(__file__).parents[2] / "data" / "real" / "clips"


NTSC = Fraction(30000, 1001)


def write(path, frames, rate=NTSC, times=None, codec="ffv1", stored="bgr0", given="rgb24", options=()):
    """Write frames, losslessly as a rule; `times` in units of 1 / rate."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], stored
        stream.codec_context.time_base = 1 / Fraction(rate)
        stream.options = dict(options)
        for frame, time in zip(frames, times or range(len(frames)), strict=True):
            picture = av.VideoFrame.from_ndarray(frame, format=given)
            picture.pts, picture.time_base = time, 1 / Fraction(rate)
            file.mux(stream.encode(picture))
        file.mux(stream.encode())


def noise(*shape, seed=1):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    frames = noise(12, 16, 24, 3)
    path = tmp_path_factory.mktemp("video") / "made with spaces.mkv"
    write(path, frames)
    return path, frames


def test_the_ucf101_clip_is_read_whole():
    clip = video.read(CLIPS / "test.avi")
    assert clip.pixels.shape == (164, 240, 320, 3)
    assert clip.pixels.dtype == np.uint8
    assert clip.pixels.mean() == pytest.approx(88.757, abs=0.5)
    assert clip.rate_hz == 25.0


def test_the_bikes_clip_is_read_whole():
    clip = video.read(CLIPS / "bikes.mp4")
    assert clip.frames.shape == (250, 272, 640, 3)
    assert clip.pixels.mean() == pytest.approx(99.539, abs=0.5)
    assert clip.rate_hz == 25.0


def test_a_lossless_file_comes_back_pixel_by_pixel(made):
    path, frames = made
    clip = video.read(path)
    assert_array_equal(clip.pixels, frames)
    assert clip.rate_hz == pytest.approx(30000 / 1001, rel=1e-3)
    assert clip.source == "video file made with spaces.mkv"


@pytest.mark.parametrize(("start", "frames"), [(0, 1), (3, 4), (11, 1), (5, None)])
def test_a_run_of_frames_is_cut_out(made, start, frames):
    path, whole = made
    end = None if frames is None else start + frames
    assert_array_equal(video.read(path, start=start, frames=frames).pixels, whole[start:end])


def test_scaling_down_averages(made):
    path, whole = made
    small = video.read(path, size=(4, 6)).pixels
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


def test_frames_are_decoded_as_they_are_asked_for_and_again_from_the_start(made, monkeypatch):
    path, whole = made
    clip = video.read(path, start=1, frames=8)
    turned = []
    monkeypatch.setattr(video, "pixels", lambda frame, size, make=video.pixels: turned.append(0) or make(frame, size))
    assert_array_equal(clip.frames[4:6], whole[5:7])
    assert len(turned) == 2
    assert_array_equal(clip.frames[np.array([0, 7])], whole[[1, 8]])


@pytest.mark.parametrize(("name", "frames"), [("test.avi", 164), ("bikes.mp4", 250)])
def test_frames_are_counted_without_decoding(name, frames, monkeypatch):
    monkeypatch.setattr(video, "decoded", None)
    assert video.n_frames(CLIPS / name) == frames


def test_odd_heights_and_widths_come_back_pixel_by_pixel(tmp_path):
    frames = noise(3, 17, 23, 3)
    write(tmp_path / "odd.mkv", frames)
    assert_array_equal(video.read(tmp_path / "odd.mkv").pixels, frames)


def test_grey_becomes_three_equal_channels_of_the_same_values(tmp_path):
    grey = np.arange(512, dtype=np.uint8).reshape(2, 16, 16)
    write(tmp_path / "grey.mkv", grey, stored="gray", given="gray")
    assert_array_equal(video.read(tmp_path / "grey.mkv").pixels, np.repeat(grey[..., None], 3, axis=3))


def test_full_alpha_is_dropped_and_a_see_through_frame_refused(tmp_path):
    frames = noise(2, 16, 16, 4)
    frames[..., 3] = 255
    write(tmp_path / "full.mkv", frames, stored="bgra", given="rgba")
    assert_array_equal(video.read(tmp_path / "full.mkv").pixels, frames[..., :3])
    frames[1, 3, 4, 3] = 254
    write(tmp_path / "glass.mkv", frames, stored="bgra", given="rgba")
    with pytest.raises(InputError, match=r"glass\.mkv: frame 1 is see-through in places"):
        _ = video.read(tmp_path / "glass.mkv").pixels


ACROSS = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
TURNED = {  # as players of an MP4's track matrix show it
    1: struct.pack(">9i", 0, -0x10000, 0, 0x10000, 0, 0, 0, 0, 0x40000000),
    2: struct.pack(">9i", -0x10000, 0, 0, 0, -0x10000, 0, 0, 0, 0x40000000),
    3: struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000),
}


@pytest.mark.parametrize("quarters", TURNED)
def test_a_film_from_a_phone_held_sideways_is_turned_upright(tmp_path, quarters):
    flat = (CLIPS / "bikes.mp4").read_bytes()
    assert flat.count(ACROSS) == 2  # of the whole movie, and of its one track
    (tmp_path / "turned.mp4").write_bytes(TURNED[quarters].join(flat.rsplit(ACROSS, 1)))
    upright = video.read(CLIPS / "bikes.mp4", frames=2).pixels
    assert_array_equal(video.read(tmp_path / "turned.mp4", frames=2).pixels, np.rot90(upright, quarters, axes=(1, 2)))


def test_frames_that_come_at_another_time_than_their_number_says_are_named(tmp_path):
    frames = noise(6, 16, 24, 3)
    write(tmp_path / "uneven.mkv", frames, rate=25, times=[0, 1, 2, 6, 7, 8])
    with pytest.raises(InputError, match=r"uneven\.mkv: frame \d comes at 0\.\d+ s, .* rate_hz"):
        _ = video.read(tmp_path / "uneven.mkv").pixels
    assert_array_equal(video.read(tmp_path / "uneven.mkv", rate_hz=25.0).pixels, frames)


def test_an_animated_gif_is_a_movie_and_one_that_dwells_on_a_frame_is_refused(tmp_path):
    frames = np.zeros((5, 20, 30, 3), np.uint8)
    frames[:] = 51 * np.arange(5)[:, None, None, None]
    first, *others = map(Image.fromarray, frames)
    first.save(tmp_path / "even.gif", save_all=True, append_images=others, duration=40)
    even = video.read(tmp_path / "even.gif")
    assert_array_equal(even.pixels, frames)
    assert even.rate_hz == 25
    first.save(tmp_path / "dwells.gif", save_all=True, append_images=others, duration=[40, 40, 200, 40, 40])
    with pytest.raises(InputError, match=r"dwells\.gif: frame \d comes at"):
        _ = video.read(tmp_path / "dwells.gif").pixels


def trimmed(path, whole, cut, end):
    """Copy a film's packets from the key frame before `cut` on, as a trim without encoding does; an edit list hides those before."""
    how = {"avoid_negative_ts": "disabled"}
    with av.open(str(whole)) as source, av.open(str(path), "w", container_options=how) as file:
        here = source.streams.video[0]
        there, tick = file.add_stream_from_template(here), Fraction(1, 30) / here.time_base
        packets = [packet for packet in source.demux(here) if packet.size]
        keys = [packet.pts for packet in packets if packet.is_keyframe and packet.pts <= cut * tick]
        for packet in packets[next(i for i, packet in enumerate(packets) if packet.pts == keys[-1]) :]:
            if packet.pts < end * tick:
                packet.pts, packet.dts = (int(stamp - cut * tick) for stamp in (packet.pts, packet.dts))
                packet.stream = there
                file.mux(packet)


def numbered(n, height=64, width=96):
    """Frames that hold their number: each of eight bars is a bit."""
    bits = np.arange(n)[:, None] >> np.arange(8) & 1
    bars = np.where(bits, 220, 30).astype(np.uint8).repeat(width // 8, axis=1)
    return np.broadcast_to(bars[:, None, :, None], (n, height, width, 3)).copy()


def numbers(pixels):
    bars = pixels[:, 32, 6::12, 0] > 125
    return (bars << np.arange(8)).sum(axis=1).tolist()


@pytest.mark.parametrize("between", [0, 2])
def test_the_frames_that_an_edit_list_hides_are_not_counted(tmp_path, between):
    whole, path = tmp_path / "whole.mp4", tmp_path / "trimmed.mp4"
    options = {"g": "30", "bf": str(between), "crf": "12"}
    write(whole, numbered(60), rate=30, codec="libx264", stored="yuv420p", options=options)
    trimmed(path, whole, cut=37, end=60)
    assert video.n_frames(path) == 23
    clip = video.read(path)
    assert numbers(clip.pixels) == list(range(37, 60))
    assert clip.rate_hz == 30
    with pytest.raises(InputError, match=r"trimmed\.mp4: holds 23 frames"):
        video.read(path, frames=24)


def test_frames_of_vp8_that_are_never_shown_are_not_counted(tmp_path):
    write(tmp_path / "whole.webm", numbered(20), rate=30, codec="libvpx", stored="yuv420p")
    with av.open(str(tmp_path / "whole.webm")) as source, av.open(str(tmp_path / "hidden.webm"), "w") as file:
        here = source.streams.video[0]
        there = file.add_stream_from_template(here)
        for number, packet in enumerate(packet for packet in source.demux(here) if packet.size):
            data = bytearray(bytes(packet))
            if number in (7, 12):
                data[0] &= ~0x10  # the bit show_frame
            copy = av.Packet(bytes(data))
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.is_keyframe, copy.stream = packet.is_keyframe, there
            file.mux(copy)
    assert video.n_frames(tmp_path / "hidden.webm") == 18
    shown = video.read(tmp_path / "hidden.webm", rate_hz=30).pixels
    assert numbers(shown) == [number for number in range(20) if number not in (7, 12)]


def test_frame_n_of_an_avi_with_b_frames_is_that_of_the_whole_file_whatever_its_header_counts(tmp_path):
    options = {"bf": "2", "qscale": "2"}
    write(tmp_path / "b.avi", numbered(20), rate=30, codec="mpeg4", stored="yuv420p", options=options)
    data = bytearray((tmp_path / "b.avi").read_bytes())
    for place in (data.index(b"avih") + 24, data.index(b"strh") + 40):  # dwTotalFrames, dwLength
        assert int.from_bytes(data[place : place + 4], "little") == 20
        data[place] = 21
    (tmp_path / "b.avi").write_bytes(data)
    assert video.n_frames(tmp_path / "b.avi") == 20
    assert [numbers(video.read(tmp_path / "b.avi", start=n, frames=1).pixels) for n in range(20)] == [
        [n] for n in range(20)
    ]


def test_an_avi_cut_off_in_the_middle_counts_what_it_holds_and_names_the_frame_that_is_cut(tmp_path):
    avi = (CLIPS / "test.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(avi[: len(avi) // 2])
    with pytest.raises(InputError, match=r"cut\.avi: holds 77 frames, numbered from 0; expected frames 0 to 99"):
        video.read(tmp_path / "cut.avi", frames=100)
    assert video.read(tmp_path / "cut.avi", frames=76).pixels.shape == (76, 240, 320, 3)
    with pytest.raises(InputError, match=r"cut\.avi: frame 76 is damaged; is the file cut off\?"):
        _ = video.read(tmp_path / "cut.avi").pixels


def test_an_mp4_cut_off_is_no_video(tmp_path):
    mp4 = (CLIPS / "bikes.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(mp4[: len(mp4) // 2])
    with pytest.raises(InputError, match=r"cut\.mp4: not a video file"):
        video.read(tmp_path / "cut.mp4", frames=10)


def test_a_folder_of_frames_is_a_stimulus_of_another_kind(tmp_path):
    with pytest.raises(InputError, match="is a folder; one of images is a stimulus of kind images"):
        video.read(tmp_path)
