"""`lorafb train-video` and `lorafb train-imagenet` on a tiny UCF101 of real clips and a tiny ImageNet: files, numbers, errors."""

import argparse
import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import av
import pandas as pd
import pytest
import torch
from PIL import Image

from lorafb import cli
from lorafb.commands.options import COMMANDS, MATCHED
from lorafb.networks import checkpoint, untrusted
from lorafb.stimuli import video

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "data" / "real" / "clips" / "test.avi"
CLASSES = ("Archery", "HandstandPushups")
SMALL = ["--size", "32", "--epochs", "2", "--lr-warmup-epochs", "1", "--batch-size", "4", "--threads", "1", "--subset"]
VIDEO = ["train-video", "--model-name", "sew_resnet_tiny", "--frames", "4", "--f-steps", "4", *SMALL]
PUBLISHED = {
    "train-video": "--dataset UCF101 --frames 16 --f-steps 16 --epochs 100 --batch-size 32 --opt sgd --lr 0.1 --lr-scheduler cosa"
    " --lr-warmup-epochs 10 --lr-warmup-decay 0.001 --amp --model-name lorafb_snet18 --output-path logs/",
    "train-imagenet": "--epochs 320 --batch-size 32 --opt sgd --lr 0.1 --lr-scheduler cosa --lr-warmup-epochs 5"
    " --lr-warmup-decay 0.01 --amp --model-name lorafb_snet18 --T 4 --output-path logs/",
}
"""Command lines of the published trainings."""


@pytest.fixture(scope="module")
def ucf101(tmp_path_factory):
    """Parts of a real clip: two classes of three videos, in the layout of UCF101 with its odd spelling."""
    folder, frames = tmp_path_factory.mktemp("ucf101"), [frame for _, frame in video.decoded(CLIP, threads=1)][:10]
    (folder / "ucfTrainTestlist").mkdir()
    names = {
        name: [f"v_{name.replace('stand', 'Stand')}_g{group:02d}_c01.avi" for group in (1, 8, 9)] for name in CLASSES
    }
    for place, (name, files) in enumerate(names.items()):
        (folder / "UCF-101" / name).mkdir(parents=True)
        for number, file in enumerate(files):
            start = (2 * place + number) % 3
            _film(folder / "UCF-101" / name / file, frames[start : start + 6])
        (folder / "UCF-101" / name / f"._{files[0]}").write_bytes(b"hidden")
    lines = [f"{number} {name}\n" for number, name in enumerate(CLASSES, 1)]
    (folder / "ucfTrainTestlist/classInd.txt").write_text("".join(lines))
    training = [f"{name}/{file} {CLASSES.index(name) + 1}\n" for name, files in names.items() for file in files[1:]]
    (folder / "ucfTrainTestlist/trainlist01.txt").write_text("".join(training))
    (folder / "ucfTrainTestlist/testlist01.txt").write_text(
        "".join(f"{name}/{files[0]}\n" for name, files in names.items())
    )
    return folder


def _film(path, frames):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = frames[0].height, frames[0].width, "yuv420p"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")))
        file.mux(stream.encode())


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    """Three classes of two images to train and one to test on."""
    folder = tmp_path_factory.mktemp("imagenet")
    for label, name in enumerate(("n01440764", "n01443537", "n01484850")):
        for part, count in (("train", 2), ("val", 1)):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (40, 36), (80 * label, 40 * number, 90)).save(
                    folder / part / name / f"{name}_{number}.JPEG"
                )
    return folder


@pytest.fixture(scope="module")
def trained(ucf101, tmp_path_factory):
    """The output folder of a finished training on videos, and what it printed."""
    folder = tmp_path_factory.mktemp("logs")
    words = [*VIDEO, "--data-path", ucf101, "--output-path", folder, "--published-format"]
    done = lorafb(words)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "ucf101/sew_resnet_tiny", words, done.stdout


def lorafb(words):
    """Run a command in this process; gives exit code, stdout and stderr, and leaves torch's settings as they were."""
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(list(map(str, words)))
    torch.set_num_threads(before[0])
    torch.use_deterministic_algorithms(before[1])
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def test_a_training_on_videos_writes_weights_epochs_and_the_row_of_its_accuracy(trained):
    folder, _, printed = trained
    (result,) = pd.read_csv(folder / "result.csv").to_dict("records")
    epochs = pd.read_csv(folder / "epochs.csv")
    assert epochs["epoch"].tolist() == [0, 1]
    assert epochs["learning_rate"].tolist() == pytest.approx([0.1 * 0.001, 0.1])
    assert result["test_clips"] == 2
    assert result["test_accuracy"] == epochs["test_accuracy"].max()
    assert result["chance"] == pytest.approx(1 / 101)
    assert f"test accuracy {result['test_accuracy']:.4f}" in printed
    assert pd.read_csv(folder / "tensorboard/epochs.csv").equals(epochs)
    assert list((folder / "tensorboard").glob("events.out.tfevents.*"))
    for ending in ("svg", "png", "csv", "txt"):
        assert (folder / f"curves.{ending}").stat().st_size > 0


def test_the_published_format_has_the_same_weights_for_the_similarity_command(trained):
    folder, _, _ = trained
    ours = checkpoint.read(folder / "checkpoint.pt", "sew_resnet_tiny", "ucf101")
    theirs = checkpoint.read(folder / "checkpoint_max_test_acc.pth", "sew_resnet_tiny", "ucf101")
    assert ours.classes == theirs.classes == 101
    for key, value in ours.state_dict.items():
        assert torch.equal(value, theirs.state_dict[key])
    with torch.serialization.safe_globals([argparse.Namespace]):
        raw = torch.load(folder / "checkpoint_max_test_acc.pth", weights_only=True)
    assert {"model", "args", "epoch", "test_acc", "max_test_acc"} <= set(raw)
    assert (raw["args"].model_name, raw["args"].dataset, raw["args"].epochs) == ("sew_resnet_tiny", "UCF101", 2)
    assert untrusted.load(folder / "checkpoint_max_test_acc.pth").network == "sew_resnet_tiny"
    latest = checkpoint.read(folder / "checkpoint_latest.pth", "sew_resnet_tiny", "ucf101")
    assert latest.meta["epoch"] == 1
    assert latest.state_dict.keys() == ours.state_dict.keys()
    resumed = torch.load(folder / "resume/resume.pt", weights_only=True)["model"]
    assert all(torch.equal(value, resumed[key]) for key, value in latest.state_dict.items())


def test_the_same_command_goes_on_from_its_last_epoch_and_changes_no_byte(trained):
    folder, words, _ = trained
    before = (folder / "checkpoint.pt").read_bytes()
    done = lorafb(words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("test accuracy")  # nothing was left to do, no epoch is told
    assert (folder / "checkpoint.pt").read_bytes() == before


@pytest.mark.slow
def test_two_processes_of_torchrun_train_one_network_and_the_first_one_writes(ucf101, tmp_path):
    words = [*VIDEO, "--data-path", ucf101, "--output-path", tmp_path, "--epochs", "1", "--lr-warmup-epochs", "0"]
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "lorafb.cli",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launcher, *map(str, words)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test accuracy ") == 2  # the epoch, and the end
    weights = checkpoint.read(tmp_path / "ucf101/sew_resnet_tiny/checkpoint.pt")
    assert weights.meta["processes"] == 2
    assert weights.meta["test_clips"] == 2  # each counted once


def test_a_training_on_images_starts_from_weights_and_is_read_as_imagenets(imagenet, trained, tmp_path):
    words = ["train-imagenet", "--model-name", "sew_resnet_tiny", "--T", "4", *SMALL, "--data-path", imagenet]
    done = lorafb([*words, "--output-path", tmp_path, "--pretrained", trained[0] / "checkpoint.pt", "--amp"])
    assert done.returncode == 0, done.stderr
    assert "--amp (fp16) needs a GPU" in done.stderr  # not in silence
    weights = checkpoint.read(tmp_path / "imagenet/sew_resnet_tiny/checkpoint.pt")
    assert (weights.training, weights.classes) == ("imagenet", 1000)
    assert weights.meta["recipe"]["weight_decay"] == 0
    assert weights.meta["recipe"]["precision"] == "float32"
    (result,) = pd.read_csv(tmp_path / "imagenet/sew_resnet_tiny/result.csv").to_dict("records")
    assert result["test_clips"] == 3


@pytest.mark.parametrize("command", PUBLISHED)
def test_published_command_lines_are_understood_as_they_stand(command):
    args = cli._parse([command, *PUBLISHED[command].split(), "--data-path", "d"])
    assert args.arguments == []
    assert (args.opt, args.lr, args.momentum, args.seed) == ("sgd", 0.1, 0.9, 2022)
    assert args.weight_decay == (1e-4 if command == "train-video" else 0)
    plain = cli._parse([command, "--data-path", "d", "--model-name", "lorafb_snet18"])
    published = {"amp": False, "f_steps": None, "T": None}
    assert vars(plain) == vars(args) | {key: value for key, value in published.items() if key in vars(plain)}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--lr-warmup-epoch", "3"], "did you mean '--lr-warmup-epochs'?"),
        (["--f-steps", "3"], "--f-steps 3: clips start --frames apart, here 4"),
        (["--lr", "-1"], "--lr -1.0: input should be greater than 0"),
        (["--epochs", "0"], "--epochs 0: input should be greater than or equal to 1"),
        (["--lr-warmup-epochs", "2"], "2 warm-up epochs of 2"),
        (["--not-snn"], "--not-snn: sew_resnet_tiny is a spiking network"),
        (["--model-name", "sew_resnet_tony"], "did you mean 'sew_resnet_tiny'?"),
        (["--amp", "--precision", "bf16"], "--amp is fp16, and --precision is bf16"),
        (["--device", "gpu"], "device gpu: expected cpu, cuda or cuda:N"),
        (["--pretrained", "gone.pth"], "gone.pth"),
    ],
)
def test_what_cannot_be_is_one_line_before_the_first_step(words, told, ucf101, tmp_path, capsys):
    code = cli.main([*map(str, [*VIDEO, "--data-path", ucf101, "--output-path", tmp_path]), *words])
    assert code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert not list(tmp_path.rglob("*.pt"))


def test_every_option_of_the_two_commands_reaches_a_setting_or_the_run():
    source = (ROOT / "lorafb/commands/training.py").read_text()
    for command in ("train-video", "train-imagenet"):
        for option, _ in COMMANDS[command].options:
            name = option.lstrip("-").replace("-", "_")
            assert option in MATCHED or f"args.{name}" in source or f'"{name}"' in source, option
