"""The files of a training set as a table, each opened and counted once: the set of clips follows from it alone.

Headers of videos are wrong (an .avi of UCF101 may state a frame too many), so frames are counted by decoding. What a file
gave is kept beside the results with its size, its date and the decoder's version, and is counted anew when one of these
changes: a killed count goes on, and a second start opens no file.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import av
import pandas as pd
import PIL
from PIL import Image

from lorafb.files import InputError, one_line, visible
from lorafb.stimuli import video

logger = logging.getLogger(__name__)

Holds = Literal["videos", "images"]
COLUMNS = ["file", "label", "split", "frames", "bytes", "modified", "wrong"]
ENDINGS = {
    "videos": (".avi", ".mp4", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".m4v", ".wmv", ".gif"),
    "images": (".jpeg", ".jpg", ".png", ".webp", ".bmp", ".tif", ".tiff"),
}
AT_ONCE = 10_000
"""Files that wait for a thread."""


def named(folder: Path, holds: Holds) -> list[str]:
    """Names of the videos or images in a folder, by their endings, sorted; hidden files are none."""
    return sorted(one.name for one in visible(folder) if one.name.lower().endswith(ENDINGS[holds]))


@dataclass(frozen=True)
class Item:
    """A video or an image of a training set.

    Attributes
    ----------
    file : str
        Below the folder of the set: `Archery/v_Archery_g01_c01.avi`.
    label : int
        Of its class, from 0 on.
    split : "training" or "test"
    """

    file: str
    label: int
    split: str


@dataclass(frozen=True, eq=False)
class Index:
    """The files of a training set that can be used.

    Attributes
    ----------
    folder : path
    table : DataFrame
        A row a file: `file`, `label`, `split`, `frames`, `bytes`, `modified` (nanoseconds), `wrong` (empty).
    holds : "videos" or "images"
    """

    folder: Path
    table: pd.DataFrame
    holds: Holds

    @property
    def classes(self) -> int:
        """Count the labels, from 0 to the highest."""
        return int(self.table["label"].max()) + 1

    def of(self, split: str) -> pd.DataFrame:
        """Rows to train or to test on."""
        return self.table[self.table["split"] == split].reset_index(drop=True)

    @property
    def identity(self) -> dict[str, Any]:
        """What a resumed training must find again: the files by names, labels, sizes and frames, and who decodes them."""
        seen = self.table[["file", "label", "split", "frames", "bytes"]].to_csv(index=False)
        return {"files": hashlib.sha256(seen.encode()).hexdigest(), "decoder": decoder(self.holds)}


def usable(folder: Path, table: pd.DataFrame, holds: Holds, skip: int = 0) -> Index:
    """Leave out the files that cannot be used, so many at most.

    Raises
    ------
    InputError
        More are wrong, or nothing is left to train or to test on.
    """
    table = table.assign(wrong=table["wrong"].astype(object).fillna(""))
    wrong = table[table["wrong"] != ""]
    named = "; ".join(f"{row.file} {row.wrong}" for row in wrong.head(5).itertuples())
    if len(wrong) > skip:
        raise InputError(
            f"{folder}: {len(wrong)} files cannot be used, and `skip` allows {skip}: {named}"
            f"{' and more' if len(wrong) > 5 else ''}; get them again, or allow as many"
        )
    if len(wrong):
        logger.warning("%s: %d files are left out: %s", folder, len(wrong), named)
    index = Index(folder, table[table["wrong"] == ""].reset_index(drop=True), holds)
    for split in ("training", "test"):
        if not len(index.of(split)):
            raise InputError(f"{folder}: holds nothing for {split}")
    return index


def decoder(holds: Holds) -> str:
    """Name what decodes videos or images, with its version."""
    return (
        f"PyAV {av.__version__}, FFmpeg {av.ffmpeg_version_info}" if holds == "videos" else f"Pillow {PIL.__version__}"
    )


def build(
    folder: Path,
    items: Sequence[Item],
    holds: Holds,
    *,
    cache: Path | None = None,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Open every file of a training set, and make its table.

    Parameters
    ----------
    folder : that the items' names start from
    items : files of one split of the set
    holds : what they are
    cache : file that keeps what was counted; made where there is none
    threads : files opened at a time
    progress : called with the files done and all of them

    Returns
    -------
    DataFrame
        As in `Index`; `wrong` says why a file cannot be used.
    """
    known = _known(cache, decoder(holds)) if cache else {}
    if cache:
        cache.parent.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str | int, ...]] = []
    with ThreadPoolExecutor(threads) as pool, cache.open("a", encoding="utf-8") if cache else nullcontext() as file:
        for start in range(0, len(items), AT_ONCE):
            some = items[start : start + AT_ONCE]
            for item, seen in zip(some, pool.map(lambda one: _look(folder, one, holds, known), some), strict=True):
                size, modified, frames, wrong, new = seen
                rows.append((item.file, item.label, item.split, frames, size, modified, wrong))
                if new and file:
                    file.write(json.dumps([item.file, size, modified, decoder(holds), frames, wrong]) + "\n")
                    file.flush()
                if progress is not None:
                    progress(len(rows), len(items))
    return pd.DataFrame(rows, columns=COLUMNS)


def _known(cache: Path, decoder_now: str) -> dict[tuple[str, int, int], tuple[int, str]]:
    """Read what was counted before by the same decoder: (file, bytes, date) to (frames, wrong)."""
    try:
        lines = cache.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {
        (file, size, modified): (frames, wrong)
        for file, size, modified, by, frames, wrong in _read(lines)
        if by == decoder_now
    }


def _read(lines: Sequence[str]) -> Iterator[list[Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:  # the last line of a killed count
            logger.info("left out of the cache of counts: %r", line[:80])


def _look(
    folder: Path, item: Item, holds: Holds, known: dict[tuple[str, int, int], tuple[int, str]]
) -> tuple[int, int, int, str, bool]:
    """Size, date, frames and fault of a file, and whether it was opened for that."""
    path = folder / item.file
    try:
        state = path.stat()
    except OSError as error:
        return 0, 0, 0, f"cannot be opened ({error.strerror})", False
    key = (item.file, state.st_size, state.st_mtime_ns)
    if key in known:
        return *key[1:], *known[key], False
    frames, wrong = (0, "is empty") if not state.st_size else _COUNT[holds](path)
    return *key[1:], frames, wrong, True


def _count_frames(path: Path) -> tuple[int, str]:
    frames = 0
    try:
        for _ in video.decoded(path, threads=1):
            frames += 1
    except InputError as error:
        return frames, str(error).removeprefix(f"{path}: ")
    return frames, "" if frames else "holds no frame"


def _count_image(path: Path) -> tuple[int, str]:
    """Decode an image at an eighth of its size where it is a JPEG: a file that is cut off shows, at a part of the cost."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (32, 32))
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return 0, f"cannot be read ({one_line(error).removesuffix(f' {str(path)!r}')})"
    return 1, ""


_COUNT: dict[Holds, Callable[[Path], tuple[int, str]]] = {"videos": _count_frames, "images": _count_image}
