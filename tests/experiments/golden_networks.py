"""The networks of the golden runs, with the weights and movies of their recipe, each shown each movie once."""

import json
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
import recipe
import torch
from golden_inputs import GOLDEN, areas_of
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lorafb.artefacts.grams import Products
from lorafb.features.extract import extract
from lorafb.features.gram import products
from lorafb.features.prepare import Joined, PreparedFrames
from lorafb.features.stream import HeldFeatures, trial_products
from lorafb.networks import catalogue
from lorafb.networks.build import create

torch.set_num_threads(1)
threadpool_limits(1)  # several test workers that each take all cores are a hundred times slower
_MADE: dict[tuple, dict[str, Products]] = {}
SPIKING = ("lorafb_snet", "sew_resnet")


@cache
def model(network: str, training: str, seed: int) -> torch.nn.Module:
    """Build a network with the recipe's weights."""
    table = json.loads((GOLDEN / "state_dicts.json").read_text())[network]["state_dict"]
    if training == "imagenet" and network.startswith(SPIKING):
        table = recipe.with_classes(table, 1000)
    built = create(network, classes=catalogue.network(network).feed(training).classes)
    built.load_state_dict({key: torch.from_numpy(value) for key, value in recipe.weights(network, table, seed).items()})
    return built


class Subject:
    """The network of a golden run before its movie."""

    def __init__(self, golden: Mapping) -> None:
        stimulus = golden["stimulus"]
        self.golden = golden
        self.network, self.training = golden["network"], golden["trained_on"]
        self.scenes = stimulus["dataset"] == "allen_natural_scenes"
        self.shape = stimulus["frames"], stimulus["size"], stimulus["seed"]
        self.layers = catalogue.network(self.network).scored
        self.feed = catalogue.network(self.network).feed(self.training, still=self.scenes)
        self.areas = areas_of(golden)

    @property
    def model(self) -> torch.nn.Module:
        return model(self.network, self.training, self.golden["weights_seed"])

    @property
    def movie(self) -> PreparedFrames:
        return PreparedFrames(torch.from_numpy((recipe.scenes if self.scenes else recipe.movie)(*self.shape)))

    def with_noise(self, kind: str) -> Joined:
        """The movie, then a noise movie."""
        return Joined((self.movie, PreparedFrames(torch.from_numpy(recipe.noise(kind, *self.shape)))))

    def features(self) -> dict[str, NDArray[np.float32]]:
        """Responses [T, units] of every layer."""
        held = self._shown(self.movie)
        return {layer: held.take(layer)[0].numpy().astype(np.float32) / held.scales[layer] for layer in self.layers}

    def products(self, noise: str | None = None) -> dict[str, Products]:
        """Products of every layer for the movie, or for movie and noise movie together; one pass a test process."""
        key = self.network, self.training, self.scenes, self.shape, noise
        if key not in _MADE:
            held = self._shown(self.with_noise(noise) if noise else self.movie)
            _MADE[key] = {layer: products([held.take(layer)[0]]) for layer in self.layers}
        return _MADE[key]

    def trials(self, positions: NDArray, layers: list[str], noise: str | None = None) -> Iterator[dict[str, Products]]:
        """Products of layers for each of many orders of the movie's frames (and the noise movie's)."""
        source = self.with_noise(noise) if noise else self.movie
        made = trial_products(self.model, layers, source, positions, self.feed, memory_bytes=2**29)
        return (of_trial for _, of_trial in made)

    def _shown(self, source: PreparedFrames | Joined) -> HeldFeatures:
        positions = np.arange(source.n_frames)[None]
        held = HeldFeatures(source.n_frames)
        extract(self.model, self.layers, source, positions, self.feed, held)
        return held
