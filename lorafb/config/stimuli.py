"""What a movie's, or still scenes', frames are made of or read from."""

from typing import Literal

from pydantic import Field

from lorafb.config.base import FRAMES, HERTZ, PIXELS, Model


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
        description="the video; relative paths start at the working directory, then at the workflow's folder"
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
    file: str = Field(description="the .pt; relative paths as for a video")
    frames: int = Field(ge=3, description="frames that it holds", json_schema_extra=FRAMES)
    rate_hz: float = Field(30.0, gt=0, description="frame rate", json_schema_extra=HERTZ)
