import h5py
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch.nn.functional import interpolate

from lorafb.artefacts.stimuli import Stimulus
from lorafb.features.prepare import Frames, Joined, PreparedFrames, frame_source
from lorafb.features.published_tensors import read_prepared
from lorafb.files import InputError

torch.set_num_threads(1)


def movie(n=6, height=20, width=30, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, 3), dtype=np.uint8)


def test_black_white_and_grey_get_the_values_of_their_normalisation():
    frames = np.stack([np.full((8, 8, 3), value, np.uint8) for value in (0, 255, 51)])
    half = Frames(frames, 8, "half")(np.arange(3))
    assert half[:, 0, 0, 0].tolist() == pytest.approx([-1.0, 1.0, -0.6])
    imagenet = Frames(frames, 8, "imagenet")(np.arange(3))
    assert imagenet[1, :, 3, 3].tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    )


def test_channels_stay_red_green_blue_and_rows_stay_rows():
    frames = np.zeros((1, 4, 4, 3), np.uint8)
    frames[0, 1, 2] = (255, 51, 0)
    shown = Frames(frames, 4, "half")(np.array([0]))
    assert shown.shape == (1, 3, 4, 4)
    assert shown[0, :, 1, 2].tolist() == pytest.approx([1.0, -0.6, -1.0])
    assert shown[0, :, 2, 1].tolist() == [-1.0, -1.0, -1.0]


def test_a_grey_movie_fills_three_equal_channels():
    grey = movie()[..., 0]
    shown = Frames(grey, 10, "half")(np.arange(6))
    assert_array_equal(shown, Frames(np.repeat(grey[..., None], 3, axis=3), 10, "half")(np.arange(6)))


def test_shrinking_averages_what_lies_under_a_pixel():
    checkerboard = np.indices((64, 64)).sum(axis=0) % 2 * 255
    shown = Frames(checkerboard[None].astype(np.uint8), 8, "half")(np.array([0]))
    assert shown.abs().max() < 0.02  # without antialiasing single black or white pixels would be taken


def test_the_resize_is_the_antialiased_bilinear_one_of_torch():
    frames = movie()
    expected = interpolate(
        torch.from_numpy(frames).permute(0, 3, 1, 2) / 255, size=(12, 12), mode="bilinear", antialias=True
    )
    torch.testing.assert_close(Frames(frames, 12, "half")(np.arange(6)), (expected - 0.5) / 0.5, rtol=0, atol=1e-6)


def test_a_movie_of_the_right_size_is_not_resampled():
    frames = movie(height=16, width=16)
    shown = Frames(frames, 16, "half")(np.arange(6))
    assert_array_equal(shown.permute(0, 2, 3, 1), (frames.astype(np.float32) / np.float32(255) - 0.5) / 0.5)


@pytest.mark.parametrize("kind", ["uint8", "hdf5", "prepared", "joined"])
def test_any_order_with_repeats_is_the_frames_one_by_one(kind, tmp_path):
    frames = movie()
    with h5py.File(tmp_path / "movie.h5", "w") as file:
        file["frames"] = frames
        source = {
            "uint8": Frames(frames, 9, "half"),
            "hdf5": Frames(file["frames"], 9, "half"),
            "prepared": PreparedFrames(Frames(frames, 9, "half")(np.arange(6))),
            "joined": Joined((Frames(frames[:2], 9, "half"), Frames(frames[2:], 9, "half"))),
        }[kind]
        order = np.array([5, 0, 0, 3, 5, 1])
        shown = source(order)
        assert source.n_frames == 6
        assert shown.dtype == torch.float32
        for frame, position in zip(shown, order, strict=True):
            assert_array_equal(frame, Frames(frames, 9, "half")(np.array([position]))[0])


def test_only_the_asked_frames_are_read():
    asked = []

    class Recorder:
        shape, dtype = (1000, 4, 4, 3), np.dtype(np.uint8)

        def __getitem__(self, positions):
            asked.extend(positions.tolist())
            return np.zeros((len(positions), 4, 4, 3), np.uint8)

    Frames(Recorder(), 4, "half")(np.array([7, 990, 7]))
    assert asked == [7, 990]


def test_joined_movies_replace_frames_by_index_arithmetic():
    film, noise = Frames(movie(), 8, "half"), Frames(movie(seed=1), 8, "half")
    replaced = np.array([False, True, False, False, True, False])
    shown = Joined((film, noise))(np.where(replaced, film.n_frames + np.arange(6), np.arange(6)))
    assert_array_equal(shown[replaced], noise(np.flatnonzero(replaced)))
    assert_array_equal(shown[~replaced], film(np.flatnonzero(~replaced)))


@pytest.mark.parametrize("legacy", [False, True])
def test_a_published_tensor_is_served_as_it_stands(tmp_path, legacy):
    published = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.save(published, tmp_path / "stimulus.pt", _use_new_zipfile_serialization=not legacy)
    source = read_prepared(tmp_path / "stimulus.pt")
    assert (source.n_frames, source.frame_size) == (5, (8, 8))
    assert_array_equal(source(np.array([4, 1])), published[[4, 1]])


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"frames": torch.zeros(1, 3, 2, 2)}, "holds a dict, expected one tensor"),
        (torch.zeros(4, 2, 2, 3), "expected torch.float32"),
        (torch.zeros(4, 3, 2, 2, dtype=torch.uint8), "expected torch.float32"),
    ],
)
def test_a_file_that_is_no_stimulus_is_named(tmp_path, held, message):
    torch.save(held, tmp_path / "stimulus.pt")
    with pytest.raises(InputError, match=rf"stimulus\.pt: .*{message}"):
        read_prepared(tmp_path / "stimulus.pt")


@pytest.mark.parametrize("content", [b"", b"<html>quota exceeded</html>", b"PK\x03\x04 cut off"])
def test_a_broken_file_is_named(tmp_path, content):
    (tmp_path / "stimulus.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"stimulus\.pt: not a torch file"):
        read_prepared(tmp_path / "stimulus.pt")


def test_a_frame_that_is_not_finite_is_named():
    frames = torch.zeros(4, 3, 2, 2)
    frames[2, 0, 0, 0] = torch.nan
    source = PreparedFrames(frames, "noise.pt")
    source(np.array([0, 1, 3]))
    with pytest.raises(InputError, match=r"noise\.pt: frame 2 "):
        source(np.array([3, 2]))


@pytest.mark.parametrize("position", [-1, 6])
def test_a_frame_outside_the_movie_is_refused(position):
    with pytest.raises(ValueError, match=f"frame {position} was asked of a movie whose frames are 0 to 5"):
        Frames(movie(), 8, "half")(np.array([0, position]))


@pytest.mark.parametrize(
    ("frames", "size", "normalisation", "message"),
    [
        (movie().astype(np.float32), 8, "half", "expected uint8"),
        (movie()[..., :2], 8, "half", "expected uint8"),
        (movie(), 0, "half", "at least 1 pixel"),
        (movie(), 8, "imagnet", "did you mean 'imagenet'"),
    ],
)
def test_a_movie_that_cannot_be_prepared_is_refused(frames, size, normalisation, message):
    with pytest.raises(ValueError, match=message):
        Frames(frames, size, normalisation)


def test_movies_of_two_sizes_are_not_joined():
    with pytest.raises(ValueError, match="expected one size"):
        Joined((Frames(movie(), 8, "half"), PreparedFrames(torch.zeros(2, 3, 9, 9))))


def test_a_stimulus_is_prepared_or_served_as_it_is_where_others_have_prepared_it():
    shown = Stimulus(movie(), 30.0, "a movie")
    assert_array_equal(frame_source(shown, 9, "half")(np.arange(6)), Frames(movie(), 9, "half")(np.arange(6)))
    prepared = Stimulus(np.float32(movie(height=9, width=9).transpose(0, 3, 1, 2)), 30.0, "stimulus.pt")
    assert_array_equal(frame_source(prepared, 9, "half")(np.array([4, 2])), prepared.frames[[4, 2]])
    with pytest.raises(InputError, match=r"stimulus\.pt: frames of \(9, 9\) pixels, and the subject's size is 12"):
        frame_source(prepared, 12, "half")
