"""Published files in, checked against one another: whatever is wrong with them is said before a network is shown anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lorafb.cortex import published_counts
from lorafb.experiments.cortex_side import Area, area_side, reliable_units, responsive_units
from lorafb.features.prepare import PreparedFrames
from lorafb.features.published import read_prepared
from lorafb.files import InputError, sha256
from lorafb.networks.catalogue import Network

SHORTEST = 4
"""Frames of the shortest movie: the first is left out, and two frames make one pair, which has no rank."""
AT_ONCE = 32
"""Frames of a stimulus that are looked at together."""


@dataclass(frozen=True)
class Cortex:
    """The published recordings of a stimulus.

    Attributes
    ----------
    areas : list of Area
        All six, in published order.
    files : dict of str to Path
        By their names.
    scenes : bool
        Whether the stimulus is unrelated images.
    """

    areas: list[Area]
    files: dict[str, Path]
    scenes: bool

    @property
    def n_frames(self) -> int:
        """Number of frames T, or of images."""
        return self.areas[0].n_frames


def cortex(folder: Path, dataset: str) -> Cortex:
    """Read the published recordings of all areas, units kept by the published filters.

    Raises
    ------
    InputError
        One line: the file that is missing or wrong, areas of different lengths, an area without units.
    """
    shown = published_counts.find(dataset)
    scenes = shown.steps > 1
    recorded = {area: published_counts.read(folder, dataset, area) for area in published_counts.AREAS}
    n_frames = published_counts.same_frames(recorded)
    if n_frames < SHORTEST:
        raise InputError(f"{folder / dataset}: recordings of {n_frames} frames, expected at least {SHORTEST}")
    areas = []
    for name, one in recorded.items():
        try:
            kept = reliable_units(one) if scenes else responsive_units(one, duration_s=shown.duration_s)
            areas.append(area_side(one, kept))
        except ValueError as error:
            raise InputError(f"{folder / dataset / f'{name}{shown.ending}.npy'}: {error}") from None
    names = [f"{area}{shown.ending}.npy" for area in published_counts.AREAS]
    names += [f"shr_{area}.npy" for area in published_counts.AREAS] if scenes else []
    return Cortex(areas, {name: folder / dataset / name for name in names}, scenes)


def stimulus_path(folder: Path, dataset: str, noise: str | None = None) -> Path:
    """Path of a published stimulus, or of a noise movie of its."""
    return folder / f"stimulus_{dataset}_224{f'_{noise}' if noise else ''}.pt"


def stimulus(path: Path, n_frames: int, network: Network) -> PreparedFrames:
    """Open a published stimulus, every frame looked at.

    Parameters
    ----------
    path : Path
    n_frames : int
        Frames that the recordings have.
    network : Network
        That is to be shown it.

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


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Hash input files, for provenance; names hold no folder of this machine."""
    return {name: sha256(path) for name, path in files.items()}
