"""A person's own recording: spike counts in one .npz, an array [units, repeats, bins] an area.

An archive with its axes in another order would be read without a word and score like noise; so the ids must number the
units, all areas must have the same repeats and bins, and an error says the shape that was found.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from lorafb.artefacts.arrays import UNREADABLE
from lorafb.artefacts.recordings import Recording, smallest
from lorafb.cortex.counts import whole_counts
from lorafb.files import InputError, nearest

ID = "_unit_id"
"""Ending of the array that holds an area's unit ids; an array without such a companion is no area."""
MOST_BYTES = 2**32
"""Largest array, unpacked: 2,000 units in 20 repeats of 3,600 frames, kept as int64, are a quarter of it."""


def areas(path: Path | str) -> list[str]:
    """Names of the areas that a table of counts holds, in its own order.

    Raises
    ------
    InputError
        If the file is no .npz, or holds no area.
    """
    with _opened(path) as archive:
        return _areas(path, archive)


def read(path: Path | str, area: str, movie: str) -> Recording:
    """Read one area from a table of counts.

    Parameters
    ----------
    path : Path or str
        An .npz with, for each area, `AREA`: whole numbers [units, repeats, bins], and `AREA_unit_id`: int [units];
        and the scalars `bin_s` (seconds a bin) and `session_id` (or `AREA_session`: int [units], for several sessions).
    area : str
        Name of the area as the file spells it.
    movie : str
        Name of the movie that was shown.

    Raises
    ------
    InputError
        One line: the file, the array, what was found and what was expected. Pickled arrays are refused.
    """
    with _opened(path) as archive:
        known = _areas(path, archive)
        if area not in known:
            raise InputError(f"{path}: holds no area {area!r}{nearest(area, known)}; it holds {', '.join(known)}")
        counts = _counts(path, archive, area)
        _same_bins(path, archive, area, known, counts.shape)
        bin_s = float(_numbers(path, archive, "bin_s", (), "uif"))
        if not 0 < bin_s < np.inf:
            raise InputError(f"{path}: bin_s is {bin_s}, expected seconds above 0")
        units = _units(path, archive, area, len(counts))
    by_repeat = smallest(np.ascontiguousarray(counts.transpose(1, 2, 0)))
    return Recording(
        area=area,
        movie=movie,
        rate_hz=1 / bin_s,
        n_repeats=len(by_repeat),
        counts=by_repeat,
        summed=by_repeat.sum(axis=0, dtype=np.int64),
        units=units,
    )


@contextmanager
def _opened(path: Path | str) -> Iterator[NpzFile]:
    try:
        archive = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UNREADABLE:
        raise InputError(f"{path}: is no .npz archive of plain arrays") from None
    if not isinstance(archive, NpzFile):
        raise InputError(f"{path}: holds a single array, expected an .npz archive with an array an area")
    with archive:
        yield archive


def _areas(path: Path | str, archive: NpzFile) -> list[str]:
    known = [name for name in archive.files if f"{name}{ID}" in archive.files]
    if not known:
        found = ", ".join(archive.files) or "nothing"
        raise InputError(f"{path}: holds no area: expected arrays AREA and AREA{ID}, found {found}")
    return known


def _array(path: Path | str, archive: NpzFile, name: str) -> NDArray[Any]:
    if name not in archive.files:
        raise InputError(f"{path}: array {name!r} is missing{nearest(name, archive.files)}")
    members = archive.zip.infolist() if archive.zip else []
    size = max((one.file_size for one in members if one.filename in (name, f"{name}.npy")), default=0)
    if size > MOST_BYTES:
        raise InputError(f"{path}: array {name!r} would unpack to {size} bytes, expected at most {MOST_BYTES}")
    try:
        array: NDArray[Any] = archive[name]
    except UNREADABLE:
        raise InputError(f"{path}: array {name!r} is damaged, or pickled, which is not read") from None
    return array


def _numbers(path: Path | str, archive: NpzFile, name: str, shape: tuple[int, ...], kinds: str = "ui") -> NDArray[Any]:
    array = _array(path, archive, name)
    if array.dtype.kind not in kinds or array.shape != shape:
        expected = "numbers" if "f" in kinds else "integers"
        raise InputError(
            f"{path}: array {name!r} is {array.dtype} {list(array.shape)}, expected {expected} {list(shape)}"
        )
    return array


def _counts(path: Path | str, archive: NpzFile, area: str) -> NDArray[Any]:
    counts = _array(path, archive, area)
    if counts.ndim != 3 or 0 in counts.shape:
        raise InputError(f"{path}: array {area!r} has shape {list(counts.shape)}, expected [units, repeats, bins]")
    return whole_counts(counts, f"{path}: array {area!r}")


def _same_bins(path: Path | str, archive: NpzFile, area: str, known: list[str], shape: tuple[int, ...]) -> None:
    first = _array(path, archive, known[0])
    if first.shape[1:] != shape[1:]:
        raise InputError(
            f"{path}: array {area!r} has {list(shape[1:])} repeats and bins, {known[0]!r} has {list(first.shape[1:])}"
        )


def _units(path: Path | str, archive: NpzFile, area: str, n_units: int) -> dict[str, NDArray[Any]]:
    ids = _numbers(path, archive, f"{area}{ID}", (n_units,)).astype(np.int64)
    sessions = _sessions(path, archive, area, n_units)
    pairs, times = np.unique(np.stack([sessions, ids]), axis=1, return_counts=True)
    if pairs.shape[1] < n_units:
        raise InputError(f"{path}: array '{area}{ID}' holds {pairs[1, times > 1][0]} more than once")
    return {"unit_id": ids, "session": sessions}


def _sessions(path: Path | str, archive: NpzFile, area: str, n_units: int) -> NDArray[np.int64]:
    own = f"{area}_session"
    if own in archive.files:
        return _numbers(path, archive, own, (n_units,)).astype(np.int64)
    return np.full(n_units, int(_numbers(path, archive, "session_id", ())), np.int64)
