"""Settings of the trainings, as the config has them; no torch, so that reading a config stays fast.

With SGD at a learning rate of 0.1 the tiny networks had learnt nothing after 128 steps: hence AdamW and 0.003.
"""

from typing import Literal

from pydantic import Field

from lorafb.records import FRAMES, PIXELS, Model
from lorafb.training.recipe import IMAGENET, VIDEO, Optimiser, Precision, Schedule

Taken = Literal["every", "run", "drawn"]
"""Which clips of a video: every one, a run of frames drawn each epoch, or frames drawn one by one (see `samples`)."""


class Task(Model):
    """What defines the videos and clips of the motion task beside the seed."""

    training_videos: int = Field(512, ge=16, description="training videos, best a multiple of 8")
    test_videos: int = Field(128, ge=16, description="test videos, best a multiple of 8")
    video: int = Field(12, ge=2, description="frames per video", json_schema_extra=FRAMES)
    frames: int = Field(8, ge=2, description="frames per clip", json_schema_extra=FRAMES)
    size: int = Field(24, ge=16, description="height and width", json_schema_extra=PIXELS)


class Motion(Task):
    """The embedded motion-recognition task and its training recipe."""

    epochs: int = Field(5, ge=2, description="passes over the training clips")
    batch: int = Field(32, ge=1, description="clips per step")
    optimiser: Optimiser = Field("adamw", description="optimiser; sgd has momentum 0.9")
    learning_rate: float = Field(0.003, gt=0, description="peak of the schedule: linear warm-up, then cosine to 0")
    warmup_epochs: int = Field(1, ge=0, description="epochs of warm-up, fewer than all")
    warmup_decay: float = Field(0.05, gt=0, le=1, description="learning rate at the start, as a part of the peak")
    by_iteration: bool = Field(True, description="follow the schedule step by step, not epoch by epoch")


class Clips(Model):
    """How clips are made of videos."""

    frames: int = Field(16, ge=1, description="frames per clip, one a time step", json_schema_extra=FRAMES)
    size: int = Field(
        224, ge=16, description="height and width, after a crop that is 8/7 as large", json_schema_extra=PIXELS
    )
    crop: Literal["clip", "per_frame"] = Field(
        "clip", description="draw one crop a clip, or, as in the published subsets, one a frame"
    )


class Images(Model):
    """How images are varied in training."""

    size: int = Field(224, ge=16, description="height and width", json_schema_extra=PIXELS)
    augment: Literal["none", "auto", "rand", "trivial"] = Field(
        "none", description="AutoAugment, RandAugment or TrivialAugment"
    )
    erasing: float = Field(0.0, ge=0, le=1, description="probability that a rectangle is erased")


class Optimisation(Model):
    """How weights are learnt, with the published values for UCF101 (`lorafb.training.recipe.Recipe`)."""

    epochs: int = Field(VIDEO.epochs, ge=1, description="passes over the training set")
    batch: int = Field(
        VIDEO.batch, ge=1, description="clips of one pass of one process; the published runs had 8 processes"
    )
    accumulate: int = Field(1, ge=1, description="passes whose gradients are summed for one step")
    learning_rate: float = Field(VIDEO.learning_rate, gt=0, description="its highest value, after the warm-up")
    warmup_epochs: int = Field(VIDEO.warmup_epochs, ge=0, description="epochs of linear warm-up, fewer than all")
    warmup_decay: float = Field(
        VIDEO.warmup_decay, gt=0, le=1, description="learning rate at the start, as a part of the highest"
    )
    schedule: Schedule = Field("cosine", description="what follows the warm-up")
    gamma: float = Field(VIDEO.gamma, gt=0, description="factor of `step` and `exponential`")
    step_epochs: int = Field(VIDEO.step_epochs, ge=1, description="epochs between two factors of `step`")
    by_iteration: bool = Field(False, description="follow the schedule step by step, not epoch by epoch")
    optimiser: Optimiser = Field("sgd", description="optimiser")
    momentum: float = Field(VIDEO.momentum, ge=0, lt=1, description="of sgd")
    weight_decay: float = Field(VIDEO.weight_decay, ge=0, description="weight decay")
    precision: Precision = Field(
        "float32", description="of convolutions and the classifier; neurons and loss are float32"
    )
    channels_last: bool = Field(False, description="keep the channels of a pixel side by side in memory")
    compile: bool = Field(False, description="compile the network; other last digits")
    gather: bool = Field(
        True, description="one gradient a weight for all time steps of a recurrent stage; other last digits"
    )
    ema: bool = Field(False, description="test and keep a moving average of the weights")
    ema_decay: float = Field(VIDEO.ema_decay, ge=0, lt=1, description="its decay, adjusted by clips a step and epochs")
    ema_steps: int = Field(VIDEO.ema_steps, ge=1, description="steps between two of its updates")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="part of the target spread over all classes")
    mixup: float = Field(0.0, ge=0, description="alpha of mixup; 0 for none")
    cutmix: float = Field(0.0, ge=0, description="alpha of cutmix; 0 for none")


class VideoRecipe(Clips, Optimisation):
    """Training on clips of videos; what is not given is as published for UCF101."""

    kind: Literal["videos"] = "videos"


class ImageRecipe(Images, Optimisation):
    """Training on images; what is not given is as published for ImageNet."""

    kind: Literal["images"] = "images"
    epochs: int = Field(IMAGENET.epochs, ge=1, description="passes over the training set")
    warmup_epochs: int = Field(IMAGENET.warmup_epochs, ge=0, description="epochs of linear warm-up, fewer than all")
    warmup_decay: float = Field(
        IMAGENET.warmup_decay, gt=0, le=1, description="learning rate at the start, as a part of the highest"
    )
    weight_decay: float = Field(IMAGENET.weight_decay, ge=0, description="weight decay")
