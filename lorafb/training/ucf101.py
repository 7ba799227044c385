"""UCF101: 13,320 videos of 101 actions, and three ways to divide them into videos to train and to test on.

Soomro, Zamir, Shah 2012, arXiv 1212.0402. Videos of one group are cuts of one film, so a random split would
test on what was trained on: the published lists decide.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lorafb.files import InputError, nearest, visible
from lorafb.training.folder_report import Report, unlike
from lorafb.training.index import Item

CLASSES = 101
VIDEOS = {1: (9537, 3783), 2: (9586, 3734), 3: (9624, 3696)}
"""Training and test videos of each split."""
FILE = re.compile(r"v_(?P<action>\w+)_g(?P<group>\d+)_c\d+\.avi", re.ASCII)
INSTRUCTIONS = (
    "Get UCF101 from www.crcv.ucf.edu/data/UCF101.php: UCF101.rar (6.5 GB) and"
    " UCF101TrainTestSplits-RecognitionTask.zip. Unpack both in DIR, so that there are"
    " DIR/UCF-101/Archery/v_Archery_g01_c01.avi and DIR/ucfTrainTestlist/trainlist01.txt."
)


@dataclass(frozen=True)
class Lists:
    """The lists of a split.

    Attributes
    ----------
    classes : tuple of str
        In the order of their labels.
    videos : tuple of Item
        To train on, then to test on, in the order of the lists.
    """

    classes: tuple[str, ...]
    videos: tuple[Item, ...]


def lists_folder(folder: Path) -> Path:
    """Folder of the lists: as they are unpacked, or the data set's own."""
    return next((path for path in (folder / "ucfTrainTestlist", folder) if (path / "classInd.txt").is_file()), folder)


def videos_folder(folder: Path) -> Path:
    """Folder that holds a folder of videos for each class: as they are unpacked, or the data set's own."""
    return next((path for path in (folder / "UCF-101", folder / "videos") if path.is_dir()), folder)


def read_lists(folder: Path, split: int = 1) -> Lists:
    """Read the classes and the videos of a split.

    Raises
    ------
    InputError
        A list is missing, or a line of it names no class or no video of its class, or one that was named before, or
        cuts of one film are in both lists.

    Notes
    -----
    Capitals make no difference between names. A label is the class' number in `classInd.txt` less 1.
    """
    where = lists_folder(folder)
    labels: dict[str, int] = {}
    for number, words in _rows(where / "classInd.txt", 2):
        if words[0] != str(len(labels) + 1) or words[1] in labels:
            raise InputError(
                f"{where / 'classInd.txt'}: line {number}: {' '.join(words)}, expected NUMBER CLASS in order"
            )
        labels[words[1]] = len(labels)
    numbers = {name.lower(): label for name, label in labels.items()}
    videos: dict[str, Item] = {}
    films: dict[tuple[int, str], str] = {}
    for split_name, list_name in (("training", "trainlist"), ("test", "testlist")):
        path = where / f"{list_name}{split:02d}.txt"
        for number, words in _rows(path, 1):
            action, _, file = words[0].partition("/")
            label = numbers.get(action.lower())
            named = FILE.fullmatch(file)
            # the published lists have HandstandPushups/v_HandStandPushups_g01_c01.avi
            if label is None or named is None or named["action"].lower() != action.lower():
                raise InputError(
                    f"{path}: line {number}: {words[0]}, expected CLASS/v_CLASS_gNN_cNN.avi{nearest(action, labels)}"
                )
            key = words[0].lower()
            if key in videos:
                raise InputError(f"{path}: line {number}: {words[0]} was listed before, as a {videos[key].split} video")
            if words[1:] not in ([], [str(label + 1)]):
                raise InputError(f"{path}: line {number}: {action} is class {label + 1}, not {words[1]}")
            films.setdefault((label, named["group"]), split_name)
            if films[label, named["group"]] != split_name:
                raise InputError(
                    f"{path}: line {number}: {words[0]} is a cut of a film whose other cuts are {films[label, named['group']]}"
                    " videos; a network would be tested on what it was trained on"
                )
            videos[key] = Item(words[0], label, split_name)
    return Lists(tuple(labels), tuple(videos.values()))


def _rows(path: Path, least: int) -> Iterator[tuple[int, list[str]]]:
    """Words of each line that is not empty, at least so many, with the line's number."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: no such list") from None
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if words and len(words) < least:
            raise InputError(f"{path}: line {number}: {line.strip()}, expected {least} words")
        if words:
            yield number, words


def check(folder: Path, *, split: int = 1, subset: bool = False, look_inside: bool = True) -> Report:
    """Report which parts of UCF101 are there and which are missing.

    Parameters
    ----------
    folder : the data set's folder
    split : 1, 2 or 3
    subset : take fewer classes and videos than there are, whichever are listed and there
    look_inside : read the first bytes of each video; not where it is decoded anyway and some may be left out
    """
    expected = dict(zip(("classes", "training videos", "test videos"), (CLASSES, *VIDEOS[split]), strict=True))

    def report(
        found: dict[str, int], problems: Sequence[str], remarks: Sequence[str] = (), items: Sequence[Item] = ()
    ) -> Report:
        return Report("ucf101", folder, found, expected, tuple(problems), INSTRUCTIONS, tuple(remarks), tuple(items))

    if not folder.is_dir():
        return report({}, [f"no folder {folder}"])
    try:
        lists = read_lists(folder, split)
    except InputError as error:
        return report({}, [str(error)])

    videos = videos_folder(folder)
    there = present(videos, lists.videos)
    found = {
        "classes": len({video.label for video in there}),
        "training videos": sum(video.split == "training" for video in there),
        "test videos": sum(video.split == "test" for video in there),
    }
    opened = there if look_inside else []
    problems = [f"{video.file} {wrong}" for video in opened if (wrong := _damage(videos / video.file))]
    if not subset:
        problems += [*_missing(videos, lists, there), *unlike(found, expected)]
    elif 0 in found.values():
        problems += [f"{what}: none" for what, number in found.items() if number == 0]
    return report(found, problems, list(_strange(videos, lists.classes)), there)


def present(videos_folder: Path, videos: Sequence[Item]) -> list[Item]:
    """Videos of the lists that are there, each under its name on disk, which may differ from the list's in capitals."""
    there = {
        f"{action.name}/{file.name}".lower(): f"{action.name}/{file.name}"
        for action in visible(videos_folder)
        if action.is_dir()
        for file in visible(action.path)
    }
    return [replace(video, file=there[video.file.lower()]) for video in videos if video.file.lower() in there]


def _missing(videos: Path, lists: Lists, there: Sequence[Item]) -> Iterator[str]:
    """Name what is listed and not there: whole classes, then videos by class."""
    files = {video.file.lower() for video in there}
    folders = {entry.name.lower() for entry in visible(videos) if entry.is_dir()}
    absent = [action for action in lists.classes if action.lower() not in folders]
    if absent:
        yield f"{len(absent)} class folders missing in {videos}: {', '.join(absent)}"
    for label, action in enumerate(lists.classes):
        listed = [video.file for video in lists.videos if video.label == label]
        gone = [file.partition("/")[2] for file in listed if file.lower() not in files]
        if gone and action not in absent:
            yield f"{action}: {len(gone)} of {len(listed)} videos missing: {', '.join(gone)}"


def _strange(videos: Path, classes: Sequence[str]) -> Iterator[str]:
    known = {name.lower() for name in (*classes, "ucfTrainTestlist")}
    for name in sorted(entry.name for entry in visible(videos) if entry.is_dir()):
        if name.lower() not in known:
            yield f"folder {name} is no class of classInd.txt{nearest(name, classes)}"


def _damage(path: Path) -> str:
    """Say what is wrong with an .avi by its first bytes, which state its length; empty where nothing is."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
    if len(start) < 12 or start[:4] != b"RIFF" or start[8:] != b"AVI ":
        return "is no .avi video"
    stated = int.from_bytes(start[4:8], "little") + 8
    return f"is cut off: {size} of {stated} bytes" if size < stated else ""
