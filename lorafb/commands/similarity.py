"""`lorafb similarity`: a network's layers against every area, as the published program compares them."""

import json
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch

from lorafb import code
from lorafb.artefacts.provenance import Provenance
from lorafb.commands import inputs, outputs
from lorafb.commands.options import METRICS
from lorafb.commands.plan import Plan, plan
from lorafb.commands.scoring import Study, score
from lorafb.commands.viewer import Viewer
from lorafb.cortex.published import AREAS
from lorafb.experiments.best import area_scores
from lorafb.files import InputError
from lorafb.networks import catalogue, checkpoint
from lorafb.networks.device import device
from lorafb.similarity import metrics
from lorafb.similarity.regression import COMPONENTS


def run(told: Namespace) -> None:
    """Check the files and settings of a command line, score what it asks for, write the scores.

    Raises
    ------
    InputError
        One line, before a network is shown a movie; nothing is written.
    """
    chosen, network = device(told.device), catalogue.network(told.model)
    cortex = inputs.cortex(told.neural_dataset_dir, told.neural_dataset)
    feed = network.feed(told.train_dataset, still=cortex.scenes)
    planned = plan(told, cortex.n_frames, cortex.scenes)
    noise = planned.replacement or None
    paths = [
        inputs.stimulus_path(told.stimulus_dir, told.neural_dataset, kind) for kind in dict.fromkeys([None, noise])
    ]
    movies = [inputs.stimulus(path, cortex.n_frames, network) for path in paths]
    if noise:
        inputs.same_size(*movies)
    weights = checkpoint.read(told.checkpoint_path, told.model, told.train_dataset)

    name = METRICS.get(told.metric, told.metric)
    metric = metrics.load(name, **({"ties": told.ties} if name.startswith("tsrsa") else {}))
    lasting = {**cortex.files, "checkpoint": told.checkpoint_path, "stimulus": paths[0]}
    digests = inputs.digests(lasting | ({"noise": paths[1]} if noise else {}))
    modules = network.build, *metrics.find(name).modules
    made_by = Provenance(digests, _parameters(told, planned), code.digest(Path(__file__), *modules))

    with outputs.scratch_near(told.output_dir) as scratch:
        viewer = Viewer(checkpoint.restore(weights), network.scored, feed, metric.sees, chosen, scratch)
        study = Study(planned, cortex.areas, movies[0], movies[1] if noise else None, viewer, metric)
        _check_frames(study)
        before = Provenance({key: digests[key] for key in lasting}, made_by.parameters, made_by.code)
        known = outputs.known_original(told.output_dir, planned, name, before) if planned.best_layer else None
        scores = score(study, known)
    path = outputs.write(scores, told.output_dir, made_by)
    if told.legacy_output:
        outputs.write_published(scores, told.output_dir, told.metric, planned)
    print(f"{summary(scores[scores['experiment'] == planned.kind])}\n{len(scores)} scores in {path}")


def summary(scores: pd.DataFrame) -> str:
    """Say for each area its best layer's score, mean over trials; layers where they are the same in all trials."""
    best, lines = area_scores(scores), []
    for area in AREAS:
        rows = best[best["area"] == area]
        layers = sorted(set(rows["layer"]))
        told = layers[0] if len(layers) == 1 else "several layers"
        lines.append(f"{area:6} {rows['value'].mean(skipna=False):.4f}  {told or 'no layer has a score'}")
    return "\n".join(lines)


def _parameters(told: Namespace, planned: Plan) -> Mapping[str, object]:
    names = ("model", "model_name", "train_dataset", "neural_dataset", "metric", "ties", "draws", "device")
    record = catalogue.network(told.model)
    feed = record.feed(told.train_dataset, still=planned.kind == "scenes")
    shown = {"build": record.build, "options": record.options, "layers": record.layers, "feed": vars(feed)}
    return {
        **{name: getattr(told, name) for name in names},
        "network": json.dumps(shown),
        "threads": torch.get_num_threads(),
        **planned.parameters(),
    }


def _check_frames(study: Study) -> None:
    """Refuse a regression on fewer frames than it has components, which would fail after hours."""
    n_scored = study.plan.n_scored(study.movie.n_frames)
    if study.metric.name != "regression" or n_scored >= COMPONENTS:
        return
    shapes = study.viewer.expected(study.movie, study.movie.n_frames).shapes
    wide = [layer for layer, shape in shapes.items() if torch.Size(shape).numel() > COMPONENTS]
    if wide:
        raise InputError(
            f"--metric Regression: {n_scored} frames are scored, and layer {wide[0]} with more than {COMPONENTS} units "
            f"needs at least {COMPONENTS}"
        )
