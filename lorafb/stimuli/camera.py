"""A camera over photographs: natural movies, still scenes; it never sees past the edge, which would be black motion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.interpolate import PchipInterpolator

SHOT_S = (0.8, 2.8)  # time between two cuts
KNOTS_S = np.arange(5.0)  # when the camera passes its waypoints
SIDE = (0.35, 0.75)  # side of the field of view, in shorter sides of the photograph
TILT = np.deg2rad(15)
CONTRAST = 24.0  # smallest standard deviation of a view's grey levels: empty sky shows neither motion nor shape
DRAWS = 16


@dataclass(frozen=True)
class Pose:
    """Where the camera looks.

    Attributes
    ----------
    y, x : float
        Centre of the field of view, in pixels of the photograph from its upper left corner.
    scale : float
        Pixels of the photograph a pixel of the frame; larger is farther away.
    angle : float
        Turn of the camera in radians; the picture in the frame turns anti-clockwise as it grows.
    """

    y: float
    x: float
    scale: float
    angle: float


def reach(scale: float, angle: float, size: int) -> float:
    """Half the height and width, in pixels of the photograph, that a turned field of view takes up."""
    return float(scale * size / 2 * (abs(np.cos(angle)) + abs(np.sin(angle))))


def view(picture: Image.Image, pose: Pose, size: int, samples: int = 1) -> NDArray[np.uint8]:
    """Sample one frame between the pixels of a photograph, linearly.

    Parameters
    ----------
    picture : PIL.Image.Image
        The photograph, RGB.
    pose : Pose
        Where the camera looks; what lies outside the photograph is black.
    size : int
        Height and width of the frame.
    samples : int
        Samples along each side of a frame's pixel, averaged: about `scale` of them keep fine detail from aliasing.

    Returns
    -------
    uint8, shape (size, size, 3)
    """
    step = pose.scale / samples
    along, across = step * np.cos(pose.angle), step * np.sin(pose.angle)
    middle = size * samples / 2
    # Pillow asks where a sample (x, y) of the frame comes from: a turn and a scaling, rows (a, b, c) and (d, e, f) of
    # x' = a x + b y + c, y' = d x + e y + f; c and f are such that the middle of the frame comes from the pose's centre
    left, top = pose.x - middle * (along - across), pose.y - middle * (across + along)
    matrix = (along, -across, left, across, along, top)
    fine = (size * samples, size * samples)
    frame = picture.transform(fine, Image.Transform.AFFINE, matrix, resample=Image.Resampling.BILINEAR)
    return np.asarray(frame.reduce(samples) if samples > 1 else frame)


def contrasted(draw: Callable[[int], NDArray[np.uint8]]) -> int:
    """Find the first draw with contrast in every frame, or the best of `DRAWS` when none has enough.

    Parameters
    ----------
    draw : callable
        Number of the draw -> frames, uint8, shape (n, height, width, 3).

    Returns
    -------
    int
        Number of the draw.
    """
    least = []
    for number in range(DRAWS):
        least.append(float(draw(number).mean(axis=3).std(axis=(1, 2)).min()))
        if least[-1] >= CONTRAST:
            return number
    return int(np.argmax(least))


def movie(
    photographs: Sequence[NDArray[np.uint8]], frames: int, rate_hz: float, size: int, seed: int
) -> NDArray[np.uint8]:
    """Film photographs: shots divided by cuts, each a pan, zoom and tilt of smoothly changing speed.

    Parameters
    ----------
    photographs : sequence of uint8, shape (height, width, 3)
    frames : int
        Length T.
    rate_hz : float
        Frames a second: the same seed at another rate films the same shots, sampled at other times.
    size : int
        Height and width of a frame.
    seed : int
        A longer movie of the same seed begins with the shorter one.

    Returns
    -------
    uint8, shape (T, size, size, 3)
    """
    if frames < 1 or size < 1 or rate_hz <= 0 or not photographs:
        raise ValueError(
            f"movie: {frames} frames of {size} pixels at {rate_hz} Hz over {len(photographs)} photographs;"
            " expected each above 0"
        )
    filmed = np.empty((frames, size, size, 3), dtype=np.uint8)
    number, start_s, first = 0, 0.0, 0
    while first < frames:
        end_s = start_s + np.random.default_rng([seed, number]).uniform(*SHOT_S)
        last = min(int(np.ceil(end_s * rate_hz)), frames)
        shot = _contrasted_shot(photographs, size, (seed, number), np.linspace(0, end_s - start_s, 5))
        filmed[first:last] = _film(shot, np.arange(first, last) / rate_hz - start_s, size)
        number, start_s, first = number + 1, end_s, last
    return filmed


def scene(photographs: Sequence[NDArray[np.uint8]], number: int, size: int, seed: int) -> NDArray[np.uint8]:
    """Cut a still scene out of a photograph, mirrored or not; scenes of other numbers are unrelated to it.

    Parameters
    ----------
    photographs : sequence of uint8, shape (height, width, 3)
    number : int
        Scene k of a seed is the same however many there are.
    size : int
        Height and width of a scene.
    seed : int

    Returns
    -------
    uint8, shape (size, size, 3)
    """
    with_mirrored = [*photographs, *(photograph[:, ::-1] for photograph in photographs)]
    still = np.zeros(1)
    (frame,) = _film(_contrasted_shot(with_mirrored, size, (seed, number), still), still, size)
    return np.asarray(frame)


@dataclass(frozen=True)
class _Shot:
    """A picture and the places the camera passes over it: rows, columns, distance and turn, each in [0, 1]."""

    photograph: NDArray[np.uint8]
    waypoints: NDArray[np.float64]


def _contrasted_shot(
    photographs: Sequence[NDArray[np.uint8]], size: int, stream: tuple[int, int], times: NDArray[np.float64]
) -> _Shot:
    def shot(number: int) -> _Shot:
        draws = np.random.default_rng([*stream, number])
        return _Shot(photographs[int(draws.integers(len(photographs)))], draws.uniform(size=(len(KNOTS_S), 4)))

    return shot(contrasted(lambda number: _film(shot(number), times, size)))


def _film(shot: _Shot, times: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Sample a shot at `times` (seconds from its start), shape (len(times), size, size, 3)."""
    height, width = shot.photograph.shape[:2]
    # between waypoints this cubic is smooth and stays in their range: nothing to clip at the edges
    down, right, far, turn = PchipInterpolator(KNOTS_S, shot.waypoints)(times).T
    nearest = min(height, width) * SIDE[0] / size
    scale, angle = nearest * (SIDE[1] / SIDE[0]) ** far, TILT * (2 * turn - 1)

    samples = max(1, round(nearest * (SIDE[1] / SIDE[0]) ** shot.waypoints[:, 2].max()))  # one sharpness a shot
    picture = Image.fromarray(shot.photograph)
    frames = np.empty((len(times), size, size, 3), dtype=np.uint8)
    for t in range(len(times)):
        half = reach(scale[t], angle[t], size)  # the centre stays so far from each edge
        y, x = half + down[t] * (height - 2 * half), half + right[t] * (width - 2 * half)
        frames[t] = view(picture, Pose(y, x, scale[t], angle[t]), size, samples)
    return frames
