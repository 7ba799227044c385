"""A nano study of other people's networks and one's own weights, through the workflow: the same code as for ours."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import nn

from lorafb.artefacts import stimuli
from lorafb.features.prepare import prepare
from lorafb.networks import catalogue, checkpoint, library

pytestmark = pytest.mark.slow
torch.set_num_threads(1)
ROOT = Path(__file__).parents[2]
CODE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, inplace):
        super().__init__()
        self.conv, self.bn, self.relu = nn.Conv2d(3, 8, 7, stride=4, padding=3), nn.BatchNorm2d(8), nn.ReLU(inplace=inplace)
        self.classifier = nn.Linear(8, 10)

    def forward(self, frames):
        steps, batch = frames.shape[:2]
        seen = self.relu(self.bn(self.conv(frames.flatten(0, 1))))
        return self.classifier(seen.mean(dim=(2, 3))).unflatten(0, (steps, batch))

def make(classes, inplace):
    return Net(inplace)
"""
OWN = {"build": "inplace_net:make", "layers": ["bn"], "feed": {"kind": "still", "classes": 10}}
SEW = "sew_resnet_tiny"
STUDY = {
    "study": "by_name",
    "areas": ["VISp", "VISl"],
    "metrics": ["tsrsa"],
    "movies": {
        "movie": {
            "stimulus": {"kind": "camera", "frames": 20, "rate_hz": 30, "size": 64, "seed": 1},
            "recording": {"kind": "simulated", "sessions": 1, "units": 12, "repeats": 4, "seed": 1},
            "min_rate": 0,
        }
    },
    "scenes": {},
    "networks": {name: OWN | {"options": {"inplace": name == "inplace"}} for name in ("inplace", "sound")},
    "subjects": {
        "alexnet": {"network": "torchvision:squeezenet1_1", "checkpoint": {"kind": "initial", "seed": 1}, "size": 64},
        "timm": {
            "network": "timm:test_resnet",
            "layers": "layer?.0",
            "checkpoint": {"kind": "initial", "seed": 1},
            "size": 64,
        },
        "video": {
            "network": "torchvision:mc3_18",
            "layers": ["layer1.0", "layer2.0.relu#1"],
            "checkpoint": {"kind": "initial", "seed": 1},
            "size": 32,
        },
        "inplace": {"network": "inplace", "checkpoint": {"kind": "file", "file": "mine.pth"}, "size": 64},
        "sound": {"network": "sound", "checkpoint": {"kind": "file", "file": "mine.pth"}, "size": 64},
        "flagged": {
            "network": SEW,
            "training": "motion",
            "checkpoint": {"kind": "file", "file": "sew.pth", "unmarked": True},
            "size": 64,
        },
    },
    "experiments": {
        "clip": {"lengths": []},
        "front": {"lengths": []},
        "shuffle": {"windows": []},
        "replace": {"windows": []},
        "ceiling": {"splits": 2},
    },
    "features": {"keep": "all"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("by name")
    (folder / "inplace_net.py").write_text(CODE)
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY))
    space = {}
    exec(CODE, space)
    torch.manual_seed(0)
    weights = nn.DataParallel(space["make"](10, False)).half().state_dict()
    torch.save({"model": weights, "args": argparse.Namespace(lr=0.1)}, folder / "mine.pth")
    torch.save(checkpoint.initial(SEW, 8, 0).state_dict, folder / "sew.pth")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", "study.yaml"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (folder / "said.txt").write_text(done.stdout + done.stderr)
    return folder


def kept(folder, subject, layer):
    with h5py.File(folder / f"results/features/{subject}/movie.h5") as file:
        found = []
        file.visititems(
            lambda name, one: found.append(one[()]) if isinstance(one, h5py.Dataset) and layer in name else None
        )
    (values,) = [one for one in found if one.ndim > 1]
    return values.reshape(len(values), -1)


def frames(folder, size, normalisation):
    with stimuli.opened(folder / "results/stimuli/movie.h5") as movie:
        return prepare(np.asarray(movie.frames[:]), size, normalisation)


def given(model, layer, shown):
    held = []
    model.get_submodule(layer).register_forward_hook(lambda _, __, out: held.append(out.clone()))
    with torch.inference_mode():
        model.eval()(shown)
    return held[0]


@pytest.mark.parametrize(("subject", "layer"), [("alexnet", "features.3"), ("timm", "layer2.0")])
def test_features_of_images_are_those_of_the_library(subject, layer, folder):
    source = STUDY["subjects"][subject]["network"]
    found = library.try_on_meta(source)
    torch.manual_seed(1)
    model = library.make(source, found["classes"])
    shown = frames(folder, 64, catalogue.Normalisation(mean=found["mean"], deviation=found["deviation"]))
    expected = given(model, layer, shown).flatten(1).numpy()
    np.testing.assert_allclose(kept(folder, subject, layer), expected, rtol=1e-4, atol=1e-5)


def test_features_of_clips_are_those_of_the_library(folder):
    found = library.try_on_meta("torchvision:mc3_18")
    torch.manual_seed(1)
    model = library.make("torchvision:mc3_18", found["classes"])
    shown = frames(folder, 32, catalogue.Normalisation(mean=found["mean"], deviation=found["deviation"]))
    expected = given(model, "layer1.0", shown[:16].transpose(0, 1)[None])[0].transpose(0, 1).flatten(1).numpy()
    np.testing.assert_allclose(kept(folder, "video", "layer1.0")[:16], expected, rtol=1e-4, atol=1e-5)


def test_an_operation_in_place_changes_no_feature_and_no_score(folder):
    inplace, sound = (kept(folder, name, "bn") for name in ("inplace", "sound"))
    assert sound.min() < -0.5
    np.testing.assert_array_equal(inplace, sound)
    one, other = (pd.read_csv(folder / f"results/scores/{name}/movie/base.csv") for name in ("inplace", "sound"))
    pd.testing.assert_series_equal(one["value"], other["value"])


def test_every_chosen_layer_is_scored(folder):
    layers = {
        subject: set(pd.read_csv(folder / f"results/scores/{subject}/movie/base.csv")["layer"].dropna())
        for subject in STUDY["subjects"]
    }
    assert layers["timm"] == {f"layer{stage}.0" for stage in (1, 2, 3, 4)}
    assert layers["video"] == {"layer1.0", "layer2.0.relu#1"}
    assert len(layers["alexnet"]) == 8


def test_what_was_taken_off_is_said_and_stands_in_the_provenance(folder):
    told = json.loads((folder / "results/checkpoints/inplace.pt.json").read_text())["parameters"]["found"]
    assert told == ["weights under 'model', prefix 'module.' taken off, float16 converted to float32"]
    assert f"checkpoint inplace: {told[0]}" in (folder / "said.txt").read_text()


def test_unmarked_weights_are_flagged_in_tables_figures_and_report(folder):
    scores = pd.read_csv(folder / "results/scores/flagged/movie/base.csv")
    assert set(scores["training"]) == {"motion [UNMARKED WEIGHTS]"}
    assert "[UNMARKED WEIGHTS]" in (folder / "results/figures/networks.csv").read_text()
    assert "UNMARKED WEIGHTS" in (folder / "results/figures/networks.svg").read_text()
    report = (folder / "results/report.html").read_text()
    assert "[UNMARKED WEIGHTS]: nothing in the file says that these are weights of a spiking network." in report
