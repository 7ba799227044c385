"""The networks of the golden runs, with the weights and movies of their recipe, each shown each movie once."""

import json
from collections.abc import Iterator, Mapping
from functools import cache

import recipe
import torch
from golden_inputs import GOLDEN, areas_of
from threadpoolctl import threadpool_limits

from lorafb.artefacts.grams import Pass
from lorafb.features.passes import present
from lorafb.features.prepare import PreparedFrames
from lorafb.networks import catalogue
from lorafb.networks.build import create
from lorafb.trials import Trial, original

torch.set_num_threads(1)
threadpool_limits(1)  # several test workers that each take all cores are a hundred times slower
_MADE: dict[tuple, Pass] = {}
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

    def noise(self, kind: str) -> PreparedFrames:
        """A noise movie."""
        return PreparedFrames(torch.from_numpy(recipe.noise(kind, *self.shape)))

    def present(self, trials: list[Trial], layers: list[str] | None = None) -> Iterator[tuple[Trial, Pass]]:
        """Present trials with as few passes as they need; the movie's own pass is made once a test process."""
        kinds = {trial.labels["replacement"] for trial in trials if "replacement" in trial.labels}
        noises = {kind: self.noise(kind) for kind in kinds}
        return present(
            self.model, layers or self.layers, self.movie, noises, trials, self.feed, None if kinds else self.seen
        )

    @property
    def seen(self) -> Pass:
        """Pass over the movie."""
        key = self.network, self.training, self.scenes, self.shape
        if key not in _MADE:
            whole = original(self.movie.n_frames)
            ((_, _MADE[key]),) = present(self.model, self.layers, self.movie, {}, [whole], self.feed)
        return _MADE[key]
