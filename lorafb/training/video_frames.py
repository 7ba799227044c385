"""Frames of UCF101 as pictures, for its two subsets: a random frame of a video would cost decoding all of it.

A folder a video, `0001.jpg` on. A folder appears only when it is complete, so that a killed job goes on where it stopped.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from PIL import Image

from lorafb.files import InputError, part_of, sha256
from lorafb.stimuli import video
from lorafb.training.ucf101 import Video

SHORTEST = 17
"""Frames: videos no longer than a clip of 16 are left out of the two subsets (Huang et al. 2024, section 4.2)."""
QUALITY = 95
"""Of the JPEG, up to 95: 22 kB a frame of 240 x 320 and a change of 0.9 grey levels on average, measured on one clip."""
MADE_OF = "made_of.json"
"""File beside the frames that says which video they are of."""


def write(
    videos_folder: Path,
    videos: Sequence[Video],
    folder: Path,
    *,
    quality: int = QUALITY,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Write the frames of some videos, those that are there already left as they are.

    Parameters
    ----------
    videos_folder : holds the videos
    videos : which of them
    folder : gets `CLASS/v_CLASS_gNN_cNN/0001.jpg` and so on, as large as the video's own
    quality : of the JPEG
    progress : called with the videos done and all of them

    Returns
    -------
    DataFrame
        A row a video: `video`, `label`, `split`, `frames`, and `kept`, false for one too short, which has no folder.

    Raises
    ------
    InputError
        A video is damaged; those before it are done.
    """
    rows = []
    for done, one in enumerate(videos, start=1):
        try:
            frames = _write_one(videos_folder / one.file, folder / one.file.removesuffix(".avi"), quality)
        except InputError as error:
            raise InputError(f"{error}; {done - 1} of {len(videos)} videos are done") from None
        rows.append((one.file, one.label, one.split, frames, frames >= SHORTEST))
        if progress is not None:
            progress(done, len(videos))
    return pd.DataFrame(rows, columns=["video", "label", "split", "frames", "kept"])


def _write_one(path: Path, folder: Path, quality: int) -> int:
    """Write a video's frames unless they are there; returns their number."""
    made_of = {"sha256": sha256(path), "quality": quality}
    frames = _there(folder, made_of)
    if frames:
        return frames
    with _whole_folder(folder) as temporary:
        for frames, (_, frame) in enumerate(video.decoded(path), start=1):
            Image.fromarray(video.pixels(frame)).save(temporary / f"{frames:04d}.jpg", quality=quality)
        if frames < SHORTEST:
            shutil.rmtree(temporary)
        else:
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
    """Yield a new folder beside `folder`; it takes that one's place when the block ends well, unless it has been deleted."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=part_of(folder.name), suffix=".part"))
    try:
        yield temporary
        shutil.rmtree(folder, ignore_errors=True)
        if temporary.is_dir():
            temporary.chmod(0o755)
            temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
