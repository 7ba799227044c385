"""What the jobs that run networks will do, from the config alone: passes, frames, multiply-adds and bytes, before any starts."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from lorafb.config.model import Study
from lorafb.networks import build, catalogue
from lorafb.networks.catalogue import Feed
from lorafb.networks.state import fresh_state
from lorafb.networks.taps import taps

TRAINING_STEP = 3
"""Multiply-adds of a forward and a backward pass, in forward passes."""


@dataclass(frozen=True)
class Work:
    """What one or more jobs do.

    Attributes
    ----------
    trainings : int
    passes : int
        Times that a movie, or a set of scenes, is shown to a network from start to end.
    frames : int
        Frames shown; a still frame counts once for each of its time steps.
    multiply_adds : float
        Of the networks' forward and backward passes, and of the products of every two frames.
    written : int
        Bytes of products and features that stay on disk, before compression.
    """

    trainings: int = 0
    passes: int = 0
    frames: int = 0
    multiply_adds: float = 0.0
    written: int = 0

    def __add__(self, other: "Work") -> "Work":
        """Add up."""
        return Work(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Work)))


@dataclass(frozen=True)
class Seen:
    """A network as one frame shows it: multiply-adds a frame and time step, and units of each layer."""

    multiply_adds: float
    units: dict[str, int]


def train(study: Study, subject: str) -> Work:
    """Count a training on the embedded task, with the test that ends each epoch."""
    recipe, told = study.recipes.motion, study.subjects[subject]
    feed = study.record(subject).feed(told.training)
    frames = feed.steps if feed.kind == "still" else recipe.frames
    every = 2 if recipe.video > recipe.frames else 1  # clips that `motion` takes of a video: its first and its last
    training = recipe.training_videos * (every if told.training == "motion" else 1)
    test = recipe.test_videos * (every if told.training in ("motion", "motion_subset") else 1)
    shown = recipe.epochs * frames
    one = _seen(study, subject, recipe.size).multiply_adds
    return Work(
        trainings=1,
        frames=shown * (training + test),
        multiply_adds=one * shown * (TRAINING_STEP * training + test),
    )


def extract(study: Study, subject: str, movie: str) -> Work:
    """Count a pass over a movie or over scenes."""
    kept = study.features.keep
    keep = [one for one in study.layers(subject) if kept == "all" or one in kept]
    frames, units = _frames(study, movie), _seen(study, subject).units
    size = 1 if study.record(subject).spiking else 4
    return _passes(study, subject, movie, 1) + Work(written=frames * size * sum(units[one] for one in keep))


def perturbed(study: Study, subject: str, movie: str, windowed: str) -> Work:
    """Count a pass a trial over a movie whose frames are shuffled or replaced inside windows of one length."""
    experiments = study.experiments
    if windowed.startswith("shuffle"):
        return _passes(study, subject, movie, experiments.shuffle.trials)
    return _passes(study, subject, movie, experiments.replace.trials * len(experiments.replace.kinds))


def with_noise(study: Study, subject: str, movie: str, *_: str) -> Work:
    """Count, for each kind of noise, a pass over the movie and the noise movie after it."""
    return _passes(study, subject, movie, len(study.experiments.replace.kinds), movies=2)


STAGES: dict[str, Callable[..., Work]] = {
    "train": train,
    "extract": extract,
    "perturbed": perturbed,
    "with_noise": with_noise,
}
"""Stages that run a network long, each with the function of (study, parts of the log's path below the stage)."""


def _passes(study: Study, subject: str, movie: str, passes: int, movies: int = 1) -> Work:
    """Count passes over so many movies in a row, with the products of every two frames of every layer."""
    frames, seen, feed = movies * _frames(study, movie), _seen(study, subject), _feed(study, subject, movie)
    pairs = frames * (frames + 1) // 2
    steps = frames * (feed.steps if feed.kind == "still" else 1)
    return Work(
        passes=passes,
        frames=passes * steps,
        multiply_adds=passes * (steps * seen.multiply_adds + pairs * sum(seen.units.values())),
        written=passes * pairs * 8 * len(seen.units),
    )


def _frames(study: Study, movie: str) -> int:
    stimulus = study.stimuli[movie].stimulus
    if stimulus is None:
        raise ValueError(f"{movie} has no frames to show")
    return stimulus.frames


def _feed(study: Study, subject: str, movie: str) -> Feed:
    return study.record(subject).feed(study.subjects[subject].training, movie in study.scenes)


def _seen(study: Study, subject: str, size: int | None = None) -> Seen:
    told, record = study.subjects[subject], study.record(subject)
    return _look(json.dumps(record.as_params(told.training)), tuple(study.layers(subject)), size or told.size)


@cache
def _look(plain_record: str, layers: tuple[str, ...], size: int) -> Seen:
    """Show a frame of nothing to the network on torch's `meta` device, which computes shapes and no values."""
    record = catalogue.from_params(json.loads(plain_record))
    feed = next(iter(record.feeds.values()))
    frames = feed.chunk if feed.kind == "clip" else 1
    with torch.device("meta"):
        model = build.create(record).eval()
        shown = torch.zeros(frames, 1, 3, size, size)
    with (
        torch.no_grad(),
        fresh_state(model),
        taps(model, layers) as collect,
        FlopCounterMode(display=False) as counted,
    ):
        model(shown)
        units = {layer: math.prod(output.shape[2:]) for layer, output in collect().items()}
    return Seen(counted.get_total_flops() / 2 / frames, units)
