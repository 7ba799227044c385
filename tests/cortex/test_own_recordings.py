"""A person's recording as a CSV table, or as one array per area."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.io import savemat

from lorafb.cortex import array_counts, csv_counts, own_archives
from lorafb.cortex.read_recording import read_counts, read_recording
from lorafb.files import InputError

COUNTS = np.arange(2 * 3 * 4).reshape(2, 3, 4) % 5  # repeats, frames, units


def table(counts=COUNTS, area="VISp", session=7):
    repeat, frame, unit = (axis.ravel() for axis in np.indices(counts.shape))
    columns = {"area": area, "session": session, "unit": unit + 100, "repeat": repeat + 1, "frame": frame}
    return pd.DataFrame(columns | {"count": counts.ravel()})


def written(rows, tmp_path):
    rows.to_csv(tmp_path / "counts.csv", index=False)
    return tmp_path / "counts.csv"


def test_rows_in_any_order_make_the_counts(tmp_path):
    rows = pd.concat([table(), table(COUNTS + 1, "VISl")]).sample(frac=1, random_state=1)
    path = written(rows, tmp_path)
    recording = csv_counts.read(path, "VISl", "mine", 25.0)
    assert set(csv_counts.areas(path)) == {"VISp", "VISl"}
    assert_array_equal(recording.counts, COUNTS + 1)
    assert_array_equal(recording.summed, (COUNTS + 1).sum(axis=0))
    assert recording.counts.dtype == np.uint8
    assert (recording.rate_hz, recording.n_repeats) == (25.0, 2)
    assert recording.units["unit_id"].tolist() == [100, 101, 102, 103]
    assert set(recording.units["session"]) == {7}


def test_units_of_two_mice_may_have_the_same_number(tmp_path):
    recording = csv_counts.read(
        written(pd.concat([table(), table(COUNTS * 2, session=8)]), tmp_path), "VISp", "mine", 30.0
    )
    assert_array_equal(recording.counts, np.concatenate([COUNTS, COUNTS * 2], axis=2))
    assert recording.units["session"].tolist() == [7] * 4 + [8] * 4


def test_a_table_that_could_mean_two_things_is_refused_in_one_line(tmp_path):
    rows = table()
    refused = (
        (rows.drop(index=5), "unit 101 lacks frame 1 of repeat 1; a count of 0 needs a row too"),
        (pd.concat([rows, rows.iloc[[5]]]), "unit 101, repeat 1, frame 1 is there twice, again in line 26"),
        (rows.rename(columns={"count": "counts"}), "column 'count' is missing; did you mean 'counts'?"),
        (rows.assign(count=0.5), "column 'count' holds 0.5 in line 2, expected spike counts, which are whole"),
        (rows.assign(count=-1), "column 'count' holds -1 in line 2, expected spike counts, none below 0"),
        (rows.assign(frame="a"), "column 'frame' holds a in line 2, expected numbers"),
        (rows.assign(area="VISl"), "holds no area 'VISp'; did you mean 'VISl'?"),
    )
    for spoilt, message in refused:
        with pytest.raises(InputError, match=r"^[^\n]*counts\.csv: [^\n]*$") as error:
            csv_counts.read(written(spoilt, tmp_path), "VISp", "mine", 30.0)
        assert message in str(error.value)


def test_a_csv_needs_a_frame_rate_and_an_npz_holds_it(tmp_path):
    path = written(table(), tmp_path)
    assert read_counts(path, "VISp", "mine", {"rate_hz": 25.0}).rate_hz == 25
    with pytest.raises(InputError, match=r"counts\.csv: a table does not hold the frame rate; set rate_hz"):
        read_counts(path, "VISp", "mine", {})


def test_an_unknown_kind_of_recording_is_refused():
    with pytest.raises(
        InputError, match="kind 'spiks' is unknown; expected simulated, allen, nwb, spikes, counts, arrays"
    ):
        read_recording({"kind": "spiks"}, [], "VISp", "mine")


def test_a_file_that_is_not_a_table_is_named(tmp_path):
    (tmp_path / "counts.csv").write_bytes(b"\x00\xff\x00")
    with pytest.raises(InputError, match=r"counts\.csv: "):
        csv_counts.areas(tmp_path / "counts.csv")
    with pytest.raises(InputError, match="no such file"):
        csv_counts.areas(tmp_path / "none.csv")


def test_an_array_is_transposed_by_the_names_of_its_axes(tmp_path):
    np.save(tmp_path / "visp.npy", COUNTS.transpose(2, 0, 1))
    recording = array_counts.read(tmp_path / "visp.npy", "VISp", "mine", 30.0, ["units", "repeats", "frames"])
    assert_array_equal(recording.counts, COUNTS)
    assert recording.units["unit_id"].tolist() == [0, 1, 2, 3]


def test_an_array_of_something_else_is_refused(tmp_path):
    refused = (
        (COUNTS[0], r"has shape [3, 4], expected [repeats, frames, units]"),
        (COUNTS / 2, "holds 0.5, expected spike counts"),
        (np.array(["a"]), "has shape [1]"),
        (np.array([{}], object), "pickled objects are not read"),
    )
    for values, message in refused:
        np.save(tmp_path / "visp.npy", values, allow_pickle=True)
        with pytest.raises(InputError, match=r"visp\.npy: ") as error:
            array_counts.read(tmp_path / "visp.npy", "VISp", "mine", 30.0)
        assert message in str(error.value)


def test_a_few_rows_that_span_a_huge_table_are_refused_before_it_is_made(tmp_path):
    """4,000 rows with different numbers would make a cube of half a terabyte."""
    ones = np.arange(4000)
    rows = pd.DataFrame({"area": "VISp", "unit": ones, "repeat": ones, "frame": ones, "count": 0})
    with pytest.raises(InputError, match="area VISp: unit 0 lacks frame 1 of repeat 0"):
        csv_counts.read(written(rows, tmp_path), "VISp", "mine", 30.0)


def test_an_area_that_lacks_a_frame_of_the_others_is_refused(tmp_path):
    short = table(COUNTS[:, :2], "VISl")
    with pytest.raises(InputError, match="area VISl: unit 100 lacks frame 2 of repeat 1"):
        csv_counts.read(written(pd.concat([table(), short]), tmp_path), "VISl", "mine", 30.0)


def test_an_area_may_be_named_NA(tmp_path):
    path = written(table(area="NA"), tmp_path)
    assert csv_counts.areas(path) == ["NA"]
    assert_array_equal(csv_counts.read(path, "NA", "mine", 30.0).counts, COUNTS)


def test_frames_that_are_in_no_row_are_a_gap_and_no_numbering(tmp_path):
    """Every second frame: taken one after the other they would be another movie."""
    frame, unit = (axis.ravel() for axis in np.indices((3, 2)))
    table = pd.DataFrame({"area": "VISp", "unit": unit, "repeat": 1, "frame": 2 * frame + 5, "count": 1})
    table.to_csv(tmp_path / "counts.csv", index=False)
    told = "counts.csv: frame 6 is in no row, and frames 5 to 9 are; number them one by one"
    with pytest.raises(InputError, match=told):
        csv_counts.read(tmp_path / "counts.csv", "VISp", "mine", 30)
    with pytest.raises(InputError, match=told):
        csv_counts.extent(tmp_path / "counts.csv", {})


def test_a_mat_that_cannot_be_read_says_so_as_a_mat(tmp_path):
    savemat(tmp_path / "old.mat", {"x": np.arange(3.0)}, format="4")
    with pytest.raises(InputError, match=r"is no \.mat of version 5 or later; save it again with -v7"):
        own_archives.arrays(tmp_path / "old.mat")
    savemat(tmp_path / "whole.mat", {"x": np.arange(300.0)})
    (tmp_path / "cut.mat").write_bytes((tmp_path / "whole.mat").read_bytes()[:150])
    with pytest.raises(InputError, match=r"is no readable \.mat file"):
        own_archives.arrays(tmp_path / "cut.mat")
