"""How the simulated mouse's units respond to a movie: quadrature Gabor energies, delayed, normalised, rectified.

A family of filters that no network here uses: nothing is learnt, nothing spikes on the way, nothing feeds back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from lorafb.cortex.simulated_areas import BANDWIDTH, BASELINE, GREY_S, ROWS, STEP_S, AreaConstants

FloatArray = NDArray[np.float64]

UNDRIVEN = 1e-12
"""Mean energy (contrast squared) up to which a unit counts as not driven: below it there is only rounding."""
LUMINANCE = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue."""


@dataclass(frozen=True)
class Receptive:
    """A unit's spatial filters; lengths in heights of the screen.

    x, y        : float64 (subunits,), centres, from the upper left corner of the screen
    wavelength  : of the Gabor filters
    orientation : radians
    weights     : float64 (subunits,), shares of the subunits' energies; they sum to 1
    """

    x: FloatArray
    y: FloatArray
    wavelength: float
    orientation: float
    weights: FloatArray


@dataclass(frozen=True)
class Steps:
    """How time is cut: steps per frame, steps of grey screen after the movie, length of a step in seconds."""

    frame: int
    grey: int
    seconds: float


def steps_of(rate_hz: float) -> Steps:
    """Cut each frame into a whole number of steps no longer than STEP_S."""
    frame = int(np.ceil(1 / (rate_hz * STEP_S) - 1e-9))
    seconds = 1 / (rate_hz * frame)
    return Steps(frame, int(np.ceil(GREY_S / seconds)), seconds)


def contrast(frames: NDArray[np.uint8], block: int = 64) -> FloatArray:
    """Reduce a movie to what the filters see.

    Parameters
    ----------
    frames : uint8, shape (T, height, width, 3) or grey (T, height, width)
    block : frames in memory as floats at a time

    Returns
    -------
    float64, shape (T, ROWS, columns)
        Luminance from -0.5 (black) over 0 (the grey screen) to 0.5 (white), averaged over areas of the screen.
    """
    height, width = frames.shape[1:3]
    down, across = _averaging(height, ROWS), _averaging(width, max(1, round(ROWS * width / height)))
    blocks = (frames[first : first + block] for first in range(0, len(frames), block))
    parts = ((part @ LUMINANCE if part.ndim == 4 else part) / 255 - 0.5 for part in blocks)
    return np.concatenate([down @ part @ across.T for part in parts])


def _averaging(size: int, cells: int) -> FloatArray:
    """Weights [cells, size] that average each cell's share of a line of pixels; rows sum to 1."""
    edges = np.linspace(0, size, cells + 1)
    pixels = np.arange(size)
    # Cell c covers edges[c] to edges[c + 1], pixel p covers p to p + 1: the weight is the length of their overlap.
    overlap = np.clip(np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels), 0, None)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True))


def gabors(receptive: Receptive, rows: int, columns: int) -> FloatArray:
    """Draw a unit's quadrature pairs [2 x subunits, rows x columns]: even ones, then odd ones; blind to a uniform screen."""
    y, x = ((np.indices((rows, columns)) + 0.5) / rows).reshape(2, 1, -1)
    from_x, from_y = x - receptive.x[:, None], y - receptive.y[:, None]
    deviation = BANDWIDTH * receptive.wavelength
    envelope = np.exp(-(from_x**2 + from_y**2) / (2 * deviation**2))
    envelope /= envelope.sum(axis=1, keepdims=True)
    along = from_x * np.cos(receptive.orientation) + from_y * np.sin(receptive.orientation)
    waves = np.exp(2j * np.pi * along / receptive.wavelength)
    waves -= (envelope * waves).sum(axis=1, keepdims=True)
    pairs = envelope * waves
    return np.concatenate([pairs.real, pairs.imag])


def energy(screen: FloatArray, receptive: Receptive, area: AreaConstants, steps: Steps) -> FloatArray:
    """Energy of a unit's filters at each step of the movie and of the grey screen after it [steps].

    `screen` (T, rows, columns) is what `contrast` returns. Each filter's response passes a difference of exponentials
    (exact for frames that stand still while shown) and comes after the area's latency. Squares of a pair are summed,
    which removes the phase, and subunits are pooled by weight.
    """
    filters = gabors(receptive, *screen.shape[1:])
    responses = screen.reshape(len(screen), -1) @ filters.T
    by_step = np.concatenate([np.repeat(responses, steps.frame, axis=0), np.zeros((steps.grey, len(filters)))])

    def leaky(time_constant_s: float) -> FloatArray:
        remaining = np.exp(-steps.seconds / time_constant_s)  # of a response, one step later
        return np.asarray(lfilter([1 - remaining], [1, -remaining], by_step, axis=0))

    filtered = leaky(area.rise_s) - area.transience * leaky(area.decay_s)
    delay = round(area.latency_s / steps.seconds)
    late = np.concatenate([np.zeros((delay, len(filters))), filtered])[: len(by_step)]
    even, odd = np.hsplit(late, 2)
    return np.asarray((even**2 + odd**2) @ receptive.weights)


def area_rates(
    screen: FloatArray, units: Sequence[Receptive], means_hz: FloatArray, area: AreaConstants, steps: Steps
) -> FloatArray:
    """Rates of an area's units at each step of a repeat, grey screen included [steps, units], spikes/s.

    Parameters
    ----------
    screen : float64 (T, rows, columns), from `contrast`
    units : filters of each unit
    means_hz : float64 (units,), mean rate of each unit over the movie, spikes/s; a unit that the movie never drives stays
        at its baseline
    area, steps : the area's constants, and how time is cut

    Notes
    -----
    e = energy / its mean; n = e / (semisaturation + mean of e over the area's units); drive = max(n - threshold * mean n,
    0) ** exponent; rate = mean rate * (BASELINE + (1 - BASELINE) * drive / mean drive). Means run over the movie's steps.
    """
    n_movie = len(screen) * steps.frame

    def over_mean(values: FloatArray) -> FloatArray:
        mean = values[:n_movie].mean(axis=0)
        return np.asarray(np.divide(values, mean, out=np.zeros_like(values), where=mean > UNDRIVEN))

    relative = over_mean(np.stack([energy(screen, unit, area, steps) for unit in units], axis=1))
    normalised = relative / (area.semisaturation + relative.mean(axis=1, keepdims=True))
    threshold = area.threshold * normalised[:n_movie].mean(axis=0)
    drive = np.maximum(normalised - threshold, 0) ** area.exponent
    return means_hz * (BASELINE + (1 - BASELINE) * over_mean(drive))
