"""A subject as a job uses it: its network with its weights, and how a stimulus is shown to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lorafb.artefacts.grams import Pass
from lorafb.features.passes import opened, present
from lorafb.networks import catalogue, checkpoint
from lorafb.networks.catalogue import Feed
from lorafb.networks.device import device
from lorafb.trials import Trial


def restore(subject: Mapping[str, Any], weights: Path | str) -> tuple[nn.Module, Feed]:
    """Build a subject's network and load its weights.

    Parameters
    ----------
    subject : mapping
        Params of a job: `network` (a record of `lorafb.networks.catalogue` as plain data), `training`, and `feed`.
    weights : path
        Checkpoint in our own format.
    """
    network, training = catalogue.from_params(subject["network"]), str(subject["training"])
    model = checkpoint.restore(checkpoint.read(weights, network, training), network)
    return model, Feed(**subject["feed"])


def resources(compute: Mapping[str, Any]) -> dict[str, Any]:
    """Set torch's threads, and give the settings of `compute` as `lorafb.features.passes.show` takes them."""
    torch.set_num_threads(int(compute["threads"]))
    return {"device": device(compute["device"]), "memory_bytes": compute["memory_mb"] * 2**20 // 2}


def present_trials(
    subject: Mapping[str, Any],
    weights: Path | str,
    movie: Path | str,
    noises: Mapping[str, Path | str],
    drawn: Callable[[int], Sequence[Trial]],
    *,
    layers: Sequence[str],
    size: int,
    **how: Any,
) -> Iterator[tuple[Trial, Pass]]:
    """Present trials of a movie file to a subject.

    Parameters
    ----------
    subject, weights
        As for `restore`.
    movie, noises
        Stimulus file of the movie, and of the noise movies by kind.
    drawn : callable
        Number of frames of the movie -> trials.
    layers, size
        Layers, and height and width of frames in pixels.
    **how
        As for `lorafb.features.passes.show`.
    """
    model, feed = restore(subject, weights)
    with opened(movie, list(noises.values()), size, feed) as (source, *others):
        kinds = dict(zip(noises, others, strict=True))
        yield from present(model, layers, source, kinds, drawn(source.n_frames), feed, **how)
