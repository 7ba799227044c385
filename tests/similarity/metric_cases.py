"""Small integer arrays that the published code was run on, and the values that it and exact arithmetic gave."""

import json
from pathlib import Path

import recipe

CASES = json.loads((Path(__file__).parents[1] / "golden" / "metric_cases.json").read_text())["cases"]
DEFINED = [name for name in CASES if not CASES[name]["constant_frames"]]


def arrays_of(name):
    """Counts of model and neurons of a case."""
    case = CASES[name]
    frames, seed = case["frames"], case["seed"]
    x = recipe.integers(f"{name}/x", seed, 0, case["high_x"], (frames, case["model_units"]))
    y = recipe.integers(f"{name}/y", seed, 0, case["high_y"], (frames, case["neurons"]))
    shared = recipe.integers(f"{name}/shared", seed, 0, 8, (frames, 1))
    x[:, 1::2] += shared
    y[:, ::3] += shared
    x[case["constant_frames"]] = 1
    return x, y
