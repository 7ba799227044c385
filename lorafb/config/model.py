"""The typed model of the config: a misspelt key must stop the study, not leave a default in force unnoticed.

The JSON schema and the table of keys in the docs are generated from these classes. Reading a config never imports torch.
"""

from collections.abc import Iterable
from typing import Literal, get_args

from pydantic import Field, field_validator

from lorafb.config.experiments import Compute, Experiments, Features, Perturbation
from lorafb.config.movies import Movie, StillScenes
from lorafb.config.subjects import OwnNetwork, Recipes, Subject, Trained, TrainingSet
from lorafb.networks import catalogue, named
from lorafb.records import AreaNames, Model, Name
from lorafb.similarity import metrics

AREAS = ["VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam"]
"""Areas of the published study."""


class Added(Model):
    """Movies, scenes, networks and subjects beside those of the study."""

    movies: dict[Name, Movie] = Field(default_factory=dict, description="further movies, by name")
    scenes: dict[Name, StillScenes] = Field(default_factory=dict, description="further still scenes, by name")
    networks: dict[Name, OwnNetwork] = Field(default_factory=dict, description="further networks of your own, by name")
    subjects: dict[Name, Subject] = Field(default_factory=dict, description="further subjects, by name")


class Study(Model):
    """A whole study."""

    study: Name = Field("own", description="name of the study, in the heading of the report")
    seed: int = Field(2023, ge=0, description="seed of every random draw without another seed")
    areas: AreaNames = Field(
        AREAS,
        description="areas scored, in the figures' order; as a table, other names of each in recordings: "
        "`VISp: [V1, Primary visual area*]` (layers, capitals and Allen's full names are understood by themselves)",
    )
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
    add: Added = Field(
        default_factory=Added,
        exclude=True,
        description="tables `movies`, `scenes`, `networks`, `subjects` whose entries stand beside those of the study and replace none",
    )
    training_sets: dict[Name, TrainingSet] = Field(
        default_factory=dict, description="training sets on your disk, by name: ucf101, imagenet, or a name of your own"
    )
    recipes: Recipes = Field(default_factory=Recipes, description="training recipes")
    experiments: Experiments = Field(default_factory=Experiments, description="experiments")
    features: Features = Field(default_factory=Features, description="which features stay on disk")
    compute: Compute = Field(default_factory=Compute, description="threads, device and memory of torch jobs")

    def added_twice(self) -> list[str]:
        """Describe each addition whose name is taken, one line each."""
        return [
            f"add.{table}.{name}: the study has one of this name; choose another, or change it in `{table}`"
            for table, names in self.add
            for name in names
            if name in getattr(self, table)
        ]

    def with_added(self) -> "Study":
        """Put what is to be added into its tables."""
        tables = {table: {**getattr(self, table), **names} for table, names in self.add}
        return self.model_copy(update={**tables, "add": Added()})

    @property
    def partial_metrics(self) -> list[str]:
        """Metrics that parts of a movie, perturbed movies, scenes and areas are scored by, where the config names none."""
        return [name for name in self.metrics if not metrics.find(name).whole_movie]

    def places(self, controls: Iterable[str] = ()) -> AreaNames:
        """Areas and controls as recordings are searched for them: their names, or a table of other names."""
        if isinstance(self.areas, list):
            return [*self.areas, *controls]
        return {**self.areas, **{area: [] for area in controls if area not in self.areas}}

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
        """Record of a subject's network: a person's own, another library's, or the catalogue's, with the subject's training set."""
        name, training = self.subjects[subject].network, self.subjects[subject].training
        if name in self.networks:
            return self.networks[name].record(name)
        if named.is_named(name):
            return named.find(name, training)
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
        return self.record(subject).choose(self.subjects[subject].layers)

    def size(self, subject: str) -> int:
        """Height and width of the frames that a subject is shown, in pixels."""
        return self.subjects[subject].size or self.record(subject).usual_size

    def perturbed(self, experiment: Perturbation) -> list[tuple[str, str]]:
        """Subject and movie of every pair that is shuffled, or has frames replaced."""
        windows = getattr(self.experiments, experiment).windows
        return [
            (subject, movie)
            for subject, movie in self.passes
            if windows and movie in self.movies and movie in self.recorded
            if experiment in self.subjects[subject].experiments and experiment in self.movies[movie].experiments
        ]
