"""Everything that turns time into counts, with the fault that a file can have: each row of the table in docs/counting.md."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from nwb_files import (
    ELECTRODES,
    FRAME_S,
    FRAMES,
    MOVIE,
    REPEATS,
    START,
    TIMES,
    UNITS,
    change_rows,
    presentations,
    replace_column,
    spike_times,
    write_session,
)

from lorafb.cortex.observed import covered, of_spikes
from lorafb.cortex.quality import Quality
from lorafb.cortex.sessions import count_session, join
from lorafb.files import InputError

EVERY_UNIT = Quality(**dict.fromkeys(("amplitude_cutoff", "presence_ratio", "isi_violations")))
SECOND = START[FRAMES]
STOP = START + FRAME_S


def count(path, stimulus="natural_movie_one", areas=("VISp", "VISl", "CA1"), **how):
    return count_session(path, stimulus, areas, EVERY_UNIT, **how)[0]


def numbers(recording):
    """Numbers of a recording's notes by column of the table of units."""
    return {one.what: sum(note.number for note in recording.notes if note.what == one.what) for one in recording.notes}


def texts(recording):
    return " | ".join(note.text for note in recording.notes)


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("stop", "n_cut"),
    [
        (np.where(np.arange(15) % FRAMES == FRAMES - 1, np.append(START[1:], 99)[np.arange(15)], STOP), 3),
        (STOP + FRAME_S, 15),  # off by one row
        (np.repeat(STOP[FRAMES - 1 :: FRAMES], FRAMES), 12),  # every row lasts until its repeat ends
        (np.where(np.arange(15) % FRAMES == FRAMES - 1, STOP, STOP + 1e-9), 0),  # rounding is no news
        (np.where(np.arange(15) == 7, STOP + 0.06, STOP), 1),
    ],
)
def test_no_row_reaches_into_the_next_one_nor_lasts_longer_than_half_a_row_more(written, copy, stop, n_cut):
    replace_column(copy, f"{MOVIE}/stop_time", stop)
    recording, sound = count(copy), count(written)
    assert_array_equal(recording.counts, sound.counts)
    assert recording.rate_hz == sound.rate_hz
    assert (numbers(recording)["rows_cut"], numbers(sound)["rows_cut"]) == (n_cut, 0)
    assert (f"copy.nwb: table {MOVIE}: {n_cut} of 15 rows reached into the next one" in texts(recording)) == (n_cut > 0)


def test_a_row_longer_than_the_usual_one_by_less_than_half_is_as_the_file_says(written, copy):
    """A frame that stayed for one refresh of the screen more was shown for that long."""
    start, stop = START.copy(), STOP.copy()
    stop[FRAMES - 1] += 0.12
    replace_column(copy, f"{MOVIE}/stop_time", stop)
    assert numbers(count(copy))["rows_cut"] == 0
    unit = 950
    expected = ((spike_times(unit) >= start[FRAMES - 1]) & (spike_times(unit) < stop[FRAMES - 1])).sum()
    assert count(copy).counts[0, -1, 0] == expected == count(written).counts[0, -1, 0] + 1


def test_frames_that_overlap_by_more_than_half_a_row_are_refused(copy):
    start = START.copy()
    start[3] = start[2] + 0.1
    replace_column(copy, f"{MOVIE}/start_time", start)
    with pytest.raises(
        InputError, match=r"a row lasts from 1.500 to 1.750 s, the next one begins at 1.600 s: two frames"
    ):
        count(copy)


def test_a_grey_row_ends_a_frame(written, tmp_path):
    """The last frame of each repeat lasts until the next repeat, and the grey screen between them is a row of the table."""
    frame = np.append(np.tile(np.arange(FRAMES), REPEATS), [-1, -1])
    start = np.append(START, STOP[[FRAMES - 1, 2 * FRAMES - 1]] + 0.05)
    path = write_session(tmp_path / "grey.nwb", tables=[presentations(start=start, frame=frame)])
    with h5py.File(path, "r+") as file:
        file[f"{MOVIE}/stop_time"][FRAMES - 1] = STOP[FRAMES - 1] + 0.1
    recording = count(path)
    assert numbers(recording)["rows_cut"] == 1
    train = spike_times(950)
    expected = ((train >= START[FRAMES - 1]) & (train < STOP[FRAMES - 1] + 0.05)).sum()
    assert recording.counts[0, -1, 0] == expected


def test_a_row_that_is_there_twice_is_counted_once(written, tmp_path):
    rows = np.insert(np.arange(15), 7, 7)
    table = presentations(start=START[rows], frame=rows % FRAMES)
    recording = count(write_session(tmp_path / "twice.nwb", tables=[table]))
    assert_array_equal(recording.counts, count(written).counts)
    assert numbers(recording)["rows_doubled"] == 1
    assert "twice.nwb" in texts(recording)
    assert "1 row there twice: counted once" in texts(recording)


def test_a_frame_shown_twice_in_a_row_leaves_its_repeat_out(written, tmp_path):
    frame = np.tile(np.arange(FRAMES), REPEATS)
    frame[7] = 1
    recording = count(write_session(tmp_path / "doubled.nwb", tables=[presentations(frame=frame)]))
    assert_array_equal(recording.counts, np.delete(count(written).counts, 1, axis=0))
    assert numbers(recording)["repeats_left_out"] == 2  # the two parts of the broken one


@pytest.mark.parametrize("n_frames", [None, FRAMES])
def test_frames_may_be_numbered_from_1(written, tmp_path, n_frames):
    table = presentations(frame=np.tile(np.arange(FRAMES), REPEATS) + 1)
    recording = count(write_session(tmp_path / "from_1.nwb", tables=[table]), n_frames=n_frames)
    assert_array_equal(recording.counts, count(written).counts)
    assert "numbers its frames from 1 to 5: they are taken as 0 to 4" in texts(recording)


def test_frames_from_1_that_lack_the_first_one_are_no_movie(tmp_path):
    rows = np.flatnonzero(np.arange(15) % FRAMES > 0)
    path = write_session(tmp_path / "later.nwb", tables=[presentations(start=START[rows], frame=rows % FRAMES)])
    with pytest.raises(InputError, match=r"no repeat is whole: repeat 0 .* lacks 1 of 5 frames, the first is 0"):
        count(path, n_frames=FRAMES)


def test_a_repeat_at_another_speed_is_left_out(written, tmp_path):
    start, stop = START.copy(), STOP.copy()
    start[FRAMES : 2 * FRAMES] = SECOND + np.arange(FRAMES) * 0.37
    stop[FRAMES : 2 * FRAMES] = start[FRAMES : 2 * FRAMES] + 0.37
    path = write_session(tmp_path / "slow.nwb", tables=[presentations(start=start)])
    replace_column(path, f"{MOVIE}/stop_time", stop)
    recording = count(path)
    assert_array_equal(recording.counts, np.delete(count(written).counts, 1, axis=0))
    assert "the repeat from 4.250 s ran at 2.703 frames a second, the others at 4.000" in texts(recording)


def test_a_repeat_with_one_frame_that_stayed_longer_is_no_slower_one(tmp_path):
    start = START.copy()
    start[FRAMES + 2 : 2 * FRAMES] += 0.1
    path = write_session(tmp_path / "late.nwb", tables=[presentations(start=start)])
    replace_column(path, f"{MOVIE}/stop_time", np.where(np.arange(15) == FRAMES + 1, start + 0.35, start + FRAME_S))
    assert count(path).n_repeats == REPEATS


def test_frames_apart_from_each_other_have_the_rate_of_their_starts(copy):
    replace_column(copy, f"{MOVIE}/stop_time", START + 0.15)
    recording = count(copy)
    assert recording.rate_hz == 4.0
    assert recording.n_repeats == REPEATS
    assert "the screen was without a frame for 40% of each repeat; spikes there are not counted" in texts(recording)


def test_times_rounded_to_milliseconds_keep_the_rate(tmp_path):
    start = np.round(1 + np.arange(31) / 30, 3)
    path = write_session(tmp_path / "ms.nwb", tables=[presentations(start=start[:-1], frame=np.arange(30))])
    replace_column(path, f"{MOVIE}/stop_time", start[1:])
    assert count(path).rate_hz == pytest.approx(30, abs=0.02)


def test_two_tables_of_one_movie_are_joined_in_time_and_a_third_is_named(written, tmp_path):
    def part(repeats, name):
        rows = np.concatenate([np.arange(FRAMES) + FRAMES * repeat for repeat in repeats])
        return presentations(name, start=START[rows], frame=rows % FRAMES)

    tables = [part([0, 2], "natural_movie_one"), part([1], "natural_movie_one_more_repeats")]
    path = write_session(tmp_path / "two.nwb", tables=tables)
    both = count(path, ["natural_movie_one_more_repeats", "natural_movie_one"])
    assert_array_equal(both.counts, count(written).counts)
    alone = count(path)
    assert alone.n_repeats == 2
    assert numbers(alone)["tables_unused"] == 1
    assert "not used: natural_movie_one_more_repeats_presentations" in texts(alone)


def test_two_tables_that_show_frames_at_the_same_time_are_refused(tmp_path):
    tables = [presentations("one"), presentations("other", start=START + 0.1)]
    path = write_session(tmp_path / "both.nwb", tables=tables)
    with pytest.raises(
        InputError, match="table intervals/one_presentations and other_presentations show frames at the same"
    ):
        count(path, ["one", "other"])


def test_no_repeat_begins_in_one_table_and_ends_in_another(written, tmp_path):
    rows = np.arange(15)
    tables = [
        presentations("one", start=START[rows[:8]], frame=rows[:8] % FRAMES),
        presentations("other", start=START[rows[8:]], frame=rows[8:] % FRAMES),
    ]
    recording = count(write_session(tmp_path / "parts.nwb", tables=tables), ["one", "other"])
    assert_array_equal(recording.counts, np.delete(count(written).counts, 1, axis=0))


# ---------------------------------------------------------------- time without a recording


def add_observed(path, until):
    """Intervals in which each unit was observed: from 0 to `until`, by unit."""
    with h5py.File(path, "r+") as file:
        file["units/obs_intervals"] = np.array([[0.0, until.get(unit, 99.0)] for unit in UNITS])
        file["units/obs_intervals_index"] = np.arange(1, len(UNITS) + 1)


def test_a_unit_not_observed_in_every_repeat_is_left_out_or_the_repeat_is(written, copy):
    add_observed(copy, {951: START[-1], 952: SECOND - 1})
    sound = count(written)
    recording, report = count_session(copy, "natural_movie_one", ["VISp", "VISl", "CA1"], EVERY_UNIT)
    kept = ~np.isin(sound.units["unit_id"], [951, 952])
    assert_array_equal(recording.units["unit_id"], sound.units["unit_id"][kept])
    assert_array_equal(recording.counts, sound.counts[:, :, kept])
    assert numbers(recording)["unobserved"] == 2
    assert report.set_index("area")["left_out_unobserved"].to_dict() == {"VISp": 1, "VISl": 1, "CA1": 0, "": 0}
    alone = count(copy, areas=["VISl"])  # of one unit, which is not the first of the file
    assert_array_equal(alone.counts[:, :, 0], sound.counts[:1, :, sound.units["unit_id"] == 952][:, :, 0])
    assert numbers(alone)["repeats_unobserved"] == 2
    fewer = count(copy, unobserved="leave_out_repeats")
    assert_array_equal(fewer.counts, sound.counts[:1])
    assert numbers(fewer)["repeats_unobserved"] == 2


def test_a_note_of_one_area_stays_with_it(copy):
    add_observed(copy, {951: START[-1]})
    sessions = [count(copy)]
    assert numbers(join(sessions, "VISp"))["unobserved"] == 1
    assert numbers(join(sessions, "VISl"))["unobserved"] == 0
    replace_column(copy, "units/obs_intervals", np.array([[0.0, 5.0 if unit == 952 else 99.0] for unit in UNITS]))
    with pytest.raises(
        InputError, match=r"no session has units of VISl.*; copy.nwb: .* 1 unit of VISl not observed in every"
    ):
        join([count(copy)], "VISl")


def test_no_observed_repeat_at_all_is_an_error_that_says_what_helps(copy):
    add_observed(copy, dict.fromkeys(UNITS, SECOND - 1) | {950: 99.0})
    assert count(copy).units["unit_id"].tolist() == [950]
    add_observed_again = [[SECOND, 99.0] if unit == 950 else [0.0, SECOND] for unit in UNITS]
    replace_column(copy, "units/obs_intervals", np.array(add_observed_again))
    with pytest.raises(
        InputError, match=r"no unit was observed in all 3 repeats; `unobserved: leave_out_repeats` .*\(0\)$"
    ):
        count(copy)


def test_observed_intervals_that_meet_are_one():
    start, stop = np.array([0.0, 0.5, 1.5, 3.0]), np.array([0.5, 1.5, 2.5, 3.5])
    intervals = np.array([[0.0, 1.0], [1.0, 2.0], [0.2, 0.4], [3.0, 4.0]])
    assert covered(start, stop, intervals[np.argsort(intervals[:, 0])]).tolist() == [True, True, False, True]
    assert not covered(start, stop, np.zeros((0, 2))).any()


@pytest.mark.parametrize("tag", ["probeA", "11", "all_probes"])
def test_invalid_times_that_name_a_probe_leave_its_units_out(copy, tag):
    with h5py.File(copy, "r+") as file:
        names = np.array(["probeB", "probeA", "probeB", "probeB"], object)
        del file[f"{ELECTRODES}/group_name"]
        file[f"{ELECTRODES}/group_name"], file[f"{ELECTRODES}/probe_id"] = names, [12, 11, 12, 12]
        group = file.create_group("intervals/invalid_times")
        group["id"], group["start_time"], group["stop_time"] = [0], [SECOND], [SECOND + 0.1]
        group.create_dataset("tags", data=["EcephysProbe", tag], dtype=h5py.string_dtype())
        group["tags_index"] = [2]
    if tag == "all_probes":
        recording = count(copy)
        assert recording.n_repeats == 2
        assert numbers(recording)["repeats_unobserved"] == 1
    else:
        recording = count(copy)
        assert 951 not in recording.units["unit_id"]
        assert 950 in recording.units["unit_id"]
        assert (recording.n_repeats, numbers(recording)["unobserved"]) == (3, 1)


@pytest.mark.parametrize(("probe", "n_repeats", "lost"), [("probeA", 3, 1), ("a cable", 2, 0)])
def test_invalid_times_may_name_a_probe_in_a_column_of_their_own(copy, probe, n_repeats, lost):
    with h5py.File(copy, "r+") as file:
        del file[f"{ELECTRODES}/group_name"]
        file[f"{ELECTRODES}/group_name"] = np.array(["probeB", "probeA", "probeB", "probeB"], object)
        group = file.create_group("intervals/invalid_times")
        group["id"], group["start_time"], group["stop_time"] = [0], [SECOND], [SECOND + 0.1]
        group.create_dataset("which", data=[probe], dtype=h5py.string_dtype())
    recording = count(copy)
    assert (recording.n_repeats, numbers(recording)["unobserved"]) == (n_repeats, lost)
    assert (951 in recording.units["unit_id"]) == (lost == 0)


def test_a_recording_that_ends_before_the_last_repeat_gives_no_silent_repeat(written, copy):
    """Nothing but the spikes says that the recording ended: 8 units fall silent together, for longer than chance allows."""
    many = {unit: np.arange(0, 12, 0.02) for unit in UNITS}
    for cut, first in ((START[2 * FRAMES] - 0.5, 2), (START[2 * FRAMES] + 0.1, 2)):
        trains = [train[train < cut] for train in many.values()]
        replace_column(copy, TIMES, np.concatenate(trains))
        replace_column(copy, "units/spike_times_index", np.cumsum([len(one) for one in trains]))
        recording = count(copy)
        assert recording.n_repeats == first
        assert recording.counts.min() > 0
        assert "1 repeat, the first from 7.500 s, not observed by any unit: left out" in texts(recording)


def test_a_silent_repeat_is_no_recording_only_where_chance_cannot_explain_it():
    start = np.arange(4)[:, None] * 10.0 + np.arange(5) * 0.1
    counts = np.ones((4, 5, 6), np.uint8)
    counts[2] = 0
    ends = np.tile([0.0, 50.0, 500], (6, 1))
    seen = of_spikes(["a"] * 6, ends, counts, start, start + 0.1)
    assert seen[0].tolist() == [True, True, False, True]
    assert not of_spikes(["a"] * 3 + ["b"] * 3, ends, counts, start, start + 0.1)[:, 2].any()  # silent together
    other = counts.copy()
    other[2, :, 4] = 1
    assert of_spikes(["a"] * 4 + ["b"] * 2, ends, other, start, start + 0.1)[:, 2].tolist() == [False] * 4 + [True] * 2
    drifted = np.tile(counts[..., :3], (1, 9, 1))
    assert of_spikes(["a"] * 3, ends[:3], drifted, start, start + 0.1).all()  # three units
    few = counts[:, :4, :4]
    assert of_spikes(["a"] * 4, ends[:4], few, start, start + 0.1).all()  # 16 spikes expected: too few to tell


# ---------------------------------------------------------------- places


def with_electrodes(path, rows, waveforms=None):
    with h5py.File(path, "r+") as file:
        del file["units/peak_channel_id"]
        file["units/electrodes"] = np.array([row for unit in rows for row in unit], np.uint16)
        file["units/electrodes_index"] = np.cumsum([len(unit) for unit in rows]).astype(np.uint8)
        if waveforms is not None:
            file["units/waveform_mean"] = waveforms


def test_electrode_ids_may_start_anew_on_each_probe_where_units_name_rows(written, copy):
    with_electrodes(copy, [[{10: 0, 11: 1, 12: 2, 13: 3, 99: 0}[unit[0]]] for unit in UNITS.values()])
    replace_column(copy, f"{ELECTRODES}/id", [0, 1, 0, 1])
    sound = count(written)
    kept = np.isin(count(copy).units["unit_id"], sound.units["unit_id"])
    assert_array_equal(count(copy).counts[:, :, kept], sound.counts)


def test_electrode_ids_must_be_unique_where_units_name_ids(copy):
    replace_column(copy, f"{ELECTRODES}/id", [10, 11, 10, 11])
    with pytest.raises(InputError, match="electrodes: id 10 appears more than once"):
        count(copy)


def test_a_unit_on_electrodes_of_several_areas_is_where_its_waveform_is_largest(copy):
    waveforms = np.zeros((9, 4, 3))
    waveforms[0, 1] = 1, 2, 9  # largest on its third electrode, row 2: VISl
    waveforms[1, 1] = 1, 3, 2
    with_electrodes(copy, [[0, 1, 2], [1, 0, 2], [0, 2, 3], *[[0]] * 6], waveforms)
    recording = count(copy)
    assert recording.units["area"].tolist()[:2] == ["VISl", "VISp"]
    assert numbers(recording)["placed_by_waveform"] == 2
    assert numbers(recording)["several_areas"] == 1  # a waveform of zeros tells nothing
    assert 952 not in recording.units["unit_id"]


def test_layers_and_full_names_are_of_their_area_and_the_rest_is_counted_and_named(copy):
    replace_column(copy, f"{ELECTRODES}/location", ["VISp2/3", "Primary visual area, layer 4", "LM", "ca1"])
    recording = count(copy, areas={"VISp": [], "VISl": ["LM"]})
    assert dict(zip(recording.units["unit_id"], recording.units["area"], strict=True)) == {
        950: "VISp",
        951: "VISp",
        952: "VISl",
        **dict.fromkeys([953, 954, 955, 956], "VISp"),
    }
    assert numbers(recording)["in_no_area"] == 1
    assert "1 unit in no area of the study: ca1 1" in texts(recording)


def test_electrodes_in_layers_of_one_area_are_in_one_area(copy):
    replace_column(copy, f"{ELECTRODES}/location", ["VISp2/3", "VISp4", "VISl", "CA1"])
    with_electrodes(copy, [[0, 1], *[[2]] * 8])
    assert count(copy).units["area"].tolist()[0] == "VISp"
    assert numbers(count(copy)).get("several_areas", 0) == 0


# ---------------------------------------------------------------- sessions that are joined


def test_repeats_dropped_by_fewest_are_counted(written):
    one = count(written)
    short = replace(one, counts=one.counts[:2], n_repeats=2, units=one.units | {"session": np.full(8, 2)}, notes=())
    joined = join([one, short], "VISp", "fewest")
    assert numbers(joined)["repeats_dropped"] == 1


def test_what_many_sessions_lack_alike_is_told_of_three_and_counted_of_all(written):
    one = count(written, areas=["VISp", "VISl"])
    sessions = [replace(one, units=one.units | {"session": np.full(7, k)}) for k in range(6)]
    joined = join(sessions, "VISp")
    assert numbers(joined)["in_no_area"] == numbers(joined)["of_unknown_place"] == 6
    assert texts(joined).count("in no area of the study: CA1 1") == 3
    assert "in_no_area: 3 in 3 more sessions" in texts(joined)


def test_nan_times_and_rows_out_of_order(written, copy):
    order = np.random.default_rng(1).permutation(15)
    with h5py.File(copy) as file:
        columns = {name: file[f"{MOVIE}/{name}"][()][order] for name in ("start_time", "stop_time", "frame")}
    for name, values in columns.items():
        replace_column(copy, f"{MOVIE}/{name}", values)
    assert_array_equal(count(copy).counts, count(written).counts)
    change_rows(copy, f"{MOVIE}/stop_time", 3, np.nan)
    with pytest.raises(InputError, match="stop_time is nan in row 3"):
        count(copy)
