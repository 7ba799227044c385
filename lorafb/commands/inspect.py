"""`lorafb inspect FILE`: what a person's files hold, as a short table, and the block of the config that would use them.

Everything is read by what the workflow reads it with, so that a block which is printed here is one that works.
"""

import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from lorafb.artefacts import arrays
from lorafb.cortex import allen, csv_counts, hdf5_tables, npz_counts, own_archives, own_tables, places, spike_tables
from lorafb.cortex.intervals import Columns, Layout
from lorafb.cortex.own_tables import OwnTable
from lorafb.cortex.presentations import Repeats, movie_repeats, scene_repeats
from lorafb.cortex.quality import COLUMNS, Quality
from lorafb.cortex.spike_tables import PER_SECOND
from lorafb.files import InputError
from lorafb.records import Model
from lorafb.stimuli import images, video

NAMES = {
    "time": ("time", "spike_time", "spike_times", "times", "time_s", "time_ms", "t"),
    "unit": (
        "unit",
        "unit_id",
        "cluster",
        "cluster_id",
        "neuron",
        "neuron_id",
        "cell",
        "cell_id",
        "roi",
        "id",
        "index",
    ),
    "area": ("area", "region", "brain_area", "brain_region", "location", "structure", "acronym"),
    "session": ("session", "session_id", "mouse", "animal", "subject"),
    "frame": ("frame", "frame_id", "frame_index", "frame_number", "movie_frame_index", "image", "stimulus_index"),
    "onset": ("onset", "start_time", "start", "onset_time", "onset_s", "onset_ms", "timestamp", "time", "t"),
    "offset": ("offset", "stop_time", "stop", "end_time", "end", "offset_time", "offset_s", "offset_ms"),
    "repeat": ("repeat", "trial", "repetition", "rep", "presentation", "showing"),
    "count": (
        "count",
        "counts",
        "n_spikes",
        "spikes",
        "value",
        "values",
        "dff",
        "df_f",
        "response",
        "rate",
        "activity",
    ),
}
"""What people call the columns of their tables, the likeliest first."""
KNOWN = (
    *("VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam", "VISli", "VISpl", "VISpor", "VISa"),
    *("LGd", "LP", "CA1", "CA3", "DG", "SUB"),
)
"""Acronyms of the areas whose full names and layers `places` knows."""
LONG_S = 1.0
"""A frame shown for longer is taken to be given in milliseconds."""
RARE_HZ = 0.3
"""A mean rate of units below which their times are taken to be milliseconds."""
FEWEST = 3
"""Frames of a movie at least."""


@dataclass(frozen=True)
class Finding:
    """What a file holds.

    title : what it is
    rows  : what was found of what
    block : part of a config that would use it; empty where there is none
    hints : what a person must add or know
    parts : of a recording as tables, what each file of it is: `spikes`, `frames` or `units`
    """

    title: str
    rows: Sequence[tuple[str, str]] = ()
    block: Mapping[str, Any] = field(default_factory=dict)
    hints: Sequence[str] = ()
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def run(args: Namespace) -> int:
    """Print what each file holds and the block that would use it; return 2 if any cannot be read."""
    wrong = 0
    parts: dict[str, Mapping[str, Any]] = {}
    for path in args.files:
        try:
            found = look(path)
        except InputError as error:
            wrong += 1
            print(error, file=sys.stderr)
            continue
        print(f"{path}: {found.title}")
        print(
            "".join(f"  {what:<{max(len(one) for one, _ in found.rows)}}  {held}\n" for what, held in found.rows),
            end="",
        )
        parts |= found.parts
        if found.block:
            print(block(found.block, found.hints))
        elif found.hints:
            print("".join(f"  {hint}\n" for hint in found.hints), end="")
    if parts:
        try:
            together = recording_of(parts)
            print(block(together.block, together.hints) if together.block else together.title)
        except InputError as error:
            wrong += 1
            print(error, file=sys.stderr)
    return 2 if wrong else 0


def block(part: Mapping[str, Any], hints: Sequence[str] = ()) -> str:
    """Lay out a part of a config as YAML that can be pasted, hints as comments above it."""
    text = yaml.safe_dump(dict(part), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return "\n".join(["", "for the config:", *(f"# {hint}" for hint in hints), text])


def look(path: Path) -> Finding:
    """Say what a file or folder holds.

    Raises
    ------
    InputError
        One line: it is missing, of no known kind, or its kind's reader refuses it.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(own_archives.NPY):
        return _array(path)
    if own_archives.is_matlab(path) or path.suffix.lower() == ".npz":
        return _archive(path)
    if start == b"\x89HDF\r\n\x1a\n" and not _artefact(path):
        return _session(path)
    if start.startswith((own_tables.GZIP, own_tables.PARQUET)) or path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return _table(own_tables.read(path))
    for read in (_video, lambda path: _table(own_tables.read(path))):  # a table may have any name
        try:
            return read(path)
        except InputError:
            continue
    return _checked(path)


def _artefact(path: Path) -> bool:
    with hdf5_tables.opened(path, str(path)) as file:
        return "format" in file.attrs


def _checked(path: Path) -> Finding:
    """Say what `lorafb check` says: of checkpoints, artefacts, pictures."""
    from lorafb.commands import check  # torch takes seconds to load
    from lorafb.networks import catalogue, untrusted

    title = check.describe(path)
    try:
        contents = untrusted.load(path)
    except InputError:
        return Finding(title)
    known = contents.network in catalogue.names()
    if not known or contents.training not in catalogue.network(str(contents.network)).trainings:
        return Finding(title, hints=("it does not say which network with which training it is of",))
    subject = {"network": contents.network, "training": contents.training}
    return Finding(
        title, block={"subjects": {_name(path): {**subject, "checkpoint": {"kind": "file", "file": str(path)}}}}
    )


# ---------------------------------------------------------------- stimuli and training sets


def _video(path: Path) -> Finding:
    n_frames = video.n_frames(path)
    hints: list[str] = []
    try:
        rate = f"{video.stated_rate(path):g} frames a second"
        set_rate: dict[str, float] = {}
    except InputError:
        rate, set_rate = "no frame rate stated", {"rate_hz": 30.0}
        hints = ["the file states no frame rate: set rate_hz to the one that it was shown at"]
    height, width = video.read(path, frames=1, rate_hz=set_rate.get("rate_hz")).frames.shape[1:3]
    rows = [("frames", f"{n_frames}"), ("size", f"{height} x {width} pixels (height x width)"), ("rate", rate)]
    stimulus = {"kind": "video", "file": str(path), "frames": n_frames, **set_rate}
    return Finding("video", rows, {"movies": {_name(path): {"stimulus": stimulus}}}, hints)


def _folder(path: Path) -> Finding:
    from lorafb.training import imagenet, ucf101

    if (ucf101.lists_folder(path) / "classInd.txt").is_file() or (path / "UCF-101").is_dir():
        return _training_set("ucf101", path, ucf101.check)
    if (path / "train").is_dir() and (path / "val").is_dir():
        return _training_set("imagenet", path, imagenet.check)
    pictures = images.files(path)
    if not pictures:
        return _checked(path)
    first = images.read(pictures[:1], 1, 30.0, (64, 64))
    first.frames[:1]  # raises where it cannot be read
    from PIL import Image

    sizes = set()
    for picture in pictures:
        with Image.open(picture) as opened:
            sizes.add((opened.height, opened.width))
    height, width = sorted(sizes)[0]
    size = f"{height} x {width} pixels (height x width)"
    rows = [("pictures", f"{len(pictures)}: {pictures[0].name} to {pictures[-1].name}")]
    rows += [("size", size if len(sizes) == 1 else f"{len(sizes)} different ones, the smallest {size}")]
    stimulus = {"kind": "images", "folder": str(path), "frames": len(pictures)}
    hints = [
        "frames of a movie in the order of their names: set rate_hz; for unrelated pictures, put it below `scenes`"
    ]
    return Finding("folder of pictures", rows, {"movies": {_name(path): {"stimulus": stimulus}}}, hints)


def _training_set(name: str, path: Path, check: Callable[..., Any]) -> Finding:
    report = check(path)
    whole = not report.problems
    subset = report if whole else check(path, subset=True)
    rows = [(what, f"{found} of {report.expected[what]}") for what, found in report.found.items()]
    rows += [("missing", problem) for problem in report.problems[:5]]
    about = {"folder": str(path), **({} if whole else {"subset": True})}
    usable = {"training_sets": {name: about}} if not subset.problems else {}
    hints = [] if whole else [f"not complete: `lorafb dataset {name} {path}` says all that is missing"]
    return Finding(f"training set {name}", rows, usable, hints)


# ---------------------------------------------------------------- recordings


def _session(path: Path) -> Finding:
    with allen.session(path) as session:
        units = session.units(KNOWN)
        tables = {name: _shown(session, name) for name in session.tables()}
        number = session.session_id()
    held = units["area"].dropna()
    rows = [
        (
            "units",
            f"{len(units)}: {_by_area(held)}" + (f"; of unknown place {n}" if (n := len(units) - len(held)) else ""),
        )
    ]
    quality = [name for name in COLUMNS if name in units]
    rows += [("quality", ", ".join(quality) or "no column of it")]
    rows += [row for name, shown in tables.items() for row in _table_rows(name, shown)]
    usable = {name: shown for name, shown in tables.items() if not isinstance(shown, str)}
    if not usable or not len(held):
        return Finding(f"NWB session {number}", rows, hints=("no table of intervals shows frames in repeats",))
    filters = all(name in quality for name, bound in Quality(quality="good") if bound is not None)
    part: dict[str, Any] = {"areas": _areas(held)}
    for name, (_, layout, scenes) in usable.items():
        is_allen = filters and name.endswith("_presentations")
        short = name.removesuffix("_presentations") if is_allen else name
        recording: dict[str, Any] = {
            "kind": "allen" if is_allen else "nwb",
            "sessions": [str(path)],
            "presentations": short,
        }
        if layout.columns.frame:
            recording["columns"] = {"frame": layout.columns.frame}
        part.setdefault("scenes" if scenes else "movies", {})[_name(short)] = {"recording": recording}
    hints = [
        "add the stimulus of each (`lorafb inspect` of a video or a folder prints one); leave out what you do not use"
    ]
    return Finding(f"NWB session {number}", rows, part, hints)


def _shown(session: allen.Session, name: str) -> tuple[Repeats, Layout, bool] | str:
    """Whole repeats of a table of intervals, how it is read, and whether it shows scenes; else why it shows no frames."""
    columns = session.table(name).columns
    named = [column for column in ("frame", "movie_frame_index") if column in columns]
    others = [column for column in columns if re.search("frame|image|stim|index|number", column, re.IGNORECASE)]
    best: tuple[Repeats, Layout, bool] | None = None
    for column in [None] if named else [one for one in others if not one.endswith("_index")]:
        layout = Layout(columns=Columns(frame=column))
        try:
            rows = session.presentations([name], layout)
        except InputError:
            continue
        for scenes, cut in ((False, movie_repeats), (True, scene_repeats)):
            try:
                repeats = cut(rows)
            except InputError:
                continue
            if repeats.start.shape[1] >= FEWEST and (best is None or repeats.start.size > best[0].start.size):
                best = repeats, layout, scenes
            break
    return best or f"no frames in repeats; columns {', '.join(columns)}"


def _table_rows(name: str, shown: tuple[Repeats, Layout, bool] | str) -> list[tuple[str, str]]:
    if isinstance(shown, str):
        return [(name, shown)]
    repeats, _, scenes = shown
    n_repeats, n_frames = repeats.start.shape
    what = "scenes in random order" if scenes else f"frames at {repeats.rate_hz:g} Hz"
    rows = [
        (name, f"{n_repeats} repeats of {n_frames} {what}, {repeats.start.min():.1f} to {repeats.stop.max():.1f} s")
    ]
    return rows + [("", note.text.rpartition("intervals/")[2]) for note in repeats.notes if note.text]


def _by_area(held: pd.Series) -> str:
    return (
        ", ".join(f"{area} {n}" for area, n in held.value_counts(sort=False).sort_index().items()) or "no area is named"
    )


def _areas(held: Iterable[Any]) -> Any:
    """Areas for a config: names; a mapping where a place is no name of a file."""
    found = list(dict.fromkeys(places.place(str(one), KNOWN) or str(one) for one in held))
    if all(re.fullmatch(r"[A-Za-z0-9_]+", one) for one in found):
        return found
    return {_plain(one): [] if _plain(one) == one else [one] for one in found}


def _name(path: Path | str) -> str:
    """Name for a config, from that of a file."""
    return _plain(Path(path).name.partition(".")[0])


def _plain(text: str) -> str:
    """Text as a name that a config takes."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "mine"


def _called(table: OwnTable, *names: str) -> dict[str, str]:
    """Columns of a table by what they probably mean; a column means one thing."""
    found: dict[str, str] = {}
    for name in names:
        known = (table.find(one) for one in NAMES[name])
        column = next((one for one in known if one and one not in found.values()), None)
        if column:
            found[name] = column
    return found


def _otherwise(called: Mapping[str, str]) -> dict[str, str]:
    """Keys of a config for the columns that are not called as it expects."""
    return {name: column for name, column in called.items() if column.lower() != name}


def _table(table: OwnTable) -> Finding:
    counts = _called(table, "unit", "frame", "repeat", "count", "area", "session")
    if {"unit", "frame", "repeat", "count", "area"} <= set(counts):
        return _counts(table, counts)
    spikes = _called(table, "unit", "time", "area", "session")
    if {"unit", "time"} <= set(spikes):
        return _spikes(table, spikes)
    frames = _called(table, "frame", "onset", "offset", "repeat", "session")
    if "onset" in frames:
        return _frames(table, frames)
    units = _called(table, "unit", "area", "session")
    if {"unit", "area"} <= set(units):
        held = pd.Series(table.texts(units["area"]))
        rows = [("units", f"{len(table)}: {_by_area(held)}")]
        return Finding("table of units", rows, parts={"units": {"file": table.where, **_otherwise(units)}})
    rows = [
        (str(column), f"{table.rows[column].dtype}, {table.rows[column].notna().sum()} values") for column in table.rows
    ]
    return Finding(
        f"table of {len(table)} rows; no column is called as those of spike times, onsets, units or counts are", rows
    )


def _counts(table: OwnTable, called: Mapping[str, str]) -> Finding:
    values = table.numbers(called["count"])
    real = _are_real(values)
    areas = csv_counts.areas(table.where, called)
    read = [csv_counts.read(table.where, area, "", 30.0, called, real) for area in areas]
    rows = _recordings([(one.area, one.summed.shape[1], one.n_repeats, len(one.summed)) for one in read])
    recording = {"kind": "counts", "file": table.where, "rate_hz": 30.0, **({"values": "real"} if real else {})}
    part = {"areas": _areas(areas), "movies": {_name(table.where): {"recording": {**recording, **_otherwise(called)}}}}
    hints = ["set rate_hz to the frame rate, which the table does not hold, and add the stimulus"]
    return Finding("table of real values" if real else "table of spike counts", rows, part, hints)


def _recordings(found: Sequence[tuple[str, int, int, int]]) -> list[tuple[str, str]]:
    return [(area, f"{units} units, {repeats} repeats of {frames} frames") for area, units, repeats, frames in found]


def _spikes(table: OwnTable, called: Mapping[str, str]) -> Finding:
    times, units = table.numbers(called["time"]), table.ids(called["unit"])
    n_units, lasted = len(np.unique(units)), float(np.ptp(times)) or 1.0
    rate_hz = len(times) / n_units / lasted
    unit = "ms" if called["time"].lower().endswith("ms") or rate_hz < RARE_HZ else "s"
    rate = f"{rate_hz * PER_SECOND[unit]:.3g} spikes/s a unit, if times are in {'milli' * (unit == 'ms')}seconds"
    rows = [("spikes", f"{len(times)}, {times.min():g} to {times.max():g} {unit}"), ("rate", rate)]
    rows += [("units", f"{n_units}")]
    if "area" in called:
        held = pd.DataFrame({"unit": units, "area": table.texts(called["area"])}).drop_duplicates("unit")["area"]
        rows[-1] = ("units", f"{rows[-1][1]}: {_by_area(held)}")
    about = {"file": table.where, **_otherwise(called), **({"time_unit": unit} if unit != "s" else {})}
    return Finding("table of spike times", rows, parts={"spikes": about})


def _frames(table: OwnTable, called: Mapping[str, str]) -> Finding:
    onsets = table.numbers(called["onset"])
    usual = float(np.median(np.diff(np.sort(onsets)))) if len(onsets) > 1 else 0.0
    unit = "ms" if called["onset"].lower().endswith("ms") or usual > LONG_S else "s"
    about = {"file": table.where, **_otherwise(called), **({"time_unit": unit} if unit != "s" else {})}
    rows = [("onsets", f"{len(onsets)}, {onsets.min():g} to {onsets.max():g} {unit}")]
    if "frame" not in called:
        return Finding("table of frame onsets", [*rows, ("frames", "not numbered")], parts={"frames": about})
    for session, shown in spike_tables.presentations(_settings("frames", about), table.where).items():
        name = "frames" if session == 0 else f"session {session}"
        rows += _table_rows(name, (movie_repeats(shown), Layout(), False))
    return Finding("table of frame onsets", rows, parts={"frames": about})


def _settings(name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    from lorafb.config.movies import FrameTimes, SpikeTimes, UnitTable

    models: dict[str, type[Model]] = {"spikes": SpikeTimes, "frames": FrameTimes, "units": UnitTable}
    return models[name].model_validate(dict(about)).model_dump()


def recording_of(parts: Mapping[str, Mapping[str, Any]]) -> Finding:
    """Put the tables of one recording together: spike times, onsets of frames, and units where they are given.

    Raises
    ------
    InputError
        If they do not fit together (`spike_tables.sessions`).
    """
    missing = [name for name in ("spikes", "frames") if name not in parts]
    if missing:
        want = {"spikes": "the table of spike times", "frames": "the table of frame onsets"}[missing[0]]
        return Finding(f"give {want} too, to see the block that counts the spikes: lorafb inspect FILE FILE")
    recording: dict[str, Any] = {
        "kind": "spikes",
        **{name: dict(parts[name]) for name in ("spikes", "frames", "units") if name in parts},
    }
    files = {name: Path(about["file"]) for name, about in parts.items()}
    settings = {name: _settings(name, parts[name]) if name in parts else None for name in ("spikes", "frames", "units")}
    held = spike_tables.read_spikes(settings, files)[1]["area"].dropna()
    hints = ["add the stimulus; `latency` and `bin` move and size the window of each frame"]
    try:
        spike_tables.presentations(settings["frames"] or {}, files["frames"])
    except InputError as error:
        hints.append(str(error))
    else:
        spike_tables.sessions(settings, files)
    part = {"areas": _areas(held), "movies": {_name(files["spikes"]): {"recording": recording}}}
    return Finding("", block=part, hints=hints)


# ---------------------------------------------------------------- arrays


def _archive(path: Path) -> Finding:
    held = own_archives.arrays(path)
    names = list(held)
    if any(f"{name}{npz_counts.ID}" in held for name in names):
        areas = npz_counts.areas(path)
        values = np.asarray(held[areas[0]])
        real = _are_real(values)
        read = [npz_counts.read(path, area, "", real) for area in areas]
        rows = _recordings([(one.area, one.summed.shape[1], one.n_repeats, len(one.summed)) for one in read])
        rows += [("rate", f"{read[0].rate_hz:g} bins a second")]
        recording = {"kind": "counts", "file": str(path), **({"values": "real"} if real else {})}
        part = {"areas": _areas(areas), "movies": {_name(path): {"recording": recording}}}
        return Finding("arrays of counts", rows, part, ["add the stimulus"])
    if {"t", "index"} <= set(held):
        spikes = pd.Series(held["index"])
        rows = [
            ("spikes", f"{len(spikes)}, {held['t'].min():g} to {held['t'].max():g} s"),
            ("units", f"{spikes.nunique()}"),
        ]
        area = next((name for name in NAMES["area"] if name in held), "")
        about = {"file": str(path), **({"area": area} if area not in ("", "area") else {})}
        return Finding("spike times that pynapple saved", rows, parts={"spikes": about})
    if "t" in held or {"start", "end"} <= set(held):
        times = held["t"] if "t" in held else held["start"]
        rows = [("onsets", f"{len(times)}, {times.min():g} to {times.max():g} s")]
        return Finding("times that pynapple saved", rows, parts={"frames": {"file": str(path)}})
    rows = [(name, f"{held[name].dtype} {list(held[name].shape)}") for name in names]
    cells = [name for name in names if held[name].dtype.kind == "O" and _are_times(held[name])]
    if cells:
        return Finding("spike times of MATLAB", rows, parts={"spikes": _of_variables(path, names, "time", cells)})
    cubes = [name for name in names if held[name].ndim == 3 and held[name].dtype.kind in "uif"]
    if len(cubes) == 1 and len(names) == 1:
        return _cube(path, held[cubes[0]])
    onsets = [
        name for name in names if name.rpartition(".")[2].lower() in NAMES["onset"] and held[name].dtype.kind in "uif"
    ]
    if onsets:
        return Finding("variables of MATLAB", rows, parts={"frames": _of_variables(path, names, "onset", onsets)})
    return Finding("arrays of no known kind", rows)


def _are_real(values: NDArray[Any]) -> bool:
    """Whether some values are no counts."""
    return values.dtype.kind == "f" and bool(((values != np.rint(values)) | (values < 0)).any())


def _are_times(cells: NDArray[Any]) -> bool:
    return all(np.asarray(one).dtype.kind in "uif" for one in np.ravel(cells))


def _of_variables(path: Path, names: Sequence[str], main: str, candidates: Sequence[str]) -> dict[str, Any]:
    """Keys of a config for the variables of a .mat that are not called as it expects."""
    about = {"file": str(path)} | ({main: candidates[0]} if main not in candidates else {})
    for key in ("unit", "area", "session") if main == "time" else ("offset", "frame", "repeat", "session"):
        found = next(
            (name for name in names if name.rpartition(".")[2].lower() in NAMES[key] and name != candidates[0]), key
        )
        about |= {key: found} if found != key else {}
    return about


def _array(path: Path) -> Finding:
    values = arrays.load(path, mmap="r")
    if values.dtype == np.uint8 and (values.ndim == 4 or (values.ndim == 3 and min(values.shape[1:]) >= 32)):
        height, width = values.shape[1:3]
        rows = [("frames", f"{len(values)}"), ("size", f"{height} x {width} pixels (height x width)")]
        stimulus = {"kind": "array", "file": str(path), "frames": len(values), "rate_hz": 30.0}
        hints = ["set rate_hz to the rate that it was shown at, which the file does not hold"]
        return Finding("movie of uint8 frames", rows, {"movies": {_name(path): {"stimulus": stimulus}}}, hints)
    if values.ndim != 3 or values.dtype.kind not in "uif":
        return Finding(f"array {values.dtype} {list(values.shape)}; a recording has three axes, a movie is of uint8")
    return _cube(path, values)


def _cube(path: Path, values: NDArray[Any]) -> Finding:
    real = _are_real(values)
    area = _name(path)
    recording: dict[str, Any] = {"kind": "arrays", "files": {area: str(path)}, "axes": ["repeats", "frames", "units"]}
    recording |= {"rate_hz": 30.0, **({"values": "real"} if real else {})}
    part = {"areas": [area], "movies": {"mine": {"recording": recording}}}
    hints = [
        f"say what the axes are, whose lengths are {', '.join(map(str, values.shape))}, and the frame rate; add the stimulus"
    ]
    kind = "real values" if real else "whole numbers"
    return Finding(f"array of {kind}", [("shape", f"{list(values.shape)}"), ("type", f"{values.dtype}")], part, hints)
