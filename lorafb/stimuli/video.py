"""Any video file in, uint8 frames out, in the order in which they are shown and as a player shows them.

FFmpeg returns a guessed frame, a frame at the wrong time and a frame on its side like any other: each is corrected here
or refused.
"""

from collections.abc import Generator
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray
from PIL import Image

from lorafb.artefacts.stimuli import LazyFrames, Stimulus
from lorafb.files import InputError


def read(
    path: Path | str,
    start: int = 0,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    rate_hz: float | None = None,
) -> Stimulus:
    """Take a run of frames from a video file; they are decoded as they are asked for.

    Parameters
    ----------
    path : path
        Any container and codec that FFmpeg knows, animated GIF too; sound is ignored.
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
        `frames` uint8, shape (T, height, width, 3), red, green, blue, grey as three equal channels, turned as the file
        says; `rate_hz` as the file states it on average.

    Raises
    ------
    InputError
        The file is missing, not a video, states no rate, or holds fewer frames than asked. When frames are asked for:
        one is damaged or see-through, has another size, or comes at another time than its number and the rate say.
    """
    path = Path(path)
    if start < 0 or (frames is not None and frames < 1):
        raise InputError(f"{path}: start {start}, frames {frames}; expected a start from 0 and at least 1 frame")
    held = n_frames(path)
    end = start + frames if frames else held
    if not start < end <= held:  # frames are numbered from 0, so the last one is end - 1 and must be below `held`
        asked = f"frames {start} to {end - 1}" if frames else f"frame {start} and those after it"
        raise InputError(f"{path}: holds {held} frames, numbered from 0; expected {asked}")
    rate = rate_hz or _rate(path)
    run = _Run(path, start, size, None if rate_hz else rate)
    height, width, _ = run(0).shape
    return Stimulus(LazyFrames((end - start, height, width, 3), run), rate, f"video file {path.name}")


def n_frames(path: Path | str) -> int:
    """Count the frames of a video file without decoding one, in far less time: no more can come out than packets hold.

    Raises
    ------
    InputError
        The file is missing, or not a video.
    """
    with _opened(Path(path)) as video:
        try:
            return sum(packet.size > 0 for packet in video.demux(video=0))
        except FFmpegError as error:
            raise InputError(f"{path}: damaged ({error.strerror})") from error


def decoded(path: Path | str, threads: int = 0) -> Generator[tuple[float | None, av.VideoFrame]]:
    """Decode a video from its first frame on: the time in seconds at which each is shown, and the frame.

    FFmpeg takes so many threads, 0 for its own choice; more than one may hang in a forked process.

    Raises
    ------
    InputError
        A frame is damaged.
    """
    seen = 0
    with _opened(Path(path)) as video:
        video.streams.video[0].thread_count = threads
        unordered = video.format.name == "avi"  # states when frames are decoded, not when they are shown
        try:
            for frame in video.decode(video=0):
                if frame.is_corrupt:
                    raise InputError(f"{path}: frame {seen} is damaged; is the file cut off?")
                stamp, unit_s = frame.dts if unordered else frame.pts, frame.time_base
                yield None if stamp is None or unit_s is None else float(stamp * unit_s), frame
                seen += 1
        except FFmpegError as error:
            raise InputError(f"{path}: damaged after frame {seen} ({error.strerror})") from error


def pixels(frame: av.VideoFrame, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Colours of a frame as a player shows it: turned as the file says, then scaled.

    Parameters
    ----------
    frame : decoded frame of any pixel format
    size : (height, width) to scale to, or None

    Returns
    -------
    uint8, shape (height, width, 3)

    Raises
    ------
    InputError
        It is see-through somewhere, so that what was seen depends on what lay behind it, or turned by no quarter.
    """
    if any(component.is_alpha for component in frame.format.components):
        colours = frame.to_ndarray(format="rgba")
        if (colours[..., 3] < 255).any():
            raise InputError("see-through in places; lay the frames on the ground that they were shown on")
        colours = colours[..., :3]
    else:
        colours = frame.to_ndarray(format="rgb24")
    if frame.rotation % 90:
        raise InputError(f"turned by {frame.rotation} degrees, expected a multiple of 90")
    colours = np.rot90(colours, frame.rotation // 90)
    if size not in (None, colours.shape[:2]):
        height, width = size
        colours = np.asarray(Image.fromarray(colours).resize((width, height), Image.Resampling.BILINEAR))
    return np.ascontiguousarray(colours)


class _Run:
    """Frames of a run by number: a later one is decoded from here on, an earlier one from the start of the file."""

    def __init__(self, path: Path, start: int, size: tuple[int, int] | None, rate_hz: float | None) -> None:
        self.path, self.start, self.size, self.rate_hz = path, start, size, rate_hz
        self._shape: tuple[int, ...] = ()
        self._restart()

    def _restart(self) -> None:
        self._frames = decoded(self.path)
        self._seen = 0
        self._begun: float | None = None

    def __call__(self, number: int) -> NDArray[np.uint8]:
        if self.start + number < self._seen:
            self._restart()
        while self._seen < self.start + number:
            self._next()
        frame = self._next()
        try:
            colours = pixels(frame, self.size)
        except InputError as error:
            raise InputError(f"{self.path}: frame {self.start + number} is {error}") from None
        self._shape = self._shape or colours.shape
        if colours.shape != self._shape:
            wide, was = (f"{shape[1]} x {shape[0]}" for shape in (colours.shape, self._shape))
            raise InputError(f"{self.path}: frame {self.start + number} is {wide} pixels, those before it {was}")
        return colours

    def _next(self) -> av.VideoFrame:
        time_s, frame = next(self._frames, (None, None))
        if frame is None:
            raise InputError(f"{self.path}: holds {self._seen} frames only, though it states more; is it damaged?")
        if time_s is not None and self.rate_hz is not None:
            self._check(time_s, self.rate_hz)
        self._seen += 1
        return frame

    def _check(self, time_s: float, rate_hz: float) -> None:
        """Raise where a frame comes more than half a frame before or after the time that its number says."""
        if self._begun is None:  # the time of frame 0, whichever frame the run begins with
            self._begun = time_s - self._seen / rate_hz
        comes_s, due_s = time_s - self._begun, self._seen / rate_hz
        if abs(comes_s - due_s) * rate_hz > 0.5:
            raise InputError(
                f"{self.path}: frame {self._seen} comes at {comes_s:.3f} s, expected at {due_s:.3f} s at {rate_hz:g} frames"
                f" a second; make the rate even (ffmpeg -i IN -vf fps={rate_hz:g} OUT) or give the one to count with as rate_hz"
            )


def _opened(path: Path) -> "av.container.InputContainer":
    if path.is_dir():
        raise InputError(f"{path}: is a folder; one of images is a stimulus of kind images")
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


def _rate(path: Path) -> float:
    with _opened(path) as video:
        stated = video.streams.video[0].average_rate
    if not stated:
        raise InputError(f"{path}: states no frame rate; give it as rate_hz")
    return float(stated)
