"""Intervals of scores by leaving out groups of units or blocks of time, and pairs of scores in the same replicates.

Bootstraps are not offered: a unit or frame drawn twice is perfectly similar to itself, which biases every rsm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit  # Student's t; scipy.stats takes a second to load

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

GROUPS, BLOCKS = 20, 10
FEWEST_SESSIONS = 8


@dataclass(frozen=True)
class Interval:
    """A 95 % interval, the standard error behind it, and the number of groups left out in turn."""

    low: float
    high: float
    error: float
    n_groups: int


def standard_error(replicates: FloatArray) -> FloatArray:
    """Delete-group jackknife: SE^2 = (g - 1) / g sum (J - mean J)^2 over the first axis of `replicates` [g, ...]."""
    n = len(replicates)
    deviations = replicates - replicates.mean(axis=0)
    return np.asarray(np.sqrt((n - 1) / n * (deviations**2).sum(axis=0)))


def interval(value: float, replicates: FloatArray, confidence: float = 0.95) -> Interval:
    """Interval of a value: value +- t(g - 1) SE.

    Parameters
    ----------
    value : float
        From all the data.
    replicates : float64, shape (g,)
        The same without each group in turn; the best layer is chosen again each time.
    """
    error = float(standard_error(replicates))
    reach = float(stdtrit(len(replicates) - 1, (1 + confidence) / 2)) * error
    return Interval(value - reach, value + reach, error, len(replicates))


def p_of(value: float, replicates: FloatArray) -> float:
    """Two-sided p of a difference being zero: t = value / SE with g - 1 degrees of freedom; NaN where SE is 0."""
    error = float(standard_error(replicates))
    return float(2 * stdtr(len(replicates) - 1, -abs(value) / error)) if error > 0 else float("nan")


def holm(p: Sequence[float]) -> FloatArray:
    """Holm's correction of p values for their number; NaN is not counted and stays NaN."""
    values = np.asarray(p, np.float64)
    tested = np.flatnonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    corrected = np.full(len(values), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(order), 0, -1)), 1)
    return corrected


def groups_of_units(sessions: Sequence[NDArray[Any]], streams: Sequence[np.random.Generator]) -> list[list[IntArray]]:
    """Divide the units of each area into the groups that are left out in turn, the same number in every area.

    Parameters
    ----------
    sessions : sequence of arrays, one an area, each of shape (units,)
        Session (mouse) of each unit.
    streams : sequence of Generator, one an area

    Returns
    -------
    list, one an area, of lists of int64
        Units of each group: one session each where there are at least 8, else 20 random groups. Units of one mouse are not
        independent, so random groups give too narrow an interval. A group is empty, and no replicate, where the session has
        no unit of the area or the area has fewer than 20 units.
    """
    names = np.unique(np.concatenate(sessions))
    if len(names) >= FEWEST_SESSIONS:
        return [[np.flatnonzero(one == name) for name in names] for one in sessions]
    return [
        [np.sort(group) for group in np.array_split(random.permutation(len(one)), GROUPS)]
        for one, random in zip(sessions, streams, strict=True)
    ]


def without_blocks(frames: IntArray, n_blocks: int = BLOCKS) -> list[IntArray]:
    """Frames that remain when each of `n_blocks` contiguous blocks is left out in turn."""
    return [np.setdiff1d(frames, block) for block in np.array_split(frames, n_blocks)]


def alternate_blocks(frames: IntArray, gap: int) -> tuple[IntArray, IntArray]:
    """Split frames into two nearly independent halves: alternate blocks, without the last `gap` frames of each.

    There are ten blocks, or fewer (an even number, at least 2) so that each is three gaps long.
    """
    n_blocks = max(2, min(BLOCKS, len(frames) // (3 * gap) // 2 * 2))
    blocks = [block[: max(len(block) - gap, 0)] for block in np.array_split(frames, n_blocks)]
    return np.concatenate(blocks[::2]), np.concatenate(blocks[1::2])
