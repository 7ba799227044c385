"""A simulated session as an NWB file: valid, honest about its origin, the same bytes every time, and read back exactly."""

import re

import h5py
import numpy as np
import pynwb
import pytest
from numpy.testing import assert_array_equal

from lorafb.artefacts.recordings import Recording
from lorafb.cortex import published_counts, simulated_nwb
from lorafb.cortex.quality import Quality
from lorafb.cortex.sessions import count_session, join
from lorafb.cortex.simulated import simulate
from lorafb.files import sha256

AREAS = ["VISp", "VISam", "control"]


def simulated(session=1, n_frames=40, units=12, repeats=3):
    frames = np.random.default_rng(0).integers(0, 256, (n_frames, 16, 16, 3), dtype=np.uint8)
    return simulate(frames, 30.0, session=session, units=units, repeats=repeats, seed=5, areas=AREAS)


@pytest.fixture(scope="module")
def mouse():
    return simulated()


@pytest.fixture(scope="module")
def written(mouse, tmp_path_factory):
    path = tmp_path_factory.mktemp("nwb") / "mouse.nwb"
    simulated_nwb.write(mouse, "movie1", path)
    return path


def own_counts(session, n_frames=40):
    """Counts by a histogram over each repeat's edges, which the counting under test does not use."""
    edges = np.concatenate([session.start, session.stop[:, -1:]], axis=1)
    edges[:, -1] = np.nextafter(edges[:, -1], 0)  # a histogram's last bin is closed
    return np.array([[np.histogram(train, row)[0] for train in session.spikes] for row in edges]).swapaxes(1, 2)


def test_counts_read_back_are_those_of_the_simulation(mouse, written):
    recording, report = count_session(
        written, "movie1", AREAS, Quality(amplitude_cutoff=None, presence_ratio=None, isi_violations=None)
    )
    assert_array_equal(recording.counts, own_counts(mouse))
    assert recording.units["unit_id"].tolist() == mouse.units["unit_id"].tolist()
    assert recording.units["area"].tolist() == mouse.units["area"].tolist()
    assert recording.rate_hz == 30
    assert set(recording.units["session"]) == {1}
    assert report["kept"].tolist() == [12, 12, 12]


def test_quality_columns_are_read_back_and_filter(mouse, written):
    recording, report = count_session(written, "movie1", AREAS)
    good = (mouse.units.index % 12) != 9
    for name in ("amplitude_cutoff", "presence_ratio", "isi_violations", "firing_rate"):
        assert_array_equal(recording.units[name], mouse.units.loc[good, name])
    assert report["left_out_amplitude_cutoff"].tolist() == [1, 1, 1]


def test_the_file_is_valid_and_opens_in_pynwb(mouse, written):
    assert pynwb.validate(path=written) == []
    with pynwb.NWBHDF5IO(written, "r") as opened:
        file = opened.read()
        assert_array_equal(file.units["spike_times"][3], mouse.spikes[3])
        electrodes = file.electrodes.to_dataframe()
        assert electrodes.loc[file.units["peak_channel_id"][3], "location"] == "VISp"
        table = file.intervals["movie1_presentations"].to_dataframe()
        assert table["frame"].tolist() == list(range(40)) * 3
        assert set(table["stimulus_block"]) == {0}


def test_the_file_says_that_it_is_simulated(written):
    with h5py.File(written) as file:
        for path in ("identifier", "session_description", "general/institution", "general/subject/subject_id"):
            assert "SIMULATED" in file[path].asstr()[()]
        assert "SIMULATED" in file["units"].attrs["description"]


def test_two_writes_give_the_same_bytes(written, tmp_path):
    simulated_nwb.write(simulated(), "movie1", tmp_path / "elsewhere_and_later.nwb")
    assert sha256(tmp_path / "elsewhere_and_later.nwb") == sha256(written)


def test_every_object_has_another_id_and_none_is_random(written):
    versions = re.findall(
        rb"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", written.read_bytes()
    )
    assert set(versions) == {b"5"}
    with h5py.File(written) as file:
        ids = [file.attrs["object_id"]]
        file.visititems(lambda _, item: ids.append(item.attrs["object_id"]) if "object_id" in item.attrs else None)
    assert len(ids) == len(set(ids)) > 10


def test_another_session_gives_other_bytes(written, tmp_path):
    simulated_nwb.write(simulated(session=2), "movie1", tmp_path / "two.nwb")
    assert sha256(tmp_path / "two.nwb") != sha256(written)


def test_a_failed_write_leaves_nothing(mouse, tmp_path, monkeypatch):
    def fail(path):
        raise OSError("no space left")

    monkeypatch.setattr(simulated_nwb, "name_objects_by_path", fail)
    with pytest.raises(OSError, match="no space left"):
        simulated_nwb.write(mouse, "movie1", tmp_path / "mouse.nwb")
    assert list(tmp_path.iterdir()) == []


def test_raw_sessions_and_published_arrays_of_the_same_spikes_give_the_same_sums(tmp_path):
    mice = [simulated(session, n_frames=900, units=3, repeats=2) for session in (1, 2)]
    for session in mice:
        simulated_nwb.write(session, "allen_natural_movie_one", tmp_path / f"{session.session}.nwb")
    counted = [count_session(tmp_path / f"{n}.nwb", "allen_natural_movie_one", AREAS)[0] for n in (1, 2)]
    (tmp_path / "allen_natural_movie_one").mkdir()
    for area in ("VISp", "VISam"):
        mine = [own_counts(one)[:, :, one.units["area"] == area].sum(axis=0) for one in mice]
        array = np.concatenate(mine, axis=1)[:, None, :]
        np.save(tmp_path / "allen_natural_movie_one" / f"{area.lower()}_1.npy", array)
        raw: Recording = join(counted, area)
        summed = published_counts.read(tmp_path, "allen_natural_movie_one", area).summed
        assert raw.summed.dtype == summed.dtype
        assert raw.summed.tobytes() == summed.tobytes()
