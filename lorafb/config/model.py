"""The typed model of the config: a misspelt key must stop the study, not leave a default in force unnoticed.

The JSON schema and the table of keys in the docs are generated from these classes. Reading a config never imports torch.
"""

from typing import Literal, get_args

from pydantic import Field, field_validator

from lorafb.config.experiments import Compute, Experiments, Features, Perturbation
from lorafb.config.movies import Movie, StillScenes
from lorafb.config.subjects import OwnNetwork, Recipes, Subject, Trained, TrainingSet
from lorafb.networks import catalogue
from lorafb.records import Model, Name
from lorafb.similarity import metrics

Area = Literal["VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam"]


class Study(Model):
    """A whole study."""

    study: Name = Field("embedded", description="name of the study, shown in the report")
    seed: int = Field(2023, ge=0, description="seed of every random draw without another seed")
    areas: list[Area] = Field(description="areas scored, in the figures' order", min_length=1)
    metrics: list[str] = Field(
        ["tsrsa", "regression"],
        min_length=1,
        description="how two representations are compared: names of metrics, or module:NAME of your own, beside the config",
    )
    ties: Literal["average", "ordinal"] = Field(
        "average", description="ranks of equal correlations; ordinal reproduces the published code"
    )
    draws: Literal["independent", "published"] = Field(
        "independent", description="random streams; published reproduces the published code"
    )
    assets: dict[str, str] = Field(
        default_factory=dict,
        description="files that may be missing at the start: path, and where to get it; `registry` for those of `lorafb fetch --list`",
    )
    movies: dict[Name, Movie] = Field(description="movies, by name", min_length=1)
    scenes: dict[Name, StillScenes] = Field(default_factory=dict, description="still scenes, by name")
    networks: dict[Name, OwnNetwork] = Field(
        default_factory=dict, description="your own networks, beside those of the catalogue"
    )
    subjects: dict[Name, Subject] = Field(description="networks with their weights, by name", min_length=1)
    training_sets: dict[Name, TrainingSet] = Field(
        default_factory=dict, description="training sets on your disk, by name: ucf101, imagenet, or a name of your own"
    )
    recipes: Recipes = Field(default_factory=Recipes, description="training recipes")
    experiments: Experiments = Field(default_factory=Experiments, description="experiments")
    features: Features = Field(default_factory=Features, description="which features stay on disk")
    compute: Compute = Field(default_factory=Compute, description="threads, device and memory of torch jobs")

    @property
    def partial_metrics(self) -> list[str]:
        """Metrics that parts of a movie, perturbed movies, scenes and areas are scored by, where the config names none."""
        return [name for name in self.metrics if not metrics.find(name).whole_movie]

    @property
    def stimuli(self) -> dict[str, Movie | StillScenes]:
        """Movies, and then still scenes."""
        return {**self.movies, **self.scenes}

    @property
    def shown(self) -> list[str]:
        """Movies and scenes that have frames to show to a network."""
        return [name for name, one in self.stimuli.items() if one.stimulus]

    @property
    def recorded(self) -> list[str]:
        """Movies and scenes with a recording."""
        return [name for name, one in self.stimuli.items() if one.recording]

    @property
    def scored(self) -> list[str]:
        """Movies and scenes on which networks are scored: shown, and recorded."""
        return [name for name in self.shown if name in self.recorded]

    @property
    def passes(self) -> list[tuple[str, str]]:
        """Subject and movie (or scenes) of every pass over an original stimulus."""
        return [
            (subject, movie)
            for subject, settings in self.subjects.items()
            for movie in self.shown
            if settings.sees is None or movie in settings.sees
        ]

    @property
    def replicates(self) -> dict[str, list[str]]:
        """Subjects of each network that figures show, by its name: its replicates, or one subject of that name."""
        found: dict[str, list[str]] = {}
        for subject, settings in self.subjects.items():
            found.setdefault(settings.replicate_of or subject, []).append(subject)
        return found

    @field_validator("training_sets")
    @classmethod
    def _kinds(cls, sets: dict[str, TrainingSet]) -> dict[str, TrainingSet]:
        """Take the kind of a set from its name where it is not given."""
        named = get_args(get_args(TrainingSet.model_fields["kind"].annotation)[0])
        return {
            name: one.model_copy(update={"kind": name}) if one.kind is None and name in named else one
            for name, one in sets.items()
        }

    def record(self, subject: str) -> catalogue.Network:
        """Record of a subject's network: a person's own, or the catalogue's, with the training set of the subject."""
        name, training = self.subjects[subject].network, self.subjects[subject].training
        if name in self.networks:
            return self.networks[name].record(name)
        record, chosen = catalogue.network(name), self.training_sets.get(training)
        like = "imagenet" if chosen is not None and chosen.images else "ucf101"
        if chosen is None or training in record.feeds or like not in record.feeds:
            return record
        return record.trained_on(training, like, chosen.classes or 0)

    def set_of(self, training: str) -> str:
        """Name in `training_sets` of the files that a training needs: the subsets of UCF101 are made of `ucf101`."""
        return "ucf101" if training in catalogue.VIDEO_TRAININGS else training

    def recipe_of(self, subject: str) -> str:
        """Name in `recipes` of a subject that is trained here: its own, or that of its training set."""
        chosen, training = self.subjects[subject].checkpoint, self.subjects[subject].training
        if isinstance(chosen, Trained) and chosen.recipe:
            return chosen.recipe
        if training in catalogue.MOTION_TRAININGS:
            return "motion"
        files = self.training_sets.get(self.set_of(training))
        return "imagenet" if files is not None and files.images else "ucf101"

    def layers(self, subject: str) -> list[str]:
        """Layers of a subject that are scored, in the network's order."""
        asked = self.subjects[subject].layers
        return [layer for layer in self.record(subject).scored if asked is None or layer in asked]

    def perturbed(self, experiment: Perturbation) -> list[tuple[str, str]]:
        """Subject and movie of every pair that is shuffled, or has frames replaced."""
        windows = getattr(self.experiments, experiment).windows
        return [
            (subject, movie)
            for subject, movie in self.passes
            if windows and movie in self.movies and movie in self.recorded
            if experiment in self.subjects[subject].experiments and experiment in self.movies[movie].experiments
        ]
