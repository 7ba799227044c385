"""What an experiment shows and scores. A trial is a record; an experiment is a function from settings to trials.

Here and nowhere else: which frames are left out, which recorded frame a shown frame is compared with, and which trials
one pass of a network can answer. A mistake in any of these still gives scores that look normal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lorafb import draws

IntArray = NDArray[np.int64]
FeedKind = Literal["stateful", "still", "clip"]


@dataclass(frozen=True)
class Trial:
    """Frames presented to a network, and the recorded frames that some of them are compared with.

    Attributes
    ----------
    experiment : str
        As the score table names it: original, clip, front, shuffle, replace or scenes.
    order : int64, shape (n,)
        Frames in the order they are presented. T + k is frame k of the noise movie.
    scored : int64, shape (m,)
        Positions in `order` that are scored.
    recorded : int64, shape (m,)
        Recorded frame that each of them is compared with.
    labels : mapping
        Columns of the score table: window, length, trial, chaos, ratio, replacement.
    """

    experiment: str
    order: IntArray
    scored: IntArray
    recorded: IntArray
    labels: Mapping[str, Any] = field(default_factory=dict)

    def after(self, skip_frames: int) -> "Trial":
        """Leave the first scored frames out."""
        return replace(self, scored=self.scored[skip_frames:], recorded=self.recorded[skip_frames:])

    def alike(self, trials: Iterable["Trial"]) -> list["Trial"]:
        """Those of some trials that use the same noise movie, or none."""
        noise = self.labels.get("replacement")
        return [trial for trial in trials if trial.labels.get("replacement") == noise]

    def within(self, order: IntArray, feed: FeedKind, chunk: int = 1) -> "Trial | None":
        """Express the trial as part of a pass over the frames `order`; None where it needs its own pass.

        Parameters
        ----------
        order : int64, shape (n,)
            Frames in the order that the pass presented them.
        feed : "stateful", "still" or "clip"
            A network that sees each frame alone can take its frames from anywhere in a pass. All others must have seen
            the same frames from the start on.
        chunk : int
            Frames that a "clip" network sees together: it would see a shorter last chunk, and give other features,
            where the trial ends inside one.
        """
        if feed == "still":
            ascending = np.argsort(order, kind="stable")
            places = np.searchsorted(order, self.order, sorter=ascending)
            positions = ascending[np.minimum(places, len(order) - 1)]
            same = np.array_equal(order[positions], self.order)
        else:
            n = len(self.order)
            positions = np.arange(n)
            same = n <= len(order) and np.array_equal(self.order, order[:n])
            same = same and (feed == "stateful" or n == len(order) or n % chunk == 0)
        return replace(self, order=order, scored=positions[self.scored]) if same else None


def original(n_frames: int, skip_frames: int = 1) -> Trial:
    """Whole movie; its first frames are shown but not scored (Huang et al. 2024, Figures 3A and 3B)."""
    frames = np.arange(skip_frames, n_frames)
    return Trial("original", np.arange(n_frames), frames, frames)


def scenes(n_images: int) -> Trial:
    """All still images; none is left out, since none has a past (Figure 4C)."""
    return replace(original(n_images, 0), experiment="scenes")


def clips(
    n_frames: int,
    length: int,
    n_trials: int,
    mode: draws.Draws = "independent",
    seed: int = draws.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> list[Trial]:
    """Random clips of `length` consecutive frames of the movie, which is shown whole (Figures 3C and 3D).

    Raises
    ------
    ValueError
        See `lorafb.draws.clip_starts`.
    """
    starts = draws.clip_starts(n_frames, length, n_trials, mode, seed, skip_frames)
    parts = [skip_frames + start + np.arange(length) for start in starts]  # starts count from the first scored frame
    movie = np.arange(n_frames)
    return [Trial("clip", movie, part, part, {"length": length, "trial": k}) for k, part in enumerate(parts)]


def front(n_frames: int, length: int, skip_frames: int = 1) -> Trial:
    """Show the first `length` frames only; all of them but the first are scored.

    Raises
    ------
    ValueError
        If fewer than 3 frames would be scored, or the movie is shorter.
    """
    shortest = draws.SHORTEST + skip_frames
    if not shortest <= length <= n_frames:
        raise ValueError(
            f"a front of {length} frames does not fit a movie of {n_frames} frames, {skip_frames} of them left out: "
            f"fronts may be {shortest} to {n_frames} frames long"
        )
    return replace(original(length, skip_frames), experiment="front", labels={"length": length})


def base(
    n_frames: int,
    clip_lengths: Sequence[int] = (),
    n_clips: int = 10,
    front_lengths: Sequence[int] = (),
    mode: draws.Draws = "independent",
    seed: int = draws.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> list[Trial]:
    """All trials that one pass over a movie answers: the whole movie, clips and fronts of the lengths that fit it."""
    scored = n_frames - skip_frames
    trials = [original(n_frames, skip_frames)]
    for length in clip_lengths:
        if length <= scored:
            trials += clips(n_frames, length, n_clips, mode, seed, skip_frames)
    fits = range(draws.SHORTEST + skip_frames, n_frames + 1)
    return trials + [front(n_frames, length, skip_frames) for length in front_lengths if length in fits]


def shuffles(
    n_frames: int,
    window: int,
    n_trials: int,
    feed: FeedKind,
    mode: draws.Draws = "independent",
    seed: int = draws.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> list[Trial]:
    """Frames in random order inside windows; each is compared with the response to the same frame (Figures 4A and 7A).

    Parameters
    ----------
    feed : "stateful", "clip" or "still"
        Networks that carry state, and those that see clips, lose the first frames SHOWN. Networks that see each frame
        alone lose the movie's own first frames, wherever they are shown.
    n_frames, window, n_trials, mode, seed
        See `lorafb.draws.shuffled_orders`.
    skip_frames : int
        Number of frames left out.
    """
    trials = []
    for k, order in enumerate(draws.shuffled_orders(n_frames, window, n_trials, mode, seed)):
        # still: scored in the movie's order, so that pairs and their sums are those of the original movie, bit by bit
        scored = np.argsort(order)[skip_frames:] if feed == "still" else np.arange(skip_frames, n_frames)
        labels = {"window": window, "trial": k, "chaos": chaos(order)}
        trials.append(Trial("shuffle", order, scored, order[scored], labels))
    return trials


def replacements(
    n_frames: int,
    window: int,
    n_trials: int,
    kinds: Sequence[str],
    mode: draws.Draws = "independent",
    seed: int = draws.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> list[Trial]:
    """One frame a window replaced by the same-numbered frame of a noise movie (Figures 4B and 7B).

    Parameters
    ----------
    kinds : sequence of str
        Noise movies; the frames replaced are the same for every kind.
    n_frames, window, n_trials, mode, seed
        See `lorafb.draws.replaced_frames`.
    skip_frames : int
        Frames at the start that are not scored, replaced or not.
    """
    frames = np.arange(skip_frames, n_frames)
    trials = []
    for k, replaced in enumerate(draws.replaced_frames(n_frames, window, n_trials, mode, seed)):
        order = np.arange(n_frames)
        order[replaced] += n_frames
        labels = {"window": window, "trial": k, "ratio": 1 / window}
        trials += [Trial("replace", order, frames, frames, {**labels, "replacement": kind}) for kind in kinds]
    return sorted(trials, key=lambda trial: list(kinds).index(trial.labels["replacement"]))


def perturbed(
    experiment: str,
    n_frames: int,
    window: int,
    feed: FeedKind,
    *,
    trials: int,
    kinds: Sequence[str] = (),
    draws: draws.Draws = "independent",
    seed: int = draws.PUBLISHED_SEED,
    skip_frames: int = 1,
) -> list[Trial]:
    """Trials of an experiment of `PERTURBATIONS`, by its name and the settings of the config."""
    return PERTURBATIONS[experiment](n_frames, window, trials, feed, kinds, draws, seed, skip_frames)


PERTURBATIONS: dict[str, Callable[..., list[Trial]]] = {
    "shuffle": lambda n_frames, window, trials, feed, _, *how: shuffles(n_frames, window, trials, feed, *how),
    "replace": lambda n_frames, window, trials, _, kinds, *how: replacements(n_frames, window, trials, kinds, *how),
}
"""Experiments that show the movie otherwise than it was recorded; the settings of each are in the config."""


def with_noise(n_frames: int, kind: str) -> Trial:
    """Movie, then a noise movie as long: of a network that sees each frame alone it answers every replacement."""
    nothing = np.arange(0)
    return Trial("with_noise", np.arange(2 * n_frames), nothing, nothing, {"replacement": kind})


def chaos(order: IntArray) -> float:
    """Level of chaos of an order: 1 - Spearman r between it and the movie's own order.

    Parameters
    ----------
    order : int64, shape (T,)
        A permutation of 0 to T - 1, T at least 2.

    Returns
    -------
    float
        0 for the movie's own order, about 1 for a random one, 2 for the reversed one.
    """
    n = len(order)
    moved = np.asarray(order, np.int64) - np.arange(n)
    return 6 * int(moved @ moved) / (n**3 - n)
