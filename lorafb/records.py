"""What every table of the config has in common: unknown keys and wrong types are refused at every depth."""

from typing import Annotated

from annotated_types import Len
from pydantic import BaseModel, ConfigDict, Discriminator, JsonValue, StringConstraints, Tag

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
"""Name that a person chooses; it becomes part of file names."""


def _form(value: object) -> str:
    return "table" if isinstance(value, dict) else "list" if isinstance(value, list) else "text"


Texts = Annotated[Annotated[str, Tag("text")] | Annotated[list[str], Tag("list")], Discriminator(_form)]
"""One text, or several."""
AreaNames = Annotated[
    Annotated[list[Name], Len(1), Tag("list")] | Annotated[dict[Name, list[str]], Len(1), Tag("table")],
    Discriminator(lambda value: "table" if isinstance(value, dict) else "list"),
]
"""Names of areas, or a table from each to the names that recordings have for it."""

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
