"""ImageNet (ILSVRC 2012): 1000 classes of photographs, a folder each below `train` and `val`.

Russakovsky et al. 2015, doi 10.1007/s11263-015-0816-y. Labels are the places of the class folders in the order of their
names: a class missing from one of the two sets would shift every label after it, unseen.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lorafb.files import visible
from lorafb.training.folder_report import Report, unlike

EXPECTED = {"classes": 1000, "training images": 1_281_167, "validation images": 50_000}
VALIDATION_IMAGES = 50
"""A class."""
ENDINGS = (".jpeg", ".jpg", ".png")
CLASS = re.compile(r"n\d{8}")
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
        "training images": sum(training.values()),
        "validation images": sum(validation.values()),
    }
    problems += [
        *_loose(folder / "val"),
        *_one_sided(training, validation),
        *(
            f"{part}/{name}: no image"
            for part, images_of in (("train", training), ("val", validation))
            for name, number in images_of.items()
            if number == 0
        ),
    ]
    if subset:
        problems += [] if training else [f"{folder / 'train'}: no class folder"]
    else:
        problems += [*_misnamed(training), *_short(validation), *unlike(counts, EXPECTED)]
    return Report("imagenet", folder, counts, EXPECTED, tuple(problems), INSTRUCTIONS)


def images(folder: Path) -> dict[str, int]:
    """Count the images in each class folder, in the order of the names."""
    names = sorted(entry.name for entry in visible(folder) if entry.is_dir())
    return {name: _count(folder / name) for name in names}


def _count(folder: Path) -> int:
    return sum(entry.name.lower().endswith(ENDINGS) for entry in visible(folder))


def _loose(folder: Path) -> Iterator[str]:
    loose = _count(folder)
    if loose:
        yield f"{folder} holds {loose} images outside class folders"


def _one_sided(training: Mapping[str, int], validation: Mapping[str, int]) -> Iterator[str]:
    for part, other, names in (
        ("train", "val", training.keys() - validation.keys()),
        ("val", "train", validation.keys() - training.keys()),
    ):
        if names:
            yield f"{len(names)} classes in {part} and not in {other}: {', '.join(sorted(names))}"


def _misnamed(counts: Mapping[str, int]) -> Iterator[str]:
    wrong = [name for name in counts if not CLASS.fullmatch(name)]
    if wrong:
        yield f"{len(wrong)} folders not named as ImageNet's classes (n and 8 digits): {', '.join(wrong)}"


def _short(validation: Mapping[str, int]) -> Iterator[str]:
    for name, number in validation.items():
        if number not in (0, VALIDATION_IMAGES):
            yield f"val/{name}: {number} images, expected {VALIDATION_IMAGES}"
