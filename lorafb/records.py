"""What every table of the config has in common: unknown keys and wrong types are refused at every depth."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, JsonValue, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
"""Name that a person chooses; it becomes part of file names."""

Extra = dict[str, JsonValue]
FRAMES: Extra = {"unit": "frames"}
PIXELS: Extra = {"unit": "pixels"}
SECONDS: Extra = {"unit": "s"}
HERTZ: Extra = {"unit": "Hz"}
RATE: Extra = {"unit": "spikes/s"}
MEGABYTES: Extra = {"unit": "MB"}


class Model(BaseModel):
    """Unknown keys and wrong types are refused at every depth."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
