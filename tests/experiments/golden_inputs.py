"""Recordings of the golden runs, made from their recipe."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import recipe

from lorafb.artefacts.recordings import Recording
from lorafb.artefacts.responses import Responses
from lorafb.experiments.areas import select_units

GOLDEN = Path(__file__).parents[1] / "golden"
DURATION_S = 30  # the published filter's constant, whatever the number of frames


@cache
def run(name):
    """One run of the published code: inputs, draws and scores."""
    return json.loads((GOLDEN / "tsrsa" / f"{name}.json").read_text())


def recording(dataset, area, frames, seed):
    """Published recording of an area, as an artefact."""
    if dataset == "allen_natural_scenes":
        counts, reliability = recipe.neural_scenes(area, frames, seed)
        units = {"reliability": reliability}
        return Recording(area, dataset, 30.0, 50, None, counts.sum(axis=1).astype(np.int64), units)
    counts = recipe.neural(dataset, area, frames, seed)
    return Recording(area, dataset, 30.0, 20, None, counts[:, 0].astype(np.int64))


@cache
def areas(dataset, frames, seed) -> list[Responses]:
    """Responses of the six areas of a run, with the published unit filter."""
    return [select_units(recording(dataset, name, frames, seed), selection(dataset)) for name in recipe.AREAS]


def selection(dataset):
    """The published unit filter."""
    if dataset == "allen_natural_scenes":
        return {"min_reliability": 0.8, "skip_frames": 0}
    return {"min_rate": 0.5, "duration_s": DURATION_S, "skip_frames": 1}


def areas_of(golden):
    """Responses of the areas of a golden run."""
    stimulus = golden["stimulus"]
    return areas(stimulus["dataset"], stimulus["frames"], stimulus["seed"])
