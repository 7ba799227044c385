"""Any video file in, uint8 frames out, in the order in which they are shown."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray
from PIL import Image

from lorafb.artefacts.stimuli import Stimulus
from lorafb.files import InputError


def read(
    path: Path | str,
    start: int = 0,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    rate_hz: float | None = None,
) -> Stimulus:
    """Read a run of frames from a video file.

    Parameters
    ----------
    path : path
        Any container and codec that FFmpeg knows; sound is ignored.
    start : int
        First frame to keep, counted from 0.
    frames : int, optional
        Frames to keep; all that follow when not given.
    size : (height, width), optional
        Scale each frame to this many pixels (averaging, so that fine detail does not alias); as stored if not given.
    rate_hz : float, optional
        Frames a second, where the file's own statement is missing or wrong.

    Returns
    -------
    Stimulus
        `frames` uint8, shape (T, height, width, 3), red, green, blue; `rate_hz` as the file states it on average.

    Raises
    ------
    InputError
        The file is missing, not a video, damaged, states no rate, or holds fewer frames than asked.
    """
    if start < 0 or (frames is not None and frames < 1):
        raise InputError(f"{path}: start {start}, frames {frames}; expected a start from 0 and at least 1 frame")
    kept: list[NDArray[np.uint8]] = []
    seen = 0
    with _opened(Path(path)) as video:
        rate = rate_hz or _rate(video, path)
        for frame in _decoded(video, path):
            if seen >= start:
                kept.append(_pixels(frame, size))
            seen += 1
            if len(kept) == frames:
                break
    if not kept or (frames is not None and len(kept) < frames):
        asked = f"frames {start} to {start + frames - 1}" if frames else f"frame {start} and those after it"
        raise InputError(f"{path}: holds {seen} frames, numbered from 0; expected {asked}")
    if len({one.shape for one in kept}) > 1:
        raise InputError(f"{path}: its frames change size on the way; give the size to scale all of them to")
    return Stimulus(np.stack(kept), rate, f"video file {Path(path).name}")


def _opened(path: Path) -> "av.container.InputContainer":
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a video file")
    try:
        video = av.open(str(path))
    except FFmpegError as error:
        raise InputError(f"{path}: not a video file ({error.strerror})") from error
    if not video.streams.video:
        video.close()
        raise InputError(f"{path}: holds no video; expected a file with a video stream")
    return video


def _decoded(video: "av.container.InputContainer", path: Path | str) -> Iterator[av.VideoFrame]:
    seen = 0
    try:
        for frame in video.decode(video=0):
            yield frame
            seen += 1
    except FFmpegError as error:
        raise InputError(f"{path}: damaged after frame {seen} ({error.strerror})") from error


def _rate(video: "av.container.InputContainer", path: Path | str) -> float:
    stated = video.streams.video[0].average_rate
    if not stated:
        raise InputError(f"{path}: states no frame rate; give it as rate_hz")
    return float(stated)


def _pixels(frame: av.VideoFrame, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    pixels = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    if size is None or pixels.shape[:2] == size:
        return pixels
    height, width = size
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))
