"""Counting a session and joining sessions: which units stay, what the report says, what must not be joined."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from nwb_files import FRAME_S, FRAMES, REPEATS, START, presentations, spike_times, write_session

from lorafb.artefacts import recordings
from lorafb.artefacts.provenance import Provenance
from lorafb.config import movies as config
from lorafb.cortex.quality import Quality
from lorafb.cortex.sessions import count_session, join
from lorafb.files import InputError

NO_BOUNDS = dict.fromkeys(("amplitude_cutoff", "presence_ratio", "isi_violations"))
EVERY_UNIT = Quality(**NO_BOUNDS)


@pytest.fixture(scope="module")
def counted(written):
    return count_session(written, "natural_movie_one", ["VISp", "VISl"], EVERY_UNIT)[0]


def by_loop(unit_id):
    return [np.sum([begin <= t < begin + FRAME_S for t in spike_times(unit_id)]) for begin in START]


def test_every_count_is_that_of_a_plain_loop(counted):
    assert counted.counts.shape == (REPEATS, FRAMES, 7)
    for column, unit_id in enumerate(counted.units["unit_id"]):
        assert counted.counts[:, :, column].ravel().tolist() == by_loop(unit_id)
        assert sum(by_loop(unit_id)) < len(spike_times(unit_id))  # the pauses hold spikes that no count may hold


def test_the_frame_rate_is_that_of_the_rows(counted):
    assert counted.rate_hz == 1 / FRAME_S


def test_filters_keep_units_at_their_bounds_and_none_without_a_measure(written):
    good_units = (
        (Quality(), [950, 951, 952]),
        (EVERY_UNIT, [950, 951, 952, 953, 954, 955, 956]),
        (Quality(presence_ratio=None, isi_violations=None), [950, 951, 952, 954, 955]),
        (Quality(firing_rate=1.0), [950, 951]),
        (Quality(**NO_BOUNDS, quality="good"), [950, 951, 953, 954, 955, 956]),
    )
    for quality, good in good_units:
        recording, _ = count_session(written, "natural_movie_one", ["VISp", "VISl"], quality)
        assert recording.units["unit_id"].tolist() == good


def test_the_filters_of_a_config_come_out_of_a_job_as_the_same_record():
    quality = config.Allen(kind="allen", sessions=["one.nwb"]).quality
    assert Quality(**quality.model_dump(mode="json")) == quality == Quality(quality="good")


def test_the_report_says_what_became_of_every_unit(written):
    _, report = count_session(written, "natural_movie_one", ["VISp", "VISl", "VISam"])
    report = report.set_index("area")
    assert report["units"].to_dict() == {"VISp": 6, "VISl": 1, "VISam": 0, "": 1}
    assert report["kept"].to_dict() == {"VISp": 2, "VISl": 1, "VISam": 0, "": 0}
    left = report.filter(like="left_out_")
    assert left.loc["VISp"].to_dict() == {
        "left_out_amplitude_cutoff": 2,
        "left_out_presence_ratio": 1,
        "left_out_isi_violations": 1,
        "left_out_firing_rate": 0,
        "left_out_quality": 0,
        "left_out_peak_channel_id": 0,
        "left_out_several_areas": 0,
        "left_out_unobserved": 0,
    }
    assert report.loc["", "left_out_peak_channel_id"] == 1
    assert (left.sum(axis=1) + report["kept"]).tolist() == report["units"].tolist()
    seconds = REPEATS * FRAMES * FRAME_S
    assert report.loc["VISl", "mean_rate"] == sum(by_loop(952)) / seconds
    assert np.isnan(report.loc["VISam", "mean_rate"])
    assert set(report["session"]) == {715093703}


def test_a_broken_repeat_is_named_in_the_report_and_the_log(tmp_path, caplog):
    rows = np.delete(np.arange(len(START)), FRAMES + 1)
    table = presentations(start=START[rows], frame=rows % FRAMES)
    path = write_session(tmp_path / "broken.nwb", tables=[table])
    recording, report = count_session(path, "natural_movie_one", ["VISp"])
    begin = START[FRAMES]
    assert report["repeats_left_out"][0] == f"repeat 1 (from {begin:.3f} s) lacks 1 of 5 frames, the first is 1"
    assert "broken.nwb" in caplog.text
    assert recording.counts[:, :, 0].ravel().tolist() == [*by_loop(950)[:FRAMES], *by_loop(950)[2 * FRAMES :]]


def test_scenes_in_random_order_are_counted_by_scene(tmp_path):
    order = np.random.default_rng(1).permutation(np.tile(np.arange(-1, 4), 3))
    path = write_session(tmp_path / "scenes.nwb", tables=[presentations("natural_scenes", frame=order)])
    recording, _ = count_session(path, "natural_scenes", ["VISp"], order="scenes")
    counts = np.array(by_loop(950))
    assert recording.counts.shape == (3, 4, 2)
    assert recording.summed[:, 0].tolist() == [counts[order == scene].sum() for scene in range(4)]


def test_areas_that_the_session_lacks_are_named(written):
    with pytest.raises(
        InputError, match=r"session.nwb: table units: has no unit of VISpm.*its areas are CA1, VISl, VISp"
    ):
        count_session(written, "natural_movie_one", ["VISpm"])


def test_a_session_without_good_units_says_what_they_failed(written):
    with pytest.raises(InputError, match=r"no unit of VISl passes the quality filters; they failed {'firing_rate': 1}"):
        count_session(written, "natural_movie_one", ["VISl"], Quality(firing_rate=1.0))


def other(recording, session=2, **changed):
    units = recording.units | {"session": np.full(len(recording.units["unit_id"]), session)}
    return replace(recording, units=units, **changed)


def test_joined_sessions_are_side_by_side_with_their_ids(counted):
    joined = join([counted, other(counted)], "VISp")
    in_visp = counted.units["area"] == "VISp"
    assert_array_equal(joined.counts, np.tile(counted.counts[:, :, in_visp], 2))
    assert_array_equal(joined.summed, joined.counts.sum(axis=0))
    assert joined.units["session"].tolist() == [715093703] * 6 + [2] * 6
    assert joined.units["unit_id"].tolist() == [950, 951, 953, 954, 955, 956] * 2
    assert "area" not in joined.units
    assert (joined.area, joined.movie, joined.n_repeats) == ("VISp", "natural_movie_one", REPEATS)


def test_a_session_without_units_of_the_area_adds_none(counted):
    elsewhere = other(counted)
    elsewhere = replace(elsewhere, units=elsewhere.units | {"area": np.full(7, "VISam")})
    assert join([counted, elsewhere], "VISl").units["session"].tolist() == [715093703]


def test_counted_sessions_can_be_joined_after_reading_them_back(counted, tmp_path):
    recordings.write(counted, tmp_path / "one.h5", Provenance())
    joined = join([recordings.read(tmp_path / "one.h5")], "VISl")
    assert_array_equal(joined.counts, join([counted], "VISl").counts)
    assert joined.units["unit_id"].tolist() == [952]


def test_fewest_takes_the_first_repeats_of_every_session(counted):
    short = other(counted, counts=counted.counts[:2], n_repeats=2)
    joined = join([counted, short], "VISl", repeats="fewest")
    assert joined.n_repeats == 2
    assert_array_equal(joined.counts[:, :, 0], counted.counts[:2, :, counted.units["unit_id"] == 952][:, :, 0])


def test_unlike_sessions_are_not_joined(counted):
    unlike = (
        ({"n_repeats": 2}, "session 2 has 2 whole repeats, session 715093703 has 3; leave one of them out"),
        ({"summed": np.zeros((4, 7), int)}, "session 2 has 4 frames, session 715093703 has 5"),
        ({"movie": "natural_movie_three"}, "session 2 saw natural_movie_three"),
        ({"rate_hz": 30.0}, "session 2 was shown at 30.0 Hz, session 715093703 at 4.0 Hz"),
        ({"session": 715093703}, "session 715093703 is given more than once"),
    )
    for changed, message in unlike:
        with pytest.raises(InputError, match=f"^natural_movie_one: {message}"):
            join([counted, other(counted, **changed)], "VISp")


def test_clocks_that_differ_by_less_than_a_hundredth_are_one_movie(counted):
    assert join([counted, other(counted, rate_hz=4.02)], "VISp").rate_hz == 4.01


def test_an_area_in_no_session_is_refused(counted):
    with pytest.raises(InputError, match="no session has units of VISpm"):
        join([counted], "VISpm")
    with pytest.raises(InputError, match="no session to join"):
        join([], "VISp")
