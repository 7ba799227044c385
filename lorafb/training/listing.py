"""Which files a training set has, and their classes, by its kind; none is opened for its content."""

from pathlib import Path
from typing import Literal

from lorafb.files import InputError, visible
from lorafb.training import imagenet, ucf101
from lorafb.training.folder_report import Report, unlike
from lorafb.training.index import ENDINGS, Holds, Item

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
) -> Report:
    """Report what a training set holds and lacks.

    Parameters
    ----------
    kind : "ucf101", "imagenet" or "folder"
    folder : of the set
    split : of UCF101
    subset : some files, and of UCF101 and ImageNet some classes, are left out on purpose
    holds, classes : of kind folder: what its class folders hold, and how many they must be

    Raises
    ------
    InputError
        Kind folder: as `class_folders`.
    """
    if kind == "ucf101":
        return ucf101.check(folder, split=split, subset=subset)
    if kind == "imagenet":
        return imagenet.check(folder, subset=subset)
    names, items = class_folders(folder, holds)
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
        loose = [one.name for one in visible(part) if one.name.lower().endswith(ENDINGS[holds])]
        if loose:
            raise InputError(f"{part}: {len(loose)} {holds} lie outside class folders, {loose[0]} for one")
        for label, name in enumerate(classes):
            files = sorted(one.name for one in visible(part / name) if one.name.lower().endswith(ENDINGS[holds]))
            if not files:
                raise InputError(f"{part / name}: no {holds} ({', '.join(ENDINGS[holds])})")
            items += [Item(f"{part.name}/{name}/{file}", label, split) for file in files]
    return classes, items
