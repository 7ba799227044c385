"""Train one network on the embedded motion task."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from lorafb.files import sha256
from lorafb.networks import build
from lorafb.networks.catalogue import Network
from lorafb.training.loop import Trained, train
from lorafb.training.motion import MOTIONS, SPLITS, clips
from lorafb.training.recipe import Recipe
from lorafb.training.settings import Motion, Task


def train_on_motion(
    network: Network,
    training: str,
    settings: Motion,
    seed: int,
    folder: Path | str,
    *,
    photographs: Sequence[Path | str],
    code: str = "",
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Trained:
    """Train a network on the embedded motion task, or go on where a killed training stopped.

    Parameters
    ----------
    network : its record
    training : `motion`, or one of its other kinds of clips (`lorafb.training.motion`)
    settings : the config's block `recipes.motion`
    seed : of the first weights, the clips and their order
    folder : side folder for the resume file
    photographs : files of the photographs that clips are cut from, all in one folder
    code : digest of the code; a training made by other code is not continued
    device : where it runs; threads are the caller's to set
    progress : called with the clips shown so far, and the clips of all epochs
    on_epoch : called with the row of each epoch

    Returns
    -------
    Trained
        `meta` has `task` and `classes` too.
    """
    values = settings.model_dump()
    task = {name: values.pop(name) for name in Task.model_fields}
    torch.manual_seed(seed)
    model = build.create(network, len(MOTIONS))
    identity = {
        "network": network.name,
        "task": {**task, "training": training},
        "code": code,
        "photographs": [sha256(path) for path in photographs],
        "classes": len(MOTIONS),
    }
    pictures = Path(photographs[0]).parent
    train_set, test_set = (clips(settings, training, split, seed, pictures) for split in SPLITS)
    recipe = Recipe(**values)
    return train(
        model,
        train_set,
        test_set,
        recipe,
        seed,
        folder,
        identity=identity,
        device=device,
        progress=progress,
        on_epoch=on_epoch,
    )
