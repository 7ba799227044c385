"""From a block of the config to frames: one function a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lorafb.artefacts.stimuli import LazyFrames, Stimulus
from lorafb.files import InputError
from lorafb.stimuli import array, camera, images, noise, video
from lorafb.stimuli.photographs import NAMES, regions

SCENES_HZ = 4.0
"""Still scenes are shown for a quarter of a second each, as the Allen Institute's are."""


PHOTOGRAPHS = " and ".join(f"{name}.jpg" for name in NAMES)


def stimulus(settings: Mapping[str, Any], files: Sequence[Path | str] = ()) -> Stimulus:
    """Make a movie as the config's block `movies.NAME.stimulus` says.

    Parameters
    ----------
    settings : the checked block, with its `kind`
    files : paths of the files that the block names; for `camera` and `scenes` of the photographs
    """
    return KINDS[settings["kind"]](settings, files)


def _camera(settings: Mapping[str, Any], files: Sequence[Path | str]) -> Stimulus:
    pictures, rate_hz = regions("movie", Path(files[0]).parent), settings["rate_hz"]
    frames = camera.movie(pictures, settings["frames"], rate_hz, settings["size"], settings["seed"])
    return Stimulus(frames, rate_hz, f"a camera moved over parts of the photographs {PHOTOGRAPHS}")


def _scenes(settings: Mapping[str, Any], files: Sequence[Path | str]) -> Stimulus:
    size, seed, pictures = settings["size"], settings["seed"], regions("movie", Path(files[0]).parent)
    frames = LazyFrames((settings["images"], size, size, 3), lambda number: camera.scene(pictures, number, size, seed))
    return Stimulus(frames, SCENES_HZ, f"still scenes cut out of the photographs {PHOTOGRAPHS}")


KINDS: dict[str, Callable[[Mapping[str, Any], Sequence[Path | str]], Stimulus]] = {
    "camera": _camera,
    "video": lambda settings, files: video.read(
        files[0], settings["start"], settings["frames"], rate_hz=settings.get("rate_hz")
    ),
    "array": lambda settings, files: array.read(files[0], settings["frames"], settings["rate_hz"]),
    "scenes": _scenes,
    "images": lambda settings, files: images.read(
        files, settings["frames"], settings["rate_hz"], (settings["height"], settings["width"])
    ),
}
"""Kinds of movies whose frames are as they were shown; `lorafb.features.published_tensors` takes prepared ones."""


def noise_movie(kind: str, like: Stimulus, seed: int, files: Sequence[Path | str]) -> Stimulus:
    """Make a noise movie as long, as large and as fast as another one.

    Parameters
    ----------
    kind : `gaussian`, `uniform`, `black` or `static`
    like : the movie whose frames it will replace; of a prepared one noise cannot be made
    seed : of the draws
    files : the photographs, which `static` takes its scenes from
    """
    if like.frames.dtype != np.uint8:
        raise InputError(f"{like.source}: was prepared by others: its noise movies are files beside it")
    height, width = like.frames.shape[1:3]
    pictures = regions("movie", Path(files[0]).parent) if kind == "static" else ()
    made = noise.noise(kind, len(like.frames), (height, width), seed, pictures)
    return Stimulus(made, like.rate_hz, f"{kind} noise, seed {seed}")
