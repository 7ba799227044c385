"""A subject as a job uses it: its network with its weights, and how a stimulus is shown to it."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lorafb.artefacts.grams import Pass
from lorafb.features.extract import Block, extract
from lorafb.features.passes import opened, present
from lorafb.files import InputError, one_line
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


def try_out(model: nn.Module, layers: Sequence[str], feed: Feed, size: int) -> list[str]:
    """Show noise to a person's own network twice, before long work starts.

    Parameters
    ----------
    model, layers, feed
        As for `lorafb.features.extract.extract`.
    size : int
        Height and width of a frame, in pixels.

    Returns
    -------
    list of str
        What a person must know: which of several tensors or calls of a layer counts.

    Raises
    ------
    InputError
        It takes no such frames, a layer does not run or gives values that are not finite, or features are random.
    """
    n_frames = feed.chunk if feed.kind == "clip" else 2
    noise = torch.randn(n_frames, 3, size, size, generator=torch.Generator().manual_seed(0))
    shown: list[dict[str, Block]] = [{}, {}]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        for held in shown:
            try:
                extract(model, layers, noise.__getitem__, np.arange(n_frames), feed, partial(_hold, held))
            except (RuntimeError, ValueError, TypeError, AssertionError) as error:
                if isinstance(error, InputError):
                    raise
                frames = f"float32 frames {_as_shown(n_frames, size, feed)}"
                raise InputError(f"{type(model).__name__}: cannot be shown {frames}: {one_line(error)}") from error
    for layer, block in shown[0].items():
        if not block.features.isfinite().all():
            raise InputError(f"{type(model).__name__}: layer '{layer}' gives values that are not finite")
        if not torch.equal(block.features, shown[1][layer].features):
            raise InputError(
                f"{type(model).__name__}: layer '{layer}' gives other features when the same frames are shown again:"
                " something in it is random, or keeps state without a method `reset` that clears it"
            )
    return list(dict.fromkeys(str(one.message) for one in said))


def _hold(held: dict[str, Block], block: Block) -> None:
    held[block.layer] = replace(block, features=block.features.clone())


def _as_shown(n_frames: int, size: int, feed: Feed) -> str:
    steps, batch = (feed.steps, n_frames) if feed.kind == "still" else (n_frames, 1)
    return f"[T={steps}, B={batch}, 3, {size}, {size}]"


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
