"""The published arrays: shapes, what their middle axis means, and every fault by name."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lorafb.cortex import published_counts
from lorafb.files import InputError

MOVIE, SCENES = "allen_natural_movie_one", "allen_natural_scenes"


def saved(folder, stimulus, name, values):
    (folder / stimulus).mkdir(exist_ok=True)
    np.save(folder / stimulus / name, values)
    return folder / stimulus / f"{name}.npy"


def counts(*shape):
    return np.random.default_rng(0).integers(0, 9, shape)


def test_a_movie_is_read_as_it_is(tmp_path):
    for stimulus, frames, repeats in ((MOVIE, 900, 20), (MOVIE, 57, 20), ("allen_natural_movie_three", 3600, 10)):
        values = counts(frames, 1, 6)
        saved(tmp_path, stimulus, "visp_1", values.astype(np.float32))
        recording = published_counts.read(tmp_path, stimulus, "VISp")
        assert_array_equal(recording.summed, values[:, 0])
        assert recording.summed.dtype == np.int64
        assert (recording.area, recording.n_repeats, recording.rate_hz) == ("VISp", repeats, 30)
        assert recording.counts is None
        assert recording.units["unit_id"].tolist() == list(range(6))


def test_scenes_are_summed_over_their_time_bins_and_have_a_reliability(tmp_path):
    values = counts(118, 8, 3)
    saved(tmp_path, SCENES, "visam_8", values)
    saved(tmp_path, SCENES, "shr_visam", np.array([0.1, 0.8, 0.9]))
    recording = published_counts.read(tmp_path, SCENES, "VISam")
    assert_array_equal(recording.summed, values.sum(axis=1))
    assert recording.units["reliability"].tolist() == [0.1, 0.8, 0.9]
    assert recording.n_repeats == 50


def test_another_shape_or_other_values_than_counts_are_refused(tmp_path):
    refused = (
        (counts(900, 6), r"has shape \[900, 6\], expected \[frames, 1, units\]"),
        (counts(900, 8, 6), r"has shape \[900, 8, 6\], expected \[frames, 1, units\]"),
        (counts(900, 1, 0), r"has shape \[900, 1, 0\]"),
        (counts(0, 1, 6), r"has shape \[0, 1, 6\]"),
        (counts(900, 1, 6) - 5, "holds -5, expected spike counts"),
        (counts(900, 1, 6) / 20, "holds .*, expected spike counts, which are whole numbers"),
    )
    for values, message in refused:
        path = saved(tmp_path, MOVIE, "visp_1", values)
        with pytest.raises(InputError, match=rf"^{path}:? {message}"):
            published_counts.read(tmp_path, MOVIE, "VISp")


def test_reliability_must_be_one_number_per_unit(tmp_path):
    saved(tmp_path, SCENES, "visp_8", counts(118, 8, 3))
    for reliability in (np.ones(2), np.ones((3, 3)), np.array(["a", "b", "c"])):
        path = saved(tmp_path, SCENES, "shr_visp", reliability)
        with pytest.raises(InputError, match=rf"^{path}: .*expected a number for each of 3 units"):
            published_counts.read(tmp_path, SCENES, "VISp")


def test_pickled_objects_are_not_read(tmp_path):
    path = saved(tmp_path, MOVIE, "visp_1", np.array([{}], dtype=object))
    with pytest.raises(InputError, match=rf"^{path}: is no .npy array of plain numbers"):
        published_counts.read(tmp_path, MOVIE, "VISp")


def test_a_damaged_header_is_named(tmp_path):
    path = saved(tmp_path, MOVIE, "visp_1", counts(9, 1, 2))
    path.write_bytes(path.read_bytes().replace(b"'shape'", b"'shape "))
    with pytest.raises(InputError, match=rf"^{path}: is no .npy array"):
        published_counts.read(tmp_path, MOVIE, "VISp")


def test_a_missing_file_and_a_page_saved_as_data_are_named(tmp_path):
    with pytest.raises(InputError, match=r"visp_1.npy: no such file"):
        published_counts.read(tmp_path, MOVIE, "VISp")
    (tmp_path / MOVIE).mkdir()
    (tmp_path / MOVIE / "visp_1.npy").write_text("<html>")
    with pytest.raises(InputError, match=r"visp_1.npy: is no .npy array"):
        published_counts.read(tmp_path, MOVIE, "VISp")


def test_rates_are_counted_over_thirty_seconds_and_two_minutes():
    assert published_counts.find(MOVIE).duration_s == 30
    assert published_counts.find("allen_natural_movie_three").duration_s == 120


def test_an_unknown_stimulus_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'allen_natural_movie_one'"):
        published_counts.find("natural_movie_one")


def test_areas_must_share_their_number_of_frames(tmp_path):
    saved(tmp_path, MOVIE, "visp_1", counts(900, 1, 2))
    saved(tmp_path, "allen_natural_movie_three", "visl_1", counts(3600, 1, 2))
    visp, visl = (
        published_counts.read(tmp_path, MOVIE, "VISp"),
        published_counts.read(tmp_path, "allen_natural_movie_three", "VISl"),
    )
    assert published_counts.same_frames({"VISp": visp}) == 900
    with pytest.raises(InputError, match="VISp 900, VISl 3600"):
        published_counts.same_frames({"VISp": visp, "VISl": visl})
