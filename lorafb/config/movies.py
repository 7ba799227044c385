"""Movies and still scenes: what their frames are made of or read from, where the responses come from, which units count."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import Field

from lorafb.config.experiments import Perturbation
from lorafb.cortex import places
from lorafb.cortex.intervals import Layout
from lorafb.cortex.quality import COLUMNS, Quality
from lorafb.records import FRAMES, HERTZ, PIXELS, RATE, SECONDS, Model, Name, Texts

VALUES = "whole numbers of spikes, or real values (dF/F, rates), which may be negative and have no rate in spikes/s"
MIN_RATE = 0.5
UNDEFINED = (
    "frames to which all kept units of an area respond alike (no spike) have no correlation: no_score (the area has none, "
    "and the report says why), or leave_out (the area is scored without these frames, for all networks alike)"
)
CONTROLS = "recorded areas that the movie should not drive: they stand beside the others, and no mean includes them"


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


class Counted(Model):
    """What all recordings whose spikes are counted here have in common."""

    latency: float = Field(
        0.0,
        ge=-1,
        le=1,
        description="spikes are counted from so long after a frame's onset on",
        json_schema_extra=SECONDS,
    )
    bin: float | None = Field(
        None,
        gt=0,
        le=10,
        description="for so long; as long as the frame was shown when not given",
        json_schema_extra=SECONDS,
    )
    repeats: Literal["equal", "fewest"] = Field(
        "equal",
        description="where sessions have different numbers of whole repeats: refuse, or use the smallest number of repeats for all",
    )


class Sessions(Layout, Counted):
    """What all kinds of NWB sessions have in common."""

    sessions: list[str] = Field(
        min_length=1,
        description="NWB files, one per session; of an address (https://...), or of an asset of the DANDI archive (dandi:ID), "
        "only the parts that are needed are read",
    )
    unobserved: Literal["leave_out_units", "leave_out_repeats"] = Field(
        "leave_out_units",
        description="where the file says that units were not observed in all repeats (obs_intervals, invalid times of a probe): "
        "leave these units out, or keep them and leave out the repeats that not all units saw",
    )

    @property
    def counting(self) -> dict[str, Any]:
        """What decides how a session is counted, beside areas and quality."""
        layout = self.model_dump(mode="json", include=set(Layout.model_fields))
        return {"layout": layout, "unobserved": self.unobserved, "latency_s": self.latency, "bin_s": self.bin}


class Allen(Sessions):
    """NWB sessions of the Allen Visual Coding Neuropixels schema."""

    kind: Literal["allen"]
    presentations: Texts = Field(
        "natural_movie_one",
        description="movie's name in the interval table NAME_presentations; a list where it has several tables",
    )
    quality: Quality = Field(
        default_factory=lambda: Quality(quality="good"),
        description="unit filters; the AllenSDK's, which leave out units labelled noise",
    )


class Nwb(Sessions):
    """NWB sessions of any laboratory: a table of units, and a table of intervals of any name."""

    kind: Literal["nwb"]
    presentations: Texts = Field(
        description="name of the table of intervals with the movie (trials), or names of several"
    )
    quality: Quality = Field(
        default_factory=lambda: Quality(**dict.fromkeys(COLUMNS)),
        description="unit filters; none where nothing is given",
    )


class Counts(Model):
    """Spike counts, or real values, of every frame: a tidy table, or an .npz or .mat of arrays per area."""

    kind: Literal["counts"]
    file: str = Field(
        description="a table (CSV, TSV, gzip of one, Parquet) with a row a unit, repeat and frame, or an .npz or .mat with an "
        "array units x repeats x bins per area; relative paths: beside the config, then in the working directory, then in the repository"
    )
    rate_hz: float | None = Field(
        None, gt=0, description="frame rate, needed for a table; an .npz or .mat holds it", json_schema_extra=HERTZ
    )
    values: Literal["counts", "real"] = Field("counts", description=VALUES)
    area: str = Field("area", description="the table's column of areas")
    unit: str = Field("unit", description="its column of units, names or numbers")
    repeat: str = Field("repeat", description="its column of repeats, names or numbers")
    frame: str = Field("frame", description="its column of frames, numbers")
    count: str = Field("count", description="its column of counts, or of real values")
    session: str = Field("session", description="its column of sessions, names or numbers; not needed for one session")


class Arrays(Model):
    """One .npy or .mat of spike counts, or real values, per area."""

    kind: Literal["arrays"]
    files: dict[Name, str] = Field(description="area to its .npy or .mat; relative paths as for a table", min_length=1)
    axes: list[Literal["repeats", "frames", "units"]] = Field(
        ["repeats", "frames", "units"], min_length=3, max_length=3, description="what the axes of every array are"
    )
    rate_hz: float = Field(30.0, gt=0, description="frame rate", json_schema_extra=HERTZ)
    values: Literal["counts", "real"] = Field("counts", description=VALUES)

    def of_area(self, area: str, areas: places.Areas) -> list[str]:
        """Files of one of a study's areas, by its name or other names of it."""
        return [self.files[name] for name in places.inside(area, self.files, areas)]


TIME_UNIT = "unit of its times, seconds or milliseconds"


class SpikeTimes(Model):
    """Spike times: a table with a row a spike, a TsGroup that pynapple saved, or a .mat with a cell of times per unit."""

    file: Texts = Field(
        description="the file; relative paths: beside the config, then in the working directory, then in the repository. Several "
        "as a list, or by a pattern with *: sessions where there are as many files of frames, else parts of one recording"
    )
    time: str = Field("time", description="column, or variable of a .mat, of spike times")
    unit: str = Field("unit", description="column of units, names or numbers; the cells of a .mat are numbered from 1")
    area: str = Field("area", description="column of areas; not needed where `units` gives them")
    session: str = Field("session", description="column of sessions, names or numbers; not needed for one session")
    time_unit: Literal["s", "ms"] = Field("s", description=TIME_UNIT)


class FrameTimes(Model):
    """Frame onsets: a table with a row a frame shown, or a Tsd, Ts or IntervalSet that pynapple saved, or a .mat."""

    file: Texts = Field(description="the file, or several, as of the spikes")
    onset: str = Field("onset", description="column of times at which a frame came")
    offset: str = Field(
        "offset", description="column of times at which it went; when the next one came, where there is none"
    )
    frame: str = Field(
        "frame", description="column of frames, numbers; counted in the order of time where there is none"
    )
    repeat: str = Field(
        "repeat", description="column of repeats; one begins where frames begin anew, where there is none"
    )
    session: str = Field("session", description="column of sessions, as of the spikes")
    time_unit: Literal["s", "ms"] = Field("s", description=TIME_UNIT)


class UnitTable(Model):
    """Units and their areas: a table with a row a unit."""

    file: str = Field(description="the file; relative paths as for the spikes")
    unit: str = Field("unit", description="column of units, as of the spikes")
    area: str = Field("area", description="column of areas; a unit without one is left out")
    session: str = Field("session", description="column of sessions, as of the spikes")


class Spikes(Counted):
    """Spike times and frame onsets, as tables; the spikes of every frame are counted."""

    kind: Literal["spikes"]
    spikes: SpikeTimes = Field(description="spike times")
    frames: FrameTimes = Field(description="when each frame of each repeat was shown")
    units: UnitTable | None = Field(None, description="areas of the units, where the spike times do not have them")

    def files(self) -> dict[str, str | list[str]]:
        """Files, or patterns of them, by what they hold: `spikes`, `frames`, and where there is one `units`."""
        tables = {"spikes": self.spikes, "frames": self.frames, "units": self.units}
        return {name: table.file for name, table in tables.items() if table}


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
    recording: Simulated | Allen | Nwb | Spikes | Counts | Arrays | Published | None = Field(
        None, discriminator="kind", description="the responses"
    )
    min_rate: float | None = Field(
        None,
        ge=0,
        description="units below this mean rate are left out, 0.5 when not given; real values have no rate, and all units stay",
        json_schema_extra=RATE,
    )
    skip_frames: int = Field(1, ge=0, description="frames at the start that no score uses", json_schema_extra=FRAMES)
    undefined_frames: Literal["no_score", "leave_out"] = Field("no_score", description=UNDEFINED)
    controls: list[Name] = Field([], description=CONTROLS)
    experiments: list[Perturbation] = Field(
        [], description="experiments of this movie that need extra passes of the network"
    )
    paper: Literal["Movie1", "Movie2"] | None = Field(
        None,
        description="movie of the paper that it represents: its figures and tables then have the paper's numbers beside yours",
    )

    @property
    def real(self) -> bool:
        """Whether the responses are real values instead of counts of spikes."""
        return isinstance(self.recording, Counts | Arrays) and self.recording.values == "real"

    @property
    def selection(self) -> dict[str, float | int | str]:
        """What decides which units and frames are scored."""
        rate = {} if self.real else {"min_rate": MIN_RATE if self.min_rate is None else self.min_rate}
        undefined = {} if self.undefined_frames == "no_score" else {"undefined_frames": self.undefined_frames}
        return {**rate, "skip_frames": self.skip_frames, **undefined}


class StillScenes(Model):
    """Unrelated still images, presented briefly in random order, and the responses to them."""

    stimulus: Scenes | Array | Images | Tensor | None = Field(None, discriminator="kind", description="the images")
    recording: Simulated | Allen | Nwb | Spikes | Published | None = Field(
        None, discriminator="kind", description="the responses"
    )
    min_reliability: float = Field(
        0.8, ge=-1, le=1, description="units with a split-half reliability over images below this are left out"
    )

    undefined_frames: Literal["no_score", "leave_out"] = Field("no_score", description=UNDEFINED)
    controls: list[Name] = Field([], description=CONTROLS)

    @property
    def selection(self) -> dict[str, float | int | str]:
        """What decides which units and images are scored."""
        undefined = {} if self.undefined_frames == "no_score" else {"undefined_frames": self.undefined_frames}
        return {"min_reliability": self.min_reliability, "skip_frames": 0, **undefined}
