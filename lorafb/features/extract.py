"""Features of every layer from one pass over a movie, passed on block by block.

How a movie is shown decides what a feature is (a state cleared at the wrong place still gives scores), so the three
ways of a network record are spelt out here and nowhere else:

stateful  the movie runs through once, one frame a time step; state lives from the first frame to the last
still     each frame alone for `steps` identical time steps, new state for each, reduced over the steps
clip      runs of `chunk` frames, each seen alone; the last run of a movie may be shorter
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lorafb.features.prepare import FrameSource
from lorafb.files import Progress
from lorafb.networks.catalogue import Feed
from lorafb.networks.neurons import in_place
from lorafb.networks.state import evaluated, fresh_state
from lorafb.networks.taps import taps


@dataclass(frozen=True)
class Block:
    """Features of one layer for consecutive shown frames.

    Attributes
    ----------
    layer : str
        Name of the layer.
    first : int
        Place in the shown order of the block's first frame.
    features : Tensor, shape (n, units), or (trials, n, units) where trials were asked for
        uint8 while every value of the layer so far times `scale` is an integer of 0 to 255; float32 of the values
        themselves (`scale` is 1) from the first block on where that does not hold. It stays float32.
        May share memory with the network: copy what is to be kept beyond the call.
    scale : int
        Divide by it: the number of steps whose sum the integers are.
    shape : tuple of int
        Axes of the units, (C, H, W).
    """

    layer: str
    first: int
    features: Tensor
    scale: int
    shape: tuple[int, ...]


Sink = Callable[[Block], None]


def extract(
    model: nn.Module,
    layers: Sequence[str],
    source: FrameSource,
    positions: NDArray[np.integer[Any]],
    feed: Feed,
    sink: Sink,
    *,
    device: torch.device | str = "cpu",
    images_at_once: int = 16,
    progress: Progress | None = None,
) -> None:
    """Show a movie to a network once and pass on the features of all layers, block by block.

    Parameters
    ----------
    model : nn.Module
        Takes float32 (T, B, 3, H, W). It is moved to `device` and put in evaluation mode; its state is cleared.
    layers : sequence of str
        Names of the layers, as `lorafb.networks.taps.taps` takes them.
    source : FrameSource
        Frames by their positions in the movie.
    positions : integer, shape (n,) or (trials, n)
        Positions in the order they are shown. Trials stand side by side in the batch, each with its own state.
    feed : Feed
        How the network is shown a movie.
    sink : callable
        Takes each `Block`; the blocks of a layer come in the order of the frames.
    device : torch.device or str
        Where the network runs.
    images_at_once : int
        Images in one forward call, repeated steps and trials counted. Bounds the memory; no feature depends on it.
    progress : callable or None
        Called after each forward call with frames done and frames in all.

    Notes
    -----
    Huang et al. 2024, section 4; the feeds are those of the published extraction. Sums over the steps of a still frame
    are exact for spike counts; a mean of floats is their float32 sum divided by the number of steps.
    """
    _check(model, layers, feed, images_at_once)
    shown = _as_trials(positions)
    n_trials, n_frames = shown.shape
    one_trial = np.ndim(positions) == 1
    whole_movie, each_call = (fresh_state, nullcontext) if feed.kind == "stateful" else (nullcontext, fresh_state)
    fractional: set[str] = set()
    model.to(device)
    with (
        torch.inference_mode(),
        evaluated(model),
        in_place(model),
        taps(model, list(layers)) as collect,
        whole_movie(model),
    ):
        for first, length in _runs(feed, n_trials, n_frames, images_at_once):
            images = source(shown[:, first : first + length].reshape(-1)).to(device)
            stacked = _stack(images, feed, n_trials, length)
            with each_call(model):
                model(stacked)
                outputs = collect()
            for layer in layers:
                output = _checked(layer, outputs.pop(layer), stacked)
                values, scale = _reduce(output, feed)
                features, scale = _smallest(layer, _unstack(values, n_trials, length), scale, fractional)
                shape = tuple(output.shape[2:]) or (1,)
                sink(Block(layer, first, features[0] if one_trial else features, scale, shape))
            if progress is not None:
                progress(n_trials * (first + length), n_trials * n_frames)


def small_integers(values: Tensor) -> Tensor | None:
    """Return float32 values as uint8, of the same shape, when all are integers of 0 to 255; else None."""
    if values.device.type != "cpu":
        counts = values.to(torch.uint8)
        return counts if bool((counts == values).all()) else None
    array = values.numpy()  # several times faster than torch at this, and it passes over every feature
    with np.errstate(invalid="ignore"):  # what does not fit is found by comparing
        cast = array.astype(np.uint8)
    return torch.from_numpy(cast) if np.array_equal(cast, array) else None


def _as_trials(positions: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    positions = np.asarray(positions)
    if positions.ndim not in (1, 2) or positions.size == 0 or not np.issubdtype(positions.dtype, np.integer):
        raise ValueError(
            f"positions are {positions.dtype} {positions.shape}, expected integers (n,) or (trials, n), at least one"
        )
    return np.atleast_2d(positions).astype(np.int64)


def _check(model: nn.Module, layers: Sequence[str], feed: Feed, images_at_once: int) -> None:
    if not layers or len(set(layers)) != len(layers):
        raise ValueError(f"layers of {type(model).__name__} are {list(layers)}, expected different names, at least one")
    if images_at_once < 1:
        raise ValueError(f"images_at_once is {images_at_once}, expected at least 1")
    if feed.kind not in ("stateful", "still", "clip"):
        raise ValueError(f"feed '{feed.kind}' is none of stateful, still, clip")
    if feed.kind == "still" and (feed.steps < 1 or feed.reduce not in ("mean", "last")):
        raise ValueError(f"a still frame of {feed.steps} steps reduced by '{feed.reduce}' is unknown")
    if feed.kind == "clip" and feed.chunk < 1:
        raise ValueError(f"a clip of {feed.chunk} frames cannot be shown, expected at least 1")


def _runs(feed: Feed, n_trials: int, n_frames: int, images_at_once: int) -> Iterator[tuple[int, int]]:
    """First frame and number of frames of each forward call; for clips whole chunks, and last what is left."""
    one = n_trials * (feed.steps if feed.kind == "still" else 1)
    length = max(1, images_at_once // one)
    end = n_frames
    if feed.kind == "clip":
        length = max(1, length // feed.chunk) * feed.chunk
        end -= n_frames % feed.chunk
    for first in range(0, end, length):
        yield first, min(length, end - first)
    if end < n_frames:
        yield end, n_frames - end


def _stack(images: Tensor, feed: Feed, n_trials: int, length: int) -> Tensor:
    """Lay images (trials * length, 3, H, W) out as the network takes them, (T, B, 3, H, W)."""
    if feed.kind == "still":
        return images.expand(feed.steps, *images.shape)
    steps = min(feed.chunk, length) if feed.kind == "clip" else length
    return images.reshape(n_trials * length // steps, steps, *images.shape[1:]).transpose(0, 1)


def _reduce(values: Tensor, feed: Feed) -> tuple[Tensor, int]:
    """Reduce the steps of still frames; (T, B, ...) -> (T or 1, B, ...) and what its integers are to be divided by."""
    values = values.to(torch.float32)
    if feed.kind != "still" or feed.steps == 1:
        return values, 1
    if feed.reduce == "last":
        return values[-1:], 1
    return values.sum(dim=0, keepdim=True), feed.steps


def _unstack(values: Tensor, n_trials: int, length: int) -> Tensor:
    """Bring reduced values (steps, B, ...) back to the order of the frames, (trials, length, units)."""
    return values.transpose(0, 1).reshape(n_trials, length, -1)


def _smallest(layer: str, values: Tensor, scale: int, fractional: set[str]) -> tuple[Tensor, int]:
    """Keep a layer as uint8 until it first gives anything else; it is then among the `fractional` from then on."""
    counts = None if layer in fractional else small_integers(values)
    if counts is not None:
        return counts, scale
    fractional.add(layer)
    return values / scale if scale > 1 else values, 1


def _checked(layer: str, values: Tensor, stacked: Tensor) -> Tensor:
    if values.shape[:2] != stacked.shape[:2]:
        steps, batch = stacked.shape[:2]
        raise ValueError(f"layer '{layer}' gave {tuple(values.shape)}, expected ({steps}, {batch}, ...)")
    return values
