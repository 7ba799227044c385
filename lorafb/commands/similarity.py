"""`lorafb similarity`: a network's layers against every area, with the options of the published program.

A study of one movie and one subject: trials, passes and scores are made by the functions that the workflow uses.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch
from torch import nn

from lorafb import code, draws, job, trials
from lorafb.artefacts.grams import Pass
from lorafb.artefacts.provenance import Provenance
from lorafb.artefacts.responses import Responses
from lorafb.commands import inputs, outputs
from lorafb.commands.options import METRICS
from lorafb.config.subjects import UNMARKED
from lorafb.cortex.published_counts import AREAS
from lorafb.experiments.best import best_layers
from lorafb.experiments.score import score
from lorafb.experiments.summary import area_scores
from lorafb.experiments.table import Best, Labels, joined
from lorafb.features.passes import Movie, present
from lorafb.files import InputError
from lorafb.networks import catalogue, checkpoint
from lorafb.networks.catalogue import Feed
from lorafb.networks.device import device
from lorafb.similarity import metrics
from lorafb.similarity.metrics import Comparison
from lorafb.trials import Trial

MEMORY = 2**32
"""Bytes of features held in memory; more is held in scratch files."""
Kind = Literal["original", "scenes", "clip", "front", "shuffle", "replace"]
OPTION: dict[Kind, str] = {"shuffle": "--shuffle", "replace": "--replace", "clip": "--clip-len", "front": "--front-len"}


@dataclass(frozen=True)
class Run:
    """The experiment of a command line: its kind, its trials, and the trial that finds the best layers."""

    kind: Kind
    labels: Labels
    best_layer: bool
    trials: Sequence[Trial]
    original: Trial


@dataclass(frozen=True)
class Subject:
    """A network with its weights, and the movies that it is shown."""

    model: nn.Module
    layers: Sequence[str]
    feed: Feed
    movie: Movie
    noises: Mapping[str, Movie]
    device: torch.device

    def present(
        self, shown: Sequence[Trial], layers: Sequence[str], ranked: bool, seen: Pass | None = None
    ) -> Iterator[tuple[Trial, Pass]]:
        """Present trials; see `lorafb.features.passes.present`."""
        progress = job.bar("frames") if sys.stderr.isatty() else None
        how: dict[str, Any] = {"memory_bytes": MEMORY, "device": self.device, "ranked": ranked, "progress": progress}
        return present(self.model, layers, self.movie, self.noises, shown, self.feed, seen, **how)


def run(args: Namespace) -> None:
    """Check the files and settings of a command line, score what it asks for, write the scores.

    Raises
    ------
    InputError
        One line, before a network is shown a movie; nothing is written.
    """
    chosen, network = device(args.device), catalogue.network(args.model)
    name = METRICS.get(args.metric, args.metric)
    try:
        metric = replace(
            metrics.load(name, ties=args.ties), whole_movie=False
        )  # asked for by name: score it on any trial
    except ValueError as error:
        raise InputError(f"--metric: {error}") from None
    areas, files = inputs.areas(args.neural_dataset_dir, args.neural_dataset, args.ties)
    scenes = inputs.is_scenes(args.neural_dataset)
    feed = network.feed(args.train_dataset, still=scenes)
    asked = plan(args, areas[0].n_frames, scenes, feed)
    fewest = min(len(trial.scored) for trial in (*asked.trials, asked.original))
    if fewest < metric.fewest_frames:
        raise InputError(
            f"--metric {args.metric}: {fewest} frames are scored, and it needs at least {metric.fewest_frames}"
        )
    path = inputs.stimulus_path(args.stimulus_dir, args.neural_dataset)
    movie = inputs.stimulus(path, areas[0].n_frames, network)
    lasting = {**files, **inputs.own_modules(name), "checkpoint": args.checkpoint_path, "stimulus": path}
    noises: dict[str, Movie] = {}
    if kind := args.replace_type:
        noise = inputs.stimulus_path(args.stimulus_dir, args.neural_dataset, kind)
        noise_movie = inputs.stimulus(noise, areas[0].n_frames, network)
        inputs.same_size(movie, noise_movie)
        noises[kind] = noise_movie
    weights = checkpoint.read(
        args.checkpoint_path, args.model, args.train_dataset, entry=args.entry, unmarked=args.unmarked
    )

    digests = inputs.digests(lasting | ({"noise": noise} if noises else {}))
    modules = network.build, *metrics.find(name).modules
    made_by = Provenance(digests, _parameters(args, asked), code.digest(Path(__file__), *modules))
    before = Provenance({key: digests[key] for key in lasting}, made_by.parameters, made_by.code)

    outputs.check_folder(args.output_dir)
    known = (
        outputs.known_original(args.output_dir, asked.original, asked.labels, metric.name, before)
        if args.best_layer
        else None
    )
    subject = Subject(checkpoint.restore(weights), network.scored, feed, movie, noises, chosen)
    scores = score_run(asked, subject, areas, metric, known)
    written = outputs.write(scores, args.output_dir, made_by)
    if args.legacy_output:
        outputs.write_published(scores, args)
    print(f"{summary(scores[scores['experiment'] == asked.kind])}\n{len(scores)} scores in {written}")


def plan(args: Namespace, n_frames: int, scenes: bool, feed: Feed) -> Run:
    """Choose the experiment of a command line, and draw its trials.

    Parameters
    ----------
    args : Namespace
        From `lorafb.commands.options.similarity`.
    n_frames : int
        Frames T of the stimulus, or images.
    scenes : bool
        Whether they are unrelated images.
    feed : Feed

    Raises
    ------
    InputError
        One line that names the option, its value, and what was expected.
    """
    kind = _kind(args, scenes)
    original = trials.scenes(n_frames) if scenes else trials.original(n_frames)
    try:
        if kind == "clip":
            drawn = trials.clips(n_frames, args.clip_len, args.trial_for_clip, args.draws)
        elif kind == "front":
            drawn = [trials.front(n_frames, args.front_len)]
        elif kind == "shuffle":
            drawn = trials.shuffles(n_frames, args.window, args.trial_for_ablation, feed.kind, args.draws)
        elif kind == "replace":
            kinds = [args.replace_type]
            drawn = trials.replacements(n_frames, args.window, args.trial_for_ablation, kinds, args.draws)
        else:
            drawn = [original]
    except ValueError as error:
        raise InputError(f"{OPTION[kind]}: {error}") from None
    training = args.train_dataset + UNMARKED * args.unmarked
    labels = Labels(args.model_name or args.model, training, args.neural_dataset)
    return Run(kind, labels, args.best_layer and kind in OPTION, drawn, original)


def score_run(
    asked: Run,
    subject: Subject,
    areas: Sequence[Responses],
    metric: Comparison,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Score the trials of a run.

    Parameters
    ----------
    asked, subject, areas, metric
    known : DataFrame, optional
        Scores on the original movie, where they are at hand.

    Returns
    -------
    DataFrame
        Tidy scores; where best layers were asked for, those of the original movie are first.

    Raises
    ------
    InputError
        If best layers are asked for and no layer of an area has a score.
    """
    if not asked.best_layer:
        passes = subject.present(asked.trials, subject.layers, metric.ranked)
        return score(passes, areas, [metric], asked.labels)
    seen = None
    if known is None:
        ((trial, seen),) = subject.present([asked.original], subject.layers, metric.ranked)
        known = score([(trial, seen)], areas, [metric], asked.labels)
    try:
        best: Best = best_layers(known)
    except ValueError as error:
        raise InputError(f"{asked.labels.network} on {asked.labels.movie}: {error}") from None
    wanted = [layer for layer in subject.layers if layer in {one.name for one in best.values()}]
    passes = subject.present(asked.trials, wanted, metric.ranked, seen)
    return joined([known, score(passes, areas, [metric], asked.labels, {metric.name: best})])


def summary(scores: pd.DataFrame) -> str:
    """Best layer's score of each area, mean over trials, a line each; the layer where it is the same in all trials."""
    best, lines = area_scores(scores), []
    for area in AREAS:
        rows = best[best["area"] == area]
        layers = sorted(set(rows["layer"]))
        layer = layers[0] if len(layers) == 1 else "several layers"
        lines.append(f"{area:6} {rows['value'].mean(skipna=False):.4f}  {layer or 'no layer has a score'}")
    return "\n".join(lines)


def _kind(args: Namespace, scenes: bool) -> Kind:
    """Find the one experiment that the options ask for."""
    given = {"shuffle": args.shuffle, "replace": args.replace}
    given |= {"clip": args.clip_len is not None, "front": args.front_len is not None}
    asked = [kind for kind in OPTION if given[kind]]
    named = " and ".join(OPTION[kind] for kind in asked)
    if len(asked) > 1:
        raise InputError(f"{named}: a run takes at most one of {', '.join(OPTION.values())}")
    if asked and scenes:
        raise InputError(f"{named}: {args.neural_dataset} are unrelated images, which have no order")
    windowed = asked in (["shuffle"], ["replace"])
    if windowed != (args.window is not None):
        problem = f"{named} needs --window" if windowed else f"--window {args.window} is without --shuffle or --replace"
        raise InputError(f"{problem}; expected the frames of a window with one of these two")
    if (asked == ["replace"]) != (args.replace_type is not None):
        problem = "is without --replace" if args.replace_type else "is missing"
        raise InputError(f"--replace-type {problem}; expected it, the noise movie, with --replace alone")
    return asked[0] if asked else ("scenes" if scenes else "original")


def _parameters(args: Namespace, asked: Run) -> Mapping[str, object]:
    names = (
        "model",
        "model_name",
        "train_dataset",
        "entry",
        "unmarked",
        "neural_dataset",
        "metric",
        "ties",
        "draws",
        "device",
    )
    record = catalogue.network(args.model)
    feed = record.feed(args.train_dataset, still=asked.kind == "scenes")
    shown = {"build": record.build, "options": record.options, "layers": record.layers, "feed": vars(feed)}
    return {
        **{name: getattr(args, name) for name in names},
        "network": json.dumps(shown),
        "threads": torch.get_num_threads(),
        "experiment": asked.kind,
        "best_layer": args.best_layer,
        "window": args.window,
        "length": args.clip_len or args.front_len,
        "replacement": args.replace_type or "",
        "trials": len(asked.trials) if asked.kind in ("clip", "shuffle", "replace") else None,
        "seed": draws.PUBLISHED_SEED,
    }
