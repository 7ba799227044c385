"""Experiments beside the whole movie, and what a job that runs a network may use."""

from typing import Literal

from pydantic import Field

from lorafb.records import FRAMES, MEGABYTES, Model
from lorafb.stimuli.noise import Kind as NoiseKind

Perturbation = Literal["shuffle", "replace"]


class Scored(Model):
    """An experiment that may have metrics of its own."""

    metrics: list[str] | None = Field(
        None,
        min_length=1,
        description="which of the study's metrics score this experiment; null takes all but those that need the whole movie",
    )


class Clip(Scored):
    """Score random clips of the movie."""

    lengths: list[int] = Field(
        default_factory=list,
        description="clip lengths, each on the movies that it fits; none leaves the experiment out",
        json_schema_extra=FRAMES,
    )
    trials: int = Field(10, ge=1, description="clips per length")


class Front(Scored):
    """Score the first frames alone."""

    lengths: list[int] = Field(
        default_factory=list,
        description="lengths of the start of the movie that is presented, each on the movies that it fits; none leaves the experiment out",
        json_schema_extra=FRAMES,
    )


class Perturbed(Scored):
    """Perturb movies inside windows, for the subjects and movies whose `experiments` name it."""

    windows: list[int] = Field(
        default_factory=list, description="frames of a window; none leaves the experiment out", json_schema_extra=FRAMES
    )
    trials: int = Field(10, ge=1, description="random draws per window")


class Replace(Perturbed):
    """Replace one frame per window by the frame of a noise movie with the same number."""

    kinds: list[NoiseKind] = Field(["gaussian"], min_length=1, description="what replaces frames")


class Ceiling(Model):
    """Similarity of an area with itself, between random halves."""

    splits: int = Field(100, ge=2, description="random halves per area")


class Experiments(Model):
    """Experiments beside the whole movie."""

    clip: Clip = Field(default_factory=Clip, description="random consecutive clips (Figures 3C and 3D)")
    front: Front = Field(default_factory=Front, description="the first frames alone")
    shuffle: Perturbed = Field(
        default_factory=Perturbed, description="frames in random order inside windows (Figures 4A and 7A)"
    )
    replace: Replace = Field(
        default_factory=Replace, description="one frame per window replaced by noise (Figures 4B and 7B)"
    )
    ceiling: Ceiling = Field(default_factory=Ceiling, description="noise ceilings (Table 1)")


class Features(Model):
    """What an extraction leaves on disk beside the Gram matrices."""

    keep: Literal["all", "none"] | list[str] = Field(
        "none", description="layers whose features stay on disk: all, none, or a list"
    )


class Compute(Model):
    """What a job of torch may use; part of its definition, since another number of threads sums in another order."""

    threads: int = Field(1, ge=1, description="CPU threads of a training or of a pass")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where networks run")
    workers: int = Field(0, ge=0, description="further processes that make clips, for each process of a training")
    gpus: int = Field(1, ge=1, description="GPUs of a training, with device cuda: one process each")
    training_minutes: int | None = Field(
        None,
        ge=2,
        description="time limit of a training job, as a cluster has; it saves and ends in time, and goes on when started again",
        json_schema_extra={"unit": "minutes"},
    )
    memory_mb: int = Field(
        2000, ge=200, description="bound of the working memory of a pass", json_schema_extra=MEGABYTES
    )
