"""UCF101 and ImageNet in miniature, cut from the real clips of the repository."""

from itertools import islice
from pathlib import Path

import av
from PIL import Image

from lorafb.stimuli import video

CLIPS = Path(__file__).parents[2] / "data" / "real" / "clips"
FILMS = {"ApplyEyeMakeup": ("ApplyEyeMakeup", "test.avi"), "HandstandPushups": ("HandStandPushups", "bikes.mp4")}
"""Folder of a class, and how its files spell it: the published lists differ in one capital."""
SYNSETS = ("n01440764", "n02105855")


def frames_of(name, size=(60, 80)):
    return [video.pixels(frame, size) for _, frame in islice(video.decoded(CLIPS / name), 160)]


def film(path, frames, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=25, options=options)
        stream.height, stream.width, _ = frames[0].shape
        stream.pix_fmt = "yuv420p"
        for picture in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())


def ucf101(folder, training=3, test=1, length=20):
    """Videos of real frames with B-frames, and the official lists with their odd spelling and line ends."""
    lists = folder / "ucfTrainTestlist"
    lists.mkdir(parents=True)
    (lists / "classInd.txt").write_text("".join(f"{number} {name}\r\n" for number, name in enumerate(FILMS, 1)))
    listed = {"trainlist01.txt": [], "testlist01.txt": []}
    for label, (name, (spelt, source)) in enumerate(FILMS.items(), 1):
        shown = frames_of(source)
        for number in range(training + test):
            group = number + 8 if number < training else number - training + 1
            file = f"{name}/v_{spelt}_g{group:02d}_c01.avi"
            start = number * length
            film(folder / "UCF-101" / file, shown[start : start + length + number], bf="2")
            listed["trainlist01.txt" if number < training else "testlist01.txt"].append((file, label))
    (lists / "trainlist01.txt").write_text("".join(f"{file} {label}\r\n" for file, label in listed["trainlist01.txt"]))
    (lists / "testlist01.txt").write_text("".join(f"{file}\r\n" for file, _ in listed["testlist01.txt"]))
    return folder


def imagenet(folder, training=4, test=2):
    """Photographs, among them a grey one, one in CMYK, a PNG by another name, and what a Mac leaves beside them."""
    for name, source in zip(SYNSETS, ("test.avi", "bikes.mp4"), strict=True):
        shown = frames_of(source)
        for number in range(training + test):
            part = "train" if number < training else "val"
            path = folder / part / name / f"{name}_{number}.JPEG"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(shown[10 * number])
            mode, kind = {0: ("L", "JPEG"), 1: ("CMYK", "JPEG"), 2: ("RGB", "PNG")}.get(number, ("RGB", "JPEG"))
            picture.convert(mode).save(path, kind)
            path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07Mac OS X")
    return folder
