"""Recordings of the golden runs, made from their recipe."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import recipe

from lorafb.artefacts.recordings import Recording
from lorafb.experiments.cortex_side import Area, area_side, reliable_units, responsive_units

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
def areas(dataset, frames, seed) -> list[Area]:
    """Sides of the six areas of a run, with the published unit filter."""
    sides = []
    for name in recipe.AREAS:
        found = recording(dataset, name, frames, seed)
        scenes = dataset == "allen_natural_scenes"
        sides.append(area_side(found, reliable_units(found) if scenes else responsive_units(found, 0.5, DURATION_S)))
    return sides


def areas_of(golden):
    """Sides of the areas of a golden run."""
    stimulus = golden["stimulus"]
    return areas(stimulus["dataset"], stimulus["frames"], stimulus["seed"])
