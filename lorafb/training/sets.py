"""From the name of a training set to its training and its test part, as the loop takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lorafb.files import InputError, sha256
from lorafb.networks.catalogue import MOTION_TRAININGS
from lorafb.training import listing, motion, settings, video_frames
from lorafb.training.index import Index, usable
from lorafb.training.loading import Data
from lorafb.training.motion import SPLITS
from lorafb.training.settings import Taken, Task

TAKEN: Mapping[str, Taken] = {"ucf101": "every", "ucf101_subset": "run", "ucf101_random": "drawn"}
"""Which clips the training sets on UCF101 take."""


@dataclass(frozen=True)
class Embedded:
    """The embedded motion task.

    Attributes
    ----------
    task : Task
    photographs : sequence of paths
        That clips are cut from, all in one folder.
    """

    task: Task
    photographs: Sequence[Path | str]

    def identity(self, training: str) -> dict[str, Any]:
        """Say what defines the set beside seed and name."""
        values = {name: getattr(self.task, name) for name in Task.model_fields}
        return {
            "task": {**values, "training": training},
            "photographs": [sha256(path) for path in self.photographs],
        }


@dataclass(frozen=True, eq=False)
class Files:
    """Videos or images on disk.

    Attributes
    ----------
    index : Index
    how : settings.Clips or settings.Images
        How clips are made of videos, or images are varied.
    frames : path or None
        Folder with the frames of the videos as pictures; without it the videos are decoded each time.
    taken : "every", "run" or "drawn"
        Which clips of a video, where the name of the training set does not say it.
    steps : int
        Time steps for which an image is shown.
    normalisation : "half" or "imagenet"
    """

    index: Index
    how: settings.Clips | settings.Images
    frames: Path | None = None
    taken: Taken = "every"
    steps: int = 1
    normalisation: str = "half"

    def identity(self, training: str) -> dict[str, Any]:
        """Say what defines the set beside seed and name."""
        kind = settings.Clips if isinstance(self.how, settings.Clips) else settings.Images
        values: dict[str, Any] = {name: getattr(self.how, name) for name in kind.model_fields}
        if isinstance(self.how, settings.Clips):
            values |= {"taken": TAKEN.get(training, self.taken), "from": "pictures" if self.frames else "videos"}
        shown = {"steps": self.steps, "normalisation": self.normalisation}
        return {"task": {**values, **shown, "training": training}, **self.index.identity}


def embedded(recipe: Mapping[str, Any], photographs: Sequence[Path | str]) -> Embedded:
    """Take the task out of the config's block `recipes.motion`."""
    return Embedded(Task(**{name: recipe[name] for name in Task.model_fields}), photographs)


def of_files(chosen: Mapping[str, Any], table: pd.DataFrame, recipe: Mapping[str, Any]) -> Files:
    """Take the usable files of a set, and how they are shown.

    Parameters
    ----------
    chosen : the config's block of the training set: `kind`, `folder`, `images`, `skip`, `frames` (null to decode videos),
        `taken`
    table : of its files, as `lorafb.training.index.build` made it
    recipe : the config's block of the recipe

    Raises
    ------
    InputError
        As `lorafb.training.index.usable`; or a video has changed since its frames were counted, or its frames are gone.
    """
    folder = listing.root(chosen["kind"], Path(chosen["folder"]))
    index = usable(folder, table, "images" if chosen["images"] else "videos", chosen["skip"])
    kind = settings.Images if chosen["images"] else settings.Clips
    how = kind(**{name: recipe[name] for name in kind.model_fields})
    frames = Path(chosen["frames"]) if chosen["frames"] else None
    if not chosen["images"]:
        _check_unchanged(index, frames)
    return Files(index, how, frames, chosen["taken"])


def _check_unchanged(index: Index, frames: Path | None) -> None:
    for file, size in zip(index.table["file"].astype(str), index.table["bytes"].astype(int), strict=True):
        path = index.folder / file
        if frames is not None:
            if not video_frames.written(frames / file):
                raise InputError(
                    f"{frames}: has no frames of {file}; `snakemake --forcerun video_frames` writes what is missing"
                )
        elif not path.is_file() or path.stat().st_size != size:
            raise InputError(
                f"{path}: has changed since its frames were counted; `snakemake --forcerun training_set` counts anew"
            )


def open_sets(training: str, source: Embedded | Files, seed: int) -> tuple[Data, Data]:
    """Open a training set.

    Parameters
    ----------
    training : its name: `motion` and the like, `ucf101` and its subsets, `imagenet`, or a set of one's own
    source : what it is made from
    seed : of all draws

    Returns
    -------
    training, test : Data

    Raises
    ------
    InputError
        Its kind is another, or a part has no clip.
    """
    if isinstance(source, Embedded) or training in MOTION_TRAININGS:
        if not isinstance(source, Embedded):
            raise InputError(f"training {training!r}: is made from photographs, and files were given")
        folder = Path(source.photographs[0]).parent
        parts: list[Data] = [motion.clips(source.task, training, split, seed, folder) for split in SPLITS]
        return parts[0], parts[1]
    parts = [_part(training, source, split, (seed, number)) for number, split in enumerate(SPLITS)]
    for split, part in zip(SPLITS, parts, strict=True):
        if not len(part):
            raise InputError(f"{source.index.folder}: no video for {split} is long enough for a clip")
    return parts[0], parts[1]


def _part(training: str, source: Files, split: str, stream: tuple[int, int]) -> Data:
    from lorafb.training import samples  # loads FFmpeg and torchvision, which the embedded task does without

    index, files = source.index, source.index.of(split)
    test = split == "test"
    if isinstance(source.how, settings.Images):
        return samples.Images(index.folder, files, source.how, stream, test, source.normalisation, source.steps)
    taken = TAKEN.get(training, source.taken)
    folder, pictures = source.frames or index.folder, source.frames is not None
    return samples.Clips(folder, files, source.how, taken, stream, test, source.normalisation, pictures)
