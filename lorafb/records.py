"""What every record that a config can hold has in common: unknown keys and wrong types are refused at every depth."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Unknown keys and wrong types are refused at every depth."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
