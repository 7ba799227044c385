"""UCF101 and ImageNet in miniature from a folder to a score, by the workflow: checks, frames, training, a kill, resume."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dry_run
import pandas as pd
import pytest
import torch
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "training"))
import little_sets  # noqa: E402

from lorafb.networks import catalogue, checkpoint  # noqa: E402
from lorafb.training import recipe, sets  # noqa: E402
from lorafb.training.fit import fit  # noqa: E402

VIDEO = {"epochs": 5, "warmup_epochs": 1, "batch": 2, "size": 32, "frames": 4, "learning_rate": 0.01}
STUDY = {
    "areas": ["VISp"],
    "metrics": ["tsrsa"],
    "movies": {
        "short": {
            "stimulus": {"kind": "camera", "frames": 30, "rate_hz": 1, "size": 32, "seed": 1},
            "recording": {"kind": "counts", "file": "data/real/mouse_791319847_natural_movie_one_1s.npz"},
            "min_rate": 0,
        }
    },
    "scenes": {},
    "subjects": {
        "video": {
            "network": "lorafb_snet_tiny",
            "training": "ucf101_random",
            "checkpoint": {"kind": "trained", "seed": 3},
            "size": 32,
        },
        "image": {
            "network": "sew_resnet_tiny",
            "training": "imagenet",
            "checkpoint": {"kind": "trained", "seed": 3, "recipe": "brief"},
            "size": 32,
        },
    },
    "training_sets": {
        "ucf101": {"folder": "ucf", "subset": True, "parts": 2, "frames": "frames"},
        "imagenet": {"folder": "imagenet", "subset": True, "skip": 1},
    },
    "recipes": {
        "ucf101": VIDEO,
        "brief": {"kind": "images", "epochs": 2, "warmup_epochs": 1, "batch": 4, "size": 32, "augment": "trivial"},
    },
    "experiments": {
        "clip": {"lengths": []},
        "front": {"lengths": []},
        "shuffle": {"windows": []},
        "replace": {"windows": []},
    },
}
TARGETS = [f"results/scores/{subject}/short/base.csv" for subject in STUDY["subjects"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study whose training was killed in the middle with all that ran, and then started again."""
    folder = tmp_path_factory.mktemp("study")
    little_sets.ucf101(folder / "ucf")
    little_sets.imagenet(folder / "imagenet")
    (folder / "imagenet" / "train" / little_sets.SYNSETS[0] / "broken.JPEG").write_bytes(b"\xff\xd8\xff\xe0 cut")
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY))
    weights, saved = folder / "results/checkpoints/video.pt", folder / "results/training/video/resume/resume.pt"
    study = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder), "--cores", "2"]
    study += ["--configfile", str(folder / "study.yaml")]
    with subprocess.Popen(
        [sys.executable, "-m", "snakemake", *study, "--", "results/checkpoints/video.pt"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        while process.poll() is None and not saved.exists():
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    assert saved.exists()
    assert not weights.exists()
    status, said = dry_run.python(folder, "snakemake", *study, "--rerun-incomplete", "--nolock", "--", *TARGETS)
    assert status == 0, said
    return folder


def test_trained_networks_are_scored(folder):
    for target in TARGETS:
        assert pd.read_csv(folder / target)["value"].notna().any()


def test_a_training_killed_in_the_workflow_ends_with_the_bits_of_one_that_was_not(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    log = (folder / "results/logs/train/video.log").read_text()
    assert "continuing at epoch" in log
    trained = checkpoint.read("results/checkpoints/video.pt")
    files = pd.read_csv("results/training_sets/ucf101/files.csv")
    params = json.loads(Path("results/logs/train/video.job.json").read_text())["params"]
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        source = sets.of_files(params["set"], files, params["recipe"])
        settings, code = recipe.from_settings(params["recipe"]), trained.meta["code"]
        network = catalogue.network("lorafb_snet_tiny")
        ours = fit(network, "ucf101_random", source, settings, 3, tmp_path, code=code)
    finally:
        torch.use_deterministic_algorithms(False)
    assert ours.meta == trained.meta
    for key, value in ours.state_dict.items():
        assert torch.equal(value, trained.state_dict[key]), key


def test_files_are_counted_and_labelled_as_published(folder):
    files = pd.read_csv(folder / "results/training_sets/ucf101/files.csv")
    assert files["frames"].tolist() == [20, 21, 22, 20, 21, 22, 23, 23]
    assert files["label"].tolist() == [0, 0, 0, 1, 1, 1, 0, 1]
    assert files["file"][3] == "HandstandPushups/v_HandStandPushups_g08_c01.avi"
    images = pd.read_csv(folder / "results/training_sets/imagenet/files.csv")
    assert images["label"].unique().tolist() == [0, 230]  # tench and Shetland sheepdog among the 1000 classes
    assert images["wrong"].notna().sum() == 1
    assert len(images) == 13  # 4 + 4 to train on, a broken one, 2 + 2 to test on
    assert "broken.JPEG" in (folder / "results/logs/train/image.log").read_text()
