"""`lorafb inspect FILE`: what a person's files hold, as a short table, and the block of the config that would use them.

Everything is read by what the workflow reads it with, so that a block which is printed here is one that works. Each kind of
file has a module in `lorafb.commands.kinds`.
"""

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lorafb.commands.kinds import arrays, sessions, stimuli, tables
from lorafb.commands.kinds.finding import Finding, name
from lorafb.config import reading
from lorafb.cortex import hdf5_tables, own_archives, own_tables, remote
from lorafb.files import InputError
from lorafb.stimuli import video

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".json", ".feather", ".zip", ".bz2", ".xz", ".zst")
"""Endings of files that are read as tables, or refused as such."""
HDF5 = b"\x89HDF\r\n\x1a\n"
SORTED = ("spike_times.npy", "spike_clusters.npy")
"""Files of a folder that Kilosort and phy write, and SpikeInterface for them."""
FOLDERS = {
    SORTED: "a folder of Kilosort or phy, whose spike times are numbers of samples",
    ("F.npy", "iscell.npy"): "a folder of suite2p, whose traces are of imaging frames, not of the stimulus'",
    ("spikeinterface_info.json",): "a folder of SpikeInterface",
    ("provenance.json", "sparsity.json"): "a folder of SpikeInterface",
}


def run(args: Namespace) -> int:
    """Print what each file holds and the block that would use it; return 2 if any cannot be read."""
    wrong = 0
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for source in args.files:
        try:
            found = look(source)
        except InputError as error:
            wrong += 1
            print(error, file=sys.stderr)
            continue
        widest = max((len(what) for what, _ in found.rows), default=0)
        print("\n".join([f"{source}: {found.title}", *(f"  {what:<{widest}}  {held}" for what, held in found.rows)]))
        for part, about in found.parts.items():
            parts.setdefault(part, []).append(about)
        if found.block:
            print(block(found.block, found.hints))
        else:
            print("".join(f"  {hint}\n" for hint in found.hints), end="")
    if parts:
        try:
            together = tables.recording_of(parts)
            print(block(together.block, together.hints) if together.block else together.title)
        except InputError as error:
            wrong += 1
            print(error, file=sys.stderr)
    return 2 if wrong else 0


def block(part: Mapping[str, Any], hints: Sequence[str] = ()) -> str:
    """Lay out a part of a config as YAML that can be pasted, hints as comments above it."""
    text = yaml.safe_dump(dict(part), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return "\n".join(["", "for the config:", *(f"# {hint}" for hint in hints), text])


def look(source: str) -> Finding:
    """Say what a file, a folder, or a session at an address (`https://...`, `dandi:ID`) holds.

    Raises
    ------
    InputError
        One line: it is missing, of no known kind, or its kind's reader refuses it.
    """
    if address := reading.address(source):
        return _remote(source, address)
    path = Path(source).expanduser()
    if path.is_dir():
        return stimuli.folder(path) or _other_folder(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(own_archives.NPY):
        return arrays.array(path)
    if own_archives.is_matlab(path) or path.suffix.lower() in (".npz", ".mat"):
        return arrays.archive(path)
    if start == HDF5 and not _artefact(path):
        return sessions.session(path, str(path))
    if start.startswith((own_tables.GZIP, own_tables.PARQUET)) or path.suffix.lower() in TABLES:
        return tables.table(own_tables.read(path))
    try:
        n_frames = video.n_frames(path)
    except InputError:
        try:
            return tables.table(own_tables.read(path))  # which may have any name
        except InputError:
            return _checked(path)
    return stimuli.film(path, n_frames)


def _remote(source: str, address: str) -> Finding:
    with remote.open_remote(address) as file:
        if file.read(len(HDF5)) != HDF5:
            raise InputError(f"{source}: is no NWB session; of an address only those are read: download the file")
        return sessions.session(file, source)


def _artefact(path: Path) -> bool:
    with hdf5_tables.opened(path, str(path)) as file:
        return "format" in file.attrs


def _other_folder(path: Path) -> Finding:
    """Say which program wrote a folder whose files are not read as they are; else what `lorafb check` says of it."""
    for files, title in FOLDERS.items():
        for folder in (path, path / "sorter_output", path / "plane0", path / "suite2p" / "plane0"):
            if all((folder / one).is_file() for one in files):
                hint = "docs/data.md (Kilosort, suite2p) has the lines that make a table of it, which is then read"
                return Finding(title, hints=[hint])
    if any((path / one).exists() for one in (".zgroup", "zarr.json")):
        raise InputError(f"{path}: is a folder of Zarr, which is not read: export the session as an NWB file of HDF5")
    held = sorted(one.name for one in path.iterdir() if not one.name.startswith("."))
    if any(one.endswith(".json") for one in held) or "scores" in held:
        return _checked(path)
    few = ", ".join(held[:3]) + (", ..." if len(held) > 3 else "")
    raise InputError(
        f"{path}: is a folder without pictures, training set or results; it holds {few or 'nothing'}: name a file"
    )


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
    checkpoint = {"kind": "file", "file": str(path)}
    subject = {"network": contents.network, "training": contents.training, "checkpoint": checkpoint}
    return Finding(title, block={"subjects": {name(path): subject}})
