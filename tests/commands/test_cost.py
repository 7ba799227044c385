"""`lorafb cost`: what a start would take, against counts made by hand and against Snakemake's own."""

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lorafb import cli
from lorafb.artefacts import benchmarks, tables
from lorafb.artefacts.provenance import Provenance
from lorafb.commands import cost, work
from lorafb.commands.text import duration
from lorafb.config import reading

ROOT = Path(__file__).parent.parent.parent
NANO = ROOT / "tests/workflow/nano.yaml"

OWN = """
from torch import nn


class Eye(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.v1 = nn.Conv2d(3, 2, 3, padding=1, bias=False)
        self.classifier = nn.Linear(2, classes, bias=False)

    def forward(self, frames):
        seen = self.v1(frames.flatten(0, 1)).mean(dim=(2, 3))
        return self.classifier(seen).unflatten(0, frames.shape[:2])
"""
SIZE = 32
CONVOLUTION = SIZE * SIZE * 2 * 3 * 9 + 2 * 10
"""Multiply-adds a frame: of each of 2 x 32 x 32 units over 3 x 3 x 3 inputs, and of 10 classes over 2 averages."""


@pytest.fixture
def eye(tmp_path, monkeypatch):
    """Make a study with a network whose every multiply-add can be counted."""
    (tmp_path / "eyes.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)

    def study(kind, **over):
        feed = {"kind": kind, "steps": 4 if kind == "still" else 1, "chunk": 1, "classes": 10}
        values = {
            "networks": {"eye": {"build": "eyes:Eye", "layers": ["v1"], "feed": feed}},
            "subjects": {
                "eye": {
                    "network": "eye",
                    "training": "own",
                    "checkpoint": {"kind": "initial"},
                    "size": SIZE,
                    "experiments": ["shuffle", "replace"],
                }
            },
            **over,
        }
        return reading.study(reading.overlay(reading.load(NANO), values), (tmp_path, ROOT))

    return study


@pytest.fixture(scope="module")
def nano():
    return reading.read(ROOT / "config.yaml", yaml.safe_load(NANO.read_text()), (ROOT,))


UNITS = 2 * SIZE * SIZE


def test_a_pass_counts_frames_convolutions_and_products(eye):
    done = work.extract(eye("stateful"), "eye", "short")
    pairs = 48 * 49 // 2
    assert (done.trainings, done.passes, done.frames) == (0, 1, 48)
    assert done.multiply_adds == 48 * CONVOLUTION + pairs * UNITS
    assert done.written == pairs * 8 + 48 * UNITS * 4  # products, and features that are kept as float32


def test_features_that_are_not_kept_are_not_written(eye):
    assert work.extract(eye("stateful", features={"keep": "none"}), "eye", "short").written == 48 * 49 // 2 * 8


def test_a_still_frame_counts_once_a_time_step(eye):
    done = work.extract(eye("still"), "eye", "short")
    assert done.frames == 4 * 48
    assert done.multiply_adds == 4 * 48 * CONVOLUTION + 48 * 49 // 2 * UNITS


def test_trials_and_kinds_of_noise_are_passes(eye):
    study = eye("stateful")
    assert work.perturbed(study, "eye", "short", "shuffle", "4").passes == 2
    assert work.perturbed(study, "eye", "short", "replace", "3").passes == 2 * 2
    assert work.perturbed(study, "eye", "short", "replace", "3").written == 4 * (48 * 49 // 2) * 8


def test_a_network_that_sees_frames_alone_is_shown_movie_and_noise_once_a_kind(eye):
    done = work.with_noise(eye("still"), "eye", "short")
    assert (done.passes, done.frames) == (2, 2 * 96 * 4)
    assert done.written == 2 * (96 * 97 // 2) * 8


def test_a_training_step_costs_three_passes_and_each_epoch_ends_with_a_test(nano):
    done = work.train(nano, "still")
    assert done.trainings == 1
    assert done.frames == 2 * 4 * (16 + 16)  # epochs, steps, clips of one still frame each
    assert work.train(nano, "spiking").frames == 2 * 4 * (32 + 32)  # two clips a video
    one_frame = done.multiply_adds / (2 * 4 * (3 * 16 + 16))
    assert one_frame == pytest.approx(1.3e6, rel=0.2)  # of lorafb_snet_tiny at 32 x 32


def test_a_time_is_written_in_the_unit_that_reads_best():
    assert [duration(seconds) for seconds in (5, 119, 180, 9000)] == ["5 s", "119 s", "3 min", "2.5 h"]


def test_a_job_that_was_measured_takes_what_it_took_and_another_its_multiply_adds_at_the_rate(nano):
    measured = {Path("train/spiking.tsv"): benchmarks.Benchmark("train", 100.0, 90.0, 800.0)}
    jobs = [Path("train/spiking.log"), Path("train/still.log")]
    total = cost.estimate(nano, jobs, measured, teraflops=1.0)["train"]
    assert (total.jobs, total.measured, total.assumed, total.unknown) == (2, 1, 1, 0)
    still = cost.LOADING_S + 2 * work.train(nano, "still").multiply_adds / 1e12
    assert total.seconds == pytest.approx(100 + still)


def test_a_stage_without_networks_is_estimated_from_its_other_jobs_or_not_at_all(nano):
    jobs = [Path("score/spiking/short.log")]
    measured = {
        Path(f"score/x/{name}.tsv"): benchmarks.Benchmark("score", took, 1.0, 1.0)
        for name, took in (("a", 2), ("b", 4))
    }
    assert cost.estimate(nano, jobs, measured, 1.0)["score"].seconds == 3
    unknown = cost.estimate(nano, jobs, {}, 1.0)["score"]
    assert (unknown.seconds, unknown.unknown) == (0, 1)


def test_a_stage_that_never_ran_takes_a_stated_time_that_grows_with_the_pairs_of_frames(nano):
    jobs = [Path("score_base/spiking/short.log"), Path("count_spikes/short/0.log")]
    totals = cost.estimate(nano, jobs, {}, 1.0)
    score = totals["score_base"]
    assert (score.stated, score.unknown) == (1, 0)
    assert score.seconds == work.LEAST_S + work.STATED_PAIRS_S["score_base"] * (48 / 3600) ** 2
    assert totals["count_spikes"].seconds == work.LEAST_S  # a simulated session
    printed = cost.preview(nano, totals, 1.0)
    assert "2 jobs without networks never ran here" in printed
    assert "?" not in printed


SETS = {
    "training_sets": {
        "ucf101": {"folder": "ucf"},
        "imagenet": {"folder": "images"},
        "mine": {"kind": "folder", "folder": "m", "classes": 3},
    },
    "subjects": {
        name: {"network": "sew_resnet_tiny", "training": name, "checkpoint": {"kind": "trained"}}
        for name in ("ucf101", "ucf101_subset", "ucf101_random", "imagenet", "mine")
    },
    "recipes": {"ucf101": {"epochs": 20, "size": 64}, "imagenet": {"epochs": 10, "size": 64}},
    "compute": {"device": "cuda", "gpus": 8},
    "experiments": {"shuffle": {"windows": []}, "replace": {"windows": []}},
}


def test_a_training_shows_every_clip_of_ucf101_or_image_of_imagenet_each_epoch():
    study = reading.study(reading.overlay(reading.load(NANO), SETS), (ROOT,))
    every, run, drawn, images = (work.train(study, name) for name in list(SETS["subjects"])[:4])
    assert every.frames == 20 * 16 * (9537 + 3783) * (180 // 16)
    assert run.frames == 20 * 16 * (9537 + 3783 * (180 // 16))
    assert drawn.frames == 20 * 16 * (9537 + 3783)
    assert images.frames == 10 * 4 * (1_281_167 + 50_000)
    one_frame = every.multiply_adds / (20 * 16 * 11 * (3 * 9537 + 3783))
    assert images.multiply_adds == pytest.approx(one_frame * 40 * (3 * 1_281_167 + 50_000), rel=0.05)  # more classes
    seconds = cost.LOADING_S + 2 * every.multiply_adds / (8 * 1e12)
    totals = cost.estimate(study, [Path("train/ucf101.log")], {}, 1.0)
    assert totals["train"].seconds == pytest.approx(seconds)  # 8 GPUs at once
    assert f"{8 * seconds / 3600:.2f} of them to train. " in cost.preview(study, totals, 1.0)
    assert work.train(study, "mine").unknown == 1


def test_clips_are_counted_from_the_table_of_files_once_it_is_made(tmp_path):
    study = reading.study(reading.overlay(reading.load(NANO), SETS), (ROOT,))
    rows = [
        ("a", 0, "training", 50, ""),
        ("b", 1, "training", 16, ""),
        ("c", 0, "training", 0, "is empty"),
        ("d", 1, "test", 33, ""),
    ]
    table = pd.DataFrame(rows, columns=["file", "label", "split", "frames", "wrong"])
    tables.write(table, tmp_path / "training_sets/mine/files.csv", Provenance({}, {}, ""))
    assert work.train(study, "mine", tmp_path).frames == 20 * 16 * ((3 + 1) + 2)


def test_the_preview_counts_the_jobs_that_snakemake_counts(tmp_path, capsys, monkeypatch):
    started, start = [], subprocess.run

    def run(*arguments, **settings):
        started.append(start(*arguments, **settings))
        return started[-1]

    monkeypatch.setattr(subprocess, "run", run)
    arguments = ["--directory", str(tmp_path), "--configfile", str(NANO)]
    assert cli.main(["cost", "--teraflops", "0.5", *arguments]) == 0
    printed = capsys.readouterr().out
    [dry_run] = started
    jobs = int(re.search(r"^total +(\d+)$", dry_run.stdout + dry_run.stderr, re.MULTILINE)[1]) - 1  # without `all`
    passes = 7 + 2 * 2 + 2 * 2 + 2  # originals; shuffled, window by window; replaced, kind by kind; still, kind by kind
    assert re.search(rf"^all +{jobs} +2 +{passes} ", printed, re.MULTILINE), printed
    assert "at 0.5 TFLOP/s" in printed
    assert not (tmp_path / "results").exists()


def test_what_snakemake_refuses_is_reported(tmp_path, capsys):
    assert cli.main(["cost", "sores", "--directory", str(tmp_path), "--configfile", str(NANO)]) == 2
    assert "No rule to produce sores" in capsys.readouterr().err


def test_the_folder_of_earlier_times_is_snakemakes_directory():
    assert cost.directory(["-n", "--directory", "elsewhere", "scores"]) == Path("elsewhere")
    assert cost.directory(["--configfile", "config/paper.yaml"]) == Path()


def test_a_rate_must_be_above_zero(capsys):
    assert cli.main(["cost", "--teraflops", "0"]) == 2
    assert "argument --teraflops: 0 is not above 0" in capsys.readouterr().err
