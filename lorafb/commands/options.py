"""Every command with its options, as a table. Nothing heavy is imported, so help and errors come at once."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorafb.files import nearest

METRICS = {"TSRSA": "tsrsa", "Regression": "regression"}
"""Published names of metrics, and their names in `lorafb.similarity.metrics`."""
TRIALS = 10
"""Random trials of the published experiments."""
TERAFLOPS = {"cpu": 0.02, "cuda": 2.0}
"""Assumed sustained float32 rate of a CPU thread (measured: 0.03 at depth 18, 0.01 in tiny networks) and a GPU (a guess)."""


def metric(text: str) -> str:
    """Check the name of a metric: a published one, one of `lorafb.similarity.metrics`, or "module:NAME" of one's own.

    Returns
    -------
    str
        The published name where the metric has one, else `text`.
    """
    from lorafb.similarity import metrics

    known = [*METRICS, *metrics.METRICS]
    if ":" in text:
        sys.path.append(str(Path.cwd()))  # a person's own module is in the folder they work in
    elif text not in known:
        hint = nearest(text, known)
        raise ArgumentTypeError(f"unknown metric '{text}'; expected {', '.join(known)} or module:NAME{hint}")
    try:
        metrics.load(METRICS.get(text, text))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return {name: published for published, name in METRICS.items()}.get(text, text)


def rate(text: str) -> float:
    """Read a rate above 0."""
    if float(text) > 0:
        return float(text)
    raise ArgumentTypeError(f"{text} is not above 0")


TYPES = {"DIR": Path, "FILE": Path, "FRAMES": int, "N": int, "METRIC": metric, "RATE": rate}
"""Types of values, by the name that stands for the value in the help."""


Option = tuple[str, dict[str, Any]]
"""Name of an option or argument, and the settings of `add_argument` for it."""


@dataclass(frozen=True)
class Command:
    """A command: the "module:function" below `lorafb.commands` that runs it, and a line of help."""

    run: str
    purpose: str
    options: Sequence[Option] = ()
    one_of: Sequence[Option] = ()
    passes_on: bool = False
    """Whether arguments that it does not know are Snakemake's; else they are an error."""


def _option(name: str, text: str, value: str | None = None, **settings: Any) -> Option:
    """Make an option; `value` names its value in the help, and `text` is the help, to which the default is added."""
    if value is not None:
        settings |= {"metavar": value, "type": TYPES.get(value, str)}
    elif "choices" not in settings:
        settings["action"] = "store_true"
    return name, {**settings, "help": f"{text} (default %(default)s)" if settings.get("default") else text}


RECORDINGS = (
    _option("--neural-dataset", "recorded movie or scenes: allen_natural_movie_one, ...", "DATASET", required=True),
    _option("--neural-dataset-dir", "folder of DATASET/AREA_1.npy", "DIR", default=Path("neural_dataset")),
)
CLIPS = (
    _option("--clip-len", "score clips of the movie; length of a clip, in frames", "FRAMES"),
    _option("--trial-for-clip", "number of clips", "N", default=TRIALS),
)
OURS = (
    _option("--ties", "ranks of equal correlations", choices=("average", "ordinal"), default="average"),
    _option("--draws", "random draws", choices=("published", "independent"), default="published"),
    _option("--output-dir", "folder for scores.csv", "DIR", default=Path("results")),
    _option("--legacy-output", "also write the .npy files of the published program"),
)
SIMILARITY = (
    _option("--model", "network, see lorafb networks", "NETWORK", required=True),
    _option("--model-name", "name of the network in the results (default NETWORK)", "LABEL"),
    _option("--train-dataset", "training set: ucf101, imagenet, ...", "SET", default="ucf101"),
    _option("--checkpoint-path", "checkpoint, published or made here", "FILE", required=True),
    _option("--entry", "which of several sets of weights in it", "ENTRY"),
    _option("--unmarked", "take weights that do not say of which network they are for a spiking one"),
    *RECORDINGS,
    _option("--stimulus-dir", "folder of stimulus_DATASET_224.pt", "DIR", default=Path("stimulus")),
    _option("--metric", "TSRSA, Regression, another by name, or module:NAME of yours", "METRIC", default="TSRSA"),
    _option("--device", "cpu, cuda or cuda:N", "DEVICE", default="cpu"),
    _option("--shuffle", "shuffle the frames inside each window; needs --window"),
    _option("--replace", "replace one frame in each window by noise; needs --window and --replace-type"),
    _option(
        "--replace-type", "noise: stimulus_DATASET_224_TYPE.pt", choices=("gaussian", "uniform", "black", "static")
    ),
    _option("--window", "length of a window, in frames", "FRAMES"),
    _option("--trial-for-ablation", "number of random orders or replacements", "N", default=TRIALS),
    _option("--best-layer", "for each area, score only its best layer on the original movie"),
    _option("--front-len", "show only the start of the movie; its length, in frames", "FRAMES"),
    *CLIPS,
    *OURS,
)
CHECK = (
    _option("files", "checkpoint, stimulus, recording, artefact, or results/", "FILE", nargs="+"),
    _option(
        "--expected",
        "CSV of numbers that results/ must match (default docs/expected/embedded.csv where config.yaml ran unchanged)",
        "FILE",
    ),
    _option("--write-expected", "CSV of quantities: write their values in results/ into it", "FILE"),
    _option("--against", ".npy of the original frames: measure how a published stimulus differs from them", "FILE"),
)
DATASET = (
    _option("name", "training set: ucf101 or imagenet", choices=("ucf101", "imagenet")),
    _option("folder", "folder of the training set", "DIR"),
    _option("--split", "split of UCF101 (default 1, as in the paper)", "N", choices=(1, 2, 3)),
    _option("--subset", "accept fewer classes and files than the whole set has"),
)
FETCH = (
    _option("--only", "only these files: a path, a file name, or 'path/*'", "NAME", nargs="+", default=[]),
    _option("--configfile", "only the files of this study, where it expects them", "FILE"),
    _option("--to", "data folder (default data/paper)", "DIR"),
)
FETCH_ONE_OF = (
    _option("--list", "list the files, their sources and licences"),
    _option("--dry-run", "print what would be downloaded, and its size"),
    _option("--verify", "check the files that are there; download nothing"),
    _option("--write", "write the table of docs/data.md from the registry"),
)
CONFIG = (
    _option("file", "config to lay over config.yaml, as --configfile does", "FILE", nargs="?"),
    _option("--write", "write config/schema.json and docs/config.md"),
)
COST = (
    _option(
        "--teraflops",
        "sustained rate of one job, in 10^12 operations a second"
        f" (default {TERAFLOPS['cpu']:g} for each CPU thread, {TERAFLOPS['cuda']:g} for a GPU)",
        "RATE",
    ),
)

COMMANDS = {
    "networks": Command("listing:networks", "list the networks of the catalogue"),
    "layers": Command(
        "listing:layers",
        "list the layers of a network, in the order they are scored",
        [_option("network", "network, see lorafb networks", "NAME")],
    ),
    "config": Command("listing:config", "check a config, or write its schema and table of keys", CONFIG),
    "similarity": Command(
        "similarity:run", "score a network against the areas; options of the published program", SIMILARITY
    ),
    "ceiling": Command(
        "ceiling:run",
        "score halves of each area's units against each other; options of the published program",
        [*RECORDINGS, _option("--metric", "metric", choices=("TSRSA",), default="TSRSA"), *CLIPS, *OURS],
    ),
    "check": Command("check:run", "identify files, and report what is wrong with them", CHECK),
    "inspect": Command(
        "inspect:run",
        "say what is in your files (NWB, tables, arrays, videos, folders), and print the block of a config that uses them",
        [_option("files", "file or folder; tables of one recording together", "FILE", nargs="+")],
    ),
    "dataset": Command("dataset:run", "report what is missing of a training set, and where to get it", DATASET),
    "fetch": Command("fetch:run", "download and verify the files of the published study", FETCH, one_of=FETCH_ONE_OF),
    "cost": Command(
        "cost:run",
        "estimate time and disk space of a Snakemake run, without starting it; takes the arguments of snakemake",
        COST,
        passes_on=True,
    ),
    "times": Command(
        "times:run",
        "print how long each stage of a study took",
        [_option("results", "folder of results", "DIR", nargs="?", default=Path("results"))],
    ),
}
