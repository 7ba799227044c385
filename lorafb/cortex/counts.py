"""Spikes counted in the presentations of a movie's frames: a spike at t belongs to the row with start <= t < stop.

The bins are the rows as they were shown, never bins of a nominal frame rate, which would slide along a long movie.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.recordings import smallest
from lorafb.files import InputError

FloatArray = NDArray[np.float64]
Counts = NDArray[np.unsignedinteger[Any]]


def count_spikes(spikes: FloatArray, start: FloatArray, stop: FloatArray) -> NDArray[np.int64]:
    """Count one unit's spikes in half-open intervals.

    Parameters
    ----------
    spikes : float64, shape (spikes,)
        Spike times in seconds, none earlier than the one before it.
    start, stop : float64, any one shape
        Bounds of the intervals in seconds; they may overlap and stand in any order.

    Returns
    -------
    int64, the shape of `start`
        Number of spikes with start <= t < stop.
    """
    return np.asarray(np.searchsorted(spikes, stop) - np.searchsorted(spikes, start), np.int64)


def count_units(trains: Iterable[FloatArray], start: FloatArray, stop: FloatArray) -> Counts:
    """Count the spikes of many units in the presentations of a movie, one unit in memory at a time.

    Parameters
    ----------
    trains : iterable of float64, each of shape (spikes,)
        Sorted spike times of each unit in seconds; taken one by one, so that a session need not fit in memory.
    start, stop : float64, shape (repeats, T), or any other
        When each frame of each repeat came and went, in seconds.

    Returns
    -------
    unsigned integer, shape (repeats, T, units), or that of `start` and units
        In the smallest type that holds every count.
    """
    edges, place = np.unique(
        np.stack([start, stop]), return_inverse=True
    )  # one row's stop is mostly the next one's start
    first, last = place.reshape(2, *start.shape)

    def one(spikes: FloatArray) -> Counts:
        before = np.searchsorted(spikes, edges)
        return smallest(before[last] - before[first])

    counted = [one(spikes) for spikes in trains]
    return np.stack(counted, axis=-1) if counted else np.zeros((*start.shape, 0), np.uint8)


def in_steps(start: FloatArray, stop: FloatArray, steps: int) -> tuple[FloatArray, FloatArray]:
    """Cut presentations into equal time steps, as the published arrays of still scenes have 8 of each.

    Parameters
    ----------
    start, stop : float64, any one shape
        Bounds of the presentations in seconds.
    steps : int
        Steps of each presentation.

    Returns
    -------
    start, stop : float64, the shape given and one more axis of `steps`
        Each step ends at the very time when the next one begins, and the last one with its presentation: counts of the
        steps sum to the presentation's.
    """
    parts = np.arange(steps + 1) / steps
    edges = start[..., None] + (stop - start)[..., None] * parts
    edges[..., -1] = stop
    return edges[..., :-1], edges[..., 1:]


def whole_counts(values: NDArray[Any], what: str) -> NDArray[np.integer[Any]]:
    """Take spike counts that a file holds, whatever their type.

    Parameters
    ----------
    values : any shape
    what : str
        File and array, the beginning of an error.

    Returns
    -------
    integer, the shape of `values`

    Raises
    ------
    InputError
        If they are no numbers, not whole, not finite or below 0.
    """
    if values.dtype.kind not in "uif":
        raise InputError(f"{what} is of type {values.dtype}, expected spike counts")
    if values.dtype.kind == "f":
        odd = values[~(np.isfinite(values) & (values == np.rint(values)) & (np.abs(values) < 2**53))]
        if odd.size:
            raise InputError(f"{what} holds {odd[0]:g}, expected spike counts, which are whole numbers")
        values = values.astype(np.int64)
    if values.size and values.min() < 0:
        raise InputError(f"{what} holds {values.min()}, expected spike counts, none below 0")
    return values
