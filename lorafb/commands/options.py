"""The options of the published programs, spelt as they spell them, and ours beside them; read without anything heavy."""

from argparse import ArgumentParser
from pathlib import Path

METRICS = {"TSRSA": "tsrsa", "Regression": "regression"}
"""Metrics by their published names, and ours."""
REPLACEMENTS = ("gaussian", "uniform", "black", "static")
TRIALS = 10


def similarity(parser: ArgumentParser) -> None:
    """Add the options of `lorafb similarity`."""
    add = parser.add_argument
    add("--model", required=True, metavar="NETWORK", help="network of the catalogue: see lorafb networks")
    add("--model-name", metavar="LABEL", help="name of the network in the results; its own name if not given")
    add("--train-dataset", default="ucf101", metavar="SET", help="training set: ucf101, imagenet, ... (default ucf101)")
    add("--checkpoint-path", required=True, type=Path, metavar="FILE", help="published checkpoint, or one of ours")
    _recordings(parser)
    add("--stimulus-dir", default=Path("stimulus"), type=Path, metavar="DIR", help="holds stimulus_DATASET_224.pt")
    add("--metric", choices=tuple(METRICS), default="TSRSA", help="default TSRSA")
    add("--device", default="cpu", metavar="DEVICE", help="cpu, cuda or cuda:N (default cpu)")
    add("--shuffle", action="store_true", help="shuffle the frames inside windows")
    add("--replace", action="store_true", help="replace a frame in each window by one of a noise movie")
    add("--replace-type", choices=REPLACEMENTS, help="noise movie: stimulus_DATASET_224_TYPE.pt")
    add("--window", type=int, metavar="FRAMES", help="frames of a window")
    add(
        "--trial-for-ablation", type=int, default=TRIALS, metavar="N", help=f"orders or replacements (default {TRIALS})"
    )
    add("--best-layer", action="store_true", help="score for each area only its best layer on the original movie")
    add("--front-len", type=int, metavar="FRAMES", help="show the first frames only")
    _clips(parser)
    _ours(parser)


def ceiling(parser: ArgumentParser) -> None:
    """Add the options of `lorafb ceiling`."""
    _recordings(parser)
    parser.add_argument("--metric", choices=("TSRSA",), default="TSRSA", help="default TSRSA")
    _clips(parser)
    _ours(parser)


def check(parser: ArgumentParser) -> None:
    """Add the argument of `lorafb check`."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="checkpoint, stimulus, recording or artefact"
    )


def _recordings(parser: ArgumentParser) -> None:
    parser.add_argument("--neural-dataset", required=True, metavar="DATASET", help="allen_natural_movie_one, ...")
    parser.add_argument(
        "--neural-dataset-dir",
        default=Path("neural_dataset"),
        type=Path,
        metavar="DIR",
        help="holds DATASET/AREA_1.npy",
    )


def _clips(parser: ArgumentParser) -> None:
    parser.add_argument("--clip-len", type=int, metavar="FRAMES", help="score clips of so many frames")
    parser.add_argument("--trial-for-clip", type=int, default=TRIALS, metavar="N", help=f"clips (default {TRIALS})")


def _ours(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--ties",
        choices=("average", "ordinal"),
        default="average",
        help="ranks of equal correlations (default average)",
    )
    add("--draws", choices=("published", "independent"), default="published", help="random draws (default published)")
    add(
        "--output-dir",
        default=Path("results"),
        type=Path,
        metavar="DIR",
        help="where scores.csv goes (default results)",
    )
    add("--legacy-output", action="store_true", help="write the published .npy layout too")
