"""The one typed model of the config: a misspelt key must stop the study, not quietly leave a default in force.

The JSON schema and the table of keys in the docs are generated from these classes. Reading a config never imports torch.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from lorafb.networks import catalogue

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
Area = Literal["VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam"]


class Model(BaseModel):
    """Unknown keys and wrong types are refused at every depth."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Camera(Model):
    """A natural movie made by moving a camera over the photographs that scikit-learn ships."""

    kind: Literal["camera"]
    frames: int = Field(300, ge=3, le=100_000, description="length of the movie", json_schema_extra={"unit": "frames"})
    rate_hz: float = Field(30.0, gt=0, description="frame rate", json_schema_extra={"unit": "Hz"})
    size: int = Field(128, ge=32, le=1024, description="height and width", json_schema_extra={"unit": "pixels"})
    seed: int = Field(1, ge=0, description="seed of the camera's path")


class Video(Model):
    """A video file, decoded frame by frame."""

    kind: Literal["video"]
    file: str = Field(
        description="the video; relative paths start at the working directory, then at the workflow's folder"
    )
    start: int = Field(0, ge=0, description="first frame taken", json_schema_extra={"unit": "frames"})
    frames: int = Field(ge=3, description="frames taken", json_schema_extra={"unit": "frames"})


class Array(Model):
    """Frames in a NumPy array of uint8, grey [T, height, width] or colour [T, height, width, 3], as Allen's templates."""

    kind: Literal["array"]
    file: str = Field(description="the .npy; relative paths as for a video")
    frames: int = Field(ge=3, description="frames that it holds", json_schema_extra={"unit": "frames"})
    rate_hz: float = Field(30.0, gt=0, description="frame rate", json_schema_extra={"unit": "Hz"})


class Quality(Model):
    """Which sorted units count; the defaults are the AllenSDK's."""

    amplitude_cutoff: float | None = Field(0.1, ge=0, description="largest amplitude cutoff; null keeps all")
    presence_ratio: float | None = Field(0.95, ge=0, le=1, description="smallest presence ratio; null keeps all")
    isi_violations: float | None = Field(
        0.5, ge=0, description="most violations of the refractory period; null keeps all"
    )
    firing_rate: float | None = Field(
        None, ge=0, description="least rate over the session", json_schema_extra={"unit": "spikes/s"}
    )
    quality: str | None = Field(None, description="the sorter's label that counts (good); null keeps all")


class Simulated(Model):
    """Simulated mice that see the movie, written as NWB sessions and read back like real ones."""

    kind: Literal["simulated"]
    sessions: int = Field(2, ge=1, le=20, description="simulated mice, one session each")
    units: int = Field(24, ge=2, le=500, description="units an area and session, before quality filters")
    repeats: int = Field(10, ge=2, le=100, description="times the movie is shown")
    seed: int = Field(1, ge=0, description="seed of filters, gains and spikes")
    quality: Quality = Field(default_factory=Quality, description="unit filters")


class Allen(Model):
    """NWB sessions of the Allen Visual Coding Neuropixels schema."""

    kind: Literal["allen"]
    sessions: list[str] = Field(min_length=1, description="NWB files, one a session")
    presentations: Name = Field(
        "natural_movie_one", description="movie's name in the interval table NAME_presentations"
    )
    quality: Quality = Field(default_factory=Quality, description="unit filters")


class Counts(Model):
    """A table of spike counts: one array of units x repeats x bins an area, in one .npz."""

    kind: Literal["counts"]
    file: str = Field(
        description="the .npz; relative paths start at the working directory, then at the workflow's folder"
    )


class Published(Model):
    """The paper's arrays: one .npy an area, counts summed over repeats."""

    kind: Literal["published"]
    folder: str = Field(description="folder that holds DATASET/visp_1.npy and the others")
    dataset: Literal["allen_natural_movie_one", "allen_natural_movie_three"] = Field(description="folder of the movie")

    def files(self, areas: Iterable[str]) -> list[str]:
        """Files of some areas."""
        return [f"{self.folder}/{self.dataset}/{area.lower()}_1.npy" for area in areas]


class Movie(Model):
    """What was shown, and what was recorded while it was; either may be missing."""

    stimulus: Camera | Video | Array | None = Field(None, discriminator="kind", description="the frames")
    recording: Simulated | Allen | Counts | Published | None = Field(
        None, discriminator="kind", description="the responses"
    )
    min_rate: float = Field(
        0.5, ge=0, description="units below this mean rate are left out", json_schema_extra={"unit": "spikes/s"}
    )
    skip_frames: int = Field(
        1, ge=0, description="frames at the start that no score sees", json_schema_extra={"unit": "frames"}
    )


class Trained(Model):
    """Weights trained here, by the recipe of the subject's training set."""

    kind: Literal["trained"]
    seed: int = Field(2022, ge=0, description="seed of initial weights and of the order of clips")


class Initial(Model):
    """The network's own initial weights, and called so wherever they show."""

    kind: Literal["initial"]
    seed: int = Field(2022, ge=0, description="seed of the weights")
    norms: Name | None = Field(
        None,
        description="movie whose statistics the norms take; without it they do nothing, and neurons may stay silent",
    )


class Saved(Model):
    """A checkpoint file, published or ours."""

    kind: Literal["file"]
    file: str = Field(description="the checkpoint")


class Subject(Model):
    """One network with one set of weights."""

    network: str = Field(description="name in the catalogue (`lorafb networks` lists them)")
    training: str = Field(description="training set: decides classes, normalisation and how frames are shown")
    checkpoint: Trained | Initial | Saved = Field(discriminator="kind", description="where the weights come from")
    label: str | None = Field(None, description="name in figures")
    layers: list[str] | None = Field(
        None, min_length=1, description="layers to score; null takes all but the classifier"
    )
    size: int = Field(
        224, ge=32, description="frames are resized to this height and width", json_schema_extra={"unit": "pixels"}
    )

    @property
    def shown_as(self) -> str:
        """Name in figures."""
        kind = "initial weights" if isinstance(self.checkpoint, Initial) else self.training
        return self.label or f"{self.network} ({kind})"

    @property
    def scored(self) -> list[str]:
        """Layers to score, in the network's order."""
        known = catalogue.scored(self.network)
        return [layer for layer in known if self.layers is None or layer in self.layers]


class Motion(Model):
    """The embedded motion-recognition task and its training recipe."""

    training_clips: int = Field(1024, ge=16, description="training clips, best a multiple of 8")
    test_clips: int = Field(256, ge=16, description="test clips, best a multiple of 8")
    frames: int = Field(8, ge=2, description="frames a clip", json_schema_extra={"unit": "frames"})
    size: int = Field(32, ge=16, description="height and width", json_schema_extra={"unit": "pixels"})
    epochs: int = Field(4, ge=2, description="passes over the training clips")
    batch: int = Field(32, ge=1, description="clips a step")
    optimiser: Literal["sgd", "adamw"] = Field("adamw", description="optimiser; sgd has momentum 0.9")
    learning_rate: float = Field(0.01, gt=0, description="peak of the schedule: linear warm-up, then cosine to 0")
    warmup_epochs: int = Field(1, ge=0, description="epochs of warm-up, fewer than all")
    warmup_decay: float = Field(0.05, gt=0, le=1, description="learning rate at the start, as a part of the peak")
    by_iteration: bool = Field(True, description="follow the schedule step by step, not epoch by epoch")


class Recipes(Model):
    """How the workflow trains."""

    motion: Motion = Field(default_factory=Motion, description="the embedded motion task")


class Clip(Model):
    """Score random clips of the movie."""

    lengths: list[int] = Field(
        default_factory=list,
        description="clip lengths; none leaves the experiment out",
        json_schema_extra={"unit": "frames"},
    )
    trials: int = Field(10, ge=1, description="clips a length")


class Ceiling(Model):
    """Similarity of an area with itself, between random halves."""

    splits: int = Field(100, ge=2, description="random halves an area")


class Experiments(Model):
    """What is done to the movie beside showing it whole."""

    clip: Clip = Field(default_factory=Clip, description="random consecutive clips (Figure 3C)")
    ceiling: Ceiling = Field(default_factory=Ceiling, description="noise ceilings (Table 1)")


class Features(Model):
    """What an extraction leaves on disk beside the products."""

    keep: Literal["all", "none"] | list[str] = Field(
        "all", description="layers whose features are kept: all, none, or a list"
    )


class Compute(Model):
    """What a job of torch may use; part of its definition, since another number of threads sums in another order."""

    threads: int = Field(1, ge=1, description="CPU threads of a training or an extraction")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where networks run")
    memory_mb: int = Field(
        2000, ge=200, description="bound of an extraction's working memory", json_schema_extra={"unit": "MB"}
    )


class Study(Model):
    """A whole study."""

    study: Name = Field("embedded", description="name of the study, shown in the report")
    seed: int = Field(2023, ge=0, description="seed of every random draw that has no seed of its own")
    areas: list[Area] = Field(description="areas scored, in the figures' order", min_length=1)
    metric: Literal["tsrsa"] = Field("tsrsa", description="how two representations are compared")
    ties: Literal["average", "ordinal"] = Field(
        "average", description="ranks of equal correlations; ordinal reproduces the published code"
    )
    draws: Literal["independent", "published"] = Field(
        "independent", description="random streams; published reproduces the published code"
    )
    assets: dict[str, str] = Field(
        default_factory=dict, description="files that need not be there yet: path, and where to get it"
    )
    movies: dict[Name, Movie] = Field(description="movies, by name", min_length=1)
    subjects: dict[Name, Subject] = Field(description="networks with their weights, by name", min_length=1)
    recipes: Recipes = Field(default_factory=Recipes, description="training recipes")
    experiments: Experiments = Field(default_factory=Experiments, description="experiments")
    features: Features = Field(default_factory=Features, description="what an extraction keeps")
    compute: Compute = Field(default_factory=Compute, description="threads, device and memory of torch jobs")

    @property
    def shown(self) -> list[str]:
        """Movies that have frames to show to a network."""
        return [name for name, movie in self.movies.items() if movie.stimulus]

    @property
    def recorded(self) -> list[str]:
        """Movies with a recording."""
        return [name for name, movie in self.movies.items() if movie.recording]

    @property
    def scored(self) -> list[str]:
        """Movies on which networks are scored: shown, and recorded."""
        return [name for name in self.shown if name in self.recorded]
