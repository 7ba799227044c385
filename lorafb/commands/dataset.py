"""`lorafb dataset ucf101 DIR`: report what is missing of a training set, and where to get it."""

import sys
from argparse import Namespace

from lorafb.files import InputError
from lorafb.training import imagenet, ucf101


def run(args: Namespace) -> int:
    """Print the report of a training set; on stderr, and with exit code 2, if something is missing."""
    if args.name == "ucf101":
        report = ucf101.check(args.folder, split=args.split or 1, subset=args.subset)
    elif args.split is not None:
        raise InputError("--split: ImageNet has only train and val; splits 1 to 3 are UCF101's")
    else:
        report = imagenet.check(args.folder, subset=args.subset)
    print("\n".join(report.lines), file=sys.stderr if report.problems else sys.stdout)
    return 2 if report.problems else 0
