"""Sessions made to fill the memory, or to lead out of the file: refused in one line, before anything of that size is allocated."""

import resource
import shutil
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from nwb_files import ELECTRODES, MOVIE, TIMES, UNITS, presentations, spike_times, write_session

from lorafb.cortex import hdf5_tables
from lorafb.cortex.sessions import count_session
from lorafb.files import InputError

TERA = 2**40


@pytest.fixture
def little_memory():
    """A process that may grow by 1 GB: what a file only declares is not allocated."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def put(path, column, **how):
    with h5py.File(path, "r+") as file:
        attributes = dict(file[column].attrs)
        del file[column]
        file.create_dataset(column, **how).attrs.update(attributes)


def bomb(path):
    """Zeros, a gigabyte of them in one megabyte, and an index that gives them all to the last unit."""
    put(path, TIMES, shape=(2**27,), dtype=float, chunks=(2**20,), compression="gzip")
    packed = zlib.compress(bytes(2**23), 9)
    with h5py.File(path, "r+") as file:
        for first in range(0, 2**27, 2**20):
            file[TIMES].id.write_direct_chunk((first,), packed)
    put(path, "units/spike_times_index", data=np.append(np.zeros(len(UNITS) - 1, int), 2**27))


def tall_table(path):
    for column in ("id", "peak_channel_id"):
        put(path, f"units/{column}", shape=(TERA,), dtype=np.int64, chunks=(1024,), fillvalue=7)
        with h5py.File(path, "r+") as file:
            file[f"units/{column}"][:1024] = np.arange(1024)


def long_train(path):
    n = hdf5_tables.MOST_BYTES
    put(path, TIMES, shape=(n,), dtype=np.int8, chunks=(2**20,))
    with h5py.File(path, "r+") as file:
        for first in range(0, n // 64, 2**20):
            file[TIMES][first : first + 2**20] = 1
    put(path, "units/spike_times_index", data=np.append(np.zeros(len(UNITS) - 1, int), n))


HOSTILE = {
    "a compressed bomb": (bomb, "table units: column 'spike_times' declares 1073741824 bytes, and the file holds"),
    "values never written": (
        lambda path: put(path, TIMES, shape=(TERA,), dtype=float, chunks=(1024,)),
        f"table units: column 'spike_times' declares {8 * TERA} bytes, and the file holds 0 of them",
    ),
    "a few values never written": (
        lambda path: put(path, f"{MOVIE}/frame", shape=(15,), dtype=float, chunks=(15,)),
        f"table {MOVIE}: column 'frame' declares 120 bytes, and the file holds 0 of them",
    ),
    "more rows than a table has": (tall_table, f"table units: column 'id' declares {8 * TERA} bytes"),
    "a unit with more spikes than a unit has": (
        long_train,
        "table units: spike_times_index gives unit 958 268435456 spikes, expected at most 33554432",
    ),
    "one huge piece": (
        lambda path: put(path, TIMES, shape=(2**26,), dtype=float, chunks=(2**26,), compression="gzip"),
        "table units: column 'spike_times' is packed in pieces of 536870912 bytes",
    ),
    "huge texts": (
        lambda path: put(path, f"{ELECTRODES}/location", data=np.full(4, b"VISp", "S100000")),
        f"table {ELECTRODES}: column 'location' declares 4 texts of 100000 bytes",
    ),
    "a session id of many numbers": (
        lambda path: put(path, "general/session_id", data=np.arange(1000)),
        "general/session_id has shape (1000,) and 8000 bytes, expected one text",
    ),
    "a frame number that no integer holds": (
        lambda path: put(path, f"{MOVIE}/frame", data=np.full(15, 1e300)),
        f"table {MOVIE}: column 'frame' holds 1e+300 in row 0, expected whole numbers",
    ),
    "a movie of a milliard frames": (
        lambda path: put(path, f"{MOVIE}/frame", data=np.full(15, 10**9)),
        f"table {MOVIE}: no repeat is whole: 1000000001 frames in 15 rows",
    ),
    "a column without a shape": (
        lambda path: put(path, f"{MOVIE}/frame", data=h5py.Empty(float)),
        f"table {MOVIE}: column 'frame' is not a list of values",
    ),
    "object references for channels": (
        lambda path: _references_for(path, "units/peak_channel_id"),
        "table units: column 'peak_channel_id' is of type object, expected numbers",
    ),
    "a table within a column": (
        lambda path: put(path, "units/peak_channel_id", data=np.zeros(9, [("first", "i4"), ("second", "i4")])),
        "table units: column 'peak_channel_id' is of type [('first', '<i4'), ('second', '<i4')], expected numbers",
    ),
    "an electrode that is a group": (
        lambda path: _group_for(path, f"{ELECTRODES}/location"),
        f"table {ELECTRODES}: column 'location' is not a list of values",
    ),
}


def _references_for(path, column):
    with h5py.File(path) as file:
        reference = file[ELECTRODES].ref
    put(path, column, data=[reference] * len(UNITS), dtype=h5py.ref_dtype)


def _group_for(path, column):
    with h5py.File(path, "r+") as file:
        del file[column]
        file.create_group(column)


def test_a_session_that_would_fill_the_memory_is_refused_unread(written, copy, little_memory):
    for spoil, message in HOSTILE.values():
        shutil.copy(written, copy)
        spoil(copy)
        with pytest.raises(InputError, match=r"^[^\n]*$") as error:
            count_session(copy, "natural_movie_one", ["VISp", "VISl", "CA1"])
        assert str(error.value).startswith(f"{copy}: {message}")


def test_texts_that_all_point_at_one_long_text_are_cut_short(copy):
    """HDF5 stores a text once, however many rows name it; read together they would be gigabytes."""
    put(copy, f"{ELECTRODES}/location", data=["V" * 10**6] * 4, dtype=h5py.string_dtype())
    with pytest.raises(InputError, match=r"has no unit of VISp.*its areas are V{1000}$"):
        count_session(copy, "natural_movie_one", ["VISp"])


def test_more_counts_than_memory_holds_are_refused(written, monkeypatch):
    monkeypatch.setattr("lorafb.cortex.sessions.MOST_COUNTS", 29)
    with pytest.raises(InputError, match=r"table units: 2 units during 15 presentations of .* are more than 29 counts"):
        count_session(written, "natural_movie_one", ["VISp"])


def test_a_scene_shown_a_hundred_thousand_times_is_sorted_at_once(tmp_path):
    path = write_session(tmp_path / "scenes.nwb", tables=[presentations("scenes")])
    n = 100_000
    with h5py.File(path, "r+") as file:
        group = file["intervals/scenes_presentations"]
        for column in list(group):
            del group[column]
        group["id"], group["frame"] = np.arange(n), np.zeros(n)
        group["start_time"], group["stop_time"] = np.arange(n) / 10_000, (np.arange(n) + 1) / 10_000
    recording, _ = count_session(path, "scenes", ["VISp"], order="scenes")
    assert recording.counts.shape == (n, 1, 2)
    assert recording.summed[0, 0] == (spike_times(950) < 10).sum()
