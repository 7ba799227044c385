"""Every command with its options, as a table. Nothing heavy is imported, so help and errors come at once."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorafb.files import nearest
from lorafb.training.recipe import IMAGENET, OPTIMISERS, PRECISIONS, VIDEO, Recipe

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


TYPES = {
    "DIR": Path,
    "FILE": Path,
    "FRAMES": int,
    "N": int,
    "METRIC": metric,
    "RATE": rate,
    "X": float,
    "PIXELS": int,
    "MINUTES": rate,
}
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
    return name, {
        **settings,
        "help": text + " (default %(default)s)" * (bool(settings.get("default")) and "(default" not in text),
    }


RECORDINGS = (
    _option("--neural-dataset", "recorded movie or scenes: allen_natural_movie_one, ...", "DATASET", required=True),
    _option("--neural-dataset-dir", "folder of DATASET/AREA_1.npy", "DIR", default=Path("neural_dataset")),
)
CLIPS = (
    _option("--clip-len", "score random clips of the movie: this many frames each", "FRAMES"),
    _option("--trial-for-clip", "number of clips", "N", default=TRIALS),
)
OURS = (
    _option(
        "--ties",
        "ranks of equal correlations: their mean, or as a sort orders them (as published)",
        choices=("average", "ordinal"),
        default="average",
    ),
    _option(
        "--draws",
        "seeds of random draws: as published, or independent of one another",
        choices=("published", "independent"),
        default="published",
    ),
    _option("--output-dir", "folder for scores.csv", "DIR", default=Path("results")),
    _option("--legacy-output", "also write the .npy files of the published program"),
)
SIMILARITY = (
    _option("--model", "network, see lorafb networks", "NETWORK", required=True),
    _option("--model-name", "name of the network in the results (default NETWORK)", "LABEL"),
    _option("--train-dataset", "training set: ucf101, imagenet, ...", "SET", default="ucf101"),
    _option("--checkpoint-path", "checkpoint, published or made here", "FILE", required=True),
    _option("--entry", "name of the weights to take, where the file holds several sets", "ENTRY"),
    _option("--unmarked", "take weights for a spiking network although the file does not say that they are of one"),
    *RECORDINGS,
    _option("--stimulus-dir", "folder of stimulus_DATASET_224.pt", "DIR", default=Path("stimulus")),
    _option("--metric", "TSRSA, Regression, another by name, or module:NAME of yours", "METRIC", default="TSRSA"),
    _option("--device", "cpu, cuda or cuda:N", "DEVICE", default="cpu"),
    _option("--shuffle", "shuffle the frames inside each window; needs --window"),
    _option("--replace", "replace one frame in each window by noise; needs --window and --replace-type"),
    _option(
        "--replace-type",
        "what replaces a frame: in the file stimulus_DATASET_224_TYPE.pt",
        choices=("gaussian", "uniform", "black", "static"),
    ),
    _option("--window", "length of a window, in frames", "FRAMES"),
    _option("--trial-for-ablation", "number of random orders or replacements", "N", default=TRIALS),
    _option("--best-layer", "for each area, score only its best layer on the original movie"),
    _option("--front-len", "present only the start of the movie: this many frames", "FRAMES"),
    *CLIPS,
    *OURS,
)
CHECK = (
    _option("files", "checkpoint, stimulus, recording, artefact, or results/", "FILE", nargs="+"),
    _option(
        "--network",
        "of the catalogue, torchvision:NAME, timm:NAME, or module:function: whether the checkpoints fit it",
        "NAME",
    ),
    _option(
        "--expected",
        "CSV of numbers that results/ must match (default docs/expected/embedded.csv where config.yaml ran unchanged)",
        "FILE",
    ),
    _option("--write-expected", "CSV of quantities, into which their values in results/ are written", "FILE"),
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
    _option("--configfile", "only the files that this study needs, in the places where it looks for them", "FILE"),
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

WHY = (
    _option("file", "figure, table or other file of results/", "FILE"),
    _option("--row", "row of a table: its number from 1, or area=visp,movie=movie1", "ROW"),
    _option("--column", "column of a table: say what its cell means, and why it is blank", "COLUMN"),
)

DATASETS = {"UCF101": "ucf101", "UCF101_subset": "ucf101_subset", "UCF101_random": "ucf101_random"}
"""Published names of training sets on UCF101, and ours."""
MATCHED = {
    "--epochs": "epochs",
    "--batch-size": "batch",
    "--accumulate": "accumulate",
    "--opt": "optimiser",
    "--lr": "learning_rate",
    "--momentum": "momentum",
    "--weight-decay": "weight_decay",
    "--lr-warmup-epochs": "warmup_epochs",
    "--lr-warmup-decay": "warmup_decay",
    "--lr-step-size": "step_epochs",
    "--lr-gamma": "gamma",
    "--by-iteration": "by_iteration",
    "--label-smoothing": "label_smoothing",
    "--mixup-alpha": "mixup",
    "--cutmix-alpha": "cutmix",
    "--model-ema": "ema",
    "--model-ema-decay": "ema_decay",
    "--model-ema-steps": "ema_steps",
    "--channels-last": "channels_last",
    "--compile": "compile",
}
"""Options of a training, and the settings of a recipe that they give."""


def _training(recipe: Recipe, *own: Option) -> tuple[Option, ...]:
    """Options of a training command; what is not given is as published."""
    return (
        _option("--data-path", "folder of the training set, see lorafb dataset", "DIR", required=True),
        *own,
        _option("--model-name", "network, see lorafb networks", "NETWORK", required=True),
        _option("--not-snn", "say that the network has no spiking neurons; an error where it has"),
        _option("--output-path", "results are in DIR/SET/NETWORK", "DIR", default=Path("logs")),
        _option("--epochs", "passes over the training set", "N", default=recipe.epochs),
        _option("--batch-size", "clips in a forward pass of each process", "N", default=recipe.batch),
        _option("--accumulate", "forward passes whose gradients add up to one step", "N", default=recipe.accumulate),
        _option("--opt", "optimiser", choices=OPTIMISERS, default=recipe.optimiser),
        _option("--lr", "highest learning rate", "X", default=recipe.learning_rate),
        _option("--momentum", "momentum of sgd", "X", default=recipe.momentum),
        _option("--weight-decay", f"weight decay (default {recipe.weight_decay:g})", "X", default=recipe.weight_decay),
        _option(
            "--lr-scheduler",
            "what follows the warm-up: cosine, step or exponential",
            choices=("cosa", "step", "exp"),
            default="cosa",
        ),
        _option("--lr-warmup-epochs", "epochs of linear warm-up", "N", default=recipe.warmup_epochs),
        _option("--lr-warmup-decay", "learning rate at the start, as a part of --lr", "X", default=recipe.warmup_decay),
        _option(
            "--lr-step-size", "epochs after which step lowers the learning rate again", "N", default=recipe.step_epochs
        ),
        _option("--lr-gamma", "factor by which step and exp lower the learning rate", "X", default=recipe.gamma),
        _option("--by-iteration", "change the learning rate at every step, not at every epoch"),
        _option("--label-smoothing", "part of the target spread over all classes", "X", default=0.0),
        _option("--mixup-alpha", "alpha of mixup; 0: no mixup", "X", default=0.0),
        _option("--cutmix-alpha", "alpha of cutmix; 0: no cutmix", "X", default=0.0),
        _option("--model-ema", "test and keep a moving average of the weights"),
        _option(
            "--model-ema-decay",
            "decay of that average, adjusted by clips a step and epochs",
            "X",
            default=recipe.ema_decay,
        ),
        _option("--model-ema-steps", "steps between two updates of that average", "N", default=recipe.ema_steps),
        _option("--amp", "mixed precision, fp16 with a loss scale; on a GPU"),
        _option(
            "--precision",
            "precision of convolutions and the classifier (default float32, with --amp fp16)",
            choices=PRECISIONS,
        ),
        _option("--channels-last", "lay the channels of a pixel side by side in memory"),
        _option("--compile", "compile the network; the last digits change"),
        _option("--pretrained", "checkpoint to start from; all but the classifier is taken", "FILE"),
        _option("--seed", "seed of the first weights, the clips and their order", "N", default=2022),
        _option("--size", "height and width of frames", "PIXELS", default=224),
        _option("--subset", "accept fewer classes and files than the whole set has"),
        _option("--skip", "files that may be left out because they cannot be read", "N", default=0),
        _option("--device", "cpu, cuda or cuda:N", "DEVICE", default="cpu"),
        _option("--processes", "training processes, one a GPU; torchrun and srun start them too", "N", default=1),
        _option("--workers", "processes that make clips, beside each training process", "N", default=0),
        _option("--threads", "CPU threads of each process (default as torch chooses)", "N"),
        _option("--stop-after", "save and end after so many minutes; the same command goes on", "MINUTES"),
        _option(
            "--published-format",
            "also write checkpoint_max_test_acc.pth and checkpoint_latest.pth, as the published program does",
        ),
    )


TRAIN_VIDEO = _training(
    VIDEO,
    _option(
        "--dataset",
        "every clip, one run of frames a video, or frames drawn one by one",
        choices=tuple(DATASETS),
        default="UCF101",
    ),
    _option("--frames", "frames of a clip", "FRAMES", default=16),
    _option("--f-steps", "frames from the start of a clip to the start of the next (default as --frames)", "FRAMES"),
    _option("--split", "split of UCF101", "N", choices=(1, 2, 3), default=1),
    _option(
        "--crop",
        "draw one crop a clip, or, as in the published subsets, one a frame",
        choices=("clip", "per_frame"),
        default="clip",
    ),
    _option(
        "--frames-path",
        "frames of the videos as pictures, written by the workflow; without it videos are decoded",
        "DIR",
    ),
)
TRAIN_IMAGENET = _training(
    IMAGENET,
    _option("--T", "time steps for which an image is presented; must be the network's own", "N"),
    _option(
        "--auto-augment",
        "AutoAugment, RandAugment or TrivialAugment",
        choices=("none", "auto", "rand", "trivial"),
        default="none",
    ),
    _option("--random-erase", "probability that a rectangle is erased", "X", default=0.0),
)

COMMANDS = {
    "init": Command("study:init", "lay out a study of your own in a folder", [_option("folder", "folder", "DIR")]),
    "run": Command(
        "study:run",
        "run the study in a folder; what follows the folder are options and targets of snakemake",
        [_option("folder", "folder of the study, as `lorafb init` lays it out", "DIR")],
        passes_on=True,
    ),
    "networks": Command("listing:networks", "list the networks of the catalogue"),
    "layers": Command(
        "listing:layers",
        "list the layers of a network, in the order they are scored",
        [_option("network", "network, see lorafb networks", "NAME")],
    ),
    "config": Command("listing:config", "check a config, or write its schema and table of keys", CONFIG),
    "similarity": Command(
        "similarity:run",
        "score the layers of a network against the areas of a recording; has the options of the published program",
        SIMILARITY,
    ),
    "ceiling": Command(
        "ceiling:run",
        "score random halves of each area's units against each other; has the options of the published program",
        [*RECORDINGS, _option("--metric", "metric", choices=("TSRSA",), default="TSRSA"), *CLIPS, *OURS],
    ),
    "train-video": Command(
        "training:video",
        "train a network on UCF101 or its subsets; has the options of the published program",
        TRAIN_VIDEO,
    ),
    "train-imagenet": Command(
        "training:images",
        "train a network on ImageNet folders; has the options of the published program",
        TRAIN_IMAGENET,
    ),
    "check": Command("check:run", "say what files are by their content, and what is wrong with them", CHECK),
    "inspect": Command(
        "inspect:run",
        "say what is in your files (NWB, tables, arrays, videos, folders), and print the block of a config that uses them",
        [
            _option(
                "files", "file, folder, or address of a session; tables of one recording together", "SOURCE", nargs="+"
            )
        ],
    ),
    "dataset": Command("dataset:run", "say which files of a training set are missing, and where to get them", DATASET),
    "fetch": Command("fetch:run", "download and verify the files of the published study", FETCH, one_of=FETCH_ONE_OF),
    "cost": Command(
        "cost:run",
        "estimate time and disk space of a Snakemake run, without starting it; takes the arguments of snakemake",
        COST,
        passes_on=True,
    ),
    "why": Command(
        "why:run",
        "print what made a file: config keys, checkpoints, versions, commit, command; and why a cell is blank",
        WHY,
    ),
    "crate": Command(
        "crate:run",
        "describe finished results as an RO-Crate: ro-crate-metadata.json, which archives and other programs read",
        [_option("results", "folder of results", "DIR", nargs="?", default=Path("results"))],
    ),
    "doctor": Command(
        "doctor:run",
        "say what this machine has, and what a study needs of it and lacks; takes the arguments of snakemake",
        passes_on=True,
    ),
    "times": Command(
        "times:run",
        "print how long each stage of a study took",
        [_option("results", "folder of results", "DIR", nargs="?", default=Path("results"))],
    ),
}
