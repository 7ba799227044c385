"""The options of the published programs, spelt as they spell them, and ours beside them; read without anything heavy."""

from argparse import ArgumentParser, ArgumentTypeError
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
    """Add the arguments of `lorafb check`."""
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="checkpoint, stimulus, recording, artefact, or results/")
    add(
        "--expected",
        type=Path,
        metavar="CSV",
        help="hold results/ against these values (default docs/expected/embedded.csv where config.yaml ran unchanged)",
    )
    add("--write-expected", type=Path, metavar="CSV", help="write the values of results/ into this table of quantities")
    add(
        "--against", type=Path, metavar="NPY", help="measure a published stimulus against the frames as they were shown"
    )


def dataset(parser: ArgumentParser) -> None:
    """Add the arguments of `lorafb dataset`."""
    add = parser.add_argument
    add("name", choices=("ucf101", "imagenet"), help="training set")
    add("folder", type=Path, metavar="DIR", help="folder that holds it")
    add("--split", type=int, choices=(1, 2, 3), help="of UCF101 (default 1, the paper's)")
    add("--subset", action="store_true", help="take fewer classes and files than there are")


def fetch(parser: ArgumentParser) -> None:
    """Add the options of `lorafb fetch`."""
    add = parser.add_argument
    add(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="these files: their paths, last parts of these, or 'path/*'",
    )
    add("--configfile", type=Path, metavar="FILE", help="the files that a study needs, where it looks for them")
    add("--to", type=Path, metavar="DIR", help="data folder (default data/paper)")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--list", action="store_true", help="say what there is, from where, under which licence")
    ways.add_argument("--dry-run", action="store_true", help="say what would be fetched, and what it takes")
    ways.add_argument("--verify", action="store_true", help="check what is there, and fetch nothing")
    ways.add_argument("--write", action="store_true", help="write the table of docs/data.md from the registry")


def cost(parser: ArgumentParser) -> None:
    """Add the option of `lorafb cost`; every other argument is Snakemake's."""
    parser.add_argument(
        "--teraflops", type=rate, metavar="RATE", help="sustained rate of a job, in 10^12 operations a second"
    )


def times(parser: ArgumentParser) -> None:
    """Add the argument of `lorafb times`."""
    parser.add_argument(
        "results",
        nargs="?",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder of results (default results)",
    )


def rate(text: str) -> float:
    """Read a rate above 0."""
    if float(text) > 0:
        return float(text)
    raise ArgumentTypeError(f"{text} is not above 0")


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
