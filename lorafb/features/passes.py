"""From a pass straight to Gram matrices: features never reach a disk unless they are to be kept."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lorafb.artefacts import stimuli
from lorafb.artefacts.grams import Gram, Pass
from lorafb.features.extract import Block, Sink, extract
from lorafb.features.gram import products, ranked_blocks
from lorafb.features.held import HeldFeatures
from lorafb.features.prepare import Frames, FrameSource, Joined, PreparedFrames, frame_source
from lorafb.files import Progress
from lorafb.networks.catalogue import Feed
from lorafb.trials import IntArray, Trial

Movie = Frames | PreparedFrames


def show(
    model: nn.Module,
    layers: Sequence[str],
    source: FrameSource,
    orders: Sequence[IntArray],
    feed: Feed,
    *,
    memory_bytes: int = 2**30,
    device: torch.device | str = "cpu",
    images_at_once: int = 16,
    ranked: bool = False,
    keep: Sink | None = None,
    kept: Collection[str] = (),
    progress: Progress | None = None,
) -> Iterator[Pass]:
    """Show a network frames in several orders and make the Gram matrices of every layer for each.

    Parameters
    ----------
    model, layers, source, feed, device, images_at_once
        As for `lorafb.features.extract.extract`.
    orders : sequence of int64, each of shape (n,)
        Frames in the order they are presented, as `source` numbers them; all of one length.
    memory_bytes : int
        Bound of the features held in memory. Orders share the batch as far as it and `images_at_once` allow; what does not
        fit is held in scratch files.
    ranked : bool
        Whether Gram matrices of the ranks over units are made too.
    keep, kept : callable and layers, optional
        Takes the blocks (n, units) of the layers `kept` as they come, of a single order.
    progress : callable, optional
        Called with the number of frames done and in total, over all orders.

    Yields
    ------
    Pass
        For each order, in turn.
    """
    shown = np.stack(orders)
    n_orders, n_frames = shown.shape
    together = _together(model, layers, source, feed, shown.shape, memory_bytes, images_at_once, device)
    for first in range(0, n_orders, together):
        held = HeldFeatures(n_frames, memory_bytes)

        def sink(block: Block, held: HeldFeatures = held) -> None:
            held(block)
            if keep is not None and block.layer in kept:
                keep(replace(block, features=block.features[0]))

        part = shown[first : first + together]
        report = _continued(progress, first * n_frames, n_orders * n_frames)
        extract(model, layers, source, part, feed, sink, device=device, images_at_once=images_at_once, progress=report)
        yield from _passes(held, layers, part, ranked)


def _passes(held: HeldFeatures, layers: Sequence[str], orders: IntArray, ranked: bool) -> list[Pass]:
    made: list[tuple[dict[str, Gram], dict[str, Gram]]] = [({}, {}) for _ in orders]
    for layer in layers:  # one layer after another, so that each is freed when it is done
        features = held.take(layer)
        for trial, (grams, ranks) in enumerate(made):
            grams[layer] = products(features.blocks(trial), features.scale, most=features.most)
            if ranked:
                ranks[layer] = products(ranked_blocks(partial(features.blocks, trial)), shifted=False)
    return [Pass(order, *grams) for order, grams in zip(orders, made, strict=True)]


def present(
    model: nn.Module,
    layers: Sequence[str],
    movie: Movie,
    noises: Mapping[str, Movie],
    trials: Sequence[Trial],
    feed: Feed,
    seen: Pass | None = None,
    **how: Any,
) -> Iterator[tuple[Trial, Pass]]:
    """Present trials with as few passes as they need.

    Parameters
    ----------
    model, layers, feed, **how
        As for `show`.
    movie : source of the movie's frames
    noises : sources of the noise movies by kind, each as long as the movie
    trials : sequence of Trial
        From `lorafb.trials`; those of one kind of noise one after the other.
    seen : Pass, optional
        A pass over the movie that was made before.

    Yields
    ------
    Trial, Pass
        The trial as part of the pass. Networks that see each frame alone answer all trials from one pass over the frames
        of all; so do parts of one movie, clips and fronts, for every network. Other trials have their own passes.
    """
    for kind, group in groupby(trials, lambda trial: str(trial.labels.get("replacement", ""))):
        alike = list(group)
        source = Joined((movie, noises[kind])) if kind else movie
        shared = _parts(alike, seen.order, feed) if seen is not None else None
        if shared and seen is not None:
            yield from ((part, seen) for part in shared)
            continue
        orders = [trial.order for trial in alike]
        order = np.unique(np.concatenate(orders)) if feed.kind == "still" else max(orders, key=len)
        parts = _parts(alike, order, feed)
        if parts is None:
            yield from zip(alike, show(model, layers, source, orders, feed, **how), strict=True)
        else:
            made = next(show(model, layers, source, [order], feed, **how))
            yield from ((part, made) for part in parts)


def _parts(trials: Sequence[Trial], order: IntArray, feed: Feed) -> list[Trial] | None:
    """Trials as parts of one pass; None where any of them needs its own."""
    parts = [trial.within(order, feed.kind, feed.chunk) for trial in trials]
    return None if None in parts else [part for part in parts if part is not None]


def _together(
    model: nn.Module,
    layers: Sequence[str],
    source: FrameSource,
    feed: Feed,
    shape: tuple[int, ...],
    memory_bytes: int,
    images_at_once: int,
    device: torch.device | str,
) -> int:
    """Estimate the number of orders per batch from the features of the first frame."""
    n_orders, n_frames = shape
    if n_orders == 1:
        return 1
    bytes_a_frame: list[int] = []
    first_frame = np.zeros(1, np.int64)
    extract(
        model,
        layers,
        source,
        first_frame,
        feed,
        lambda block: bytes_a_frame.append(block.features.nbytes),
        device=device,
    )
    most = min(n_orders, images_at_once, max(1, memory_bytes // (n_frames * sum(bytes_a_frame))))
    n_passes = math.ceil(n_orders / most)
    return math.ceil(n_orders / n_passes)


def _continued(progress: Progress | None, before: int, of_all: int) -> Progress | None:
    """Count on from pass to pass."""
    return None if progress is None else lambda done, _: progress(before + done, of_all)


@contextmanager
def opened(movie: Path | str, noises: Sequence[Path | str], size: int, feed: Feed) -> Iterator[list[Movie]]:
    """Open a movie and its noise movies as a network sees them: sources of their frames, the movie's first.

    Parameters
    ----------
    movie, noises : stimulus files
    size, feed : as for `lorafb.features.prepare.frame_source`
    """
    with ExitStack() as stack:
        files = (stack.enter_context(stimuli.opened(path)) for path in (movie, *noises))
        yield [frame_source(one, size, feed.normalisation) for one in files]
