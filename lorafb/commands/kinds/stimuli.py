"""Videos, folders of pictures, and training sets, for `lorafb inspect`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from lorafb.commands.kinds.finding import FEWEST, Finding, name, size
from lorafb.files import InputError
from lorafb.stimuli import images, video
from lorafb.training import imagenet, ucf101

MOST_READ, BLOCK = 900, 30
"""Frames of a video that are decoded, from its start, and so many at once."""


def film(path: Path, n_frames: int) -> Finding:
    """Say how large and how fast a video is, of so many frames; its frames must be sound and evenly spaced."""
    hints: list[str] = []
    try:
        rate = f"{video.stated_rate(path):g} frames a second"
        set_rate: dict[str, float] = {}
    except InputError:
        rate, set_rate = "no frame rate stated", {"rate_hz": 30.0}
        hints = ["the file states no frame rate: set rate_hz to the one that it was shown at"]
    movie = video.read(path, rate_hz=set_rate.get("rate_hz"))
    height, width = movie.frames.shape[1:3]
    if n_frames < FEWEST and (pages := _pages(path)) > 1:
        return Finding(f"picture of {pages} pages; save each as a picture, in a folder")
    if n_frames < FEWEST:
        return Finding(f"picture, or video of {n_frames} frames, {size(height, width)}; a movie has {FEWEST} at least")
    small = video.read(path, frames=min(n_frames, MOST_READ), size=(16, 16), rate_hz=set_rate.get("rate_hz")).frames
    for first in range(0, len(small), BLOCK):
        # Raises where one is damaged, or comes at another time than the rate says.
        small[first : first + BLOCK]
    rows = [("frames", f"{n_frames}"), ("size", size(height, width)), ("rate", rate)]
    stimulus = {"kind": "video", "file": str(path), "frames": n_frames, **set_rate}
    return Finding("video", rows, {"movies": {name(path): {"stimulus": stimulus}}}, hints)


def _pages(path: Path) -> int:
    try:
        with Image.open(path) as picture:
            return int(getattr(picture, "n_frames", 1))
    except OSError:  # no picture
        return 0


def folder(path: Path) -> Finding | None:
    """Say what a folder of pictures or a training set holds; None of any other folder."""
    if (ucf101.lists_folder(path) / "classInd.txt").is_file() or (path / "UCF-101").is_dir():
        return _training_set("ucf101", path, ucf101.check)
    if (path / "train").is_dir() and (path / "val").is_dir():
        return _training_set("imagenet", path, imagenet.check)
    pictures = images.files(path)
    if not pictures:
        return None
    sizes = set()
    for picture in pictures:
        with Image.open(picture) as opened:
            sizes.add((opened.height, opened.width))
        images.read([picture], 1, 30.0, (64, 64)).frames[:1]  # raises where it cannot be read
    smallest = size(*min(sizes))
    rows = [("pictures", f"{len(pictures)}: {pictures[0].name} to {pictures[-1].name}")]
    rows += [("size", smallest if len(sizes) == 1 else f"{len(sizes)} different ones, the smallest {smallest}")]
    stimulus = {"kind": "images", "folder": str(path), "frames": len(pictures)}
    hint = "frames of a movie in the order of their names: set rate_hz; for unrelated pictures, put it below `scenes`"
    return Finding("folder of pictures", rows, {"movies": {name(path): {"stimulus": stimulus}}}, [hint])


def _training_set(kind: str, path: Path, check: Callable[..., Any]) -> Finding:
    report = check(path)
    whole = not report.problems
    subset = report if whole else check(path, subset=True)
    rows = [(what, f"{found} of {report.expected[what]}") for what, found in report.found.items()]
    rows += [("missing", problem) for problem in report.problems[:5]]
    about = {"folder": str(path), **({} if whole else {"subset": True})}
    usable = {"training_sets": {kind: about}} if not subset.problems else {}
    hints = [] if whole else [f"not complete: `lorafb dataset {kind} {path}` says all that is missing"]
    return Finding(f"training set {kind}", rows, usable, hints)
