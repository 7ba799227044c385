"""Arrays of frames, counts and spike times, in .npy, .npz and .mat, for `lorafb inspect`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts import arrays
from lorafb.commands.kinds.finding import NAMES, Finding, are_real, areas, name, size
from lorafb.commands.kinds.tables import extents
from lorafb.cortex import npz_counts, own_archives
from lorafb.stimuli import array as stored


def archive(path: Path) -> Finding:
    """Say what the arrays of an .npz, or the variables of a .mat, are."""
    held = own_archives.arrays(path)
    names = list(held)
    if any(f"{one}{npz_counts.ID}" in held for one in names):
        return _counts(path, held)
    if {"t", "index"} <= set(held):
        units = ("units", f"{pd.Series(held['index']).nunique()}")
        area = next((one for one in NAMES["area"].split() if one in held), "area")
        about = {"file": str(path), **({"area": area} if area != "area" else {})}
        return Finding("spike times that pynapple saved", [_times("spikes", held["t"]), units], parts={"spikes": about})
    if "t" in held or {"start", "end"} <= set(held):
        onsets = _times("onsets", held["t"] if "t" in held else held["start"])
        return Finding("times that pynapple saved", [onsets], parts={"frames": {"file": str(path)}})
    rows = [(one, f"{held[one].dtype} {list(held[one].shape)}") for one in names]
    cells = [one for one in names if held[one].dtype.kind == "O" and _are_times(held[one])]
    if cells:
        return Finding("spike times of MATLAB", rows, parts={"spikes": _of_variables(path, names, "time", cells)})
    if len(names) == 1 and held[names[0]].ndim == 3 and held[names[0]].dtype.kind in "uif":
        return _cube(path, held[names[0]])
    numbers = [one for one in names if held[one].dtype.kind in "uif"]
    onsets = [one for one in numbers if one.rpartition(".")[2].lower() in NAMES["onset"].split()]
    if onsets:
        return Finding("variables of MATLAB", rows, parts={"frames": _of_variables(path, names, "onset", onsets)})
    return Finding("arrays of no known kind", rows)


def _times(what: str, times: NDArray[Any]) -> tuple[str, str]:
    return what, f"{len(times)}, {times.min():g} to {times.max():g} s"


def _counts(path: Path, held: Mapping[str, NDArray[Any]]) -> Finding:
    known = npz_counts.areas(path)
    real = are_real(np.asarray(held[known[0]]))
    read = [npz_counts.read(path, area, "", real) for area in known]
    rows = [*extents(read), ("rate", f"{read[0].rate_hz:g} bins a second")]
    recording = {"kind": "counts", "file": str(path), **({"values": "real"} if real else {})}
    part = {"areas": areas(known), "movies": {name(path): {"recording": recording}}}
    return Finding("arrays of counts", rows, part, ["add the stimulus"])


def _are_times(cells: NDArray[Any]) -> bool:
    return all(np.asarray(one).dtype.kind in "uif" for one in np.ravel(cells))


def _of_variables(path: Path, names: Sequence[str], main: str, candidates: Sequence[str]) -> dict[str, Any]:
    """Keys of a config for the variables of a .mat that are not called as it expects."""
    about = {"file": str(path)} | ({main: candidates[0]} if main not in candidates else {})
    others = [one for one in names if one != candidates[0]]
    for key in ("unit", "area", "session") if main == "time" else ("offset", "frame", "repeat", "session"):
        words = NAMES[key].split()
        found = next((one for one in others if one.rpartition(".")[2].lower() in words), key)
        about |= {key: found} if found != key else {}
    return about


def array(path: Path) -> Finding:
    """Say whether an array is a movie or a recording."""
    values = arrays.load(path, mmap="r")
    if values.dtype == np.uint8 and (values.ndim == 4 or (values.ndim == 3 and min(values.shape[1:]) >= 32)):
        movie = stored.read(path, len(values), rate_hz=30.0).frames  # raises where its axes are no movie's
        rows = [("frames", f"{len(movie)}"), ("size", size(*movie.shape[1:3]))]
        stimulus = {"kind": "array", "file": str(path), "frames": len(values), "rate_hz": 30.0}
        hints = ["set rate_hz to the rate that it was shown at, which the file does not hold"]
        return Finding("movie of uint8 frames", rows, {"movies": {name(path): {"stimulus": stimulus}}}, hints)
    if values.ndim != 3 or values.dtype.kind not in "uif":
        return Finding(f"array {values.dtype} {list(values.shape)}; a recording has three axes, a movie is of uint8")
    return _cube(path, values)


def _cube(path: Path, values: NDArray[Any]) -> Finding:
    real, area = are_real(values), name(path)
    recording: dict[str, Any] = {"kind": "arrays", "files": {area: str(path)}, "axes": ["repeats", "frames", "units"]}
    recording |= {"rate_hz": 30.0, **({"values": "real"} if real else {})}
    part = {"areas": [area], "movies": {"mine": {"recording": recording}}}
    lengths = ", ".join(map(str, values.shape))
    hints = [f"say what the axes are, whose lengths are {lengths}, and the frame rate; add the stimulus"]
    kind = "real values" if real else "whole numbers"
    return Finding(f"array of {kind}", [("shape", f"{list(values.shape)}"), ("type", f"{values.dtype}")], part, hints)
