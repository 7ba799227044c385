"""Settings of the trainings, as the config has them; no torch, so that reading a config stays fast.

With SGD at a learning rate of 0.1 the tiny networks had learnt nothing after 128 steps: hence AdamW and 0.003.
"""

from pydantic import Field

from lorafb.records import FRAMES, PIXELS, Model
from lorafb.training.recipe import Optimiser


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
