"""Spike times and frame onsets as tables, as pynapple saves them, and as MATLAB does: counts known by hand."""

import h5py
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.io import savemat

from lorafb.artefacts import responses
from lorafb.artefacts.provenance import Provenance
from lorafb.config.movies import Spikes
from lorafb.config.reading import listed
from lorafb.cortex import spike_tables
from lorafb.cortex.sessions import count_session, join
from lorafb.experiments.areas import rates, select_units
from lorafb.files import InputError

# three frames of 0.1 s in two repeats, from 1 s and from 2 s; unit 5 (VISp), 9 (VISp), 7 (VISl), 8 (CA1)
ONSETS = [1.0, 1.1, 1.2, 2.0, 2.1, 2.2]
TRAINS = {5: [0.5, 1.0, 1.05, 1.1, 2.25], 9: [1.25, 2.0, 2.0001, 2.0002], 7: [1.299, 1.3, 2.15], 8: [1.15]}
AREAS = {5: "VISp", 9: "VISp", 7: "VISl", 8: "CA1"}
COUNTS = {
    5: [[2, 1, 0], [0, 0, 1]],
    9: [[0, 0, 1], [3, 0, 0]],
    7: [[0, 0, 1], [0, 1, 0]],
    8: [[0, 1, 0], [0, 0, 0]],
}


def spikes(trains=TRAINS, areas=AREAS):
    rows = [(unit, time) for unit, train in trains.items() for time in train]
    table = pd.DataFrame(rows, columns=["unit", "time"]).sample(frac=1, random_state=1)  # in any order
    return table.assign(area=table["unit"].map(areas)) if areas else table


def frames(onsets=ONSETS):
    return pd.DataFrame(
        {"onset": onsets, "frame": [0, 1, 2] * (len(onsets) // 3), "repeat": np.arange(len(onsets)) // 3}
    )


def count(
    folder,
    spikes,
    frames,
    units=None,
    areas=("VISp", "VISl"),
    n_frames=3,
    files=None,
    columns=None,
    order="movie",
    **keys,
):
    """Write tables as CSV (or take what stands in `files`) and count them, through the config's own model."""
    tables = {"spikes": spikes, "frames": frames} | ({} if units is None else {"units": units})
    paths = {}
    for name, table in tables.items():
        paths[name] = folder / (files or {}).get(name, f"{name}.csv")
        if isinstance(table, pd.DataFrame):
            table.to_csv(paths[name], index=False)
    about = {name: {"file": str(path), **(columns or {}).get(name, {})} for name, path in paths.items()}
    settings = Spikes.model_validate({"kind": "spikes", **about, **keys}).model_dump()
    recording, report = spike_tables.count_tables(settings, paths, "mine", areas, n_frames=n_frames, order=order)
    return recording, report


def by_unit(recording):
    return {
        unit: recording.counts[:, :, place].tolist() for place, unit in enumerate(recording.units["unit_id"].tolist())
    }


WANTED = {unit: counts for unit, counts in COUNTS.items() if unit != 8}


def test_spikes_are_counted_in_the_frames_of_each_repeat(tmp_path):
    recording, report = count(tmp_path, spikes(), frames())
    assert by_unit(recording) == WANTED  # a spike on an onset is of that frame; the last frame is as long as the others
    assert dict(zip(recording.units["unit_id"], recording.units["area"], strict=True)) == {
        5: "VISp",
        9: "VISp",
        7: "VISl",
    }
    assert (recording.rate_hz, recording.n_repeats) == (10, 2)
    assert not [
        note for note in recording.notes if note.what == "rows_cut" and note.number
    ]  # nothing of the file was cut
    assert report.set_index("area")["kept"].to_dict() == {"VISp": 2, "VISl": 1}
    visp = join([recording], "VISp")
    assert visp.counts.tolist() == np.stack([COUNTS[unit] for unit in visp.units["unit_id"]], axis=2).tolist()


def test_tables_give_what_the_session_they_are_of_gives(tmp_path):
    """One route: an NWB session of the same times counts the same."""
    from nwb_files import write_session

    path = tmp_path / "session.nwb"
    write_session(path)
    recording, _ = count_session(path, "natural_movie_one", ["VISp", "VISl"])
    with h5py.File(path) as file:
        units, shown = file["units"], file["intervals/natural_movie_one_presentations"]
        last = units["spike_times_index"][:]
        trains = np.split(units["spike_times"][:], last[:-1])
        ids = units["id"][:]
        rows = {name: shown[name][:] for name in ("start_time", "stop_time", "frame")}
    kept = dict(zip(recording.units["unit_id"].tolist(), recording.units["area"], strict=True))
    table = spikes({unit: train for unit, train in zip(ids.tolist(), trains, strict=True) if unit in kept}, kept)
    columns = {"frames": {"onset": "start_time", "offset": "stop_time"}}
    own, _ = count(tmp_path, table, pd.DataFrame(rows), columns=columns, n_frames=None)
    order = [recording.units["unit_id"].tolist().index(unit) for unit in own.units["unit_id"]]
    assert_array_equal(own.counts, recording.counts[:, :, order])


def test_rows_and_places_of_tables_are_treated_as_those_of_sessions(tmp_path):
    """A last frame that lasts until the next showing is cut, and said; a place with a layer is of its area, others are named."""
    shown = frames().assign(offset=[1.1, 1.2, 2.0, 2.1, 2.2, 9.0])  # 1.3 and 2.3 would be right
    layers = {5: "visp 2/3", 9: "Primary visual area, layer 4", 7: "V2", 8: "CA1"}
    recording, _ = count(tmp_path, spikes(areas=layers), shown, areas={"VISp": [], "VISl": ["V2"]})
    assert by_unit(recording) == WANTED
    told = {note.what: (note.number, note.text) for note in recording.notes}
    assert told["rows_cut"][0] == 2
    assert "2 of 6 rows" in told["rows_cut"][1]
    assert told["in_no_area"] == (1, "spikes.csv: table units: 1 unit in no area of the study: CA1 1")


def test_areas_may_be_in_a_table_of_units_which_says_what_is_silent(tmp_path):
    units = pd.DataFrame({"unit": [5, 9, 7, 8, 3], "area": ["VISp", "VISp", "VISl", "", "VISl"]})
    recording, report = count(tmp_path, spikes(areas=None), frames(), units)
    assert by_unit(recording) == {**WANTED, 3: [[0, 0, 0], [0, 0, 0]]}
    assert report.set_index("area")["units"].to_dict() == {"VISp": 2, "VISl": 2, "": 1}  # unit 8 is nowhere


def test_times_may_be_milliseconds_and_columns_called_otherwise(tmp_path):
    table = spikes().rename(columns={"unit": "cluster", "time": "t", "area": "region"})
    table["t"] *= 1000
    shown = frames().rename(columns={"onset": "start_time", "frame": "image"}).assign(repeat=[*"aaabbb"])
    columns = {
        "spikes": {"unit": "cluster", "time": "t", "area": "region", "time_unit": "ms"},
        "frames": {"onset": "start_time", "frame": "image"},
    }
    recording, _ = count(tmp_path, table, shown, columns=columns)
    assert by_unit(recording) == WANTED


def test_names_of_units_stay_names(tmp_path):
    table = spikes().assign(unit=lambda rows: "u" + rows["unit"].astype(str))
    recording, _ = count(tmp_path, table, frames())
    assert by_unit(recording) == {f"u{unit}": counts for unit, counts in WANTED.items()}


def test_frames_may_be_counted_from_one_and_grey_screen_be_below_zero(tmp_path):
    grey = pd.DataFrame({"onset": [1.3, 1.6, 2.3], "frame": -1, "repeat": [0, 0, 1]})
    assert by_unit(count(tmp_path, spikes(), pd.concat([frames(), grey]))[0]) == WANTED
    assert by_unit(count(tmp_path, spikes(), frames().assign(frame=[1, 2, 3] * 2))[0]) == WANTED


def test_repeats_and_frames_follow_from_the_onsets_where_nothing_numbers_them(tmp_path):
    assert by_unit(count(tmp_path, spikes(), frames().drop(columns="repeat"))[0]) == WANTED
    assert by_unit(count(tmp_path, spikes(), frames()[["onset"]])[0]) == WANTED
    assert by_unit(count(tmp_path, spikes(), frames()[["onset", "repeat"]])[0]) == WANTED


def test_offsets_end_frames_early(tmp_path):
    shown = frames().assign(offset=lambda rows: rows["onset"] + 0.06)
    counts = by_unit(count(tmp_path, spikes({**TRAINS, 5: [0.5, 1.0, 1.07, 1.1, 2.27]}), shown)[0])
    assert counts[5] == [[1, 1, 0], [0, 0, 0]]  # 1.07 and 2.27 came after their frames


def test_latency_and_bin_move_and_size_the_window_of_every_frame(tmp_path):
    recording, report = count(tmp_path, spikes(), frames(), latency=0.05, bin=0.075)
    assert by_unit(recording)[5] == [[2, 0, 0], [0, 0, 1]]  # windows from 1.05, 1.15, 1.25, 2.05, 2.15, 2.25 on
    assert (recording.rate_hz, recording.bin_s) == (10, 0.075)  # the frame rate stays the stimulus' own
    rate = report.set_index("area").loc["VISl", "mean_rate"]
    visp = join([recording], "VISp")
    assert visp.bin_s == 0.075
    assert rates(visp) == pytest.approx(visp.counts.sum(axis=(0, 1)) / (6 * 0.075))
    responses.write(select_units(visp, {"skip_frames": 0}), tmp_path / "visp.h5", Provenance({}, {}, ""))
    assert responses.read(tmp_path / "visp.h5").bin_s == 0.075
    assert rate == pytest.approx(recording.counts[:, :, recording.units["area"] == "VISl"].sum() / (6 * 0.075))


def test_scenes_are_counted_in_their_random_order(tmp_path):
    shown = frames().assign(frame=[2, 0, 1, 1, 2, 0]).drop(columns="repeat")
    counts = by_unit(count(tmp_path, spikes(), shown, order="scenes")[0])
    assert counts[5] == [[1, 0, 2], [1, 0, 0]]  # the k-th time that each scene was shown


def test_a_repeat_that_lacks_a_frame_is_left_out_and_named(tmp_path):
    recording, report = count(tmp_path, spikes(), frames().drop(index=4))
    assert by_unit(recording)[5] == [[2, 1, 0]]
    assert "repeat 1 (from 2.000 s) lacks 1 of 3 frames, the first is 1" in report["repeats_left_out"][0]


def test_sessions_have_clocks_of_their_own(tmp_path):
    table = spikes().replace({"time": {1.3: 1.31}})  # off the edge of a frame, which rounding moves
    other = table.assign(time=lambda rows: rows["time"] + 100)
    both = pd.concat([table.assign(session="b"), other.assign(session="a")])
    shown = pd.concat([frames().assign(session="b"), frames().assign(session="a", onset=np.array(ONSETS) + 100)])
    recording, report = count(tmp_path, both, shown)
    assert_array_equal(recording.counts[:, :, :3], recording.counts[:, :, 3:])
    assert sorted(set(recording.units["session"])) == ["a", "b"]
    assert set(report["session"]) == {"a", "b"}
    of_area = [note for note in recording.notes if note.what == "failed_quality"]
    assert sorted(note.area for note in of_area) == ["VISl", "VISl", "VISp", "VISp"]  # notes of every session and area
    with pytest.raises(
        InputError, match=r"frames\.csv: has no frames of session b .*it has 0; each session has its own clock"
    ):
        count(tmp_path, both, frames())


def pynapple(path, **arrays):
    """An .npz as pynapple 0.11 saves it (checked against files that it wrote): metadata are pickled."""
    np.savez(path, _metadata=np.array({"rate": [1.0]}, dtype=object), **arrays)
    return path


def test_what_pynapple_saved_is_read_without_its_pickle(tmp_path):
    flat = np.array([(time, unit) for unit, train in TRAINS.items() for time in train])
    flat = flat[np.argsort(flat[:, 0])]
    support = {"start": np.array([0.5]), "end": np.array([2.25])}
    keys = np.array([*TRAINS, 4])  # a unit without a spike
    group = {
        "t": flat[:, 0],
        "index": flat[:, 1].astype(np.int64),
        "keys": keys,
        **support,
        "type": np.array(["TsGroup"]),
    }
    pynapple(tmp_path / "spikes.npz", **group)
    onsets = np.array(ONSETS)
    np.savez(tmp_path / "tsd.npz", t=onsets, d=np.array([0, 1, 2] * 2), **support, type=np.array(["Tsd"]))
    np.savez(tmp_path / "ts.npz", t=onsets, **support, type=np.array(["Ts"]))
    pynapple(tmp_path / "ep.npz", start=onsets, end=onsets + 0.1, type=np.array(["IntervalSet"]))
    units = pd.DataFrame({"unit": keys, "area": ["VISp", "VISp", "VISl", "CA1", "VISp"]})
    for name in ("tsd.npz", "ts.npz", "ep.npz"):
        files = {"spikes": "spikes.npz", "frames": name}
        assert by_unit(count(tmp_path, None, None, units, files=files)[0]) == {**WANTED, 4: [[0, 0, 0], [0, 0, 0]]}
    with pytest.raises(
        InputError, match=r"spikes\.npz: has no column 'area' \(what pynapple knows of units is pickled"
    ):
        count(tmp_path, None, None, files={"spikes": "spikes.npz", "frames": "ts.npz"})
    np.savez(tmp_path / "old.npz", **group, location=np.array(["VISp", "VISp", "VISl", "CA1", "VISp"]))
    files = {"spikes": "old.npz", "frames": "ts.npz"}
    assert (
        by_unit(count(tmp_path, None, None, files=files, columns={"spikes": {"area": "location"}})[0])[7] == COUNTS[7]
    )


def matlab(path, **variables):
    savemat(path, variables)
    return path


def cells(values):
    made = np.empty((len(values), 1), object)
    made[:, 0] = values
    return made


def test_what_pynapple_saved_with_several_values_a_time_is_no_list_of_onsets(tmp_path):
    np.savez(tmp_path / "frames.npz", t=ONSETS, d=np.zeros((6, 3)), type=["TsdFrame"])
    with pytest.raises(InputError, match=r"frames.npz: holds \[6, 3\] values, expected a frame for each time"):
        count(tmp_path, spikes(), None, files={"frames": "frames.npz"})


def test_cells_of_matlab_are_units(tmp_path):
    trains = [np.array([TRAINS[unit]]).T for unit in (5, 9, 7)]  # [[x]]: columns, as MATLAB has them
    areas = cells(["VISp", "VISp", "VISl"])
    numbers = np.array([[5.0, 9.0, 7.0]])
    matlab(tmp_path / "spikes.mat", time=cells(trains), unit=numbers, area=areas)
    matlab(tmp_path / "frames.mat", onset=np.array([ONSETS]), frame=np.array([[0.0, 1, 2] * 2]))
    files = {"spikes": "spikes.mat", "frames": "frames.mat"}
    recording, _ = count(tmp_path, None, None, files=files)
    assert by_unit(recording) == WANTED
    assert recording.units["area"].tolist() == ["VISp", "VISp", "VISl"]
    matlab(tmp_path / "nested.mat", data={"st": cells(trains), "region": areas})
    columns = {"spikes": {"time": "data.st", "area": "data.region"}}
    own = by_unit(count(tmp_path, None, None, files=files | {"spikes": "nested.mat"}, columns=columns)[0])
    assert own == {1: COUNTS[5], 2: COUNTS[9], 3: COUNTS[7]}  # numbered from 1
    matlab(tmp_path / "long.mat", time=spikes()[["time"]].to_numpy(), unit=spikes()[["unit"]].to_numpy(float))
    units = pd.DataFrame({"unit": list(AREAS), "area": list(AREAS.values())})
    assert by_unit(count(tmp_path, None, None, units, files=files | {"spikes": "long.mat"})[0]) == WANTED


@pytest.mark.parametrize("structure", ["", "data."])
def test_a_mat_of_version_7_3_gives_the_same(tmp_path, structure):
    """Its layout by hand: HDF5 behind 512 bytes of MATLAB's, axes in reverse order, cells as references, structures as groups."""
    inside = structure.replace(".", "/")
    with h5py.File(tmp_path / "spikes.mat", "w", userblock_size=512) as file:

        def cell(name, values, **attributes):
            references = []
            for nth, value in enumerate(values):
                member = file.create_dataset(f"#refs#/{name}{nth}", data=value)
                member.attrs.update(attributes)
                references.append(member.ref)
            column = file.create_dataset(inside + name, data=np.array([references], dtype=h5py.ref_dtype))
            column.attrs["MATLAB_class"] = np.bytes_("cell")

        cell("time", [np.array([TRAINS[unit]]) for unit in (5, 9, 7)], MATLAB_class=np.bytes_("double"))
        text = [np.array([[ord(letter)] for letter in area], np.uint16) for area in ("VISp", "VISp", "VISl")]
        cell("area", text, MATLAB_class=np.bytes_("char"))
        file[f"{inside}unit"] = np.array([[5.0], [9.0], [7.0]])
    content = bytearray((tmp_path / "spikes.mat").read_bytes())
    content[:19] = b"MATLAB 7.3 MAT-file"
    (tmp_path / "spikes.mat").write_bytes(content)
    columns = {"spikes": {name: structure + name for name in ("time", "area", "unit")} if structure else {}}
    recording, _ = count(tmp_path, None, frames(), files={"spikes": "spikes.mat"}, columns=columns)
    assert by_unit(recording) == WANTED
    assert recording.units["area"].tolist() == ["VISp", "VISp", "VISl"]


def test_structures_of_matlab_one_a_unit_are_units(tmp_path):
    units = np.array([(np.array([TRAINS[unit]]), float(unit), AREAS[unit]) for unit in (5, 9, 7)], "O,O,O")
    units.dtype.names = ("st", "id", "region")
    matlab(tmp_path / "spikes.mat", units=units)
    columns = {"spikes": {"time": "units.st", "unit": "units.id", "area": "units.region"}}
    recording, _ = count(tmp_path, None, frames(), files={"spikes": "spikes.mat"}, columns=columns)
    assert by_unit(recording) == WANTED


def test_a_row_of_parquet_may_be_a_unit_with_all_its_times(tmp_path):
    rows = pd.DataFrame({"unit": [5, 9, 7, 3], "time": [*map(TRAINS.get, (5, 9, 7)), []], "area": [*"pplp"]})
    rows["area"] = rows["area"].map({"p": "VISp", "l": "VISl"})
    rows.to_parquet(tmp_path / "spikes.parquet")
    recording, _ = count(tmp_path, None, frames(), files={"spikes": "spikes.parquet"})
    assert by_unit(recording) == {**WANTED, 3: [[0, 0, 0], [0, 0, 0]]}  # a unit with an empty list is silent


def several(folder, parts, shown, areas=("VISp", "VISl"), units=None):
    """Count several files of spikes, by their names, and one or several of frames; through the config and the plan."""
    for name, table in {**parts, **shown, **({} if units is None else {"units.csv": units})}.items():
        table.to_csv(folder / name, index=False)
    about = {"spikes": [*parts], "frames": [*shown], **({} if units is None else {"units": "units.csv"})}
    block = {"kind": "spikes", **{name: {"file": file} for name, file in about.items()}}
    settings = Spikes.model_validate(block)
    files = {name: listed(file, (folder,)) for name, file in settings.files().items()}
    return spike_tables.count_tables(settings.model_dump(), files, "mine", areas, n_frames=3)[0]


def test_a_file_of_spikes_and_one_of_frames_a_session(tmp_path):
    parts = {"m1.csv": spikes({5: TRAINS[5], 7: TRAINS[7]}), "m2.csv": spikes({5: [100 + t for t in TRAINS[9]]})}
    shown = {"f1.csv": frames(), "f2.csv": frames([100 + onset for onset in ONSETS])}
    recording = several(tmp_path, parts, shown)
    found = dict(zip(zip(recording.units["session"], recording.units["unit_id"], strict=True), range(3), strict=True))
    counts = {key: recording.counts[:, :, place].tolist() for key, place in found.items()}
    assert counts == {("m1", 5): COUNTS[5], ("m1", 7): COUNTS[7], ("m2", 5): COUNTS[9]}
    with pytest.raises(InputError, match="2 files of frames and 1 of spikes"):
        several(tmp_path, {"m1.csv": parts["m1.csv"]}, shown)


def test_files_of_one_session_whose_ids_start_anew(tmp_path):
    parts = {"VISp.csv": spikes({5: TRAINS[5], 9: TRAINS[9]}), "VISl.csv": spikes({5: TRAINS[7]}, {5: "VISl"})}
    recording = several(tmp_path, parts, {"f.csv": frames()})
    assert by_unit(recording) == {"VISp 5": COUNTS[5], "VISp 9": COUNTS[9], "VISl 5": COUNTS[7]}
    units = pd.DataFrame({"unit": [5, 9], "area": "VISp"})
    with pytest.raises(InputError, match=r"VISp.csv and 1 more: unit 5 is in several files; give it a name of its own"):
        several(tmp_path, parts, {"f.csv": frames()}, units=units)
    probes = {"probe.A.csv": parts["VISp.csv"], "probe.B.csv": parts["VISl.csv"]}
    alike = {
        name.rpartition("/")[2]: of for name, of in by_unit(several(tmp_path, probes, {"f.csv": frames()})).items()
    }
    assert alike == {"probe.A.csv 5": COUNTS[5], "probe.A.csv 9": COUNTS[9], "probe.B.csv 5": COUNTS[7]}
    del parts["VISl.csv"]
    parts["other.csv"] = spikes({7: TRAINS[7]})
    assert by_unit(several(tmp_path, parts, {"f.csv": frames()})) == WANTED


def test_a_pattern_stands_for_files_in_the_order_of_their_names(tmp_path):
    for name in ("b.csv", "a.csv", ".c.csv", "d.txt", "odd*.csv"):
        (tmp_path / name).touch()
    assert [path.name for path in listed("*.csv", (tmp_path,))] == ["a.csv", "b.csv", "odd*.csv"]
    assert [path.name for path in listed("odd*.csv", (tmp_path,))] == ["odd*.csv"]
    assert listed(f"{tmp_path}/b*", ()) == [tmp_path / "b.csv"]
    assert listed("x*.csv", (tmp_path,)) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"spikes": spikes().assign(time=lambda rows: rows["time"] * 1000)},
            "no spike lies in a frame .* set time_unit",
        ),
        (
            {"spikes": pd.concat([spikes(), spikes().iloc[[3]]])},
            r"spikes\.csv: column 'time' holds .* in line 15, which is there",
        ),
        ({"spikes": spikes(areas=None)}, r"spikes\.csv: has no column 'area'; give a table of `units`"),
        ({"spikes": spikes().assign(area=["VISp"] * 6 + ["VISl"] * 7)}, "unit . is in more than one area"),
        ({"spikes": spikes().rename(columns={"time": "times"})}, "column 'time' is missing; did you mean 'times'"),
        (
            {"frames": frames().assign(frame=[0, 1, 1, 0, 1, 2])},
            r"frames\.csv: column 'frame' holds 1 in line 4, which is there",
        ),
        (
            {"frames": frames([1.0, 1.1, 1.1, 2.0, 2.1, 2.2])},
            "column 'onset' holds 1.1 in line 4, which is there already",
        ),
        (
            {"frames": frames().assign(offset=0.5)},
            "column 'offset' holds 0.5 in line 2, expected a time after its onset",
        ),
        (
            {"frames": frames().drop(columns=["frame", "repeat"]).iloc[:5]},
            "5 onsets, expected 3 a repeat; give the column `fra",
        ),
        (
            {"frames": frames([1.0, 1.1, 1.4, 2.0, 2.1, 2.2])[["onset"]]},
            "a pause after 1.1 s, within repeat 1: a frame may be",
        ),
        ({"frames": frames().assign(frame=[0, 1, 3] * 2)}, "shows frame 3, expected 0 to 2"),
        (
            {"units": pd.DataFrame({"unit": [1, 2], "area": "VISp"}), "spikes": spikes(areas=None)},
            "has none of the units of",
        ),
        (
            {"units": pd.DataFrame({"unit": [5, 5], "area": "VISp"})},
            r"units\.csv: column 'unit' holds 5 in line 3, which is there",
        ),
        ({"areas": ("VISpp",)}, "has no unit of VISpp; did you mean 'VISp'"),
    ],
    ids=range(14),
)
def test_what_does_not_fit_together_is_refused_in_one_line(tmp_path, changed, message):
    with pytest.raises(InputError, match=rf"^[^\n]*{message}[^\n]*$"):
        count(tmp_path, **{"spikes": spikes(), "frames": frames()} | changed)
