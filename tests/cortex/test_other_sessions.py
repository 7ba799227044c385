"""What real sessions hold besides the usual tables, and other ways in which NWB files say the same.

The names are those of Allen's session files in DANDI set 000021 and of the NWB standard.
"""

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from nwb_files import ELECTRODES, FRAMES, MOVIE, START, UNITS, replace_column, write_session

from lorafb.cortex.allen import session
from lorafb.cortex.quality import Quality
from lorafb.cortex.sessions import count_session
from lorafb.files import InputError

NO_BOUNDS = dict.fromkeys(("amplitude_cutoff", "presence_ratio", "isi_violations"))
EVERY_UNIT = Quality(**NO_BOUNDS)


def count(path, stimulus="natural_movie_one"):
    return count_session(path, stimulus, ["VISp", "VISl", "CA1"], EVERY_UNIT)


def numbers(recording):
    """Numbers of a recording's notes by column of the table of units."""
    return {note.what: sum(one.number for one in recording.notes if one.what == note.what) for note in recording.notes}


def areas(path):
    with session(path) as opened:
        return opened.units().set_index("unit_id")["area"].dropna().to_dict()


def add_invalid_times(path, *rows):
    """Rows of (start, stop, tags), as Allen's sessions have them; no tags at all where none are given."""
    with h5py.File(path, "r+") as file:
        group = file.create_group("intervals/invalid_times")
        group["id"] = np.arange(len(rows))
        group["start_time"], group["stop_time"] = [row[0] for row in rows], [row[1] for row in rows]
        tags = [tag for row in rows for tag in row[2]]
        if tags:
            group.create_dataset("tags", data=tags, dtype=h5py.string_dtype())
            group["tags_index"] = np.cumsum([len(row[2]) for row in rows]).astype(np.uint8)


@pytest.mark.parametrize("tags", [("EcephysSession", "715093703", "stimulus"), ()])
def test_a_repeat_during_invalid_times_is_left_out(written, copy, tags, caplog):
    second = START[FRAMES]
    add_invalid_times(copy, (second + 0.3, second + 0.6, tags))
    recording, report = count(copy)
    assert_array_equal(recording.counts, np.delete(count(written)[0].counts, 1, axis=0))
    assert report["repeats_left_out"][0].endswith("lacks 2 of 5 frames, the first is 1")
    assert f"2 rows in invalid times, {second + 0.3:.3f} to {second + 0.6:.3f} s" in caplog.text
    assert numbers(recording)["rows_invalid"] == 2
    assert numbers(recording)["repeats_left_out"] == 1


def test_invalid_times_elsewhere_change_nothing_and_missing_spikes_are_named(written, copy, caplog):
    end = START[FRAMES - 1] + 0.25
    add_invalid_times(copy, (end, end + 1, ("stimulus",)), (START[0], START[1], ("EcephysProbe", "1", "probeC")))
    recording, _ = count(copy)
    assert_array_equal(recording.counts, count(written)[0].counts)
    assert "EcephysProbe, 1, probeC); spikes may be missing there, and are counted as they are" in caplog.text
    assert numbers(recording)["rows_in_doubt"] == 1
    assert "rows_invalid" not in numbers(recording)
    assert numbers(recording)["repeats_left_out"] == 0


def test_tags_that_do_not_fit_their_rows_are_refused(copy):
    add_invalid_times(copy, (1.0, 2.0, ("stimulus",)))
    replace_column(copy, "intervals/invalid_times/tags_index", [5])
    with pytest.raises(InputError, match="table intervals/invalid_times: tags_index does not cut the 1 tags into rows"):
        count(copy)


def test_a_channel_whose_data_are_not_valid_gives_its_units_no_area(copy):
    with h5py.File(copy, "r+") as file:
        file[f"{ELECTRODES}/valid_data"] = np.array([True, False, True, True])
    assert 951 not in areas(copy)
    assert areas(copy)[950] == "VISp"
    _, report = count(copy)
    assert report.set_index("area").loc["", "left_out_peak_channel_id"] == 2


def test_a_channel_outside_the_brain_gives_its_units_no_area(copy):
    for place in ("", "None", "unknown"):
        with h5py.File(copy, "r+") as file:
            file[f"{ELECTRODES}/location"][2] = place
        assert 952 not in areas(copy)
        assert {"VISp", "CA1"} == set(areas(copy).values())


def with_electrodes(path, rows):
    """Replace the peak channels by the column that the NWB standard has: rows of the table of electrodes."""
    with h5py.File(path, "r+") as file:
        del file["units/peak_channel_id"]
        file["units/electrodes"] = np.array([row for unit in rows for row in unit], np.uint16)
        file["units/electrodes_index"] = np.cumsum([len(unit) for unit in rows]).astype(np.uint8)


def test_units_may_name_rows_of_electrodes(written, copy):
    row_of = {10: [0], 11: [1, 0], 12: [2], 13: [3], 99: []}
    with_electrodes(copy, [row_of[unit[0]] for unit in UNITS.values()])
    assert areas(copy) == areas(written)
    recording, _ = count(copy)
    assert_array_equal(recording.counts, count(written)[0].counts)


def test_a_unit_on_electrodes_of_two_areas_has_no_area(copy):
    with_electrodes(copy, [[0, 2]] + [[0]] * 8)
    assert list(areas(copy)) == list(UNITS)[1:]


def test_rows_beyond_the_electrodes_are_refused(copy):
    with_electrodes(copy, [[0]] * 8 + [[4]])
    with pytest.raises(InputError, match="table units: electrodes names row 4 of 4 electrodes"):
        count(copy)


def test_neither_peak_channels_nor_electrodes_is_an_error_that_names_the_first(copy):
    with h5py.File(copy, "r+") as file:
        del file["units/peak_channel_id"]
    with pytest.raises(InputError, match="table units: column 'peak_channel_id' is missing"):
        count(copy)


def test_indices_of_any_type_are_read(copy):
    with h5py.File(copy) as file:
        ends = np.minimum(file["units/spike_times_index"][()], 200)
    replace_column(copy, "units/spike_times", np.tile(np.arange(50.0), 10)[: ends[-1]])
    for kind in ("u1", "u4", "u8", "i2", "f8"):
        replace_column(copy, "units/spike_times_index", ends.astype(kind))
        with session(copy) as opened:
            assert opened.units()["last_spike"].tolist() == ends.tolist()


def test_a_table_may_have_any_name_and_end_in_presentations_or_not(written, copy):
    place = MOVIE
    for name in ("natural_movie_one_more_repeats", "my movie"):
        for other in (f"intervals/{name}_presentations", f"intervals/{name}"):
            with h5py.File(copy, "r+") as file:
                file.move(place, other)
            place = other
            assert_array_equal(count(copy, name)[0].counts, count(written)[0].counts)


def test_a_session_named_in_words_gets_a_number_from_its_name(tmp_path, caplog):
    caplog.set_level("INFO")
    numbers = []
    for name in ("monday", "tuesday", "monday"):
        recording, _ = count(write_session(tmp_path / f"{name}.nwb", name))
        numbers.append(recording.units["session"][0])
    assert numbers[0] == numbers[2] != numbers[1]
    assert f"session 'monday' gets the number {numbers[0]}" in caplog.text


def test_a_session_without_any_name_is_refused(copy):
    for path in ("general/session_id", "identifier"):
        replace_column(copy, path, "")
    with pytest.raises(InputError, match="session_id and identifier are empty, expected a name or number"):
        count(copy)
