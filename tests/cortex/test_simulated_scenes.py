"""Still scenes shown to the simulated mouse, and the truth stored for every simulated session."""

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lorafb.artefacts import truths
from lorafb.artefacts.provenance import Provenance
from lorafb.cortex import published_counts, simulated_nwb
from lorafb.cortex.reliability import split_half_reliability
from lorafb.cortex.sessions import count_session, join
from lorafb.cortex.simulated import simulate
from lorafb.files import InputError

AREAS = ["VISp", "VISam", "control"]
N_SCENES, REPEATS, RATE_HZ = 12, 20, 4.0
SCENES = np.random.default_rng(2).integers(0, 256, (N_SCENES, 8, 8), dtype=np.uint8).repeat(4, axis=1).repeat(4, axis=2)


def mouse_that_sees_scenes(session=1, **changed):
    settings = {"units": 12, "repeats": REPEATS, "seed": 5, "areas": AREAS, "order": "scenes"}
    return simulate(SCENES, RATE_HZ, session=session, **(settings | changed))


@pytest.fixture(scope="module")
def mice():
    return [mouse_that_sees_scenes(1), mouse_that_sees_scenes(2)]


@pytest.fixture(scope="module")
def counted(mice, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    for mouse in mice:
        simulated_nwb.write(mouse, "scenes", folder / f"{mouse.session}.nwb")
    return [count_session(folder / f"{mouse.session}.nwb", "scenes", AREAS, order="scenes")[0] for mouse in mice]


def test_every_scene_is_on_for_a_quarter_of_a_second_once_per_repeat(mice):
    mouse = mice[0]
    assert_allclose(mouse.stop - mouse.start, 0.25)
    assert_array_equal(mouse.start[0, 1:], mouse.stop[0, :-1])
    order = mouse.frame.reshape(REPEATS, N_SCENES)
    assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(N_SCENES), (REPEATS, 1)))
    assert len({tuple(row) for row in order}) == REPEATS
    assert (mice[1].frame != mouse.frame).any()


def test_the_truth_is_a_rate_for_every_scene_and_flat_in_the_control_area(mice):
    mouse = mice[0]
    assert mouse.rates.shape == (N_SCENES, 36)
    control = (mouse.units["area"] == "control").to_numpy()
    assert_allclose(mouse.rates[:, control], mouse.rates[:1, control].repeat(N_SCENES, axis=0))
    assert (mouse.rates[:, ~control].std(axis=0) > 0.1).all()


def test_counts_read_back_follow_the_truth_of_their_own_scene(mice, counted):
    """Scenes ordered by anything but their number would follow it no better than another scene's."""
    for mouse, recording in zip(mice, counted, strict=True):
        good = np.isin(mouse.units["unit_id"], recording.units["unit_id"])
        driven = recording.units["area"] != "control"
        truth = mouse.rates[:, good][:, driven]
        rates = recording.summed[:, driven] / REPEATS / 0.25
        own = np.median([np.corrcoef(truth[:, unit], rates[:, unit])[0, 1] for unit in range(truth.shape[1])])
        rolled = np.roll(truth, 1, axis=0)
        other = np.median([np.corrcoef(rolled[:, unit], rates[:, unit])[0, 1] for unit in range(truth.shape[1])])
        assert own > 0.7
        assert own > other + 0.5


def test_units_are_reliable_where_the_scenes_drive_them(counted):
    reliability = split_half_reliability(counted[0].counts, splits=20)
    control = counted[0].units["area"] == "control"
    assert np.median(reliability[~control]) > 0.6
    assert np.median(reliability[control]) < 0.3


def test_raw_sessions_and_published_arrays_of_the_same_scenes_give_the_same_sums(mice, counted, tmp_path):
    """The published arrays hold 8 time steps of each presentation; here they are cut and counted by a histogram."""
    (tmp_path / "allen_natural_scenes").mkdir()
    for area in ("VISp", "VISam"):
        raw = join(counted, area)
        columns = []
        for mouse, recording in zip(mice, counted, strict=True):
            ids = recording.units["unit_id"][recording.units["area"] == area]
            rows = np.flatnonzero(np.isin(mouse.units["unit_id"], ids))
            columns += [by_histogram(mouse, mouse.spikes[row]) for row in rows]
        np.save(tmp_path / "allen_natural_scenes" / f"{area.lower()}_8.npy", np.stack(columns, axis=2))
        np.save(tmp_path / "allen_natural_scenes" / f"shr_{area.lower()}.npy", np.ones(len(columns)))
        summed = published_counts.read(tmp_path, "allen_natural_scenes", area).summed
        assert raw.summed.tobytes() == summed.tobytes()


def by_histogram(mouse, train, steps=8):
    edges = np.concatenate([mouse.start[0, :1], *np.linspace(mouse.start[0], mouse.stop[0], steps + 1)[1:].T])
    inside = train[(train >= edges[0]) & (train < edges[-1])]
    counts = np.histogram(inside, edges)[0].reshape(-1, steps)
    return np.stack([counts[mouse.frame[0] == scene].sum(axis=0) for scene in range(N_SCENES)])


@pytest.fixture
def truth_files(mice, tmp_path):
    for mouse in mice:
        path = tmp_path / f"simulated_{mouse.session}.h5"
        truths.write(mouse.rates, mouse.units["unit_id"].to_numpy(), path, Provenance())
    return [tmp_path / f"simulated_{mouse.session}.h5" for mouse in mice]


def test_the_truth_of_a_joined_recording_is_in_the_order_of_its_units(mice, counted, truth_files):
    """Ten units in each session fail quality filters, so that neither the number nor the order is that of the files."""
    for area in AREAS:
        joined = join(counted, area)
        rates = truths.of_units(truths.read(truth_files), joined.units["unit_id"])
        assert rates.shape == joined.summed.shape
        for column, unit in enumerate(joined.units["unit_id"]):
            mouse = mice[0] if unit in set(mice[0].units["unit_id"]) else mice[1]
            assert_array_equal(rates[:, column], mouse.rates[:, mouse.units["unit_id"] == unit][:, 0])


def test_the_truth_is_read_by_h5py_alone(mice, truth_files):
    with h5py.File(truth_files[0]) as file:
        assert file.attrs["format"] == "lorafb-truth"
        assert_array_equal(file["rates"], mice[0].rates)
        assert_array_equal(file["unit_id"], mice[0].units["unit_id"])


def test_a_unit_without_a_truth_is_named(truth_files):
    with pytest.raises(InputError, match=r"no true rate is known of unit 7 \(1 of 1 lack one\)"):
        truths.of_units(truths.read(truth_files), np.array([7]))
