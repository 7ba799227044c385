"""Where the responses to a movie, or to still scenes, come from, and which units count."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from lorafb.config.base import HERTZ, Model, Name
from lorafb.cortex.quality import Quality


class Simulated(Model):
    """Simulated mice that see the movie, written as NWB sessions and read back like real ones."""

    kind: Literal["simulated"]
    sessions: int = Field(2, ge=1, le=20, description="simulated mice, one session each")
    units: int = Field(24, ge=2, le=500, description="units per area and session, before quality filters")
    repeats: int = Field(10, ge=2, le=100, description="times the movie is shown")
    seed: int = Field(1, ge=0, description="seed of filters, gains and spikes")
    quality: Quality = Field(default_factory=Quality, description="unit filters")


class Allen(Model):
    """NWB sessions of the Allen Visual Coding Neuropixels schema."""

    kind: Literal["allen"]
    sessions: list[str] = Field(
        min_length=1,
        description="NWB files, one per session; of an address (https://...) only the parts that are needed are read",
    )
    repeats: Literal["equal", "fewest"] = Field(
        "equal",
        description="where sessions have different numbers of whole repeats: refuse, or use the smallest number of repeats for all",
    )
    presentations: Name = Field(
        "natural_movie_one", description="movie's name in the interval table NAME_presentations"
    )
    quality: Quality = Field(
        default_factory=lambda: Quality(quality="good"),
        description="unit filters; the AllenSDK's, which leave out units labelled noise",
    )


class Counts(Model):
    """A table of spike counts: an .npz with one array of units x repeats x bins per area, or a tidy .csv."""

    kind: Literal["counts"]
    file: str = Field(
        description="the .npz, or a .csv with columns area, unit, repeat, frame, count (and session); relative paths start at "
        "the working directory, then at the workflow's folder"
    )
    rate_hz: float | None = Field(
        None, gt=0, description="frame rate, needed for a .csv; an .npz holds it", json_schema_extra=HERTZ
    )


class Arrays(Model):
    """One .npy of spike counts per area."""

    kind: Literal["arrays"]
    files: dict[Name, str] = Field(description="area to its .npy; relative paths as for a table", min_length=1)
    axes: list[Literal["repeats", "frames", "units"]] = Field(
        ["repeats", "frames", "units"], min_length=3, max_length=3, description="what the axes of every array are"
    )
    rate_hz: float = Field(30.0, gt=0, description="frame rate", json_schema_extra=HERTZ)


class Published(Model):
    """The paper's arrays: one .npy per area, counts summed over repeats."""

    kind: Literal["published"]
    folder: str = Field(description="folder with DATASET/visp_1.npy and the others")
    dataset: Literal["allen_natural_movie_one", "allen_natural_movie_three", "allen_natural_scenes"] = Field(
        description="folder of the movie, or of the scenes"
    )

    def of_areas(self, areas: Iterable[str]) -> list[str]:
        """Files of some areas; scenes have a second one per area, with the reliability of its units."""
        names = ("{}_8.npy", "shr_{}.npy") if self.dataset == "allen_natural_scenes" else ("{}_1.npy",)
        return [f"{self.folder}/{self.dataset}/{name.format(area.lower())}" for area in areas for name in names]
