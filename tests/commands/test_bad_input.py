"""Bad input to the published commands: one clear line, exit code 2, nothing written, and before a network is shown anything."""

import os
import re
import shutil
from dataclasses import dataclass, field

import numpy as np
import pytest
import recipe
import torch
from published_files import MOVIE, SCENES, RunsCode, lorafb, write_noise, write_recordings, write_stimuli

from lorafb.commands import similarity
from lorafb.networks import checkpoint

FRAMES, SIZE = 24, 64
NETWORK = "lorafb_snet_tiny"
STIMULUS, NOISE = f"stimulus/stimulus_{MOVIE}_224.pt", f"stimulus/stimulus_{MOVIE}_224_gaussian.pt"
RECORDINGS = f"neural_dataset/{MOVIE}"


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """Files that are all right."""
    folder = tmp_path_factory.mktemp("right")
    write_recordings(folder, MOVIE, FRAMES)
    write_recordings(folder, SCENES, FRAMES)
    write_stimuli(folder, MOVIE, FRAMES, SIZE)
    write_stimuli(folder, SCENES, FRAMES, SIZE)
    write_noise(folder, MOVIE, "gaussian", FRAMES, SIZE)
    checkpoint.to_published(checkpoint.initial(NETWORK, 101, 1), folder / "net.pth")
    return folder


def spoilt(right, folder):
    """Links to files that are all right, to be spoilt."""
    return shutil.copytree(right, folder, copy_function=os.link)


@pytest.fixture
def folder(right, tmp_path):
    return spoilt(right, tmp_path / "spoilt")


@dataclass
class Bad:
    """What is wrong, in a file or in the options; and the message."""

    message: str
    spoil: object = None
    words: tuple = ()
    command: str = "similarity"
    base: tuple = field(default=("--model", NETWORK, "--checkpoint-path", "net.pth"))


def command(bad):
    shared = ["--neural-dataset", MOVIE, "--neural-dataset-dir", "neural_dataset/", "--output-dir", "results/"]
    return [bad.command, *(bad.base if bad.command == "similarity" else ()), *shared, *bad.words]


def write(path, values):
    """Write an array or tensor in place of a linked file."""
    path.unlink(missing_ok=True)
    if path.suffix == ".npy":
        np.save(path, values, allow_pickle=values.dtype == object)
    else:
        torch.save(values, path)


def missing(path):
    return lambda folder: (folder / path).unlink()


def truncated(path):
    def spoil(folder):
        content = (folder / path).read_bytes()
        (folder / path).unlink()
        (folder / path).write_bytes(content[: len(content) * 2 // 3])

    return spoil


def with_code(path):
    return lambda folder: write(folder / path, {"model": RunsCode()})


def holding(path, values):
    return lambda folder: write(folder / path, values)


def tensor(path, change):
    return lambda folder: write(folder / path, change(torch.load(folder / path, weights_only=True)))


def counts(area, change):
    path = f"{RECORDINGS}/{area}_1.npy"
    return lambda folder: write(folder / path, change(np.load(folder / path)))


def every_area(change):
    def spoil(folder):
        for area in recipe.AREAS:
            counts(area, change)(folder)

    return spoil


def weights(change):
    def spoil(folder):
        held = checkpoint.read(folder / "net.pth")
        change(held.state_dict)
        (folder / "net.pth").unlink()
        checkpoint.to_published(held, folder / "net.pth")

    return spoil


def one_value(values, index, value):
    values = values.clone() if isinstance(values, torch.Tensor) else values.copy()
    values[index] = value
    return values


SHUFFLE, REPLACE = ("--shuffle", "--window"), ("--replace", "--replace-type", "gaussian", "--window")

CASES = {
    "weights": {
        "no checkpoint": Bad(r"net.pth: no such file", missing("net.pth")),
        "truncated checkpoint": Bad(r"net.pth: is no readable checkpoint, or a truncated one", truncated("net.pth")),
        "checkpoint that would run code": Bad(r"net.pth: asks for .*nothing of it was run", with_code("net.pth")),
        "checkpoint without a weight": Bad(
            r"net.pth: not a lorafb_snet_tiny: 1 key missing \(fc.bias\)", weights(lambda state: state.pop("fc.bias"))
        ),
        "weights of another shape": Bad(
            r"1 key of another shape \(conv1.weight: 8x1x7x7, expected \d+x3x7x7\)",
            weights(lambda state: state.update({"conv1.weight": torch.zeros(8, 1, 7, 7)})),
        ),
        "NaN weights": Bad(
            r"net.pth: fc.bias holds 101 values of 101 that are not finite",
            weights(lambda s: s["fc.bias"].fill_(torch.nan)),
        ),
        "checkpoint of another network": Bad(
            r"net.pth: says that it is a lorafb_snet_tiny, not a lorafb_cnet_tiny",
            base=("--model", "lorafb_cnet_tiny", "--checkpoint-path", "net.pth"),
        ),
        "checkpoint of another training": Bad(
            r"net.pth: .*ucf101|net.pth: has 101 classes", words=("--train-dataset", "imagenet")
        ),
        "unknown network": Bad(
            r"unknown network 'lorafb_snet_teeny'; did you mean", words=("--model", "lorafb_snet_teeny")
        ),
        "unknown training": Bad(
            r"trained on 'ucf' is unknown; did you mean 'ucf101'", words=("--train-dataset", "ucf")
        ),
    },
    "stimulus": {
        "no stimulus": Bad(r"stimulus_allen_natural_movie_one_224.pt: no such file", missing(STIMULUS)),
        "truncated stimulus": Bad(r"_224.pt: not a torch file that holds one tensor", truncated(STIMULUS)),
        "stimulus that would run code": Bad(
            r"_224.pt: not a torch file .*it asks for getattr, .*nothing of it was run", with_code(STIMULUS)
        ),
        "stimulus in a dict": Bad(
            r"_224.pt: holds a dict, expected one tensor", holding(STIMULUS, {"x": torch.zeros(1)})
        ),
        "stimulus of another type": Bad(
            r"_224.pt: holds torch.float64 .*expected torch.float32", tensor(STIMULUS, torch.Tensor.double)
        ),
        "stimulus of bytes": Bad(r"_224.pt: holds torch.uint8", tensor(STIMULUS, torch.Tensor.byte)),
        "stimulus without colour": Bad(
            r"_224.pt: holds .*expected torch.float32 \(T, 3, H, W\)", tensor(STIMULUS, lambda x: x[:, :1])
        ),
        "stimulus of another size": Bad(
            r"_224.pt: frames of 62x64 pixels: 62 does not fit lorafb_snet_tiny, which takes multiples of",
            tensor(STIMULUS, lambda x: x[:, :, :62].clone()),
        ),
        "small stimulus for a network of one size": Bad(
            r"_224.pt: frames of 64x64 pixels: 64 does not fit cornet, which takes 224 only",
            base=("--model", "cornet", "--checkpoint-path", "net.pth"),
        ),
        "shorter stimulus": Bad(
            r"_224.pt: has 23 frames, the recordings have 24", tensor(STIMULUS, lambda x: x[1:].clone())
        ),
        "stimulus with NaN": Bad(
            r"_224.pt: frame 7 holds a value that is not finite",
            tensor(STIMULUS, lambda x: one_value(x, (7, 0, 3, 3), torch.nan)),
        ),
    },
    "noise movie": {
        "no noise movie": Bad(r"_224_gaussian.pt: no such file", missing(NOISE), (*REPLACE, "5")),
        "no noise movie of a type": Bad(
            r"_224_static.pt: no such file", words=("--replace", "--replace-type", "static", "--window", "5")
        ),
        "shorter noise movie": Bad(
            r"_224_gaussian.pt: has 5 frames, the recordings have 24",
            tensor(NOISE, lambda x: x[:5].clone()),
            (*REPLACE, "5"),
        ),
        "noise movie of another size": Bad(
            r"_224_gaussian.pt: frames of 32x64 pixels, expected 64x64",
            tensor(NOISE, lambda x: x[:, :, :32].clone()),
            (*REPLACE, "5"),
        ),
    },
    "recordings": {
        "unknown data set": Bad(
            r"'allen_movie_one' is no published stimulus; did you mean", words=("--neural-dataset", "allen_movie_one")
        ),
        "an area missing": Bad(r"visal_1.npy: no such file", missing(f"{RECORDINGS}/visal_1.npy")),
        "truncated recording": Bad(r"visl_1.npy: is no .npy array", truncated(f"{RECORDINGS}/visl_1.npy")),
        "pickled recording": Bad(
            r"visp_1.npy: is no .npy array", holding(f"{RECORDINGS}/visp_1.npy", np.array([RunsCode()], dtype=object))
        ),
        "areas of different length": Bad(
            r"areas have different numbers of frames: visp 24, visl 23,", counts("visl", lambda x: x[1:])
        ),
        "shorter recordings": Bad(r"_224.pt: has 24 frames, the recordings have 20", every_area(lambda x: x[:20])),
        "recordings of three frames": Bad(r"recordings of 3 frames, expected at least 4", every_area(lambda x: x[:3])),
        "recording without its middle axis": Bad(
            r"visp_1.npy: has shape \[24, 40\]", counts("visp", lambda x: x[:, 0])
        ),
        "recording with NaN": Bad(
            r"visp_1.npy holds nan, expected spike counts", counts("visp", lambda x: one_value(x, (3, 0, 3), np.nan))
        ),
        "recording of rates": Bad(r"visp_1.npy holds .*whole numbers", counts("visp", lambda x: x / 20)),
        "silent area": Bad(r"vispm_1.npy: .*none of 28 units is selected", counts("vispm", np.zeros_like)),
        "no reliabilities": Bad(
            r"shr_visp.npy: no such file",
            missing(f"neural_dataset/{SCENES}/shr_visp.npy"),
            ("--neural-dataset", SCENES),
        ),
    },
    "options": {
        "a window of 0": Bad(r"--shuffle: window 0 is no window", words=(*SHUFFLE, "0")),
        "a window below 0": Bad(r"--replace: window -3 is no window", words=(*REPLACE, "-3")),
        "a window longer than the movie": Bad(
            r"--replace: window 25 is longer than the movie \(24 frames\)", words=(*REPLACE, "25")
        ),
        "no window": Bad(r"--shuffle needs --window", words=("--shuffle",)),
        "a window for nothing": Bad(r"--window 5 is without --shuffle or --replace", words=("--window", "5")),
        "a window of half a frame": Bad(r"argument --window: invalid int value: '2.5'", words=(*SHUFFLE, "2.5")),
        "no trials": Bad(r"--shuffle: 0 trials", words=(*SHUFFLE, "5", "--trial-for-ablation", "0")),
        "no replacement": Bad(r"--replace-type is missing", words=("--replace", "--window", "5")),
        "replacement for nothing": Bad(r"--replace-type is without --replace", words=("--replace-type", "black")),
        "unknown replacement": Bad(
            r"argument --replace-type: invalid choice: 'pink'", words=("--replace", "--replace-type", "pink")
        ),
        "two ablations": Bad(
            r"--shuffle and --front-len: a run takes at most one of", words=(*SHUFFLE, "5", "--front-len", "9")
        ),
        "a clip longer than the movie": Bad(
            r"--clip-len: a clip of 24 frames does not fit a movie of 24", words=("--clip-len", "24")
        ),
        "a clip of 0": Bad(r"--clip-len: a clip of 0 frames does not fit", words=("--clip-len", "0")),
        "more clips than there are": Bad(
            r"--clip-len: 5 different clips of 20 frames do not fit",
            words=("--clip-len", "20", "--trial-for-clip", "5"),
        ),
        "a front longer than the movie": Bad(
            r"--front-len: a front of 25 frames does not fit", words=("--front-len", "25")
        ),
        "shuffled scenes": Bad(
            r"--shuffle: allen_natural_scenes are unrelated images", words=(*SHUFFLE, "5", "--neural-dataset", SCENES)
        ),
        "regression on few frames": Bad(
            r"--metric Regression: 23 frames are scored, .*needs at least 40", words=("--metric", "Regression")
        ),
        "unknown metric": Bad(
            r"argument --metric: unknown metric 'RSA'; expected TSRSA, Regression, tsrsa, .* or module:NAME; did you mean 'TSRSA'",
            words=("--metric", "RSA"),
        ),
        "a metric of one's own that is not there": Bad(
            r"argument --metric: 'nowhere:mine' cannot be imported", words=("--metric", "nowhere:mine")
        ),
        "a metric of one's own that is none": Bad(
            r"argument --metric: metric math:pi: expected .*Metric", words=("--metric", "math:pi")
        ),
        "unknown option": Bad(r"lorafb: unrecognized arguments: --windows", words=("--windows", "5")),
        "unknown device": Bad(r"device tpu: expected cpu, cuda or cuda:N", words=("--device", "tpu")),
        "a GPU that is not there": Bad(r"device cuda:99: this machine has .* GPU", words=("--device", "cuda:99")),
        "an output folder that is a file": Bad(
            r"--output-dir net.pth: .*takes no files", words=("--output-dir", "net.pth")
        ),
    },
    "ceiling": {
        "ceiling with an area missing": Bad(
            r"visal_1.npy: no such file", missing(f"{RECORDINGS}/visal_1.npy"), command="ceiling"
        ),
        "ceiling of long clips": Bad(r"--clip-len: a clip of 30 frames", words=("--clip-len", "30"), command="ceiling"),
        "ceiling of clips of scenes": Bad(
            r"--clip-len: .*unrelated images", words=("--clip-len", "9", "--neural-dataset", SCENES), command="ceiling"
        ),
        "ceiling by regression": Bad(
            r"argument --metric: invalid choice", words=("--metric", "Regression"), command="ceiling"
        ),
        "ceiling into a file": Bad(
            r"--output-dir net.pth: .*takes no files", words=("--output-dir", "net.pth"), command="ceiling"
        ),
    },
}


@pytest.mark.parametrize("group", CASES)
def test_bad_input_is_one_line_and_leaves_nothing(group, right, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(similarity, "present", lambda *args: pytest.fail("a network was shown a movie"))
    for number, (name, bad) in enumerate(CASES[group].items()):
        folder = spoilt(right, tmp_path / str(number))
        if bad.spoil:
            bad.spoil(folder)
        before = sorted(folder.rglob("*"))
        assert lorafb(folder, command(bad)) == 2, name
        printed = capsys.readouterr()
        assert printed.out == "", name
        assert printed.err.count("\n") == 1, f"{name}: {printed.err}"
        assert re.search(bad.message, printed.err), f"{name}: {printed.err}"
        assert sorted(folder.rglob("*")) == before, name


def test_a_gpu_is_asked_for_in_vain_where_there_is_none(folder, capsys):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert lorafb(folder, [*command(Bad("")), "--device", "cuda"]) == 2
    assert "this machine has no GPU that torch can use; cpu runs" in capsys.readouterr().err


def test_layers_without_a_score_are_told_in_a_line_each_and_the_others_scored(folder, capsys):
    weights(lambda state: (state["bn1.weight"].zero_(), state["bn1.bias"].zero_()))(folder)
    assert lorafb(folder, command(Bad(""))) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(line.startswith("warning: layer ") and line.endswith("no score") for line in lines)
    assert len(lines) == len(set(lines))


def test_a_network_without_any_score_has_no_best_layers(folder, capsys):
    weights(lambda state: [value.zero_() for key, value in state.items() if "running" not in key])(folder)
    assert lorafb(folder, [*command(Bad("")), *SHUFFLE, "5", "--best-layer"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("area visp: no layer has a score")
    assert not (folder / "results").exists()
