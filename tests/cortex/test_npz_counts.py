"""A person's own counts in an .npz; the real mouse's totals are known from outside this package."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lorafb.cortex import npz_counts, own_archives
from lorafb.files import InputError

MOUSE = Path(__file__).parents[2] / "data" / "real" / "mouse_791319847_natural_movie_one_1s.npz"

SPIKES = {"VISp": 465_308, "VISl": 185_916, "VISrl": 252_806, "VISal": 219_683, "VISpm": 102_721, "VISam": 200_859}
SPIKES |= {"CA1": 458_809, "CA3": 201_261}


def test_all_spikes_of_the_real_mouse_are_there():
    for area, n_spikes in SPIKES.items():
        recording = npz_counts.read(MOUSE, area, "natural_movie_one")
        assert recording.summed.sum() == n_spikes
        assert recording.counts.sum(dtype=np.int64) == n_spikes
        assert recording.counts.shape[:2] == (recording.n_repeats, len(recording.summed)) == (20, 30)


def test_all_areas_of_the_real_mouse_together():
    areas = npz_counts.areas(MOUSE)
    recordings = [npz_counts.read(MOUSE, area, "natural_movie_one") for area in areas]
    assert len(areas) == 18
    assert sum(recording.summed.shape[1] for recording in recordings) == 555
    assert sum(recording.summed.sum() for recording in recordings) == 3_001_512


def test_the_first_unit_of_the_real_mouse():
    recording = npz_counts.read(MOUSE, "VISp", "natural_movie_one")
    assert recording.units["unit_id"][0] == 951061537
    assert set(recording.units["session"]) == {791319847}
    assert recording.rate_hz == 1
    assert recording.counts.dtype == np.uint8
    assert recording.counts[0, :10, 0].tolist() == [28, 32, 20, 35, 23, 9, 9, 12, 25, 27]


GOOD = {
    "VISp": np.arange(24).reshape(2, 3, 4),
    "VISp_unit_id": np.array([7, 8]),
    "VISl": np.full((1, 3, 4), 300),
    "VISl_unit_id": np.array([9]),
    "session_id": np.array(5),
    "bin_s": np.array(0.04),
}


def written(folder, **changed):
    arrays = {name: values for name, values in (GOOD | changed).items() if values is not None}
    np.savez(folder / "mine.npz", **arrays)
    return folder / "mine.npz"


def test_axes_become_repeats_bins_units(tmp_path):
    recording = npz_counts.read(written(tmp_path), "VISp", "mine")
    assert recording.counts[2, 3, 1] == GOOD["VISp"][1, 2, 3]
    assert_array_equal(recording.summed, GOOD["VISp"].sum(axis=1).T)
    assert recording.rate_hz == 25


def test_counts_above_255_are_read(tmp_path):
    assert npz_counts.read(written(tmp_path), "VISl", "mine").summed.tolist() == [[900]] * 4


def test_units_may_come_from_several_sessions_and_then_share_ids(tmp_path):
    path = written(tmp_path, VISp_session=np.array([1, 2]), VISp_unit_id=np.array([7, 7]))
    assert npz_counts.read(path, "VISp", "mine").units["session"].tolist() == [1, 2]


def test_a_fault_names_file_and_array(tmp_path):
    faults = (
        ({"VISp": np.zeros((2, 12))}, r"array 'VISp' has shape \[2, 12\], expected \[units, repeats, bins\]"),
        ({"VISp": np.zeros((2, 4, 3))}, r"array 'VISl' has \[3, 4\] repeats and bins, 'VISp' has \[4, 3\]"),
        ({"VISp": np.zeros((3, 3, 4))}, r"array 'VISp_unit_id' is int64 \[2\], expected integers \[3\]"),
        ({"VISp": np.full((2, 3, 4), -1)}, "array 'VISp' holds -1"),
        ({"VISp": np.full((2, 3, 4), 0.5)}, "array 'VISp' holds 0.5"),
        ({"VISp_unit_id": np.array([7, 7])}, "array 'VISp_unit_id' holds 7 more than once"),
        ({"VISp_unit_id": np.array([7.5, 8])}, "array 'VISp_unit_id' is float64"),
        ({"bin_s": None}, "array 'bin_s' is missing"),
        ({"bin_s": np.array(0.0)}, "bin_s is 0.0, expected seconds above 0"),
        ({"bin_s": np.array(np.nan)}, "bin_s is nan"),
        ({"session_id": None}, "array 'session_id' is missing"),
        ({"VISp": np.full((2, 3, 4), None)}, "array 'VISp' is damaged, or pickled"),
    )
    for changed, message in faults:
        path = written(tmp_path, **changed)
        with pytest.raises(InputError, match=rf"^{path}: {message}"):
            npz_counts.read(path, "VISl" if "VISl" in message else "VISp", "mine")


def test_an_unknown_area_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match=r"holds no area 'VISpp'; did you mean 'VISp'\?; it holds VISp, VISl"):
        npz_counts.read(written(tmp_path), "VISpp", "mine")


def test_an_archive_without_areas_says_what_it_holds(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(InputError, match="holds no area: expected arrays AREA and AREA_unit_id, found x"):
        npz_counts.areas(tmp_path / "other.npz")


def test_a_file_that_is_not_an_archive_is_refused(tmp_path):
    (tmp_path / "page.npz").write_text("<html>")
    (tmp_path / "cut.npz").write_bytes(MOUSE.read_bytes()[:1000])
    np.save(tmp_path / "single.npy", np.zeros(3))
    messages = {"page.npz": "is no .npz", "cut.npz": "is no .npz", "single.npy": "a single array", "no": "no such file"}
    for name, message in messages.items():
        with pytest.raises(InputError, match=message):
            npz_counts.areas(tmp_path / name)


def test_an_archive_that_would_unpack_to_fill_the_memory_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(own_archives, "MOST_BYTES", 2**20)
    np.savez_compressed(tmp_path / "bomb.npz", **(GOOD | {"VISp": np.zeros((2, 3, 2**20), np.uint8)}))
    with pytest.raises(InputError, match=r"bomb.npz: array 'VISp' would unpack to \d+ bytes, expected at most 1048576"):
        npz_counts.read(tmp_path / "bomb.npz", "VISp", "mine")
