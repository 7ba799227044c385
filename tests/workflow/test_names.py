"""Folders and files with names of every kind: Snakemake's wildcards, the shell and URLs give some characters a meaning."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml

from lorafb.artefacts import recordings, stimuli

ROOT = Path(__file__).parent.parent.parent
PARTS = ["Snakefile", "config.yaml", "rules", "workflow_scripts", "profiles", "envs", "lorafb"]
HOSTILE = "a {movie} [1] 'b' \"c\" %d $HOME #é & ;*"


def test_braces_quotes_and_spaces_in_the_names_of_repository_study_and_files(tmp_path):
    repository, study = tmp_path / f"repository {HOSTILE}", tmp_path / f"study {HOSTILE}"
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        repository.mkdir(exist_ok=True)
        copy(ROOT / name, repository / name)
    study.mkdir()
    movie = np.random.default_rng(1).integers(0, 256, (6, 32, 32), dtype=np.uint8)
    with (study / f"{HOSTILE}.npy").open("wb") as file:
        np.save(file, movie)
    counts = [("area,unit,repeat,frame,count")] + [
        f"VISp,{unit},{repeat},{frame},{unit + frame}" for unit in (1, 2) for repeat in (0, 1) for frame in range(6)
    ]
    (study / f"{HOSTILE}.csv").write_text("\n".join(counts))
    config = {
        "areas": ["VISp"],
        "movies": {
            "mine": {
                "stimulus": {"kind": "array", "file": f"{HOSTILE}.npy", "frames": 6},
                "recording": {"kind": "counts", "file": f"{HOSTILE}.csv", "rate_hz": 30},
            }
        },
        "subjects": {
            "one": {"network": "cornet_tiny", "training": "motion", "checkpoint": {"kind": "initial"}, "size": 64}
        },
    }
    (study / f"{HOSTILE}.yaml").write_text(yaml.safe_dump(config))
    made = ["results/stimuli/mine.h5", "results/recordings/mine/VISp.h5"]
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "-s", str(repository / "Snakefile"), *made]
    done = subprocess.run(
        [*command, "--configfile", str(study / f"{HOSTILE}.yaml"), "--directory", str(study)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (stimuli.read(study / made[0]).pixels == movie).all()
    assert recordings.read(study / made[1]).summed.tolist() == [
        [2 * (unit + frame) for unit in (1, 2)] for frame in range(6)
    ]
