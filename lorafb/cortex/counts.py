"""Spikes counted in the presentations of a movie's frames: a spike at t belongs to the row with start <= t < stop.

The bins are the rows as they were shown, never bins of a nominal frame rate, which would drift along a long movie.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.recordings import smallest
from lorafb.files import InputError

FloatArray = NDArray[np.float64]


def count_units(trains: Iterable[FloatArray], start: FloatArray, stop: FloatArray) -> NDArray[np.unsignedinteger[Any]]:
    """Count the spikes of many units in half-open intervals, one unit in memory at a time.

    Parameters
    ----------
    trains : sorted spike times of each unit, float64 (spikes,), in seconds
    start, stop : bounds of the intervals in seconds, float64 of any one shape; they may overlap, in any order

    Returns
    -------
    unsigned integer, shape of `start` and one more axis of units, in the smallest type that holds every count
    """
    # A row's stop is mostly the start of the next one, so each time is searched once.
    edges, place = np.unique(np.stack([start, stop]), return_inverse=True)
    first, last = place.reshape(2, *start.shape)
    before = (_before(edges, spikes) for spikes in trains)
    counts = [smallest(n_before[last] - n_before[first]) for n_before in before]
    return np.stack(counts, axis=-1) if counts else np.zeros((*start.shape, 0), np.uint8)


def _before(edges: FloatArray, spikes: FloatArray) -> NDArray[np.int64]:
    """Count the spikes before each edge, up to a constant: what is shorter is searched in what is longer."""
    if not edges.size:
        return np.zeros(0, np.int64)
    begin, end = np.searchsorted(spikes, edges[[0, -1]])
    if end - begin >= edges.size:
        return np.searchsorted(spikes, edges)
    places = np.searchsorted(edges, spikes[begin:end], side="right")  # of the first edge after each spike
    return np.cumsum(np.bincount(places, minlength=edges.size))


def whole_counts(values: NDArray[Any], what: str) -> NDArray[np.integer[Any]]:
    """Check spike counts (any shape, any type of number) and return them as integers; `what` begins an error.

    Raises
    ------
    InputError
        If they are not numbers, not whole, not finite or below 0.
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


def real_values(values: NDArray[Any], what: str) -> NDArray[np.floating[Any]]:
    """Check real responses such as dF/F or rates (any shape) and return them as floats; `what` begins an error.

    Raises
    ------
    InputError
        If they are not numbers, or not finite.
    """
    if values.dtype.kind not in "uif":
        raise InputError(f"{what} is of type {values.dtype}, expected numbers")
    odd = np.argwhere(~np.isfinite(values))
    if len(odd):
        place = ", ".join(map(str, odd[0]))
        missing = "leave out the units or repeats where values are missing"
        raise InputError(f"{what} holds {values[tuple(odd[0])]} at [{place}], expected finite numbers; {missing}")
    return values.astype(np.result_type(values.dtype, np.float32), copy=False)
