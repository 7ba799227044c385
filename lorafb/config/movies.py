"""Movies and still scenes: what their frames are made of or read from, where the responses come from, which units count."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from lorafb.config.experiments import Perturbation
from lorafb.cortex.quality import Quality
from lorafb.records import FRAMES, HERTZ, PIXELS, RATE, Model, Name

CONTROLS = "recorded areas that the movie should not drive: shown beside the others, in no mean"


# ---------------------------------------------------------------- stimuli


class Camera(Model):
    """A natural movie made by moving a camera over the photographs that scikit-learn ships."""

    kind: Literal["camera"]
    frames: int = Field(300, ge=3, le=100_000, description="length of the movie", json_schema_extra=FRAMES)
    rate_hz: float = Field(30.0, gt=0, description="frame rate", json_schema_extra=HERTZ)
    size: int = Field(128, ge=32, le=1024, description="height and width", json_schema_extra=PIXELS)
    seed: int = Field(1, ge=0, description="seed of the camera's path")


class Video(Model):
    """A video file, decoded frame by frame."""

    kind: Literal["video"]
    file: str = Field(
        description="the video; relative paths: beside the config, then in the working directory, then in the repository"
    )
    start: int = Field(0, ge=0, description="first frame taken", json_schema_extra=FRAMES)
    frames: int = Field(ge=3, description="frames taken", json_schema_extra=FRAMES)
    rate_hz: float | None = Field(
        None, gt=0, description="frame rate, where the file states none or a wrong one", json_schema_extra=HERTZ
    )


class Array(Model):
    """Frames in a NumPy array of uint8, grey [T, height, width] or colour [T, height, width, 3], as Allen's templates."""

    kind: Literal["array"]
    file: str = Field(description="the .npy; relative paths as for a video")
    frames: int = Field(ge=3, description="frames that it holds", json_schema_extra=FRAMES)
    rate_hz: float = Field(30.0, gt=0, description="frame rate", json_schema_extra=HERTZ)


class Scenes(Model):
    """Unrelated still scenes, cut out of the photographs that scikit-learn ships."""

    kind: Literal["scenes"]
    images: int = Field(40, ge=3, le=10_000, description="number of scenes")
    size: int = Field(128, ge=32, le=1024, description="height and width", json_schema_extra=PIXELS)
    seed: int = Field(1, ge=0, description="seed of the cuts")

    @property
    def frames(self) -> int:
        """Number of images."""
        return self.images


class Images(Model):
    """A folder of images, in the order of their names."""

    kind: Literal["images"]
    folder: str = Field(description="folder of images; relative paths as for a video")
    frames: int = Field(ge=3, description="images that it holds", json_schema_extra=FRAMES)
    rate_hz: float = Field(30.0, gt=0, description="frame rate of a movie", json_schema_extra=HERTZ)
    height: int = Field(256, ge=32, le=4096, description="every image is resized to it", json_schema_extra=PIXELS)
    width: int = Field(256, ge=32, le=4096, description="every image is resized to it", json_schema_extra=PIXELS)


class Tensor(Model):
    """A published stimulus: one float32 tensor [T, 3, height, width] in a .pt file, normalised already."""

    kind: Literal["tensor"]
    file: str = Field(
        description="the .pt; relative paths as for a video. Its noise movies are beside it, as published: NAME_gaussian.pt, ..."
    )
    frames: int = Field(ge=3, description="frames that it holds", json_schema_extra=FRAMES)
    rate_hz: float = Field(30.0, gt=0, description="frame rate", json_schema_extra=HERTZ)

    def noise_file(self, kind: str) -> str:
        """File of a noise movie, beside the movie as the published ones are."""
        path = PurePosixPath(self.file)
        return str(path.with_name(f"{path.stem}_{kind}{path.suffix}"))


# ---------------------------------------------------------------- recordings


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
        description="the .npz, or a .csv with columns area, unit, repeat, frame, count (and session); "
        "relative paths: beside the config, then in the working directory, then in the repository"
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


# ---------------------------------------------------------------- both together


class Movie(Model):
    """A stimulus and the recorded responses to it; one of them may be missing."""

    stimulus: Camera | Video | Array | Images | Tensor | None = Field(
        None, discriminator="kind", description="the frames"
    )
    recording: Simulated | Allen | Counts | Arrays | Published | None = Field(
        None, discriminator="kind", description="the responses"
    )
    min_rate: float = Field(0.5, ge=0, description="units below this mean rate are left out", json_schema_extra=RATE)
    skip_frames: int = Field(1, ge=0, description="frames at the start that no score uses", json_schema_extra=FRAMES)
    controls: list[Name] = Field([], description=CONTROLS)
    experiments: list[Perturbation] = Field(
        [], description="experiments of this movie that need extra passes of the network"
    )
    paper: Literal["Movie1", "Movie2"] | None = Field(
        None,
        description="movie of the paper that it represents: its figures and tables then have the paper's numbers beside yours",
    )

    @property
    def selection(self) -> dict[str, float | int]:
        """What decides which units and frames are scored."""
        return {"min_rate": self.min_rate, "skip_frames": self.skip_frames}


class StillScenes(Model):
    """Unrelated still images, presented briefly in random order, and the responses to them."""

    stimulus: Scenes | Array | Images | Tensor | None = Field(None, discriminator="kind", description="the images")
    recording: Simulated | Allen | Published | None = Field(None, discriminator="kind", description="the responses")
    min_reliability: float = Field(
        0.8, ge=-1, le=1, description="units with a split-half reliability over images below this are left out"
    )

    controls: list[Name] = Field([], description=CONTROLS)

    @property
    def selection(self) -> dict[str, float | int]:
        """What decides which units and images are scored."""
        return {"min_reliability": self.min_reliability, "skip_frames": 0}
