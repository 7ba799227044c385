"""Which files a training set has, and their classes, by its kind; none is opened for its content."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from lorafb.files import InputError, nearest, visible
from lorafb.training import imagenet, ucf101
from lorafb.training.folder_report import Report, unlike
from lorafb.training.index import ENDINGS, Holds, Item, named

Kind = Literal["ucf101", "imagenet", "folder"]
TEST_FOLDERS = ("test", "val")


def root(kind: Kind, folder: Path) -> Path:
    """Folder that the files' names start from."""
    return ucf101.videos_folder(folder) if kind == "ucf101" else folder


def report(
    kind: Kind,
    folder: Path,
    *,
    split: int = 1,
    subset: bool = False,
    holds: Holds = "videos",
    classes: int | None = None,
    lists: Sequence[str] | None = None,
) -> Report:
    """Report what a training set holds and lacks.

    Parameters
    ----------
    kind : "ucf101", "imagenet" or "folder"
    folder : of the set
    split : of UCF101
    subset : some files, and of UCF101 and ImageNet some classes, are left out on purpose
    holds, classes : of kind folder: what its class folders hold, and how many they must be
    lists : of kind folder: names of two lists of files in the folder, to train on and to test on, in place of folders

    Raises
    ------
    InputError
        Kind folder: as `class_folders` and `class_lists`.
    """
    if kind == "ucf101":
        return ucf101.check(folder, split=split, subset=subset, look_inside=False)
    if kind == "imagenet":
        return imagenet.check(folder, subset=subset)
    names, items = class_lists(folder, lists) if lists else class_folders(folder, holds)
    counts = {f"{part} {holds}": sum(item.split == part for item in items) for part in ("training", "test")}
    found = {"classes": len(names), **counts}
    expected = {**found, "classes": classes or len(names)}
    problems = tuple(unlike(found, expected))
    return Report("folder", folder, found, expected, problems, "Set `classes` of the training set.", items=tuple(items))


def class_folders(folder: Path, holds: Holds) -> tuple[list[str], list[Item]]:
    """List a folder of classes: `train/CLASS/FILE`, and `test` or `val` alike.

    Returns
    -------
    classes : list of str
        In the order of their labels, which is that of their names.
    items : list of Item

    Raises
    ------
    InputError
        A part is missing, a class is in one part only, or holds no file, or files lie outside classes.
    """
    tests = [name for name in TEST_FOLDERS if (folder / name).is_dir()]
    if not (folder / "train").is_dir() or len(tests) != 1:
        raise InputError(f"{folder}: expected the folders train and either test or val, of class folders")
    parts = {"training": folder / "train", "test": folder / tests[0]}
    names = {split: {one.name for one in visible(part) if one.is_dir()} for split, part in parts.items()}
    for name in sorted(names["training"] ^ names["test"]):
        where = parts["training" if name in names["training"] else "test"].name
        raise InputError(f"{folder}: class {name} is in {where} only; labels follow the order of names in both")
    classes = sorted(names["training"])
    items = []
    for split, part in parts.items():
        loose = named(part, holds)
        if loose:
            raise InputError(f"{part}: {len(loose)} {holds} lie outside class folders, {loose[0]} for one")
        for label, name in enumerate(classes):
            files = named(part / name, holds)
            if not files:
                raise InputError(f"{part / name}: no {holds} ({', '.join(ENDINGS[holds])})")
            items += [Item(f"{part.name}/{name}/{file}", label, split) for file in files]
    return classes, items


def class_lists(folder: Path, lists: Sequence[str]) -> tuple[list[str], list[Item]]:
    """Read a list of files to train on and one to test on.

    A line is `FILE`, whose folder names its class, or `FILE CLASS` with a tab, a comma or a space between; files are named
    as seen from `folder`.

    Returns
    -------
    classes : list of str
        Those to train on, in the order of their labels, which is that of their names.
    items : list of Item

    Raises
    ------
    InputError
        A list is missing, a file is named twice or without a class, or a class has nothing to train on.
    """
    seen: dict[str, tuple[str, str]] = {}
    for part, split in zip(lists, ("training", "test"), strict=True):
        for number, (file, name) in _lines(folder, folder / part):
            where = f"{folder / part}: line {number}: {file}"
            if not name:
                raise InputError(f"{where} is in no folder that names its class; write CLASS/FILE, or FILE,CLASS")
            if file in seen:
                raise InputError(f"{where} was listed before, for {seen[file][1]}")
            seen[file] = name, split
    classes = sorted({name for name, split in seen.values() if split == "training"})
    for file, (name, _) in seen.items():
        if name not in classes:
            raise InputError(
                f"{folder / lists[1]}: {file}: {lists[0]} has nothing of class {name}{nearest(name, classes)}"
            )
    return classes, [Item(file, classes.index(name), split) for file, (name, split) in seen.items()]


def _lines(folder: Path, path: Path) -> Iterator[tuple[int, tuple[str, str]]]:
    """File and class of each line that is not empty, with the line's number."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: no such list of files; expected a text file") from None
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        separator = next((one for one in "\t," if one in line), None)
        if separator or (" " in line and not (folder / line).exists()):
            file, name = line.rsplit(separator, 1)
            yield number, (file.strip(), name.strip())
        elif line:
            yield number, (line, line.rpartition("/")[0].rpartition("/")[2])
