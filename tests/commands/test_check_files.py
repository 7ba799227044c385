"""`lorafb check`: what a file is, by its content; one line for each, and exit code 2 if something is wrong."""

import importlib
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import published_files
import recipe
import torch
import torchvision
from published_files import MOVIE, SCENES, lorafb, save, write_checkpoint, write_recordings

from lorafb import cli, trials
from lorafb.artefacts import grams, recordings, stimuli, tables, truths
from lorafb.artefacts.provenance import Provenance, sealed, sidecar
from lorafb.artefacts.recordings import Recording
from lorafb.artefacts.stimuli import Stimulus
from lorafb.experiments.table import COLUMNS, typed
from lorafb.files import sha256
from lorafb.networks import checkpoint

REAL = published_files.GOLDEN.parents[1] / "data" / "real"
MADE_FROM = Provenance()


def a_pass():
    return grams.Pass(np.arange(2), {"a": grams.Gram(np.array([2, 1, 3]), np.array([2, 1]), 4)})


def small_recording():
    ids = {"unit_id": np.arange(2), "session": np.zeros(2, np.int64)}
    return Recording("VISp", "movie", 30.0, 1, None, np.ones((5, 2), np.int64), ids)


def ours(path):
    weights = checkpoint.initial("lorafb_snet_tiny", 8, 1)
    with sealed(path, MADE_FROM) as temporary:
        checkpoint.write(temporary, weights)


RIGHT = {
    "gram.h5": (
        lambda path: grams.write(a_pass(), path, MADE_FROM),
        "lorafb-gram, version 2, unchanged since it was written",
    ),
    "trials.h5": (
        lambda path: grams.write_trials(path, MADE_FROM, [(trials.original(2), a_pass())]),
        "lorafb-grams-of-trials, version 2, unchanged since it was written",
    ),
    "truth.h5": (
        lambda path: truths.write(np.ones((5, 2)), np.arange(2), path, MADE_FROM),
        "lorafb-truth, version 1, unchanged since it was written",
    ),
    "recording.h5": (lambda path: recordings.write(small_recording(), path, MADE_FROM), "lorafb-recording, version 1"),
    "stimulus.h5": (
        lambda path: stimuli.write(Stimulus(np.zeros((2, 4, 4, 3), np.uint8), 30.0, "black"), path, MADE_FROM),
        "lorafb-stimulus, version 1",
    ),
    "scores.csv": (
        lambda path: tables.write(typed(published_files.no_scores(COLUMNS)), path, MADE_FROM),
        "table of 0 rows, unchanged since it was written; columns experiment, network",
    ),
    "ours.pth": (ours, "lorafb-checkpoint; says lorafb_snet_tiny, says initial, fits lorafb_snet_tiny"),
    "study.pth": (
        lambda path: checkpoint.to_published(checkpoint.initial("sew_resnet_tiny", 101, 1), path),
        "weights under 'model'; says sew_resnet_tiny, .*fits sew_resnet_tiny",
    ),
    "pathways.pth.tar": (
        lambda path: write_checkpoint(path, "resnet_1p_cpc"),
        "weights under 'state_dict', prefix 'module.' taken off; fits resnet_1p_cpc",
    ),
    "tensor": (
        lambda path: save(recipe.movie(3, 32), path),
        "published stimulus of 3 frames, 32x32 pixels, normalised",
    ),
    "visp_1.npy": (
        lambda path: np.save(path, recipe.neural(MOVIE, "visp", 5)),
        "published recording of 40 units, 5 frames of 1 time bins",
    ),
    "shr_visp.npy": (lambda path: np.save(path, np.ones(7)), "published reliabilities of 7 units"),
    "movie.npy": (
        lambda path: np.save(path, np.zeros((3, 8, 9, 3), np.uint8)),
        "movie of 3 frames, 8x9 pixels, uint8",
    ),
}


def test_a_right_file_is_described_in_one_line(tmp_path, capsys):
    for name, (make, expected) in RIGHT.items():
        make(tmp_path / name)
        assert lorafb(tmp_path, ["check", name]) == 0, name
        printed = capsys.readouterr()
        assert printed.err == "", name
        assert printed.out.count("\n") == 1, name
        assert published_files.matches(rf"^{name}: {expected}", printed.out), printed.out


NETWORK = """
from torch import nn


def small(classes=4):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes))
"""


def test_a_checkpoint_is_held_against_a_network_of_ones_own(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("mynet.py").write_text(NETWORK)
    sys.path.insert(0, str(tmp_path))
    state = importlib.import_module("mynet").small(7).state_dict()
    half = {f"module.{key}": value.half() if value.is_floating_point() else value for key, value in state.items()}
    torch.save({"epoch": 3, "state_dict": half}, "mine.pth")
    assert cli.main(["check", "mine.pth", "--network", "mynet:small"]) == 0
    said = "weights under 'state_dict', prefix 'module.' taken off, float16 converted to float32; fits mynet:small, 7 classes"
    assert capsys.readouterr().out == f"mine.pth: {said}\n"
    del state["4.bias"]
    torch.save(state, "mine.pth")
    assert cli.main(["check", "mine.pth", "--network", "mynet:small"]) == 2
    error = capsys.readouterr().err
    assert error == "mine.pth: weights at the top (8 entries); not a mynet:small: 1 key missing (4.bias)\n"
    torch.save(torchvision.models.resnet18(num_classes=12).state_dict(), "resnet.pth")
    assert cli.main(["check", "resnet.pth", "--network", "torchvision:resnet18"]) == 0
    assert "fits torchvision:resnet18, 12 classes" in capsys.readouterr().out
    assert cli.main(["check", "resnet.pth", "--network", "sew_resnet18"]) == 2
    assert "nothing in it says that it is of a spiking network" in capsys.readouterr().err


def test_real_files_are_described(capsys):
    for path, expected in (
        ("clips/test.avi", "video of 164 frames, 240x320 pixels, 25 frames per second"),
        ("*.npz", "table of counts, .*VISp"),
        ("photographs/china.jpg", "picture, 427x640 pixels"),
    ):
        assert lorafb(".", ["check", str(next(REAL.parent.rglob(path)))]) == 0, path
        assert published_files.matches(expected, capsys.readouterr().out), path


def test_a_session_is_described(tmp_path, capsys):
    with h5py.File(tmp_path / "session.nwb", "w") as file:
        file.attrs["nwb_version"] = "2.2.2"
        file["general/session_id"] = "715093703"
        electrodes = file.create_group("general/extracellular_ephys/electrodes")
        electrodes["id"], electrodes["location"] = [5], [b"VISp"]
        units = file.create_group("units")
        units["id"], units["peak_channel_id"] = [950, 951], [5, 5]
        units["spike_times"], units["spike_times_index"] = [0.5, 1.0, 1.5], [2, 3]
    assert lorafb(tmp_path, ["check", "session.nwb"]) == 0
    assert capsys.readouterr().out == "session.nwb: NWB 2.2.2, session 715093703: 2 units in 1 areas\n"

    with h5py.File(tmp_path / "session.nwb", "a") as file:
        del file["units"]
    assert lorafb(tmp_path, ["check", "session.nwb"]) == 2
    assert "units" in capsys.readouterr().err


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def changed(path):
    grams.write(a_pass(), path, MADE_FROM)
    flip_a_byte(path)


def without_sidecar(path):
    grams.write(a_pass(), path, MADE_FROM)
    sidecar(path).unlink()


def of_version(path):
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "lorafb-gram", "format_version": 99})


def with_nan(path):
    held = checkpoint.initial("lorafb_snet_tiny", 101, 1)
    held.state_dict["fc.bias"].fill_(torch.nan)
    checkpoint.to_published(held, path)


def reliable(path):
    np.save(path, np.array([0.5, np.nan]))


def nan_stimulus(path):
    save(np.full((3, 3, 8, 8), np.nan, np.float32), path)


WRONG = {
    "missing.pth": (lambda path: None, "no such file"),
    "empty.pth": (lambda path: path.touch(), "is empty"),
    "changed.h5": (changed, "its bytes have changed since it was written"),
    "alone.h5": (without_sidecar, "its checksum file alone.h5.json is missing"),
    "newer.h5": (of_version, "has version 99 of lorafb-gram, this program reads version 2"),
    "nan.pth": (with_nan, "weights under 'model'; .*fc.bias holds 101 values of 101 that are not finite"),
    "nan.pt": (nan_stimulus, "frame 0 holds a value that is not finite"),
    "code.pth": (
        lambda path: torch.save({"model": published_files.RunsCode()}, path),
        "asks for getattr, .*nothing of it was run",
    ),
    "page.pth": (lambda path: path.write_text("<!doctype html>"), "no checkpoint, stimulus, recording or artefact"),
    "visp_1.npy": (
        lambda path: np.save(path, np.ones((5, 4))),
        r"has shape \[5, 4\], expected \[frames, 1 or 8, units\]",
    ),
    "shr_visp.npy": (reliable, "expected one finite number per unit"),
}


def test_a_wrong_file_is_refused_in_one_line(tmp_path, capsys):
    for name, (make, expected) in WRONG.items():
        make(tmp_path / name)
        assert lorafb(tmp_path, ["check", name]) == 2, name
        printed = capsys.readouterr()
        assert printed.out == "", name
        assert printed.err.count("\n") == 1, name
        assert published_files.matches(rf"{name}.*{expected}", printed.err), printed.err
        assert not (tmp_path / "code_was_run").exists(), name


def test_a_damaged_file_is_refused_in_one_line_however_it_is_damaged(tmp_path, capsys):
    for name in ("gram.h5", "study.pth", "tensor", "visp_1.npy"):
        path, random = tmp_path / name, np.random.default_rng(1)
        RIGHT[name][0](path)
        sidecar(path).unlink(missing_ok=True)
        whole = path.read_bytes()
        for damage in range(12):
            damaged = bytearray(whole[: random.integers(1, len(whole))])
            damaged[random.integers(len(damaged))] ^= 255
            path.write_bytes(damaged)
            assert lorafb(tmp_path, ["check", name]) == 2, (name, damage)
            printed = capsys.readouterr()
            assert printed.out == "", (name, damage)
            assert printed.err.count("\n") == 1, (name, damage)


def test_results_are_checked_with_what_they_were_made_from(tmp_path, capsys):
    table = tmp_path / "results" / "table.csv"
    (tmp_path / "results" / "resume").mkdir(parents=True)
    assert lorafb(tmp_path, ["check", "results"]) == 2
    assert capsys.readouterr().err == "results: holds no artefact with a checksum file beside it\n"

    for name in ("resume/state.json", "score.job.json", "._table.csv.json"):  # no checksum files
        (tmp_path / "results" / name).write_text("{}")
    tables.write(published_files.no_scores(COLUMNS), table, MADE_FROM)
    made_from = Provenance({"results/table.csv": sha256(table), "data/elsewhere.npy": "0"})
    grams.write(a_pass(), tmp_path / "results" / "gram.h5", made_from)
    assert lorafb(tmp_path, ["check", "results"]) == 0
    assert capsys.readouterr().out.startswith("results: 2 artefacts, unchanged since they were written")

    tables.write(published_files.no_scores(["other"]), table, MADE_FROM)
    assert lorafb(tmp_path, ["check", "results"]) == 2
    expected = "results/gram.h5: was made from another results/table.csv than the one there; run the workflow again\n"
    assert capsys.readouterr().err == expected


def test_wrong_files_do_not_hide_right_ones(tmp_path, capsys):
    write_recordings(tmp_path, SCENES, 4)
    files = sorted(map(str, (tmp_path / "neural_dataset" / SCENES).glob("*.npy")))
    assert lorafb(tmp_path, ["check", "nothing", *files]) == 2
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 12
    assert printed.err == "nothing: no such file\n"


def test_a_file_is_identified_by_its_content_not_its_name(tmp_path, capsys):
    save(recipe.movie(3, 32), tmp_path / "stimulus.pt")
    shutil.move(tmp_path / "stimulus.pt", tmp_path / "weights.npy")
    assert lorafb(tmp_path, ["check", "weights.npy"]) == 0
    assert "published stimulus of 3 frames" in capsys.readouterr().out
