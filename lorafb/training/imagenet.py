"""ImageNet (ILSVRC 2012): 1000 classes of photographs, a folder each below `train` and `val`.

Russakovsky et al. 2015, doi 10.1007/s11263-015-0816-y. Labels are places in the fixed list of its 1000 classes: by the
order of the folders, one that is missing or surplus would shift every label after it, unseen.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lorafb.files import visible
from lorafb.training.folder_report import Report, unlike
from lorafb.training.imagenet_classes import CLASSES
from lorafb.training.index import Item, named

EXPECTED = {"classes": 1000, "training images": 1_281_167, "validation images": 50_000}
VALIDATION_IMAGES = 50
"""A class."""
INSTRUCTIONS = (
    "Get ImageNet from image-net.org after signing its terms: ILSVRC2012_img_train.tar (138 GB) and"
    " ILSVRC2012_img_val.tar (6.3 GB). The first holds an archive a class: unpack each in a folder of its own,"
    " DIR/train/n01440764/n01440764_10026.JPEG. The second holds images alone: sort them by the labels of the development"
    " kit (ILSVRC2012_devkit_t12.tar.gz) into DIR/val/n01440764/ILSVRC2012_val_00000293.JPEG."
)


def check(folder: Path, *, subset: bool = False) -> Report:
    """Report which parts of ImageNet are there and which are missing; images are counted by name and not opened.

    Parameters
    ----------
    folder : holds `train` and `val`
    subset : take fewer classes and images than there are, as long as both sets have the same classes
    """
    problems = [f"no folder {folder / part}" for part in ("train", "val") if not (folder / part).is_dir()]
    if problems:
        return Report("imagenet", folder, {}, EXPECTED, tuple(problems), INSTRUCTIONS)
    training, validation = (images(folder / part) for part in ("train", "val"))
    counts = {
        "classes": len(training.keys() & validation.keys()),
        "training images": sum(map(len, training.values())),
        "validation images": sum(map(len, validation.values())),
    }
    problems += [
        *_loose(folder / "val"),
        *_one_sided(training, validation),
        *(
            f"{part}/{name}: no image"
            for part, images_of in (("train", training), ("val", validation))
            for name, files in images_of.items()
            if not files
        ),
        *_misnamed({**training, **validation}),
    ]
    if subset:
        problems += [] if training else [f"{folder / 'train'}: no class folder"]
    else:
        problems += [*_short(validation), *unlike(counts, EXPECTED)]
    labels = {name: label for label, name in enumerate(CLASSES)}
    items = tuple(
        Item(f"{part}/{name}/{file}", labels[name], split)
        for part, split, images_of in (("train", "training", training), ("val", "test", validation))
        for name, files in images_of.items()
        for file in (files if name in labels else [])
    )
    return Report("imagenet", folder, counts, EXPECTED, tuple(problems), INSTRUCTIONS, items=items)


def images(folder: Path) -> dict[str, list[str]]:
    """Images in each class folder, both in the order of their names."""
    return {
        name: named(folder / name, "images") for name in sorted(one.name for one in visible(folder) if one.is_dir())
    }


def _loose(folder: Path) -> Iterator[str]:
    loose = len(named(folder, "images"))
    if loose:
        yield f"{folder} holds {loose} images outside class folders"


def _one_sided(training: Mapping[str, list[str]], validation: Mapping[str, list[str]]) -> Iterator[str]:
    for part, other, names in (
        ("train", "val", training.keys() - validation.keys()),
        ("val", "train", validation.keys() - training.keys()),
    ):
        if names:
            yield f"{len(names)} classes in {part} and not in {other}: {', '.join(sorted(names))}"


def _misnamed(folders: Mapping[str, list[str]]) -> Iterator[str]:
    wrong = [name for name in folders if name not in CLASSES]
    if wrong:
        yield (
            f"{len(wrong)} folders are none of ImageNet's 1000 classes (n01440764 ...): {', '.join(wrong)}; classes of your"
            " own are a training set of `kind: folder`"
        )


def _short(validation: Mapping[str, list[str]]) -> Iterator[str]:
    for name, files in validation.items():
        if len(files) not in (0, VALIDATION_IMAGES):
            yield f"val/{name}: {len(files)} images, expected {VALIDATION_IMAGES}"
