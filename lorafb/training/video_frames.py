"""Frames of videos as pictures, written once: a random frame of a video costs decoding all those before it.

A folder a video, `0001.jpg` on. A folder appears only when it is complete, so that a killed job goes on where it stopped.
"""

import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from lorafb.files import InputError, one_line, part_of, sha256
from lorafb.stimuli import video

QUALITY = 95
"""Of the JPEG, up to 95: 22 kB a frame of 240 x 320 and a change of 0.9 grey levels on average, measured on one clip."""
MADE_OF = "made_of.json"
"""File beside the frames that says which video they are of."""


def write(
    videos_folder: Path,
    files: Sequence[str],
    folder: Path,
    *,
    quality: int = QUALITY,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Write the frames of some videos, those that are there already left as they are.

    Parameters
    ----------
    videos_folder : holds the videos
    files : which of them
    folder : gets `CLASS/v_CLASS_gNN_cNN/0001.jpg` and so on, as large as the video's own
    quality : of the JPEG
    progress : called with the videos done and all of them

    Returns
    -------
    DataFrame
        A row a video: `video`, `frames`.

    Raises
    ------
    InputError
        A video is damaged; those before it are done.
    """
    rows = []
    for done, file in enumerate(files, start=1):
        try:
            frames = _write_one(videos_folder / file, folder_of(folder / file), quality)
        except InputError as error:
            raise InputError(f"{error}; {done - 1} of {len(files)} videos are done") from None
        rows.append((file, frames))
        if progress is not None:
            progress(done, len(files))
    return pd.DataFrame(rows, columns=["video", "frames"])


def folder_of(video_file: Path) -> Path:
    """Folder of a video's frames, by the path that the video would have among them."""
    return video_file.with_suffix("")


def written(video_file: Path) -> bool:
    """Whether the frames of a video are there, by the path that it would have among them."""
    return (folder_of(video_file) / MADE_OF).is_file()


def read(video_file: Path, numbers: Sequence[int]) -> NDArray[np.uint8]:
    """Read some frames that were written, by their numbers from 0, in the order asked.

    Parameters
    ----------
    video_file : path that the video would have in the folder of frames
    numbers : sequence of int

    Returns
    -------
    uint8, shape (len(numbers), height, width, 3)
    """
    folder = folder_of(video_file)
    return np.stack([_picture(folder / f"{number + 1:04d}.jpg") for number in numbers])


def _picture(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({one_line(error)}); delete its folder and the tables in results/video_frames, and the"
            " frames are written again"
        ) from None


def check_disk(videos_folder: Path, index: pd.DataFrame, folder: Path) -> None:
    """Raise InputError, before the first is written, when the disk has no room for the frames that are not there yet.

    Parameters
    ----------
    videos_folder : holds the videos
    index : DataFrame
        A row a video: `file`, `frames`.
    folder : that gets the frames
    """
    counts = zip(index["file"].astype(str), index["frames"].astype(int), strict=True)
    left = {file: frames for file, frames in counts if not written(folder / file)}
    if not left:
        return
    with closing(video.decoded(videos_folder / next(iter(left)), threads=1)) as frames:
        _, frame = next(frames)
    picture = io.BytesIO()
    Image.fromarray(video.pixels(frame)).save(picture, "JPEG", quality=QUALITY)
    number = sum(left.values())
    needed = number * len(picture.getvalue())
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise InputError(
            f"{folder}: {number} frames of {len(left)} videos need about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB"
            " are free; choose another folder as `frames` of the training set, or `read: videos`, which needs no room"
        )


def _write_one(path: Path, folder: Path, quality: int) -> int:
    """Write a video's frames unless they are there; returns their number."""
    made_of = {"sha256": sha256(path), "quality": quality}
    frames = _there(folder, made_of)
    if frames:
        return frames
    with _whole_folder(folder) as temporary:
        for frames, (_, frame) in enumerate(video.decoded(path, threads=1), start=1):
            Image.fromarray(video.pixels(frame)).save(temporary / f"{frames:04d}.jpg", quality=quality)
        (temporary / MADE_OF).write_text(json.dumps(made_of | {"frames": frames}), encoding="utf-8")
    return frames


def _there(folder: Path, made_of: dict[str, object]) -> int:
    """Count the frames of a folder made of this video and in this quality; 0 where there is none."""
    try:
        written = json.loads((folder / MADE_OF).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    frames = int(written.pop("frames"))
    return frames if written == made_of else 0


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder`; it takes that one's place when the block ends well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=part_of(folder.name), suffix=".part"))
    try:
        yield temporary
        shutil.rmtree(folder, ignore_errors=True)
        temporary.chmod(0o755)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
