"""Passes over a movie that is shown otherwise than it was recorded: shuffled, or with frames replaced by noise.

The products of every layer are kept, not of the best ones alone: so nothing that changes on the cortical side, the best
layers included, ever asks for a pass again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from lorafb import trials
from lorafb.artefacts import stimuli
from lorafb.artefacts.grams import Products
from lorafb.features.passes import movie_pass
from lorafb.features.prepare import Frames, Joined, PreparedFrames, frame_source
from lorafb.features.stream import trial_products
from lorafb.networks.catalogue import Feed

Movie = Frames | PreparedFrames
Named = Iterator[tuple[str, dict[str, Products]]]
"""Name of a trial, and the products of its layers, one trial at a time."""


@contextmanager
def opened(movie: Path | str, noises: Sequence[Path | str], size: int, feed: Feed) -> Iterator[list[Movie]]:
    """Open a movie and its noise movies, as a network sees them: the sources of their frames, the movie's first.

    Parameters
    ----------
    movie, noises : stimulus files
    size, feed : as for `lorafb.features.prepare.frame_source`
    """
    with ExitStack() as stack:
        shown = (stack.enter_context(stimuli.opened(path)) for path in (movie, *noises))
        yield [frame_source(one, size, feed.normalisation) for one in shown]


def shuffled(
    model: nn.Module, layers: Sequence[str], movie: Movie, orders: trials.IntArray, feed: Feed, **how: Any
) -> Named:
    """Show a movie in shuffled orders.

    Parameters
    ----------
    model, layers, feed, **how
        As for `lorafb.features.stream.trial_products`.
    movie : source of its frames
    orders : int64, shape (trials, T)
        From `lorafb.trials.shuffled_orders`.

    Yields
    ------
    "0", "1", ... and the products of the frames in the order shown.
    """
    for trial, products in trial_products(model, layers, movie, orders, feed, **how):
        yield str(trial), products


def replaced(
    model: nn.Module,
    layers: Sequence[str],
    movie: Movie,
    noises: Mapping[str, Movie],
    frames: trials.IntArray,
    feed: Feed,
    **how: Any,
) -> Named:
    """Show a movie with some frames replaced by those of each noise movie.

    Parameters
    ----------
    model, layers, feed, **how
        As for `lorafb.features.stream.trial_products`.
    movie : source of its frames
    noises : sources of the noise movies by kind, as long as the movie
    frames : int64, shape (trials, k)
        From `lorafb.trials.replaced_frames`; the same for every kind of noise.

    Yields
    ------
    "gaussian/0", ... and the products of the frames in the movie's order.
    """
    orders = trials.replaced_orders(movie.n_frames, frames)
    for kind, noise in noises.items():
        for trial, products in trial_products(model, layers, Joined((movie, noise)), orders, feed, **how):
            yield f"{kind}/{trial}", products


def with_noise(
    model: nn.Module,
    layers: Sequence[str],
    movie: Movie,
    noises: Mapping[str, Movie],
    feed: Feed,
    scratch: Path,
    **how: Any,
) -> Named:
    """Show a movie and then each noise movie to a network that sees every frame alone: any replacement is in there.

    Parameters
    ----------
    model, layers, feed, scratch, **how
        As for `lorafb.features.passes.movie_pass`.
    movie, noises
        As for `replaced`.

    Yields
    ------
    "gaussian", ... and the products of 2 T frames, the movie's and then the noise's.
    """
    for kind, noise in noises.items():
        n_frames = movie.n_frames + noise.n_frames
        yield kind, movie_pass(model, layers, Joined((movie, noise)), n_frames, feed, scratch, **how)
