"""What every table of the config has in common; it stands in `lorafb.records`, below the config."""

from lorafb.records import FRAMES, HERTZ, MEGABYTES, PIXELS, RATE, Extra, Model, Name

__all__ = ["FRAMES", "HERTZ", "MEGABYTES", "PIXELS", "RATE", "Extra", "Model", "Name"]
