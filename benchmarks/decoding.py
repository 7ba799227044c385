"""How fast clips of 16 frames come from a video file and from its frames as pictures: `python benchmarks/decoding.py`.

The ways marked "training clip" are those of training, on one core: they read a clip and then resize, crop and normalise it.
Starts are drawn at random, as training draws them. All ways are timed in turn
in each round, so that whatever else runs on the machine slows all of them alike: the ratios of one run can be compared, the
clips a second of two runs cannot.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lorafb.stimuli import video
from lorafb.training import samples, transforms, video_frames
from lorafb.training.settings import Clips

CLIP = 16
FILE = Path(__file__).parents[1] / "data" / "real" / "clips" / "test.avi"
Clip = Callable[[int], NDArray[np.uint8]]
"""First frame of a clip -> uint8, shape (16, height, width, 3)."""


def decoding(path: Path, threads: int) -> Clip:
    """Decode from the file's first frame on, and convert the clip's frames alone."""

    def clip(start: int) -> NDArray[np.uint8]:
        with av.open(str(path)) as file:
            _use(file, threads)
            return np.stack([video.pixels(frame) for frame in islice(file.decode(video=0), start, start + CLIP)])

    return clip


def seeking(path: Path, threads: int) -> Clip:
    """Decode from the last key frame before the clip."""
    with av.open(str(path)) as file:
        rate = float(file.streams.video[0].average_rate or 0)
        first = _time(file, next(file.decode(video=0)))

    def clip(start: int) -> NDArray[np.uint8]:
        due = first + start / rate
        with av.open(str(path)) as file:
            stream = _use(file, threads)
            file.seek(int(due * av.time_base))
            late = (frame for frame in file.decode(stream) if _time(file, frame) > due - 0.5 / rate)
            return np.stack([video.pixels(frame) for frame in islice(late, CLIP)])

    return clip


def _use(file: "av.container.InputContainer", threads: int) -> "av.video.stream.VideoStream":
    stream = file.streams.video[0]
    stream.thread_type, stream.thread_count = "AUTO", threads
    return stream


def _time(file: "av.container.InputContainer", frame: av.VideoFrame) -> float:
    stamp, unit_s = frame.dts if file.format.name == "avi" else frame.pts, frame.time_base
    return float("inf") if stamp is None or unit_s is None else float(stamp * unit_s)  # the last of an .avi have none


def reading(folder: Path) -> Clip:
    """Read the pictures that `lorafb.training.video_frames` has written."""

    def clip(start: int) -> NDArray[np.uint8]:
        paths = [folder / f"{number:04d}.jpg" for number in range(start + 1, start + CLIP + 1)]
        return np.stack([np.asarray(Image.open(path)) for path in paths])

    return clip


def training(read: Callable[[Path, list[int]], NDArray[np.uint8]], path: Path) -> Clip:
    """Read a clip as a training does, and make of it what the network is shown."""

    def clip(start: int) -> NDArray[np.uint8]:
        frames = read(path, list(range(start, start + CLIP)))
        return np.asarray(transforms.clip(frames, Clips(), np.random.default_rng(start), "half"))

    return clip


def timed(ways: dict[str, Clip], frames: int, rounds: int) -> dict[str, NDArray[np.float64]]:
    """Time each way once a round, all on the same start: seconds on the clock and of the processor, shape (rounds, 2).

    The first round, which loads files and code, is dropped.
    """
    starts = np.random.default_rng(1).integers(0, frames - CLIP + 1, rounds + 1)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for start in starts.tolist():
        for name, clip in ways.items():
            begun = time.perf_counter(), time.process_time()
            clip(start)
            taken[name].append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    return {name: np.array(times[1:]) for name, times in taken.items()}


def check(ways: dict[str, Clip], frames: int) -> None:
    """Raise AssertionError unless all ways that decode give the same clip, its last frame at the end of the video too."""
    for start in (0, frames // 3, frames - CLIP):
        expected, *others = (clip(start) for name, clip in ways.items() if "pictures" not in name)
        for clip in others:
            np.testing.assert_array_equal(clip, expected)


def main() -> None:
    """Print a table: clips a second, processor time, and each as a ratio to reading pictures (above 1 is slower)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="a video file")
    parser.add_argument("--rounds", type=int, default=60, help="clips of each way")
    told = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        made = video_frames.write(told.file.parent, [told.file.name], Path(folder))
        frames, writing = int(made["frames"][0]), time.perf_counter() - begun
        pictures = next(path for path in Path(folder).iterdir() if path.is_dir())
        size = sum(path.stat().st_size for path in pictures.glob("*.jpg"))
        ways = {"16 pictures": reading(pictures)}
        for threads in sorted({1, cores}):
            ways[f"decoding, {threads} threads"] = decoding(told.file, threads)
            ways[f"decoding from the nearest key frame, {threads} threads"] = seeking(told.file, threads)
        check(ways, frames)
        ways["training clip from pictures"] = training(video_frames.read, Path(folder) / told.file.name)
        ways["training clip from the video"] = training(samples.decode, told.file)
        taken = timed(ways, frames, told.rounds)
    print(
        f"{told.file.name}: {frames} frames, {key_frames(told.file)} of them key frames; as pictures"
        f" {size / told.file.stat().st_size:.1f} times as large, written at {frames / writing:.0f} frames/s;"
        f" {cores} cores, {told.rounds} random clips of {CLIP} frames a way; medians"
    )
    clock, processor = np.median(taken["16 pictures"], axis=0)
    print(f"{'way':48} {'clips/s':>8} {'ratio':>6} {'processor, ms a clip':>21} {'ratio':>6}")
    for name, times in taken.items():
        own_clock, own_processor = np.median(times, axis=0)
        ratios = own_clock / clock, own_processor / processor
        print(f"{name:48} {1 / own_clock:8.1f} {ratios[0]:6.2f} {1000 * own_processor:21.1f} {ratios[1]:6.2f}")


def key_frames(path: Path) -> int:
    """Count the frames from which decoding can start."""
    with av.open(str(path)) as file:
        return sum(packet.is_keyframe and packet.size > 0 for packet in file.demux(video=0))


if __name__ == "__main__":
    main()
