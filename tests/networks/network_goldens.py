"""Networks with the weights of golden runs, and their features by the catalogue's feeds, without `features`."""

import json
from functools import cache
from pathlib import Path

import recipe
import torch

from lorafb.networks import build
from lorafb.networks.state import fresh_state
from lorafb.networks.taps import taps

GOLDEN = Path(__file__).parents[1] / "golden"


@cache
def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def published_weights(network, classes=101, seed=1):
    table = recipe.with_classes(golden("state_dicts")[network]["state_dict"], classes)
    return {key: torch.from_numpy(value) for key, value in recipe.weights(network, table, seed).items()}


def with_recipe(name, seed=1, **options):
    """Any network with weights made by the recipe: exact sums and lively spikes in lorafb_snet and sew_resnet."""
    model = build.create(name, **options)
    table = {key: [list(value.shape), str(value.dtype)] for key, value in model.state_dict().items()}
    made = {key: torch.from_numpy(value) for key, value in recipe.weights(name, table, seed).items()}
    model.load_state_dict(made)
    return model.eval()


def movie(frames, size=64, seed=1):
    return torch.from_numpy(recipe.movie(frames, size, seed))


def show(model, layers, x, chunks=None):
    """Features of a movie (T, B, ...) shown in one go or in chunks of given lengths: {layer: (T, B, ...)}."""
    pieces = x.split(list(chunks)) if chunks else [x]
    made = {layer: [] for layer in layers}
    with torch.inference_mode(), fresh_state(model), taps(model, layers) as collect:
        for piece in pieces:
            model(piece)
            for layer, values in collect().items():
                made[layer].append(values)
    return {layer: torch.cat(values) for layer, values in made.items()}


def feed_movie(model, layers, x, feed):
    """Features of frames (T, 3, H, W) by a feed: {layer: float32 (T, units' axes)}."""
    if feed.kind == "stateful":
        return {
            layer: values[:, 0] for layer, values in show(model, layers, x[:, None], _lengths(x, feed.chunk)).items()
        }
    if feed.kind == "clip":
        clips = [show(model, layers, clip[:, None]) for clip in x.split(feed.chunk)]
        return {layer: torch.cat([clip[layer][:, 0] for clip in clips]) for layer in layers}
    reduced = {"mean": lambda values: values.mean(dim=0), "last": lambda values: values[-1]}[feed.reduce]
    frames = [show(model, layers, frame[None].expand(feed.steps, *frame.shape)) for frame in x.split(4)]
    return {layer: torch.cat([reduced(frame[layer]) for frame in frames]) for layer in layers}


def _lengths(x, chunk):
    return [len(piece) for piece in x.split(chunk)]
