"""The published files of a command, checked against one another before a network is shown anything."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from lorafb.artefacts.responses import Responses
from lorafb.cortex import published_counts
from lorafb.experiments.areas import select_units
from lorafb.features.prepare import PreparedFrames
from lorafb.features.published_tensors import read_prepared
from lorafb.files import InputError, sha256
from lorafb.networks.catalogue import Network
from lorafb.similarity import metrics
from lorafb.similarity.ranks import Ties

SHORTEST = 4
"""Frames of the shortest movie: the first is left out, and two frames make one pair, which has no rank."""
AT_ONCE = 32
"""Frames of a stimulus that are looked at together."""


def is_scenes(dataset: str) -> bool:
    """Whether a published stimulus is unrelated images."""
    return published_counts.find(dataset).steps > 1


def areas(folder: Path, dataset: str, ties: Ties = "average") -> tuple[list[Responses], dict[str, Path]]:
    """Read the published recordings of all six areas in published order, with the units of the published filters.

    Returns
    -------
    areas, and the files that they are read from, by their names

    Raises
    ------
    InputError
        One line: the file that is missing or wrong, areas of different lengths, an area without units.
    """
    shown, scenes = published_counts.find(dataset), is_scenes(dataset)
    recordings = {area: published_counts.read(folder, dataset, area) for area in published_counts.AREAS}
    n_frames = published_counts.same_frames(recordings)
    if n_frames < SHORTEST:
        raise InputError(f"{folder / dataset}: recordings of {n_frames} frames, expected at least {SHORTEST}")
    rate = {"min_rate": 0.5, "duration_s": shown.duration_s, "skip_frames": 1}
    selection = {"min_reliability": 0.8, "skip_frames": 0} if scenes else rate
    selected = []
    for name, recording in recordings.items():
        try:
            selected.append(select_units(recording, selection, ties))
        except InputError as error:
            raise InputError(f"{folder / dataset / f'{name}{shown.ending}.npy'}: {error}") from None
    names = [f"{area}{shown.ending}.npy" for area in published_counts.AREAS]
    names += [f"shr_{area}.npy" for area in published_counts.AREAS] if scenes else []
    return selected, {name: folder / dataset / name for name in names}


def stimulus_path(folder: Path, dataset: str, noise: str | None = None) -> Path:
    """Path of a published stimulus, or of one of its noise movies."""
    return folder / f"stimulus_{dataset}_224{f'_{noise}' if noise else ''}.pt"


def stimulus(path: Path, n_frames: int, network: Network) -> PreparedFrames:
    """Open a published stimulus and check every frame.

    Parameters
    ----------
    path : Path
    n_frames : int
        Frames that the recordings have.
    network : Network
        The network that will see it.

    Raises
    ------
    InputError
        One line: no such file, not a float32 tensor (T, 3, H, W), another number of frames, a size that the network
        does not take, a value that is not finite.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; --stimulus-dir names the folder that holds it")
    frames = read_prepared(path)
    if frames.n_frames != n_frames:
        raise InputError(
            f"{path}: has {frames.n_frames} frames, the recordings have {n_frames}; they must be of one movie"
        )
    problem = next(filter(None, map(network.size_problem, frames.frame_size)), "")
    if problem:
        raise InputError(f"{path}: frames of {'x'.join(map(str, frames.frame_size))} pixels: {problem}")
    for first in range(0, n_frames, AT_ONCE):
        frames(np.arange(first, min(first + AT_ONCE, n_frames)))  # raises where a value is not finite
    return frames


def same_size(movie: PreparedFrames, noise: PreparedFrames) -> None:
    """Raise InputError when the frames of a noise movie have another size than those that they replace."""
    if movie.frame_size != noise.frame_size:
        sizes = ["x".join(map(str, one.frame_size)) for one in (noise, movie)]
        raise InputError(f"{noise.name}: frames of {sizes[0]} pixels, expected {sizes[1]} as in {movie.name}")


def own_modules(metric: str) -> dict[str, Path]:
    """Files of a person's own metric, by the names of their modules; none of a registered one."""
    modules = {metric.partition(":")[0], *metrics.find(metric).modules} if ":" in metric else set()
    found = {name: find_spec(name) for name in modules if not name.startswith(("lorafb.", "numpy"))}
    return {name: Path(spec.origin) for name, spec in found.items() if spec is not None and spec.origin}


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Hash input files, for provenance; names hold no folder of this machine."""
    return {name: sha256(path) for name, path in files.items()}
