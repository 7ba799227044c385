"""A person's own recording: spike counts, or real values, in one .npz or .mat, an array [units, repeats, bins] per area.

An archive with its axes in another order would be read without complaint and score like noise. So the ids must number the
units, all areas must have the same repeats and bins, and an error names the shape.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Recording
from lorafb.cortex import own_archives
from lorafb.cortex.counts import real_values, whole_counts
from lorafb.files import InputError, nearest

ID = "_unit_id"
"""Ending of the array that holds an area's unit ids; an array without such a companion is no area."""
Archive = Mapping[str, NDArray[Any]]


def areas(path: Path | str) -> list[str]:
    """Names of the areas that an archive of counts holds, in its own order; InputError if it is no .npz or holds none."""
    return _areas(own_archives.arrays(path), path)


def extent(path: Path | str) -> tuple[list[str], int, float]:
    """Areas of an archive of counts, its number of frames, and frames a second."""
    archive = own_archives.arrays(path)
    known = _areas(archive, path)
    return known, _cube(archive, path, known[0]).shape[-1], 1 / _bin_s(archive, path)


def read(path: Path | str, area: str, movie: str, real: bool = False) -> Recording:
    """Read one area from an archive of counts.

    Parameters
    ----------
    path : an .npz or .mat with, for each area, `AREA`: whole numbers [units, repeats, bins], and `AREA_unit_id`: int [units];
        and the scalars `bin_s` (seconds a bin) and `session_id` (or `AREA_session`: int [units], for several sessions)
    area : name of the area as the file spells it
    movie : name of the movie that was shown
    real : whether the values are real (dF/F, rates) instead of counts

    Raises
    ------
    InputError
        One line: the file, the array, its value or shape, and what was expected. Pickled arrays are refused.
    """
    archive = own_archives.arrays(path)
    known = _areas(archive, path)
    if area not in known:
        raise InputError(f"{path}: holds no area {area!r}{nearest(area, known)}; it holds {', '.join(known)}")
    counts = _cube(archive, path, area)
    if counts.ndim != 3 or 0 in counts.shape:
        raise InputError(f"{path}: array {area!r} has shape {list(counts.shape)}, expected [units, repeats, bins]")
    counts = (real_values if real else whole_counts)(counts, f"{path}: array {area!r}")
    n_units, *shape = counts.shape
    first = list(_cube(archive, path, known[0]).shape[1:])
    if shape != first:
        raise InputError(f"{path}: array {area!r} has {shape} repeats and bins, {known[0]!r} has {first}")
    bin_s = _bin_s(archive, path)
    whole = "uif" if own_archives.is_matlab(path) else "ui"  # MATLAB's numbers are floats unless said otherwise
    ids = _array(archive, path, f"{area}{ID}", (n_units,), whole).astype(np.int64)
    if f"{area}_session" in archive:
        sessions = _array(archive, path, f"{area}_session", (n_units,), whole).astype(np.int64)
    else:
        sessions = np.full(n_units, int(_array(archive, path, "session_id", (), whole)), np.int64)
    pairs, times = np.unique(np.stack([sessions, ids]), axis=1, return_counts=True)
    if pairs.shape[1] < n_units:
        raise InputError(f"{path}: array '{area}{ID}' holds {pairs[1, times > 1][0]} more than once")
    units = {"unit_id": ids, "session": sessions}
    return Recording.of_repeats(area, movie, 1 / bin_s, counts.transpose(1, 2, 0), units)


def _areas(archive: Archive, path: Path | str) -> list[str]:
    known = [name for name in archive if f"{name}{ID}" in archive]
    if not known:
        held = ", ".join(archive) or "nothing"
        raise InputError(f"{path}: holds no area: expected arrays AREA and AREA{ID}, found {held}")
    return known


def _bin_s(archive: Archive, path: Path | str) -> float:
    bin_s = float(_array(archive, path, "bin_s", (), "uif"))
    if not 0 < bin_s < np.inf:
        raise InputError(f"{path}: bin_s is {bin_s}, expected seconds above 0")
    return bin_s


def _array(archive: Archive, path: Path | str, name: str, shape: tuple[int, ...], kinds: str) -> NDArray[Any]:
    """Read an array of numbers of `kinds` and a shape, but for axes of length one (MATLAB has no fewer than two)."""
    if name not in archive:
        raise InputError(f"{path}: array {name!r} is missing{nearest(name, archive)}")
    array = archive[name]
    if array.dtype.kind not in kinds or np.squeeze(array).shape != tuple(length for length in shape if length > 1):
        expected = "numbers" if "f" in kinds else "integers"
        got = f"{array.dtype} {list(array.shape)}"
        raise InputError(f"{path}: array {name!r} is {got}, expected {expected} {list(shape)}")
    return array.reshape(shape)


def _cube(archive: Archive, path: Path | str, name: str) -> NDArray[Any]:
    """Read an array [units, repeats, bins]; a .mat leaves out axes of length one at the end."""
    array = archive[name]
    if own_archives.is_matlab(path) and array.ndim == 2:
        return array[:, :, None]
    return array
