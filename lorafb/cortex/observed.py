"""Which units were observed during which repeats: time without a recording, counted, would look like a silent cortex.

A file says so by `obs_intervals` of a unit, or by invalid times that name a probe; where it says nothing, a probe whose units
are all silent for so long that it cannot be chance recorded nothing.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lorafb.cortex.intervals import Invalid
from lorafb.cortex.presentations import TICK_S, FloatArray

Mask = NDArray[np.bool_]

FEWEST = 4
"""Units that must fall silent together: a single one may have drifted away from its electrode."""
EXPECTED = 20
"""Spikes that a silent probe should have had by its own rate: chance leaves them all out once in e^20 cases."""
SILENT_S = 1.0
"""Shortest silence at the start or end of a recording that is taken for its end: populations pause for less."""


def covered(start: FloatArray, stop: FloatArray, intervals: FloatArray) -> Mask:
    """Whether each row from start to stop (any shape) lies within one of some sorted intervals (n, 2), joined where they meet."""
    if not len(intervals):
        return np.zeros(start.shape, bool)
    ends = np.maximum.accumulate(intervals[:, 1])
    new = np.append(True, intervals[1:, 0] > ends[:-1] + TICK_S)
    begin, end = intervals[new, 0], ends[np.append(new[1:], True)]
    place = np.searchsorted(begin, start + TICK_S, "right") - 1
    return np.asarray((place >= 0) & (stop <= end[np.maximum(place, 0)] + TICK_S))


def of_intervals(start: FloatArray, stop: FloatArray, observed: Sequence[FloatArray]) -> Mask:
    """Whether each unit was observed in every frame of each repeat (units, repeats), from its intervals; rows (repeats, T)."""
    known: dict[bytes, Mask] = {}
    for one in observed:
        key = one.tobytes()
        known[key] = known[key] if key in known else np.asarray(covered(start, stop, one).all(axis=1))
    return np.array([known[one.tobytes()] for one in observed]).reshape(len(observed), len(start))


def of_probes(probes: Sequence[str], start: FloatArray, stop: FloatArray, invalid: Sequence[Invalid]) -> Mask:
    """Whether each unit's probe was valid in every frame of each repeat (units, repeats); `probes` holds names, one a line."""
    seen = np.ones((len(probes), len(start)), bool)
    for one in invalid:
        units = np.flatnonzero([one.names(probe) for probe in probes])
        hit = ((start < one.end) & (stop > one.begin)).any(axis=1)
        seen[np.ix_(units, np.flatnonzero(hit))] = False
    return seen


def of_spikes(
    probes: Sequence[str], ends: FloatArray, counts: NDArray[np.integer], start: FloatArray, stop: FloatArray
) -> Mask:
    """Whether each unit's probe recorded anything in each repeat (units, repeats), from the spikes themselves.

    Parameters
    ----------
    probes : of each unit
    ends : float64 (units, 3), first and last spike in seconds (NaN where there is none) and number of spikes
    counts : integer (repeats, T, units)
    start, stop : float64 (repeats, T), seconds

    Notes
    -----
    A repeat is not observed where all units of a probe, or of the session, four at least, are silent through it, and by their
    mean in the other repeats should have had 20 spikes; or where it goes on before the first or after the last spike of them
    for at least a second in which 20 spikes should have been.
    """
    seen = np.ones((len(probes), len(start)), bool)
    spikes = counts.sum(axis=1, dtype=np.int64)
    together = [np.flatnonzero(np.array(probes, object) == probe) for probe in sorted(set(probes))]
    for units in (np.arange(len(probes)), *together):
        if len(units) < FEWEST:
            continue
        in_repeat = spikes[:, units].sum(axis=1)
        others = (in_repeat.sum() - in_repeat) / max(len(in_repeat) - 1, 1)
        silent = (in_repeat == 0) & (others >= EXPECTED)
        if ends[units, 2].sum():
            first, last = np.nanmin(ends[units, 0]), np.nanmax(ends[units, 1])
            rate = ends[units, 2].sum() / max(last - first, TICK_S)
            shortest = max(SILENT_S, EXPECTED / rate)
            silent |= (stop.max(axis=1) - last >= shortest) | (first - start.min(axis=1) >= shortest)
        seen[np.ix_(units, np.flatnonzero(silent))] = False
    return seen
