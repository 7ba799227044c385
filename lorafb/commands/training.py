"""`lorafb train-video` and `lorafb train-imagenet`: train a network, with the options of the published program.

The same function trains here and in the workflow. The same command, given again, goes on where a stopped one was.
"""

import sys
import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from pydantic import ValidationError

from lorafb import code, job
from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance, sealed
from lorafb.commands.options import DATASETS, MATCHED
from lorafb.figures import style
from lorafb.figures.training_curves import training_curves
from lorafb.files import InputError, lock
from lorafb.networks import catalogue, checkpoint
from lorafb.networks.checkpoint import Checkpoint
from lorafb.networks.device import device
from lorafb.training import index, listing, ranks, recipe, sets
from lorafb.training.epoch_log import EpochLog
from lorafb.training.fit import fit
from lorafb.training.loop import Trained
from lorafb.training.settings import ImageRecipe, VideoRecipe

PUBLISHED = ("checkpoint_max_test_acc.pth", "checkpoint_latest.pth")
"""Weights of the best epoch and of the last one."""


def video(args: Namespace) -> None:
    """Train on UCF101, or on one of its two subsets."""
    if args.f_steps not in (None, args.frames):
        raise InputError(f"--f-steps {args.f_steps}: clips start --frames apart, here {args.frames}; expected as many")
    chosen = _settings(VideoRecipe, args, frames=args.frames, size=args.size, crop=args.crop)
    _train(args, "ucf101", DATASETS[args.dataset], chosen)


def images(args: Namespace) -> None:
    """Train on folders of images, laid out as ImageNet."""
    chosen = _settings(ImageRecipe, args, size=args.size, augment=args.auto_augment, erasing=args.random_erase)
    _train(args, "imagenet", "imagenet", chosen)


def _settings(kind: type[VideoRecipe | ImageRecipe], args: Namespace, **shown: Any) -> dict[str, Any]:
    """Take the settings of a recipe from the options; what is wrong is named as the option that it was given by."""
    values = {setting: getattr(args, option.lstrip("-").replace("-", "_")) for option, setting in MATCHED.items()}
    names = {"cosa": "cosine", "exp": "exponential"}
    values |= {"schedule": names.get(args.lr_scheduler, args.lr_scheduler), "precision": _precision(args)}
    try:
        chosen = kind(**values, **shown).model_dump()
        recipe.from_settings(chosen)
    except ValidationError as error:
        one = error.errors()[0]
        options = {setting: option for option, setting in MATCHED.items()}
        key = str(one["loc"][0])
        raise InputError(f"{options.get(key, f'--{key}')} {one['input']}: {one['msg'].lower()}") from None
    return chosen


def _precision(args: Namespace) -> str:
    if args.amp and args.precision not in (None, "fp16"):
        raise InputError(f"--amp is fp16, and --precision is {args.precision}; give one of them")
    if args.amp and args.device == "cpu":
        warnings.warn("--amp (fp16) needs a GPU: this training on the CPU is in float32", stacklevel=2)
        return "float32"
    return args.precision or ("fp16" if args.amp else "float32")


def _train(args: Namespace, kind: str, training: str, chosen: dict[str, Any]) -> None:
    network = catalogue.network(args.model_name)
    feed = network.feed(training)
    if getattr(args, "T", None) not in (None, feed.steps):
        raise InputError(f"--T {args.T}: expected {feed.steps}, the steps for which {network.name} is shown an image")
    if getattr(args, "not_snn", False) and network.spiking:
        raise InputError(f"--not-snn: {network.name} is a spiking network; leave the option out")
    where, me = device(args.device), ranks.found()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    torch.use_deterministic_algorithms(True)
    folder = args.output_path / training / network.name
    folder.mkdir(parents=True, exist_ok=True)
    source = _files(args, kind, chosen, folder, me.first)
    digest = code.digest(Path(__file__), network.build)
    parameters = {"network": network.name, "training": training, "seed": args.seed, **chosen}
    made_by = Provenance(source.index.identity, parameters, digest)
    title, log = f"{network.name} on {training}", EpochLog(folder / "tensorboard")

    def on_epoch(row: dict[str, float]) -> None:
        log(row)
        style.write(training_curves(log.read(), title, 1 / feed.classes), folder / "curves", made_by)
        told = "epoch {epoch}: loss {training_loss:.4f}, test loss {test_loss:.4f}, test accuracy {test_accuracy:.4f}"
        print(told.format(**row), flush=True)

    trained = ranks.launch(
        fit,
        1 if me.world > 1 else args.processes,
        network,
        training,
        source,
        recipe.from_settings(chosen),
        args.seed,
        folder / "resume",
        code=digest,
        device=str(where),
        workers=args.workers,
        pretrained=args.pretrained,
        progress=job.bar("clips") if sys.stderr.isatty() and me.first else None,
        on_epoch=on_epoch,
        stop_after_s=args.stop_after and 60 * args.stop_after,
    )
    if me.first:
        _write(
            args, trained, Checkpoint(network.name, training, feed.classes, trained.state_dict, trained.meta), made_by
        )
        style.write(training_curves(pd.DataFrame(trained.epochs), title, 1 / feed.classes), folder / "curves", made_by)


def _files(args: Namespace, kind: Any, chosen: dict[str, Any], folder: Path, tell: bool) -> sets.Files:
    """Check and count the files of the set; of several processes one counts, and the others read what it kept."""
    report = listing.report(kind, args.data_path, split=getattr(args, "split", 1), subset=args.subset)
    report.must_be_right()
    holds: index.Holds = "images" if kind == "imagenet" else "videos"
    bar = job.bar("files") if tell and sys.stderr.isatty() else None
    with lock(folder / "counts.lock", wait=True):
        table = index.build(
            listing.root(kind, args.data_path),
            report.items,
            holds,
            cache=folder / "counts.jsonl",
            threads=max(1, args.workers),
            progress=bar,
        )
    told = {"kind": kind, "folder": str(args.data_path), "images": kind == "imagenet", "skip": args.skip}
    return sets.of_files(
        {**told, "frames": args.frames_path if kind == "ucf101" else None, "taken": "every"}, table, chosen
    )


def _write(args: Namespace, trained: Trained, weights: Checkpoint, made_by: Provenance) -> None:
    folder = args.output_path / weights.training / weights.network
    with sealed(folder / "checkpoint.pt", made_by) as temporary:
        checkpoint.write(temporary, weights)
    if args.published_format:
        accuracy = {"test_acc": trained.meta["last_test_accuracy"], "max_test_acc": trained.meta["test_accuracy"]}
        typed = {key: str(value) if isinstance(value, Path) else value for key, value in vars(args).items()}
        kept = (trained.meta["best_epoch"], trained.state_dict), (len(trained.epochs) - 1, trained.last)
        for name, (epoch, state_dict) in zip(PUBLISHED, kept, strict=True):
            meta = {"epoch": epoch, **accuracy, "args": typed}
            published = Checkpoint(weights.network, weights.training, weights.classes, state_dict, meta)
            with sealed(folder / name, made_by) as temporary:
                checkpoint.to_published(published, temporary)
    tables.write(pd.DataFrame([trained.result]), folder / "result.csv", made_by)
    tables.write(pd.DataFrame(trained.epochs), folder / "epochs.csv", made_by)
    result = trained.result
    print(
        f"test accuracy {result['test_accuracy']:.4f} (95 % interval {result['low']:.4f} to {result['high']:.4f},"
        f" chance {result['chance']:.4f}) at epoch {result['best_epoch']}; weights in {folder / 'checkpoint.pt'}"
    )
    if result["silent_layers"]:
        print(f"warning: no unit is active on any test clip in {result['silent_layers']}", file=sys.stderr)
