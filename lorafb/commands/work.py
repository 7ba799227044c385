"""What the jobs that run networks will do, from the config alone: passes, frames, multiply-adds and bytes."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from lorafb.artefacts import tables
from lorafb.config.model import Study
from lorafb.config.movies import Simulated
from lorafb.networks import build, catalogue
from lorafb.networks.state import fresh_state
from lorafb.networks.taps import taps
from lorafb.training import imagenet, ucf101
from lorafb.training.settings import ImageRecipe, Motion, VideoRecipe

TRAINING_STEP = 3
"""Multiply-adds of a forward and a backward pass, in forward passes."""
UCF101_FRAMES = 180
"""Frames of a video of UCF101 in the mean: 7.21 s at 25 frames/s (Soomro, Zamir, Shah 2012, Table 2)."""
LEAST_S = 4.0
"""Seconds that a job needs to start."""
STATED_S = {
    "asset": 120.0,
    "simulate_session": LEAST_S,
    "count_spikes": 900.0,
    "count_tables": 120.0,
    "recording": 20.0,
    "units": LEAST_S,
    "select_units": 20.0,
    "stimulus": 30.0,
    "prepared_stimulus": 30.0,
    "noise": 60.0,
    "prepared_noise": 30.0,
    "training_set": 1800.0,
    "video_frames": 3600.0,
    "training_curves": 8.0,
    "checkpoint": 15.0,
    "figure": 6.0,
    "figure_areas": 6.0,
    "figure_frames": 6.0,
    "table": LEAST_S,
    "study_table": 20.0,
    "report": 6.0,
}
"""Seconds of a job without a network at the size of the published study: estimates, until it has run once."""
STATED_PAIRS_S = {
    "ceiling": 600.0,
    "areas": 60.0,
    "score_base": 900.0,
    "score_scenes": 60.0,
    "score_perturbed": 900.0,
    "statistics": 1800.0,
    "psth": 300.0,
}
"""The same of jobs that compare every two frames, for a movie of 3600 frames."""


@dataclass(frozen=True)
class Work:
    """What one or more jobs do.

    Attributes
    ----------
    trainings : int
    passes : int
        Times that a network sees a movie, or a set of scenes, from start to end.
    frames : int
        Frames shown; a still frame counts once for each of its time steps.
    multiply_adds : float
        Of forward and backward passes, and of the products of every two frames.
    written : int
        Bytes of Gram matrices and features that stay on disk, before compression.
    jobs, measured, assumed, stated, unknown : int
        Number of jobs: all; with a measured time; with a time from an assumed rate; with a stated time; with no time.
    seconds : float
        Sum of the times.
    """

    trainings: int = 0
    passes: int = 0
    frames: int = 0
    multiply_adds: float = 0.0
    written: int = 0
    jobs: int = 0
    measured: int = 0
    assumed: int = 0
    stated: int = 0
    unknown: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        """Add up."""
        return Work(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Work)))


def train(study: Study, subject: str, results: Path = Path("results")) -> Work:
    """Count a training, with the test that ends each epoch.

    How many clips a training set has is known from its table of files, once that is made; before, UCF101 and ImageNet
    have their published numbers. Another set then has no number yet: its work is unknown.
    """
    training = study.subjects[subject].training
    feed, recipe = study.record(subject).feed(training), study.recipes.named[study.recipe_of(subject)]
    if isinstance(recipe, Motion):
        steps = feed.steps if feed.kind == "still" else recipe.frames
        clips = 2 if recipe.video > recipe.frames else 1  # `motion` takes the first and the last clip of a video
        counts: tuple[int, ...] = (
            recipe.training_videos * (clips if training == "motion" else 1),
            recipe.test_videos * (clips if training in ("motion", "motion_subset") else 1),
        )
    else:
        steps = recipe.frames if isinstance(recipe, VideoRecipe) else feed.steps
        counts = tuple(_samples(study, subject, recipe, split, results) for split in ("training", "test"))
        if 0 in counts:
            return Work(trainings=1, unknown=1)
    trained, tested = (recipe.epochs * steps * count for count in counts)
    per_frame, _ = _network(study, subject, recipe.size)
    return Work(trainings=1, frames=trained + tested, multiply_adds=per_frame * (TRAINING_STEP * trained + tested))


def _samples(study: Study, subject: str, recipe: VideoRecipe | ImageRecipe, split: str, results: Path) -> int:
    """Count the clips or images of a part of a training set."""
    from lorafb.training import samples, sets  # loads torchvision

    training = study.subjects[subject].training
    name = study.set_of(training)
    chosen, path = study.training_sets[name], results / "training_sets" / name / "files.csv"
    if path.is_file():
        table = tables.read(path)
        files = table[(table["split"] == split) & table["wrong"].isna()]
    elif chosen.kind == "ucf101":
        videos = ucf101.VIDEOS[chosen.split][split == "test"]
        files = pd.DataFrame({"frames": np.full(videos, UCF101_FRAMES)})
    elif chosen.kind == "imagenet":
        return imagenet.EXPECTED["training images" if split == "training" else "validation images"]
    else:
        return 0
    if isinstance(recipe, ImageRecipe):
        return len(files)
    taken = sets.TAKEN.get(training, chosen.taken)
    return len(samples.Clips(Path(), files, recipe, taken, (), split == "test"))


def other(study: Study, stage: str, *parts: str) -> float | None:
    """Seconds that a job without a network may take, as stated in `STATED_S`; None for a stage that is not there."""
    if stage in STATED_S:
        recording = next((study.stimuli[part].recording for part in parts if part in study.stimuli), None)
        simulated = stage == "count_spikes" and isinstance(recording, Simulated)
        return STATED_S["simulate_session"] if simulated else STATED_S[stage]
    if stage in STATED_PAIRS_S:
        frames = [one.stimulus.frames for part in parts if (one := study.stimuli.get(part)) and one.stimulus]
        return LEAST_S + STATED_PAIRS_S[stage] * (max(frames, default=0) / 3600) ** 2
    return None


def extract(study: Study, subject: str, movie: str) -> Work:
    """Count a pass over a movie or over scenes, and the features that are stored."""
    keep, (_, units) = study.features.keep, _network(study, subject)
    stored = sum(units[layer] for layer in study.layers(subject) if keep == "all" or (keep != "none" and layer in keep))
    size = 1 if study.record(subject).spiking else 4  # bytes of a value
    return _passes(study, subject, movie, 1) + Work(written=_frames(study, movie) * size * stored)


def perturbed(study: Study, subject: str, movie: str, *experiment: str) -> Work:
    """Count a pass per trial over a movie with frames shuffled or replaced inside windows of one length."""
    shuffle, replace = study.experiments.shuffle, study.experiments.replace
    shuffled = experiment[0].startswith("shuffle")
    return _passes(study, subject, movie, shuffle.trials if shuffled else replace.trials * len(replace.kinds))


def with_noise(study: Study, subject: str, movie: str, *_: str) -> Work:
    """Count, for each kind of noise, a pass over the movie followed by the noise movie."""
    return _passes(study, subject, movie, len(study.experiments.replace.kinds), movies=2)


STAGES: dict[str, Callable[..., Work]] = {
    "train": train,
    "extract": extract,
    "perturbed": perturbed,
    "with_noise": with_noise,
}
"""Stages that run a network for long: functions of the study and the parts of the log's path below the stage."""


def _passes(study: Study, subject: str, movie: str, passes: int, movies: int = 1) -> Work:
    """Count passes over a number of movies in a row, with the products of every two frames of every layer."""
    per_frame, units = _network(study, subject)
    feed = study.record(subject).feed(study.subjects[subject].training, movie in study.scenes)
    frames = movies * _frames(study, movie)
    pairs = frames * (frames + 1) // 2  # a frame with itself too
    steps = frames * (feed.steps if feed.kind == "still" else 1)
    return Work(
        passes=passes,
        frames=passes * steps,
        multiply_adds=passes * (steps * per_frame + pairs * sum(units.values())),
        written=passes * pairs * 8 * len(units),
    )


def _frames(study: Study, movie: str) -> int:
    stimulus = study.stimuli[movie].stimulus
    if stimulus is None:
        raise ValueError(f"{movie} has no frames to show")
    return stimulus.frames


def _network(study: Study, subject: str, size: int | None = None) -> tuple[float, dict[str, int]]:
    """Multiply-adds per frame and time step, and units of each layer."""
    record, training = study.record(subject), study.subjects[subject].training
    plain = json.dumps(record.as_params(training))
    per_frame, found = _measure(plain, tuple(study.layers(subject)), size or study.size(subject))
    return per_frame, {layer: math.prod(shape) for layer, shape in found.items()}


def shapes(record: catalogue.Network, size: int) -> dict[str, tuple[int, ...]]:
    """Find the axes of one frame's features in each scored layer, for frames of a height and width in pixels."""
    return _measure(json.dumps(record.as_params(record.trainings[0])), record.scored, size)[1]


@cache
def _measure(plain_record: str, layers: tuple[str, ...], size: int) -> tuple[float, dict[str, tuple[int, ...]]]:
    """Show the network a frame on torch's `meta` device, which computes shapes and no values."""
    record = catalogue.from_params(json.loads(plain_record))
    feed = next(iter(record.feeds.values()))
    frames = feed.chunk if feed.kind == "clip" else 1
    with torch.device("meta"):
        model = build.create(record).eval()
        clip = torch.zeros(frames, 1, 3, size, size)
    with torch.no_grad(), fresh_state(model), taps(model, layers) as collect, FlopCounterMode(display=False) as counter:
        model(clip)
        found = {layer: tuple(output.shape[2:]) for layer, output in collect().items()}
    return counter.get_total_flops() / 2 / frames, found  # a multiply-add is two operations
