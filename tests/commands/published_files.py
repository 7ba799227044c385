"""The files that a published command line names, made from the recipe, and the command itself."""

import argparse
import contextlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import recipe
import torch
from threadpoolctl import threadpool_limits

from lorafb import cli

torch.set_num_threads(1)
threadpool_limits(1)  # several test workers that each take all cores are a hundred times slower

GOLDEN = Path(__file__).parents[1] / "golden"
MOVIE, SCENES = "allen_natural_movie_one", "allen_natural_scenes"
NETWORK = "lorafb_snet18"


def run(name):
    """One run of the published code: its command line, inputs, draws and scores."""
    return json.loads((GOLDEN / "tsrsa" / f"{name}.json").read_text())


def arguments(golden):
    """Words of a published command line, after the name of the program."""
    _, program, *words = golden["command"].split()
    command = {"similarity.py": "similarity", "similarity_split_half_neuron.py": "ceiling"}[program]
    return [command, *words]


def option(words, name):
    return words[words.index(name) + 1] if name in words else None


def make(folder, golden):
    """Write all files that a golden run's command line names, below `folder`."""
    words, about = arguments(golden), golden["stimulus"]
    write_recordings(folder, about["dataset"], about["frames"], about["seed"])
    if "network" in golden:
        write_stimuli(folder, about["dataset"], about["frames"], about["size"], about["seed"])
        kind = option(words, "--replace-type")
        if kind:
            write_noise(folder, about["dataset"], kind, about["frames"], about["size"], about["seed"])
        path = folder / option(words, "--checkpoint-path")
        write_checkpoint(path, golden["network"], golden["trained_on"], golden["weights_seed"])


def write_recordings(folder, dataset, frames, seed=1):
    home = folder / "neural_dataset" / dataset
    home.mkdir(parents=True, exist_ok=True)
    for area in recipe.AREAS:
        if dataset == SCENES:
            counts, reliability = recipe.neural_scenes(area, frames, seed)
            np.save(home / f"{area}_8.npy", counts)
            np.save(home / f"shr_{area}.npy", reliability)
        else:
            np.save(home / f"{area}_1.npy", recipe.neural(dataset, area, frames, seed))


def write_stimuli(folder, dataset, frames, size, seed=1):
    made = (recipe.scenes if dataset == SCENES else recipe.movie)(frames, size, seed)
    save(made, folder / "stimulus" / f"stimulus_{dataset}_224.pt")


def write_noise(folder, dataset, kind, frames, size, seed=1):
    save(recipe.noise(kind, frames, size, seed), folder / "stimulus" / f"stimulus_{dataset}_224_{kind}.pt")


def save(values, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torch.from_numpy(np.asarray(values)), path)


def write_checkpoint(path, network=NETWORK, training="ucf101", seed=1):
    table = json.loads((GOLDEN / "state_dicts.json").read_text())[network]["state_dict"]
    if training == "imagenet" and network.startswith(recipe.EXACT):
        table = recipe.with_classes(table, 1000)
    top, prefix = recipe.layout(network)
    state = {prefix + key: torch.from_numpy(value) for key, value in recipe.weights(network, table, seed).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    extra = {"args": argparse.Namespace(model_name=network)} if top == "model" else {}
    torch.save({top: state, "epoch": 99, **extra}, path)


def lorafb(folder, words):
    """Run a command in a folder; returns the exit code."""
    with contextlib.chdir(folder):
        return cli.main(list(words))


class RunsCode:
    """A pickle that makes a file when it is loaded carelessly."""

    def __reduce__(self):
        return Path.touch, (Path("code_was_run"),)


def matches(pattern, text):
    return re.search(pattern, text) is not None


def no_scores(columns):
    return pd.DataFrame(columns=list(columns))
