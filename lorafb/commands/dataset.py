"""`lorafb dataset ucf101 DIR`: what is there of a training set, what is missing, and where to get it."""

import sys
from argparse import Namespace
from collections.abc import Callable

from lorafb.files import InputError
from lorafb.training import imagenet, ucf101
from lorafb.training.folder_report import Report


def run(told: Namespace) -> int:
    """Print the report of a training set, on stderr and with 2 for an answer where something is missing."""
    report = CHECKS[told.name](told)
    print("\n".join(report.lines), file=sys.stderr if report.problems else sys.stdout)
    return 2 if report.problems else 0


def _imagenet(told: Namespace) -> Report:
    if told.split is not None:
        raise InputError("--split: ImageNet has train and val alone; splits 1 to 3 are UCF101's")
    return imagenet.check(told.folder, subset=told.subset)


CHECKS: dict[str, Callable[[Namespace], Report]] = {
    "ucf101": lambda told: ucf101.check(told.folder, split=told.split or 1, subset=told.subset),
    "imagenet": _imagenet,
}
