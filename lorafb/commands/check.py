"""`lorafb check FILE`: what a file is, by its bytes and not by its name, and what is wrong with it. Nothing from it is run."""

import sys
import zipfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch
from PIL import Image

from lorafb.artefacts import arrays, grams, provenance, recordings, stimuli, tables, truths
from lorafb.commands import against, expected
from lorafb.cortex import allen, published
from lorafb.cortex import table as own
from lorafb.cortex.counts import whole_counts
from lorafb.features import store
from lorafb.features.published_tensors import read_prepared
from lorafb.files import InputError
from lorafb.networks import checkpoint, fit, foreign
from lorafb.stimuli import array, video

FORMATS = {module.KIND: module.VERSION for module in (grams, recordings, stimuli, store, truths)}
FORMATS[grams.TRIALS_KIND] = grams.VERSION
PICKLES = (b"PK\x03\x04", b"\x80")
"""First bytes of torch's files, of today and of old."""
PICTURES = (b"\x89PNG", b"\xff\xd8\xff")


def run(told: Namespace) -> int:
    """Say in one line a file what each is: on stdout the right ones, on stderr the wrong; returns 2 if there are such."""
    wrong = 0
    for path in told.files:
        try:
            print(f"{path}: {describe(path)}")
            if told.against is not None:
                print("\n".join(against.lines(path, told.against)))
            if path.is_dir():
                wrong += _numbers(path, told.expected, told.write_expected)
        except InputError as error:
            wrong += 1
            print(error, file=sys.stderr)
    return 2 if wrong else 0


def _numbers(results: Path, known: Path | None, write: Path | None) -> int:
    """Write a study's numbers as expected ones, or hold them against such; count those that are not as expected."""
    if write is not None:
        print(f"{write}: {expected.fill(results, write)} values written")
        return 0
    known = known or expected.of_default_study(results)
    return expected.compare(results, known) if known else 0


def describe(path: Path) -> str:
    """Say what a file is.

    Raises
    ------
    InputError
        One line: what is wrong with it, or that it is nothing known here.
    """
    if path.is_dir():
        return _results(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if provenance.sidecar(path).is_file():
        provenance.verify(path)
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise InputError(f"{path}: is empty")
    try:
        return _reader(path, start)(path)
    except InputError:
        raise
    except Exception as error:  # a damaged file raises whatever its library likes
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{path}: is damaged ({reason})") from None


def _reader(path: Path, start: bytes) -> Callable[[Path], str]:
    if h5py.is_hdf5(path):
        return _hdf5
    if start.startswith(b"\x93NUMPY"):
        return _array
    if start.startswith(PICKLES):
        return _counts if _holds_arrays(path) else _torch
    if start.startswith(PICTURES):
        return _picture
    return _table if path.suffix == ".csv" else _video


def _picture(path: Path) -> str:
    with Image.open(path) as picture:
        picture.load()
        return f"picture, {picture.height}x{picture.width} pixels (height x width)"


def _hdf5(path: Path) -> str:
    """Tell our artefacts, which carry a format, from sessions."""
    with h5py.File(path, "r") as file:
        kind, version, nwb = (file.attrs.get(name) for name in ("format", "format_version", "nwb_version"))
    if kind is None:
        return _session(path, nwb)
    if kind not in FORMATS:
        raise InputError(f"{path}: HDF5 of format {kind!r}, expected one of {', '.join(FORMATS)}, or an NWB session")
    if version != FORMATS[kind]:
        raise InputError(f"{path}: has version {version} of {kind}, this program reads version {FORMATS[kind]}")
    provenance.verify(path)
    return f"{kind}, version {version}, as it was written"


def _results(folder: Path) -> str:
    """Check every artefact below a folder of results: its bytes, and whether it was made from the inputs that stand there."""
    seals = sorted(path for path in folder.rglob("*.json") if _is_seal(path))
    if not seals:
        raise InputError(f"{folder}: holds no artefact with a checksum file beside it")
    for seal in seals:
        artefact = seal.with_suffix("")
        for name, digest in provenance.verify(artefact)["inputs"].items():
            source = folder / Path(name).relative_to("results") if name.startswith("results/") else None
            if source is not None and provenance.verify(source)["sha256"] != digest:
                raise InputError(f"{artefact}: was made from another {name} than stands there; run the workflow again")
    return f"{len(seals)} artefacts, their bytes as written, each made from the inputs that stand there"


def _is_seal(path: Path) -> bool:
    return not path.name.endswith(".job.json") and path.parent.name != "resume"


def _session(path: Path, nwb: object) -> str:
    with allen.session(path) as session:
        units = session.units()
        number = session.session_id()
    areas = units["area"].dropna().nunique()
    return f"NWB {nwb or 'session'}, session {number}: {len(units)} units in {areas} areas"


def _array(path: Path) -> str:
    """Read a published array: counts [frames, steps, units], or the reliabilities of units."""
    values = arrays.load(path)
    steps = sorted({shown.steps for shown in published.STIMULI.values()})
    if values.dtype == np.uint8 and (values.ndim == 4 or (values.ndim == 3 and values.shape[1] not in steps)):
        movie = array.read(path, len(values), rate_hz=1)
        return f"movie of {len(movie.frames)} frames, {'x'.join(map(str, movie.frames.shape[1:3]))} pixels, uint8"
    if path.name.startswith("shr_"):
        if values.dtype.kind not in "uif" or values.ndim != 1 or not np.isfinite(values).all():
            raise InputError(f"{path}: is {values.dtype} {list(values.shape)}, expected a finite number a unit")
        return f"published reliabilities of {len(values)} units"
    counts = whole_counts(values, str(path))
    if counts.ndim != 3 or counts.shape[1] not in steps or not counts.size:
        middle = " or ".join(map(str, steps))
        raise InputError(f"{path}: has shape {list(counts.shape)}, expected [frames, {middle}, units]")
    return f"published recording of {counts.shape[2]} units, {counts.shape[0]} frames of {counts.shape[1]} time bins"


def _holds_arrays(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith(".npy") for name in archive.namelist())


def _counts(path: Path) -> str:
    """Read a person's own table of counts, every area of it."""
    recorded = [own.read(path, area, path.stem) for area in own.areas(path)]
    areas = ", ".join(f"{one.area} {one.summed.shape[1]} units" for one in recorded)
    return f"table of counts, {len(recorded[0].summed)} bins at {recorded[0].rate_hz:g} a second: {areas}"


def _torch(path: Path) -> str:
    if not _holds_tensor(path):
        return _checkpoint(path)
    movie = read_prepared(path)
    for frame in range(movie.n_frames):
        movie(np.array([frame]))  # raises where a value is not finite
    height, width = movie.frame_size
    return f"published stimulus of {movie.n_frames} frames, {height}x{width} pixels, normalised"


def _holds_tensor(path: Path) -> bool:
    try:
        return isinstance(
            torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)), torch.Tensor
        )
    except Exception:  # a damaged or hostile pickle raises whatever it likes; as a checkpoint it is told what is wrong
        return False


def _checkpoint(path: Path) -> str:
    contents = foreign.load(path)
    line = checkpoint.describe(path)
    try:
        checkpoint.read(path, None if contents.network else next(iter(fit.fits(contents.state)), None))
    except InputError:
        raise InputError(line) from None
    return line.removeprefix(f"{path}: ")


def _table(path: Path) -> str:
    if provenance.sidecar(path).is_file():
        table, said = tables.read(path), "as it was written"
    else:
        try:
            table, said = pd.read_csv(path), "without a checksum"
        except (ValueError, pd.errors.ParserError) as error:
            raise InputError(f"{path}: not a readable table ({' '.join(str(error).split())})") from None
    return f"table of {len(table)} rows, {said}; columns {', '.join(map(str, table.columns))}"


def _video(path: Path) -> str:
    try:
        movie = video.read(path, frames=1)
    except InputError as error:
        raise InputError(f"{path}: no checkpoint, stimulus, recording or artefact; as a video: {error}") from None
    height, width = movie.frames.shape[1:3]
    return f"video, {height}x{width} pixels, {movie.rate_hz:g} frames a second"
