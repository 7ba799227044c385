"""`lorafb check FILE`: identify files by content, not by name, and report what is wrong. No code in a file is run."""

import sys
import zipfile
from argparse import Namespace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch
from PIL import Image

from lorafb.artefacts import arrays, grams, hdf5, provenance, recordings, responses, stimuli, truths
from lorafb.commands import expected
from lorafb.cortex import allen, npz_counts, published_counts
from lorafb.cortex.counts import whole_counts
from lorafb.features import store
from lorafb.features.published_tensors import differences, read_prepared
from lorafb.files import InputError, one_line
from lorafb.networks import catalogue, checkpoint, named, untrusted
from lorafb.stimuli import array, video

FORMATS = {module.KIND: module.VERSION for module in (grams, recordings, responses, stimuli, store, truths)}
FORMATS[grams.TRIALS_KIND] = grams.VERSION


def run(args: Namespace) -> int:
    """Print one line for each file, on stdout if it is right and on stderr if not; return 2 if any is wrong."""
    wrong = 0
    network = _network(args.network) if args.network else None
    for path in args.files:
        try:
            print(f"{path}: {checkpoint.describe(path, network) if network else describe(path)}")
            if args.against:
                _print_differences(path, args.against)
            if path.is_dir() and args.write_expected:
                print(f"{args.write_expected}: {expected.fill(path, args.write_expected)} values written")
            elif path.is_dir() and (values := args.expected or expected.of_default_study(path)):
                wrong += expected.compare(path, values)
        except InputError as error:
            wrong += 1
            print(error, file=sys.stderr)
    return 2 if wrong else 0


def _network(name: str) -> catalogue.Network:
    """Record of a network by name; a module of a person's own is looked for in the working directory too."""
    if not named.is_named(name):
        return catalogue.network(name)
    sys.path.insert(0, str(Path.cwd()))
    return named.find(name, "own")


def describe(path: Path) -> str:
    """Describe a file by its content.

    Raises
    ------
    InputError
        One line: what is wrong with it, or that it is of no known kind.
    """
    if path.is_dir():
        return _results(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    sealed = provenance.sidecar(path).is_file()
    if sealed:
        provenance.verify(path)
    with path.open("rb") as file:
        start = file.read(16)
    if not start:
        raise InputError(f"{path}: is empty")
    try:
        if start == b"\x89HDF\r\n\x1a\n" or h5py.is_hdf5(path):
            return _hdf5(path)
        if start.startswith(b"\x93NUMPY"):
            return _array(path)
        if start.startswith((b"PK\x03\x04", b"\x80")):  # zip, or a pickle as torch wrote them before
            return _archive(path)
        if untrusted.is_safetensors(start):
            return checkpoint.describe(path)
        if start.startswith((b"\x89PNG", b"\xff\xd8\xff")):
            return _picture(path)
        return _table(path, sealed) if path.suffix == ".csv" else _video(path)
    except InputError:
        raise
    except Exception as error:  # a damaged file raises anything its library can raise
        raise InputError(f"{path}: is damaged ({one_line(error, 200) or type(error).__name__})") from None


def _results(folder: Path) -> str:
    """Check every artefact below a folder of results: its bytes, and that its inputs are those in the folder."""
    artefacts = provenance.artefacts(folder)
    if not artefacts:
        raise InputError(f"{folder}: holds no artefact with a checksum file beside it")
    for artefact in artefacts:
        for name, digest in provenance.verify(artefact)["inputs"].items():
            if not name.startswith("results/"):
                continue
            if provenance.verify(folder / Path(name).relative_to("results"))["sha256"] != digest:
                raise InputError(f"{artefact}: was made from another {name} than the one there; run the workflow again")
    return f"{len(artefacts)} artefacts, unchanged since they were written, each made from the inputs that are there"


def _hdf5(path: Path) -> str:
    """Describe an artefact, which has a format, or a session."""
    with hdf5.open_file(path, path) as file:
        kind, version, nwb = (file.attrs.get(name) for name in ("format", "format_version", "nwb_version"))
    if kind is None:
        with allen.session(path) as session:
            units, number = session.units(), session.session_id()
        areas = units["area"].dropna().nunique()
        return f"NWB {nwb or 'session'}, session {number}: {len(units)} units in {areas} areas"
    if kind not in FORMATS:
        raise InputError(f"{path}: HDF5 of format {kind!r}, expected one of {', '.join(FORMATS)}, or an NWB session")
    if version != FORMATS[kind]:
        raise InputError(f"{path}: has version {version} of {kind}, this program reads version {FORMATS[kind]}")
    provenance.verify(path)
    return f"{kind}, version {version}, unchanged since it was written"


def _array(path: Path) -> str:
    """Describe a movie, published reliabilities of units, or a published recording [frames, time bins, units]."""
    values = arrays.load(path)
    bins = sorted({stimulus.steps for stimulus in published_counts.STIMULI.values()})
    if values.dtype == np.uint8 and (values.ndim == 4 or (values.ndim == 3 and values.shape[1] not in bins)):
        movie = array.read(path, len(values), rate_hz=1)
        return f"movie of {len(movie.frames)} frames, {'x'.join(map(str, movie.frames.shape[1:3]))} pixels, uint8"
    if path.name.startswith("shr_"):
        if values.dtype.kind not in "uif" or values.ndim != 1 or not np.isfinite(values).all():
            raise InputError(f"{path}: is {values.dtype} {list(values.shape)}, expected one finite number per unit")
        return f"published reliabilities of {len(values)} units"
    counts = whole_counts(values, str(path))
    if counts.ndim != 3 or counts.shape[1] not in bins or not counts.size:
        expected_bins = " or ".join(map(str, bins))
        raise InputError(f"{path}: has shape {list(counts.shape)}, expected [frames, {expected_bins}, units]")
    return f"published recording of {counts.shape[2]} units, {counts.shape[0]} frames of {counts.shape[1]} time bins"


def _archive(path: Path) -> str:
    """Describe a person's own table of counts (.npz), a published stimulus, or a checkpoint."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith(".npy") for name in archive.namelist()):
                return _counts(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception:  # a damaged or hostile pickle raises anything; `describe` reports what is wrong
        content = None
    return _prepared(path) if isinstance(content, torch.Tensor) else checkpoint.describe(path)


def _counts(path: Path) -> str:
    areas = [npz_counts.read(path, area, path.stem) for area in npz_counts.areas(path)]
    units = ", ".join(f"{one.area} {one.summed.shape[1]} units" for one in areas)
    return f"table of counts, {len(areas[0].summed)} bins at {areas[0].rate_hz:g} per second: {units}"


def _prepared(path: Path) -> str:
    movie = read_prepared(path)
    for frame in range(movie.n_frames):
        movie(np.array([frame]))  # raises where a value is not finite
    height, width = movie.frame_size
    return f"published stimulus of {movie.n_frames} frames, {height}x{width} pixels, normalised"


def _picture(path: Path) -> str:
    with Image.open(path) as picture:
        picture.load()
        return f"picture, {picture.height}x{picture.width} pixels (height x width)"


def _table(path: Path, sealed: bool) -> str:
    try:
        table = pd.read_csv(path)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: not a readable table ({one_line(error)})") from None
    state = "unchanged since it was written" if sealed else "without a checksum"
    return f"table of {len(table)} rows, {state}; columns {', '.join(map(str, table.columns))}"


def _video(path: Path) -> str:
    try:
        movie = video.read(path)
    except InputError as error:
        raise InputError(f"{path}: no checkpoint, stimulus, recording or artefact; as a video: {error}") from None
    n_frames, height, width = movie.frames.shape[:3]
    return f"video of {n_frames} frames, {height}x{width} pixels, {movie.rate_hz:g} frames per second"


def _print_differences(tensor: Path, template: Path) -> None:
    """Compare a published stimulus with each way to prepare the original frames; the nearest way first."""
    stimulus, original = read_prepared(tensor), array.read(template, None, rate_hz=1)
    for place, one in enumerate(differences(stimulus, original.frames)):
        way = f"{'with' if one.antialias else 'without'} antialias, normalised {one.normalisation!r}"
        rank = "" if place else "nearest: "
        print(f"  {rank}{template.name} {way}: differs by {one.mean:.3g} on average, by {one.largest:.3g} at most")
