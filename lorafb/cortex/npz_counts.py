"""A person's own recording: spike counts in one .npz, an array [units, repeats, bins] per area.

An archive with its axes in another order would be read without complaint and score like noise. So the ids must number the
units, all areas must have the same repeats and bins, and an error names the shape.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from lorafb.artefacts.arrays import UNREADABLE
from lorafb.artefacts.recordings import Recording
from lorafb.cortex.counts import whole_counts
from lorafb.files import InputError, nearest

ID = "_unit_id"
"""Ending of the array that holds an area's unit ids; an array without such a companion is no area."""
MOST_BYTES = 2**32
"""Largest array, unpacked: 2,000 units in 20 repeats of 3,600 frames, kept as int64, are a quarter of it."""


def areas(path: Path | str) -> list[str]:
    """Names of the areas that an archive of counts holds, in its own order; InputError if it is no .npz or holds none."""
    with _opened(path) as archive:
        return _areas(archive, path)


def read(path: Path | str, area: str, movie: str) -> Recording:
    """Read one area from an archive of counts.

    Parameters
    ----------
    path : an .npz with, for each area, `AREA`: whole numbers [units, repeats, bins], and `AREA_unit_id`: int [units];
        and the scalars `bin_s` (seconds a bin) and `session_id` (or `AREA_session`: int [units], for several sessions)
    area : name of the area as the file spells it
    movie : name of the movie that was shown

    Raises
    ------
    InputError
        One line: the file, the array, its value or shape, and what was expected. Pickled arrays are refused.
    """
    with _opened(path) as archive:
        known = _areas(archive, path)
        if area not in known:
            raise InputError(f"{path}: holds no area {area!r}{nearest(area, known)}; it holds {', '.join(known)}")
        counts = _array(archive, path, area)
        if counts.ndim != 3 or 0 in counts.shape:
            raise InputError(f"{path}: array {area!r} has shape {list(counts.shape)}, expected [units, repeats, bins]")
        counts = whole_counts(counts, f"{path}: array {area!r}")
        n_units, *shape = counts.shape
        first = list(_array(archive, path, known[0]).shape[1:])
        if shape != first:
            raise InputError(f"{path}: array {area!r} has {shape} repeats and bins, {known[0]!r} has {first}")
        bin_s = float(_array(archive, path, "bin_s", (), "uif"))
        if not 0 < bin_s < np.inf:
            raise InputError(f"{path}: bin_s is {bin_s}, expected seconds above 0")
        ids = _array(archive, path, f"{area}{ID}", (n_units,), "ui").astype(np.int64)
        if f"{area}_session" in archive.files:
            sessions = _array(archive, path, f"{area}_session", (n_units,), "ui").astype(np.int64)
        else:
            sessions = np.full(n_units, int(_array(archive, path, "session_id", (), "ui")), np.int64)
    pairs, times = np.unique(np.stack([sessions, ids]), axis=1, return_counts=True)
    if pairs.shape[1] < n_units:
        raise InputError(f"{path}: array '{area}{ID}' holds {pairs[1, times > 1][0]} more than once")
    units = {"unit_id": ids, "session": sessions}
    return Recording.of_repeats(area, movie, 1 / bin_s, counts.transpose(1, 2, 0), units)


@contextmanager
def _opened(path: Path | str) -> Iterator[NpzFile]:
    try:
        file = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UNREADABLE:
        raise InputError(f"{path}: is no .npz archive of plain arrays") from None
    if not isinstance(file, NpzFile):
        raise InputError(f"{path}: holds a single array, expected an .npz archive with an array per area")
    with file:
        yield file


def _areas(archive: NpzFile, path: Path | str) -> list[str]:
    known = [name for name in archive.files if f"{name}{ID}" in archive.files]
    if not known:
        held = ", ".join(archive.files) or "nothing"
        raise InputError(f"{path}: holds no area: expected arrays AREA and AREA{ID}, found {held}")
    return known


def _array(
    archive: NpzFile, path: Path | str, name: str, shape: tuple[int, ...] | None = None, kinds: str = ""
) -> NDArray[Any]:
    """Read an array, its unpacked size checked before; where a shape is given, it must have that and be numbers of `kinds`."""
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
    if shape is not None and (array.dtype.kind not in kinds or array.shape != shape):
        expected = "numbers" if "f" in kinds else "integers"
        got = f"{array.dtype} {list(array.shape)}"
        raise InputError(f"{path}: array {name!r} is {got}, expected {expected} {list(shape)}")
    return array
