"""`lorafb similarity`: a network's layers against every area, as the published program compares them."""

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lorafb import code, trials
from lorafb.artefacts.provenance import Provenance
from lorafb.commands import inputs, outputs
from lorafb.commands.options import METRICS
from lorafb.commands.plan import Plan, plan
from lorafb.commands.viewer import Viewer, device
from lorafb.experiments.best import area_scores, best_layers
from lorafb.experiments.clip import score_clips, score_front
from lorafb.experiments.cortex_side import Area, first_frames
from lorafb.experiments.original import score_original
from lorafb.experiments.replace import score_replace, score_replace_still
from lorafb.experiments.scenes import score_scenes
from lorafb.experiments.scoring import Layer, Side
from lorafb.experiments.shuffle import score_shuffle, score_shuffle_still
from lorafb.experiments.table import joined
from lorafb.features.prepare import Joined, PreparedFrames
from lorafb.files import InputError
from lorafb.networks import catalogue, checkpoint
from lorafb.similarity import metrics
from lorafb.similarity.metrics import Comparison
from lorafb.similarity.regression import COMPONENTS

Best = Mapping[str, Layer] | None


@dataclass(frozen=True)
class Study:
    """All that a run needs, checked."""

    plan: Plan
    areas: list[Area]
    movie: PreparedFrames
    noise: PreparedFrames | None
    viewer: Viewer
    metric: Comparison


def run(told: Namespace) -> None:
    """Run the command; raises InputError, one line, before a network is shown a movie and before anything is written."""
    chosen = device(told.device)
    network = catalogue.network(told.model)
    cortex = inputs.cortex(told.neural_dataset_dir, told.neural_dataset)
    feed = network.feed(told.train_dataset, still=cortex.scenes)
    planned = plan(told, cortex.n_frames, cortex.scenes)
    paths = {"movie": inputs.stimulus_path(told.stimulus_dir, told.neural_dataset)}
    if planned.kind == "replace":
        paths["noise"] = inputs.stimulus_path(told.stimulus_dir, told.neural_dataset, planned.replacement)
    shown = {name: inputs.stimulus(path, cortex.n_frames, network) for name, path in paths.items()}
    if "noise" in shown:
        inputs.same_size(shown["movie"], shown["noise"])
    weights = checkpoint.read(told.checkpoint_path, told.model, told.train_dataset)

    name = METRICS[told.metric]
    metric = metrics.load(name, **({"ties": told.ties} if name == "tsrsa" else {}))
    made_by = _provenance(told, planned, cortex, paths, network)
    with outputs.scratch_near(told.output_dir) as scratch:
        viewer = Viewer(checkpoint.restore(weights), network.scored, feed, metric.sees, chosen, scratch)
        study = Study(planned, cortex.areas, shown["movie"], shown.get("noise"), viewer, metric)
        _check_enough_frames(study)
        known = None
        if planned.best_layer and planned.kind != planned.first:
            known = outputs.known_original(told.output_dir, planned, name, _without_noise(made_by, paths))
        scores = score(study, known)
    path = outputs.write(scores, told.output_dir, made_by)
    if told.legacy_output:
        outputs.write_published(scores, told.output_dir, told.metric, planned)
    _say(scores, planned, path)


def score(study: Study, known: pd.DataFrame | None = None) -> pd.DataFrame:
    """Score what a plan asks for.

    Parameters
    ----------
    study : Study
    known : DataFrame, optional
        Scores on the original movie, where they are at hand.

    Returns
    -------
    DataFrame
        Tidy scores: of the original movie where best layers had to be found, then of the experiment.
    """
    planned, viewer, areas, metric = study.plan, study.viewer, study.areas, study.metric
    if not planned.best_layer or planned.kind == planned.first:
        return _ablation(study, None, {}) if planned.kind != planned.first else _original(study, _whole_movie(study))
    shown: Mapping[str, Side] = {}
    if known is None:
        shown = _whole_movie(study)
        known = score_original(shown, areas, planned.labels, metric)
    try:
        best = best_layers(known)
    except ValueError as error:
        raise InputError(f"{planned.labels.network}, {planned.labels.movie}: {error}") from None
    return joined([known, _ablation(study, best, shown if shown else {})])


def _whole_movie(study: Study) -> Mapping[str, Side]:
    return study.viewer.movie(study.movie, study.movie.n_frames)


def _original(study: Study, shown: Mapping[str, Side]) -> pd.DataFrame:
    scored = score_scenes if study.plan.kind == "scenes" else score_original
    return scored(shown, study.areas, study.plan.labels, study.metric)


def _ablation(study: Study, best: Best, shown: Mapping[str, Side]) -> pd.DataFrame:
    """Score the experiment; `shown` is what the layers responded to the whole movie, where it was shown already."""
    of_kind = {"clip": _clips, "front": _front, "shuffle": _shuffle, "replace": _replace}
    return of_kind[study.plan.kind](study, best, shown)
