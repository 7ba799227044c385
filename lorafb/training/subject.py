"""Train one subject of the study on the embedded task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from lorafb.files import sha256
from lorafb.networks import build
from lorafb.networks.catalogue import Network
from lorafb.training.loop import Trained, train
from lorafb.training.motion import MOTIONS, Task, clips
from lorafb.training.recipe import Recipe


def train_on_motion(
    network: str | Network,
    training: str,
    settings: Mapping[str, Any],
    seed: int,
    folder: Path | str,
    *,
    photographs: Sequence[Path | str],
    code: str = "",
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train a network on the embedded motion task, or go on where a killed training stopped.

    Parameters
    ----------
    network : name in the catalogue, or a record
    training : `motion`, or one of its other kinds of clips (`lorafb.training.motion.Task`)
    settings : the config's block `recipes.motion`: fields of `Task` and of `Recipe`
    seed : of the first weights, the clips and their order
    folder : side folder for the resume file
    photographs : files of the photographs that clips are cut from, all in one folder
    code : digest of the code; a training made by other code is not continued
    device : where it runs; threads are the caller's to set
    progress : told how many clips have been shown, of how many

    Returns
    -------
    Trained
        `meta` has `task` and `classes` too.
    """
    told = {**settings, "training": training}
    task = Task(**{name: told[name] for name in (field.name for field in fields(Task)) if name in told})
    recipe = Recipe(**{name: settings[name] for name in (field.name for field in fields(Recipe)) if name in settings})
    torch.manual_seed(seed)
    model = build.create(network, len(MOTIONS))
    identity = {
        "network": network if isinstance(network, str) else network.name,
        "task": vars(task),
        "code": code,
        "photographs": [sha256(path) for path in photographs],
        "classes": len(MOTIONS),
    }
    pictures = Path(photographs[0]).parent
    sets = clips(task, "training", seed, pictures), clips(task, "test", seed, pictures)
    return train(model, *sets, recipe, seed, folder, identity=identity, device=device, progress=progress)


def result(trained: Trained) -> dict[str, float]:
    """Row of a table: test accuracy, its 95 % interval from `low` to `high`, chance, clips tested, epoch of the weights."""
    meta = trained.meta
    low, high = meta["test_interval"]
    return {
        "test_accuracy": meta["test_accuracy"],
        "low": low,
        "high": high,
        "chance": 1 / meta["classes"],
        "test_clips": meta["test_clips"],
        "best_epoch": meta["best_epoch"],
    }
