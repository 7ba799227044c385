"""Sessions of the Allen schema: written by pynwb, read by plain HDF5 calls, damaged in every way that must be named."""

import io
import shutil

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from nwb_files import (
    AREAS,
    ELECTRODES,
    FRAMES,
    MOVIE,
    REPEATS,
    START,
    TIMES,
    UNITS,
    change_rows,
    replace_column,
    spike_times,
)

from lorafb.cortex.allen import pieces, session
from lorafb.cortex.sessions import count_session
from lorafb.files import InputError

N_SPIKES = sum(len(spike_times(unit_id)) for unit_id in UNITS)


def count(path, areas=("VISp", "VISl", "CA1")):
    return count_session(path, "natural_movie_one", areas)


def test_units_are_in_the_area_of_their_peak_channel(written):
    with session(written) as opened:
        units = opened.units().set_index("unit_id")
    assert units["area"].dropna().to_dict() == {unit: AREAS[UNITS[unit][0]] for unit in UNITS if unit != 957}
    assert units.index.tolist() == list(UNITS)
    assert units["quality"].tolist() == [unit[-1] for unit in UNITS.values()]


def test_spikes_of_any_units_are_those_that_were_written(written):
    with session(written) as opened:
        units = opened.units()
        for rows in ([0, 1, 2], [8], [1, 4, 7], range(9)):
            some = units.iloc[list(rows)]
            for unit_id, train in zip(some["unit_id"], opened.spikes(some), strict=True):
                assert_array_equal(train, spike_times(unit_id))


def test_presentations_are_those_that_were_written(written):
    with session(written) as opened:
        rows = opened.presentations("natural_movie_one")
        assert opened.session_id() == 715093703
    assert_array_equal(rows.start, START)
    assert rows.frame.tolist() == list(range(FRAMES)) * REPEATS


def test_other_spellings_of_columns_are_understood(written, copy):
    spellings = (
        {"frame": "Frame", "start_time": "Start", "stop_time": "End"},
        {"frame": "movie_frame_index", "stop_time": "end_time"},
        {"start_time": "START_TIME", "frame": "FRAME"},
    )
    for spelt in spellings:
        shutil.copy(written, copy)
        with h5py.File(copy, "r+") as file:
            for ours, theirs in spelt.items():
                file[MOVIE].move(ours, theirs)
        assert_array_equal(count(copy)[0].counts, count(written)[0].counts)


def test_rows_in_any_order_and_a_grey_screen_change_nothing(written, copy):
    order = np.random.default_rng(0).permutation(len(START) + 1)
    for column, grey in (("id", 99), ("start_time", 5.25), ("stop_time", 5.5), ("frame", -1), ("stimulus_block", 0)):
        with h5py.File(written) as file:
            values = np.append(file[MOVIE][column], grey)
        replace_column(copy, f"{MOVIE}/{column}", values[order])
    assert_array_equal(count(copy)[0].counts, count(written)[0].counts)


class Counting(io.BytesIO):
    """A file in memory that counts the bytes that were asked of it, as a remote one would be."""

    taken = 0

    def readinto(self, buffer):
        n = super().readinto(buffer)
        self.taken += n
        return n

    def read(self, size=-1):
        content = super().read(size)
        self.taken += len(content)
        return content


def test_a_file_object_gives_the_same_and_is_read_in_part(written, copy):
    with h5py.File(copy, "r+") as file:
        file["acquisition"]["lfp"] = np.random.default_rng(0).random(1_000_000)
        size = len(file[TIMES])
        many = np.linspace(0, 9, 2_000_000)
        ends = np.append(file["units/spike_times_index"][()], size + len(many)).astype(np.int64)
        columns = {
            name: np.append(column[()], column[-1]) for name, column in file["units"].items() if len(column) == 9
        }
        columns |= {
            "id": np.append(file["units/id"], 999),
            "peak_channel_id": np.append(file["units/peak_channel_id"], 77),
        }
        columns |= {"spike_times": np.append(file[TIMES], many), "spike_times_index": ends}
    for name, values in columns.items():
        replace_column(copy, f"units/{name}", values)
    remote = Counting(copy.read_bytes())
    assert_array_equal(count(remote)[0].counts, count(written)[0].counts)
    assert remote.taken < 0.05 * len(remote.getbuffer())


@given(
    lengths=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1),
    gap=st.integers(0, 40),
    most=st.integers(1, 200),
)
def test_pieces_cover_every_unit_once_and_stay_small(lengths, gap, most):
    edges = np.cumsum(np.array(lengths).ravel())
    first, last = edges[0::2], edges[1::2]
    joined = pieces(first, last, gap, most)
    assert [unit for piece in joined for unit in range(piece.start, piece.stop)] == list(range(len(first)))
    for piece in joined:
        n_units = piece.stop - piece.start
        assert n_units == 1 or last[piece.stop - 1] - first[piece.start] <= most
        assert (first[piece][1:] - last[piece][:-1] <= gap).all()


def test_a_fault_names_file_and_table(written, copy):
    units, movie, electrodes = "table units:", f"table {MOVIE}:", f"table {ELECTRODES}:"
    changed_rows = [
        (TIMES, 3, np.nan, f"{units} spike_times of unit 950 is nan in row 3"),
        (TIMES, 0, np.inf, f"{units} spike_times of unit 950 is inf"),
        (TIMES, 0, -1.0, f"{units} spike_times of unit 950 is -1.0 s in row 0"),
        (TIMES, 5, 0.0, f"{units} spike_times of unit 950 are not sorted, from spike 5 on"),
        ("units/id", 1, 950, f"{units} id 950 appears more than once"),
        ("units/spike_times_index", 0, 255, f"{units} spike_times_index does not cut the"),
        (f"{ELECTRODES}/id", 1, 10, f"{electrodes} id 10 appears more than once"),
        (f"{MOVIE}/start_time", 2, np.nan, f"{movie} start_time is nan in row 2"),
        (f"{MOVIE}/start_time", 0, -0.5, f"{movie} start_time is -0.5 s"),
        (f"{MOVIE}/stop_time", 4, 1.0, f"{movie} row 4 stops at 1.0 s"),
        (f"{MOVIE}/frame", 1, 0.5, f"{movie} column 'frame' holds 0.5 in row 1, expected whole numbers"),
        (f"{MOVIE}/frame", 1, np.nan, f"{movie} column 'frame' holds nan in row 1"),
    ]
    for column, row, value, message in changed_rows:
        shutil.copy(written, copy)
        change_rows(copy, column, row, value)
        assert_refused(copy, message)
    other_columns = [
        (f"{MOVIE}/frame", ["0"] * 15, f"{movie} column 'frame' is of type object, expected numbers"),
        (f"{ELECTRODES}/location", [1.0] * 4, f"{electrodes} column 'location' is of type float64, expected text"),
        (f"{ELECTRODES}/location", [""] * 4, f"{electrodes} column 'location' is empty"),
        ("units/peak_channel_id", [10], f"{units} column 'peak_channel_id' has 1 rows, but the table has 9"),
        ("units/peak_channel_id", np.zeros((9, 2)), f"{units} column 'peak_channel_id' has 2 axes, expected one"),
        (TIMES, ["0"] * N_SPIKES, f"{units} column 'spike_times' is of type object, expected seconds"),
    ]
    for column, values, message in other_columns:
        shutil.copy(written, copy)
        replace_column(copy, column, values)
        assert_refused(copy, message)


def assert_refused(path, message):
    with pytest.raises(InputError, match=r"^[^\n]*$") as error:
        count(path)
    assert str(error.value).startswith(f"{path}: {message}")


def test_a_missing_table_or_column_is_named(written, copy):
    missing = {
        "units": "units is missing",
        MOVIE: f"{MOVIE} is missing; there are none",
        "intervals": f"{MOVIE} is missing",
        ELECTRODES: f"{ELECTRODES} is missing",
        f"{ELECTRODES}/location": f"table {ELECTRODES}: column 'location' is missing; it has group, group_name, id",
        TIMES: "table units: column 'spike_times' is missing; did you mean 'spike_times_index'?",
        "units/peak_channel_id": "table units: column 'peak_channel_id' is missing",
        "units/id": "table units: column 'id' is missing",
        "units/presence_ratio": "table units: column 'presence_ratio' is missing; set the filter presence_ratio to null",
        f"{MOVIE}/frame": f"table {MOVIE}: column 'frame' is missing",
    }
    for path, message in missing.items():
        shutil.copy(written, copy)
        with h5py.File(copy, "r+") as file:
            del file[path]
        assert_refused(copy, message)


def test_another_movie_is_refused_with_the_nearest(written):
    with pytest.raises(InputError, match="did you mean 'natural_movie_one_presentations'"):
        count_session(written, "natural_movie_on", ["VISp"])


def test_links_are_never_followed(written, copy):
    for column in ("units/id", TIMES, f"{MOVIE}/frame", f"{ELECTRODES}/location", "units"):
        for link in (h5py.ExternalLink(str(written), column), h5py.SoftLink("/elsewhere")):
            shutil.copy(written, copy)
            with h5py.File(copy, "r+") as file:
                file.move(column, "elsewhere")
                file[column] = link
            with pytest.raises(InputError, match=rf"^{copy}: .*is a link, and links are not followed"):
                count(copy)


def test_values_stored_in_other_files_are_never_read(written, copy, tmp_path):
    (tmp_path / "secret").write_bytes(np.zeros(N_SPIKES).tobytes())
    layout = h5py.VirtualLayout(N_SPIKES, float)
    layout[:] = h5py.VirtualSource(str(written), TIMES, (N_SPIKES,))
    for virtual in (True, False):
        with h5py.File(copy, "r+") as file:
            del file[TIMES]
            if virtual:
                file.create_virtual_dataset(TIMES, layout)
            else:
                file.create_dataset(TIMES, N_SPIKES, float, external=[(str(tmp_path / "secret"), 0, 8 * N_SPIKES)])
        with pytest.raises(
            InputError, match="column 'spike_times' keeps its values in another file, which is not read"
        ):
            count(copy)


def test_the_identifier_alone_may_hold_the_session_number(copy):
    with h5py.File(copy, "r+") as file:
        del file["general/session_id"]
    with session(copy) as opened:
        assert opened.session_id() == 715093703


def test_a_file_that_is_not_hdf5_is_refused(tmp_path):
    (tmp_path / "page.nwb").write_text("<html>")
    with pytest.raises(InputError, match=r"page.nwb: cannot be read as an HDF5 file"):
        count(tmp_path / "page.nwb")
    with pytest.raises(InputError, match=r"none.nwb: no such file"):
        count(tmp_path / "none.nwb")
    with pytest.raises(InputError, match=r"^remote: cannot be read as an HDF5 file"):
        count_session(io.BytesIO(b"<html>"), "natural_movie_one", ["VISp"], name="remote")


def test_a_file_cut_short_is_refused(written, tmp_path):
    (tmp_path / "cut.nwb").write_bytes(written.read_bytes()[:-5000])
    with pytest.raises(InputError, match=r"cut.nwb"):
        count(tmp_path / "cut.nwb")
