"""Studies of the inputs of the golden runs: config, files, and real runs of `snakemake` in a folder outside the repository."""

import json
import sys
from pathlib import Path

import dry_run
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "commands"))

import published_files  # noqa: E402

GOLDEN = ROOT / "tests" / "golden" / "tsrsa"
REPEATS, RATE_HZ = 20, 30  # of the published Movie1


def golden(name):
    """One run of the published code: its command line, inputs, draws and scores."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


def snakemake(folder, *targets):
    """Run this checkout's workflow in a folder that holds `study.yaml`."""
    study = ["--configfile", str(folder / "study.yaml"), "--cores", "2", "--directory", str(folder)]
    status, said = dry_run.python(ROOT, "snakemake", *study, *targets)
    assert status == 0, said


def movie(folder, frames, seed=1, size=64, **keys):
    """Write a golden movie and its recording below a folder; returns its block of the config.

    The published filter keeps units of at least 300 spikes (0.5 spikes/s in 30 s of 20 repeats) however many frames there
    are. The config's `min_rate` is over the frames that there are: 299.5 spikes lie between any two whole numbers of them.
    """
    home = folder / f"{frames}_{size}"
    published_files.write_recordings(home, published_files.MOVIE, frames, seed)
    published_files.write_stimuli(home, published_files.MOVIE, frames, size, seed)
    return {
        "stimulus": tensor(home, published_files.MOVIE, frames),
        "recording": {"kind": "published", "folder": f"{home}/neural_dataset", "dataset": published_files.MOVIE},
        "min_rate": 299.5 / (frames / RATE_HZ) / REPEATS,
        **keys,
    }


def scenes(folder, images=20, size=64):
    """Write the golden scenes and their recording below a folder; returns their block of the config."""
    home = folder / f"scenes_{size}"
    published_files.write_recordings(home, published_files.SCENES, images)
    published_files.write_stimuli(home, published_files.SCENES, images, size)
    return {
        "stimulus": {**tensor(home, published_files.SCENES, images), "rate_hz": 4},
        "recording": {"kind": "published", "folder": f"{home}/neural_dataset", "dataset": published_files.SCENES},
    }


def tensor(home, dataset, frames, kind=""):
    return {"kind": "tensor", "file": f"{home}/stimulus/stimulus_{dataset}_224{kind}.pt", "frames": frames}


def noise(folder, frames, kind, size=64, seed=1):
    """Write a golden noise movie beside its movie."""
    published_files.write_noise(folder / f"{frames}_{size}", published_files.MOVIE, kind, frames, size, seed)


def subject(folder, network, sees, training="ucf101", seed=1, **keys):
    """Write a golden checkpoint below a folder; returns its block of the config."""
    path = folder / "checkpoints" / f"{network}_{training}_{seed}.pth"
    published_files.write_checkpoint(path, network, training, seed)
    checkpoint = {"kind": "file", "file": str(path)}
    return {"network": network, "training": training, "checkpoint": checkpoint, "sees": sees, "size": 64, **keys}


def run(folder, study, targets):
    """Run a study; the noise movies of a tensor are the published ones beside it."""
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    snakemake(folder, *targets)
