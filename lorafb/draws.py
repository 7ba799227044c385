"""Random draws: orders of frames, replaced frames, starts of clips, halves of units or repeats.

A draw that differs between two layers or two runs would look like an effect of the stimulus, so every draw is a pure
function of a seed and of its purpose. "published" repeats the draws of the published code: one legacy stream through all
trials, the same for every layer. "independent" gives each trial its own stream, so that a trial can be repeated alone and
the number of trials changes none of them.
"""

import zlib
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Draws = Literal["published", "independent"]

PUBLISHED_SEED = 2023
SHORTEST = 3  # two frames make one pair, which has no rank correlation
STREAMS = {"clip": 1, "shuffle": 2, "replace": 3, "halves of units": 4, "halves of repeats": 5, "groups of units": 6}


def stream(seed: int, experiment: str, window: int, trial: int) -> np.random.Generator:
    """Random stream of one trial of one experiment, independent of all others.

    `experiment` is a key of `STREAMS`; `window` is the window, clip length or other number that the trials share.
    """
    return np.random.default_rng([seed, STREAMS[experiment], window, trial])


def window_starts(n_frames: int, window: int) -> IntArray:
    """First frame of each window of `window` frames; the last window may be shorter.

    Returns
    -------
    int64, shape (ceil(n_frames / window),)

    Raises
    ------
    ValueError
        If the window is empty or longer than the movie.
    """
    if not 1 <= window <= n_frames:
        problem = "longer than the movie" if window > n_frames else "no window"
        raise ValueError(f"window {window} is {problem} ({n_frames} frames): windows may be 1 to {n_frames}")
    return np.arange(0, n_frames, window)


def shuffled_orders(
    n_frames: int, window: int, n_trials: int, draws: Draws = "independent", seed: int = PUBLISHED_SEED
) -> IntArray:
    """Orders in which a movie is shown when its frames are permuted inside windows.

    Parameters
    ----------
    n_frames : int
        Frames T of the movie, the first one counted.
    window : int
        Frames W of a window, 1 (nothing moves) to T.
    n_trials : int
        Number of orders.
    draws : "independent" or "published"
        See the module.
    seed : int
        Seed of the draws.

    Returns
    -------
    int64, shape (n_trials, T)
        Frame of the movie that is shown at each time.

    Notes
    -----
    Huang et al. 2024, section 4.3, Figure 4A.
    """
    edges = window_starts(n_frames, window)[1:]
    legacy = np.random.RandomState(seed)
    orders = np.empty((_positive(n_trials, "trials"), n_frames), np.int64)
    for trial, order in enumerate(orders):
        random = legacy if _published(draws) else stream(seed, "shuffle", window, trial)
        parts = np.split(np.arange(n_frames), edges)
        order[:] = np.concatenate([part[random.permutation(len(part))] for part in parts])
    return orders


def replaced_frames(
    n_frames: int, window: int, n_trials: int, draws: Draws = "independent", seed: int = PUBLISHED_SEED
) -> IntArray:
    """Frames that a noise movie's frames of the same number replace, one a window.

    Parameters
    ----------
    n_frames, window, n_trials, draws, seed
        As for `shuffled_orders`; a window of 1 replaces every frame.

    Returns
    -------
    int64, shape (n_trials, ceil(T / W))
        Frame numbers of the movie; frame 0 may be replaced.

    Notes
    -----
    Huang et al. 2024, section 4.3, Figure 4B. Where the last window is short, the published draw is limited to the last
    frame, which is therefore replaced more often; independent draws are even over the frames of that window.
    """
    starts = window_starts(n_frames, window)
    lengths = np.minimum(starts + window, n_frames) - starts
    trials = range(_positive(n_trials, "trials"))
    if _published(draws):
        legacy = np.random.RandomState(seed)
        drawn = [legacy.randint(0, window, len(starts)) for _ in trials]
    else:
        drawn = [stream(seed, "replace", window, trial).integers(0, lengths) for trial in trials]
    return np.minimum(starts + np.asarray(drawn, np.int64), n_frames - 1)


def clip_starts(
    n_frames: int,
    length: int,
    n_trials: int,
    draws: Draws = "independent",
    seed: int = PUBLISHED_SEED,
    skip_frames: int = 1,
) -> IntArray:
    """Draw clips of consecutive frames without replacement, from the movie without its first frame.

    Parameters
    ----------
    n_frames : int
        Frames T of the movie, the first one counted.
    length : int
        Frames L of a clip, 3 to T - 1.
    n_trials : int
        Number of clips, at most the T - L starts that there are.
    draws, seed
        As for `shuffled_orders`.
    skip_frames : int
        Frames at the start that no score sees.

    Returns
    -------
    int64, shape (n_trials,)
        Starts in the movie WITHOUT its first frame, 0 to T - 1 - L.

    Notes
    -----
    Huang et al. 2024, Figure 3C. Clips of one length exclude each other, so they share one stream, of which clip k is
    the k-th draw.
    """
    longest = n_frames - skip_frames
    if not SHORTEST <= length <= longest:
        raise ValueError(
            f"a clip of {length} frames does not fit a movie of {n_frames} frames, {skip_frames} of them left out: "
            f"clips may be {SHORTEST} to {longest} frames long"
        )
    n_starts = longest - length + 1
    if _positive(n_trials, "clips") > n_starts:
        raise ValueError(
            f"{n_trials} different clips of {length} frames do not fit a movie of {n_frames} frames: "
            f"there are {n_starts} starts"
        )
    random = np.random.RandomState(seed) if _published(draws) else stream(seed, "clip", length, 0)
    return random.permutation(n_starts)[:n_trials].astype(np.int64)


def half_orders(
    sizes: Mapping[str, int],
    n_splits: int,
    of: Literal["units", "repeats"] = "units",
    draws: Draws = "independent",
    seed: int = PUBLISHED_SEED,
) -> dict[str, IntArray]:
    """Random orders whose first and second half split each area's units, or repeats, in two.

    Parameters
    ----------
    sizes : dict of int
        Number of units (or repeats) of each area. Published draws follow the order of the areas, as one stream runs
        through all of them; independent draws depend on an area's name alone.
    n_splits : int
        Number of splits.
    of : "units" or "repeats"
        What is split; each has streams of its own.
    draws, seed
        As for `shuffled_orders`.

    Returns
    -------
    dict of int64, each of shape (n_splits, size)
    """
    _positive(n_splits, "splits")
    legacy = np.random.RandomState(seed)
    if _published(draws):
        return {area: np.stack([legacy.permutation(size) for _ in range(n_splits)]) for area, size in sizes.items()}
    return {
        area: np.stack([_area_stream(seed, of, area, k).permutation(size) for k in range(n_splits)])
        for area, size in sizes.items()
    }


def clip_half_orders(
    area: str,
    size: int,
    n_clips: int,
    n_splits: int,
    n_starts: int,
    draws: Draws = "independent",
    seed: int = PUBLISHED_SEED,
) -> IntArray:
    """Orders that split an area's `size` units in two, other ones for each clip.

    Parameters
    ----------
    n_clips : int
        Number of clips, from `clip_starts` with the same `draws` and `seed`.
    n_splits : int
        Splits of each clip.
    n_starts : int
        Number of starts that the clips were drawn from, T - L where one frame is left out.

    Returns
    -------
    int64, shape (clips, n_splits, size)

    Notes
    -----
    The published stream is seeded again for each area and draws the clips before it splits the units.
    """
    legacy = np.random.RandomState(seed)
    legacy.permutation(n_starts)
    counted = range(n_clips * _positive(n_splits, "splits"))
    orders = [
        (legacy if _published(draws) else _area_stream(seed, "units", area, k)).permutation(size) for k in counted
    ]
    return np.stack(orders).reshape(n_clips, n_splits, size)


def _area_stream(seed: int, of: str, area: str, trial: int) -> np.random.Generator:
    return stream(seed, f"halves of {of}", zlib.crc32(area.lower().encode()), trial)


def _published(draws: str) -> bool:
    if draws not in ("published", "independent"):
        raise ValueError(f"draws {draws!r}: expected 'published' or 'independent'")
    return draws == "published"


def _positive(count: int, what: str) -> int:
    if count < 1:
        raise ValueError(f"{count} {what}: at least 1 is needed")
    return count
