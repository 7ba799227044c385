"""From a block of the config to frames: one function a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lorafb.artefacts.stimuli import Stimulus
from lorafb.stimuli import array, camera, video
from lorafb.stimuli.photographs import NAMES, regions


def stimulus(settings: Mapping[str, Any], files: Sequence[Path | str] = ()) -> Stimulus:
    """Make a movie as the config's block `movies.NAME.stimulus` says.

    Parameters
    ----------
    settings : the block, checked, `kind` among its keys
    files : the files that the block names, found
    """
    return KINDS[settings["kind"]](settings, files)


def _camera(settings: Mapping[str, Any], files: Sequence[Path | str]) -> Stimulus:
    frames = camera.movie(
        regions("movie", Path(files[0]).parent),
        settings["frames"],
        settings["rate_hz"],
        settings["size"],
        settings["seed"],
    )
    names = " and ".join(f"{name}.jpg" for name in NAMES)
    return Stimulus(frames, settings["rate_hz"], f"a camera moved over parts of the photographs {names}")


def _video(settings: Mapping[str, Any], files: Sequence[Path | str]) -> Stimulus:
    return video.read(files[0], settings["start"], settings["frames"])


def _array(settings: Mapping[str, Any], files: Sequence[Path | str]) -> Stimulus:
    return array.read(files[0], settings["frames"], settings["rate_hz"])


KINDS: dict[str, Callable[[Mapping[str, Any], Sequence[Path | str]], Stimulus]] = {
    "camera": _camera,
    "video": _video,
    "array": _array,
}
