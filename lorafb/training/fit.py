"""Train one network on one training set: the function that the workflow and the commands call."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from lorafb.files import InputError, sha256
from lorafb.networks import build, catalogue, checkpoint
from lorafb.networks.catalogue import Feed, Network
from lorafb.training.loop import Trained, train
from lorafb.training.recipe import Recipe
from lorafb.training.sets import Embedded, Files, open_sets


def fit(
    network: Network,
    training: str,
    source: Embedded | Files,
    recipe: Recipe,
    seed: int,
    folder: Path | str,
    *,
    code: str = "",
    device: str = "cpu",
    workers: int = 0,
    pretrained: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    stop_after_s: float | None = None,
) -> Trained:
    """Train a network, or go on where a killed training stopped.

    Parameters
    ----------
    network : its record
    training : its training set, by name
    source : what the training set is made from
    recipe : how it is trained
    seed : of the first weights, the clips and their order
    folder : side folder for the resume file
    code : digest of the code; a training made by other code is not continued
    device : where it runs; threads are the caller's to set
    workers : processes that make clips, beside each training process
    pretrained : checkpoint of the same network to start from; everything but its classifier is taken
    progress : called with the clips shown so far, and the clips of all epochs
    on_epoch : called with the row of each epoch
    stop_after_s : save and end after so long

    Returns
    -------
    Trained
        `meta` has `task` and `classes` too.

    Raises
    ------
    InputError
        Before the first step: the set has other classes than the network, a part of it is empty, or the pretrained
        weights are of another network. Later as `lorafb.training.loop.train`.
    """
    feed = network.feed(training)
    if isinstance(source, Files):
        source = replace(source, steps=feed.steps, normalisation=feed.normalisation)
        _check_classes(network, training, source, feed)
    torch.manual_seed(seed)
    model = build.create(network, feed.classes)
    identity = {"network": network.name, "code": code, "classes": feed.classes, **source.identity(training)}
    start = None
    if pretrained is not None:
        known = (
            catalogue.network(network.name) if network.name in catalogue.names() else network
        )  # with all its trainings
        start = checkpoint.read(pretrained, known).state_dict
        identity["pretrained"] = sha256(pretrained)
    train_set, test_set = open_sets(training, source, seed)
    return train(
        model,
        train_set,
        test_set,
        recipe,
        seed,
        folder,
        identity=identity,
        device=device,
        workers=workers,
        pretrained=start,
        progress=progress,
        on_epoch=on_epoch,
        stop_after_s=stop_after_s,
    )


def _check_classes(network: Network, training: str, source: Files, feed: Feed) -> None:
    if source.index.classes > feed.classes:
        raise InputError(
            f"{source.index.folder}: holds {source.index.classes} classes, and {network.name} trained on {training} has"
            f" {feed.classes} outputs"
        )
