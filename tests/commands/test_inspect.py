"""`lorafb inspect`: what it says of each kind of file, and that the block which it prints is a config that works."""

import sys
from fractions import Fraction
from pathlib import Path

import av
import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from scipy.io import savemat

from lorafb import cli
from lorafb.commands import check
from lorafb.config import reading
from lorafb.training import imagenet

sys.path.insert(0, str(Path(__file__).parents[1] / "cortex"))
from nwb_files import write_session
from range_server import serving

ROOT = Path(__file__).parents[2]
BASE = """
areas: [VISp]
movies: {none: {stimulus: {kind: camera, frames: 9, size: 64}}}
subjects: {plain: {network: lorafb_snet_tiny, training: motion, checkpoint: {kind: initial, seed: 1}, size: 64}}
experiments: {clip: {lengths: []}, front: {lengths: []}}
"""
ONSETS = np.concatenate([10.0 * repeat + np.arange(6) / 4 for repeat in range(1, 4)])


@pytest.fixture
def inspect(tmp_path, capsys, monkeypatch):
    """Run the command in a folder: what it prints, and the study that its block makes."""
    monkeypatch.chdir(tmp_path)

    def run(*files):
        code = cli.main(["inspect", *map(str, files)])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        said, _, block = printed.out.partition("for the config:\n")
        pasted = yaml.safe_load(block)
        return said, pasted and reading.study({**yaml.safe_load(BASE), **pasted}, (tmp_path,))

    return run


def spikes(scale=1):
    random = np.random.default_rng(1)
    rows = [(unit, time) for unit in (3, 4, 5) for time in np.sort(random.uniform(5, 35, 60))]
    table = pd.DataFrame(rows, columns=["cluster_id", "spike_time"])
    return table.assign(
        spike_time=table["spike_time"] * scale, region=table["cluster_id"].map({3: "VISp", 4: "VISp", 5: "V4"})
    )


def frames():
    return pd.DataFrame({"start_time": ONSETS, "image": np.tile(np.arange(6), 3)})


def test_a_session(inspect, tmp_path):
    write_session(tmp_path / "mouse 1.nwb")
    said, study = inspect("mouse 1.nwb")
    assert "NWB session 715093703" in said
    assert "9: CA1 1, VISl 1, VISp 6; of unknown place 1" in said
    assert "3 repeats of 5 frames at 4 Hz, 1.0 to 8.8 s" in said
    recording = study.movies["natural_movie_one"].recording
    assert (recording.kind, recording.presentations, recording.sessions) == (
        "allen",
        "natural_movie_one",
        ["mouse 1.nwb"],
    )
    assert list(study.areas) == ["VISp", "VISl", "CA1"]


def test_a_session_of_another_laboratory_with_a_gap(inspect, tmp_path):
    write_session(tmp_path / "lab.nwb")
    with h5py.File(tmp_path / "lab.nwb", "r+") as file:
        for name in ("amplitude_cutoff", "presence_ratio", "isi_violations", "quality"):
            del file[f"units/{name}"]
        table = file["intervals/natural_movie_one_presentations"]
        table.move("frame", "image_number")
        for name in table:  # the last frame of the second repeat is gone
            values = np.delete(table[name][:], 9)
            del table[name]
            table[name] = values
        file.move("intervals/natural_movie_one_presentations", "intervals/trials")
    said, study = inspect("lab.nwb")
    assert "2 repeats of 5 frames at 4 Hz" in said
    assert "1 repeat left out: repeat 1 (from 4.250 s) lacks 1 of 5 frames, the first is 4" in said
    recording = study.movies["trials"].recording
    assert (recording.kind, recording.presentations, recording.columns.frame) == ("nwb", "trials", "image_number")


@pytest.mark.parametrize(("scale", "unit"), [(1, "s"), (1000, "ms")])
def test_tables_of_one_recording_together(inspect, tmp_path, scale, unit):
    spikes(scale).to_csv(tmp_path / "spikes.csv", sep=";", decimal=",", index=False)
    frames().to_csv(tmp_path / "frames.tsv", sep="\t", index=False)
    said, study = inspect("spikes.csv", "frames.tsv")
    assert "units   3: V4 1, VISp 2" in said
    assert "spikes/s a unit, if times are in " in said
    assert "frames  3 repeats of 6 frames at 4 Hz, 10.0 to 31.5 s" in said
    recording = study.movies["spikes"].recording
    assert recording.spikes.model_dump() == {
        "file": "spikes.csv",
        "time": "spike_time",
        "unit": "cluster_id",
        "area": "region",
        "session": "session",
        "time_unit": unit,
    }
    assert (recording.frames.onset, recording.frames.frame) == ("start_time", "image")
    assert list(study.areas) == ["VISp", "V4"]


def test_a_session_whose_units_say_themselves_where_they_are(inspect, tmp_path):
    write_session(tmp_path / "lab.nwb")
    with h5py.File(tmp_path / "lab.nwb", "r+") as file:
        del file["general/extracellular_ephys/electrodes"]
        file["units/region"] = np.array(["VISp"] * 5 + ["VISl"] * 4, h5py.string_dtype())
    said, study = inspect("lab.nwb")
    assert "9: VISl 4, VISp 5" in said
    assert study.movies["natural_movie_one"].recording.unit_area == "region"


def test_a_session_whose_rows_are_showings_with_the_times_of_their_frames(inspect, tmp_path):
    write_session(tmp_path / "lab.nwb")
    with h5py.File(tmp_path / "lab.nwb", "r+") as file:
        table = file["intervals/natural_movie_one_presentations"]
        start, rows = table["start_time"][:], [0, 5, 10]
        for column in list(table):
            del table[column]
        table["id"], table["start_time"], table["stop_time"] = np.arange(3), start[rows], start[rows] + 1.25
        table["flips"], table["flips_index"] = start, [5, 10, 15]
        file.move("intervals/natural_movie_one_presentations", "intervals/trials")
    said, study = inspect("lab.nwb")
    assert "3 repeats of 5 frames at 4 Hz" in said
    recording = study.movies["trials"].recording
    assert (recording.rows, recording.columns.frame_times) == ("showings", "flips")


def test_why_a_table_shows_no_frames_is_said(inspect, tmp_path):
    write_session(tmp_path / "lab.nwb")
    with h5py.File(tmp_path / "lab.nwb", "r+") as file:
        file["intervals/natural_movie_one_presentations/stop_time"][3] = np.nan
    said, _ = inspect("lab.nwb")
    assert "no frames in repeats: stop_time is nan in row 3" in said


def test_several_files_of_spikes_are_a_list(inspect, tmp_path):
    for name, units in (("a", [3, 4]), ("b", [5])):
        spikes()[lambda rows, units=units: rows["cluster_id"].isin(units)].to_csv(tmp_path / f"{name}.csv", index=False)
    frames().to_csv(tmp_path / "frames.csv", index=False)
    _, study = inspect("a.csv", "b.csv", "frames.csv")
    assert study.movies["a"].recording.spikes.file == ["a.csv", "b.csv"]


@pytest.mark.parametrize("dandi", [False, True])
def test_a_session_at_an_address_is_as_its_file(inspect, tmp_path, monkeypatch, dandi):
    whole = write_session(tmp_path / "mouse.nwb").read_bytes()
    expected, _ = inspect("mouse.nwb")
    with serving(whole) as (url, _):
        source = "dandi:3adbba7c-3feb-468b-9829-33fcaa27aacd" if dandi else url
        if dandi:
            monkeypatch.setattr(reading, "address", lambda _: url)
        said, study = inspect(source)
    assert said.partition(": ")[2].splitlines() == expected.partition(": ")[2].splitlines()
    assert study.movies["natural_movie_one"].recording.sessions == [source]


def test_another_file_at_an_address_is_to_be_downloaded(tmp_path, capsys):
    with serving(b"unit,time\n1,0.5\n") as (url, _):
        assert cli.main(["inspect", url]) == 2
    assert "is no NWB session; of an address only those are read: download the file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "title"),
    [
        (("spike_times.npy", "spike_clusters.npy"), "a folder of Kilosort or phy"),
        (("sorter_output/spike_times.npy", "sorter_output/spike_clusters.npy"), "a folder of Kilosort or phy"),
        (("suite2p/plane0/F.npy", "suite2p/plane0/iscell.npy"), "a folder of suite2p"),
    ],
)
def test_a_folder_of_another_program_says_what_to_do(inspect, tmp_path, files, title):
    for file in files:
        (tmp_path / "folder" / file).parent.mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "folder" / file, np.zeros(3))
    said, study = inspect("folder")
    assert title in said
    assert "docs/data.md (Kilosort, suite2p)" in said
    assert study is None


def test_one_table_of_a_recording_asks_for_the_other(inspect, tmp_path):
    spikes().to_parquet(tmp_path / "spikes.parquet")
    said, study = inspect("spikes.parquet")
    assert "give the table of frame onsets too" in said
    assert study is None


@pytest.mark.parametrize("real", [False, True])
def test_a_table_of_counts_or_of_real_values(inspect, tmp_path, real):
    repeat, frame, unit = (axis.ravel() for axis in np.indices((2, 4, 5)))
    values = (unit + frame) % 3 - 0.5 * real
    columns = {"area": "VISp", "roi": unit, "trial": repeat, "frame": frame, "dff": values}
    pd.DataFrame(columns).to_csv(tmp_path / "mine.csv.gz", index=False)
    said, study = inspect("mine.csv.gz")
    assert ("table of real values" if real else "table of spike counts") in said
    assert "VISp  5 units, 2 repeats of 4 frames" in said
    recording = study.movies["mine"].recording
    assert (recording.values, recording.unit, recording.repeat) == ("real" if real else "counts", "roi", "trial")


def test_arrays_of_counts(inspect, tmp_path):
    said, study = inspect(ROOT / "data/real/mouse_791319847_natural_movie_one_1s.npz")
    assert "VISp   93 units, 20 repeats of 30 frames" in said
    assert "rate   1 bins a second" in said
    assert study.movies["mouse_791319847_natural_movie_one_1s"].recording.kind == "counts"
    np.save(tmp_path / "VISp.npy", np.random.default_rng(1).normal(size=(3, 6, 4)))
    said, study = inspect("VISp.npy")
    assert "[3, 6, 4]" in said
    assert study.movies["mine"].recording.values == "real"


def test_what_pynapple_and_matlab_saved(inspect, tmp_path):
    table = spikes().sort_values("spike_time")
    metadata = np.array({"rate": [1.0]}, dtype=object)
    keys = np.array([3, 4, 5])
    np.savez(tmp_path / "g.npz", t=table["spike_time"], index=table["cluster_id"], keys=keys, _metadata=metadata)
    np.savez(tmp_path / "ts.npz", t=ONSETS)
    pd.DataFrame({"unit": keys, "area": ["VISp", "Primary visual area, layer 4", "V4/1"]}).to_csv(
        "units.csv", index=False
    )
    said, study = inspect("g.npz", "ts.npz", "units.csv")
    assert "spike times that pynapple saved" in said
    recording = study.movies["g"].recording
    assert (recording.spikes.file, recording.frames.file, recording.units.file) == ("g.npz", "ts.npz", "units.csv")
    assert list(study.areas) == ["VISp", "V4_1"]
    cells = np.empty((3, 1), object)
    cells[:, 0] = [np.array([[1.0], [2.0]])] * 3
    regions = np.array([["VISp"], ["VISp"], ["V4"]], object)
    savemat(tmp_path / "m.mat", {"data": {"st": cells, "region": regions}})
    savemat(tmp_path / "f.mat", {"onset": ONSETS[None] / 8, "frame": np.tile(np.arange(6.0), 3)[None]})
    said, study = inspect("m.mat", "f.mat")
    assert "spike times of MATLAB" in said
    assert (study.movies["m"].recording.spikes.time, study.movies["m"].recording.spikes.area) == (
        "data.st",
        "data.region",
    )


def test_a_video(inspect, tmp_path):
    with av.open(str(tmp_path / "clip.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in range(10):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), shade * 20, np.uint8))
            for packet in stream.encode(picture):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    said, study = inspect("clip.mp4")
    assert "frames  10" in said
    assert "48 x 64 pixels" in said
    assert "25 frames a second" in said
    assert study.movies["clip"].stimulus.frames == 10


def film(path, stamps):
    """A film whose frames come at the given times, in milliseconds."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for stamp in stamps:
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            picture.pts, picture.time_base = stamp, Fraction(1, 1000)
            file.mux(stream.encode(picture))
        file.mux(stream.encode())


def test_what_is_no_movie_is_said_and_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    film("uneven.mkv", [0, 40, 80, 200, 240, 280, 500])
    film("still.mp4", [0])
    pages = [Image.fromarray(np.full((40, 50, 3), shade, np.uint8)) for shade in range(5)]
    pages[0].save("stack.tif", save_all=True, append_images=pages[1:])
    np.save("first.npy", np.zeros((5, 3, 48, 48), np.uint8))
    (tmp_path / "deep" / "inner").mkdir(parents=True)
    (tmp_path / "mouse.zarr").mkdir()
    (tmp_path / "mouse.zarr" / ".zgroup").touch()
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04 a workbook")
    assert cli.main(["inspect", "still.mp4", "stack.tif"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert (
        said[0] == "still.mp4: picture, or video of 1 frames, 48 x 64 pixels (height x width); a movie has 3 at least"
    )
    assert said[1] == "stack.tif: picture of 5 pages; save each as a picture, in a folder"
    files = ["uneven.mkv", "first.npy", "deep", "mouse.zarr", "book.xlsx"]
    assert cli.main(["inspect", *files]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == len(files)
    assert "rate_hz" in errors[0]
    assert "holds uint8 [5, 3, 48, 48], expected uint8 [frames, height, width]" in errors[1]
    assert errors[2] == "deep: is a folder without pictures, training set or results; it holds inner: name a file"
    assert "export the session as an NWB file" in errors[3]
    assert "is no table, but an Excel workbook, or a zip of files: save it as CSV" in errors[4]


def test_a_folder_of_pictures_and_an_array_of_frames(inspect, tmp_path):
    (tmp_path / "scenes").mkdir()
    for number in range(4):
        Image.new("RGB", (40, 36), (number, 0, 0)).save(tmp_path / "scenes" / f"s{number}.png")
    said, study = inspect("scenes")
    assert "4: s0.png to s3.png" in said
    assert study.movies["scenes"].stimulus.frames == 4
    np.save(tmp_path / "movie.npy", np.zeros((5, 40, 48), np.uint8))
    said, study = inspect("movie.npy")
    assert "40 x 48 pixels" in said
    assert study.movies["movie"].stimulus.kind == "array"


def test_a_training_set(inspect, tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet, "VALIDATION_IMAGES", 1)
    for part in ("train", "val"):
        (tmp_path / "set" / part / "n01440764").mkdir(parents=True)
        (tmp_path / "set" / part / "n01440764" / "n01440764_1.JPEG").touch()
    said, study = inspect("set")
    assert "classes" in said
    assert study.training_sets["imagenet"].subset


def test_a_checkpoint_is_what_check_says(inspect, tmp_path, monkeypatch):
    torch.save({"model": {"weight": torch.zeros(2)}}, tmp_path / "mine.pth")
    monkeypatch.setattr(check, "describe", lambda path: f"what check says of {path}")
    said, study = inspect("mine.pth")
    assert said.startswith("mine.pth: what check says of mine.pth")
    assert study is None


def test_a_file_that_cannot_be_read_is_one_line(tmp_path, capsys):
    (tmp_path / "x.csv").write_bytes(b"\0")
    write_session(tmp_path / "whole.nwb")
    (tmp_path / "cut.nwb").write_bytes((tmp_path / "whole.nwb").read_bytes()[:3000])
    assert cli.main(["inspect", *(str(tmp_path / name) for name in ("x.csv", "none", "cut.nwb"))]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 3
    assert "is no table" in error[0]
    assert "no such file" in error[1]
    assert "incomplete" in error[2]
