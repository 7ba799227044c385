"""A SIMULATED mouse that sees a movie: true rates, and spikes as a recording would have them. No real brain is in it.

Agreement of a network with this mouse says that the method works, never that the network is like a brain. Each unit has
separate random streams, one for its properties and one for each repeat, so that an area left out changes no spike of the
others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from lorafb.cortex.simulated_areas import (
    AREAS,
    CLOCK_HZ,
    CONTROL,
    DRIFT_SD,
    LOADINGS,
    MEAN_RATES_HZ,
    RUNNING_S,
    RUNNING_SD,
    STREAMS,
    WAVELENGTH_SD,
    AreaConstants,
)
from lorafb.cortex.simulated_drive import FloatArray, Receptive, Steps, area_rates, contrast, steps_of
from lorafb.files import InputError, nearest

QUALITY = {"amplitude_cutoff": (0, 0.09), "presence_ratio": (0.96, 1), "isi_violations": (0, 0.45)}
"""Range of each quality column, in units that pass the filters."""
FAILING = (("amplitude_cutoff", 0.3), ("presence_ratio", 0.7), ("isi_violations", 1.5))
"""Every tenth unit of an area fails a quality filter: these, in turn."""


@dataclass(frozen=True)
class SimulatedSession:
    """One simulated mouse in one session.

    session, seed : numbers of the mouse and of its random streams
    rate_hz       : frames a second
    frame         : int64 (repeats, T), or (1, presentations) of still scenes in random order: which frame was shown
    start, stop   : float64, the shape of `frame`: when it came and went, in seconds
    units         : one row per unit: `unit_id`, `area`, `peak_channel_id`, quality columns
    spikes        : sorted spike times of each unit, float64 (spikes,), in seconds
    rates         : float64 (T, units), the truth: rate during each frame without running gain and drift, spikes/s; of a
                    still scene the mean over its presentations, which follow on different scenes
    """

    session: int
    seed: int
    rate_hz: float
    frame: NDArray[np.int64]
    start: FloatArray
    stop: FloatArray
    units: pd.DataFrame
    spikes: tuple[FloatArray, ...]
    rates: FloatArray


@dataclass(frozen=True)
class _Mouse:
    """What all areas of a mouse share: the screen [T, rows, columns], how time is cut, the running gain [repeats, steps]."""

    screen: FloatArray
    steps: Steps
    running: FloatArray

    @property
    def beginnings(self) -> FloatArray:
        """Start of each repeat [repeats] in seconds, after a first stretch of grey screen."""
        repeats, n_steps = self.running.shape
        return np.asarray((self.steps.grey + np.arange(repeats) * n_steps) * self.steps.seconds)


def simulate(
    frames: NDArray[np.uint8],
    rate_hz: float,
    *,
    session: int,
    units: int,
    repeats: int,
    seed: int,
    areas: Sequence[str] = tuple(AREAS),
    order: Literal["movie", "scenes"] = "movie",
) -> SimulatedSession:
    """Show a movie, or still scenes, to a simulated mouse.

    Parameters
    ----------
    frames : uint8, shape (T, height, width, 3) or grey (T, height, width)
    rate_hz : frames a second
    session : number of the mouse, from 1; another one has other units
    units : units per area
    repeats : times that the movie is shown, with grey screen between
    seed : of all random streams
    areas : of the six visual areas and `control`, which the movie does not drive
    order : "movie" for frames in their order, grey screen after each repeat; "scenes" for another random order in each
        repeat, without a pause: the response to a presentation begins on the tail of the one before it

    Returns
    -------
    SimulatedSession
        Spikes are Poisson around: true rate x exp(loading x running gain) x exp(slow drift).

    Raises
    ------
    InputError
        If an area is unknown, or a number is out of range.
    """
    for area in areas:
        if area not in STREAMS or list(areas).count(area) > 1:
            expected = f"expected each of {', '.join(STREAMS)} once at most"
            raise InputError(f"simulated mouse: area {area!r}{nearest(area, STREAMS)}; {expected}")
    for name, value, least in (
        ("session", session, 1),
        ("units", units, 1),
        ("repeats", repeats, 1),
        ("seed", seed, 0),
    ):
        if value < least:
            raise InputError(f"simulated mouse: {name} is {value}, expected {least} or more")
    steps, n_frames = steps_of(rate_hz), len(frames)
    if order == "movie":
        sequence = np.tile(np.arange(n_frames), (repeats, 1))
    else:  # all in one row, since no grey screen separates the repeats of scenes
        drawn = [
            np.random.default_rng([seed, session, 0, 1, repeat]).permutation(n_frames) for repeat in range(repeats)
        ]
        sequence = np.concatenate(drawn)[None]
    running = _running_gain(
        [seed, session, 0, 0, 0], len(sequence), sequence.shape[1] * steps.frame + steps.grey, steps
    )
    mouse = _Mouse(contrast(frames)[sequence[0]], steps, running)
    parts = [_area(area, [seed, session, 1 + STREAMS.index(area)], units, mouse) for area in areas]
    edges = np.arange(sequence.shape[1] + 1) / rate_hz + mouse.beginnings[:, None]
    rates = np.concatenate([rates for _, _, rates in parts], axis=1)
    return SimulatedSession(
        session=session,
        seed=seed,
        rate_hz=rate_hz,
        frame=sequence,
        start=edges[:, :-1].copy(),
        stop=edges[:, 1:].copy(),  # a frame goes at the very time when the next one comes
        units=pd.concat([table for table, _, _ in parts], ignore_index=True),
        spikes=tuple(train for _, trains, _ in parts for train in trains),
        rates=np.stack([rates[sequence[0] == frame].mean(axis=0) for frame in range(n_frames)]),
    )


def _running_gain(stream: Sequence[int], repeats: int, n_steps: int, steps: Steps) -> FloatArray:
    """Log gain that all units of a mouse share [repeats, steps]: a stationary first-order process."""
    remaining = np.exp(-steps.seconds / RUNNING_S)
    noise = np.random.default_rng(stream).standard_normal(repeats * n_steps)
    noise[1:] *= np.sqrt(1 - remaining**2)  # so that the variance is that of the first step throughout
    return np.asarray(RUNNING_SD * lfilter([1], [1, -remaining], noise)).reshape(repeats, n_steps)


def _area(
    area: str, stream: Sequence[int], n_units: int, mouse: _Mouse
) -> tuple[pd.DataFrame, list[FloatArray], FloatArray]:
    """Simulate an area: its table of units, their spikes, and their true rates [T, units].

    The last number of a unit's stream says what it draws: 0 its properties, 1 its filters, 2 and on the repeats.
    """
    drawn = pd.DataFrame([_draw_unit([*stream, unit, 0], unit) for unit in range(n_units)])
    means_hz = drawn["mean_hz"].to_numpy()
    if area == CONTROL:
        rates = np.tile(means_hz, (mouse.running.shape[1], 1))
    else:
        width = mouse.screen.shape[2] / mouse.screen.shape[1]
        filters = [_draw_filters([*stream, unit, 1], AREAS[area], width) for unit in range(n_units)]
        rates = area_rates(mouse.screen, filters, means_hz, AREAS[area], mouse.steps)
    gains = zip(drawn["loading"], drawn["drift"], strict=True)
    spikes = [
        _spikes([*stream, unit], loading, drift, rates[:, unit], mouse) for unit, (loading, drift) in enumerate(gains)
    ]
    seconds = (mouse.steps.grey + mouse.running.size) * mouse.steps.seconds
    ids = stream[1] * 1_000_000 + stream[2] * 10_000 + np.arange(n_units)
    table = pd.DataFrame({"unit_id": ids, "area": area, "peak_channel_id": ids})
    table[[*QUALITY]] = drawn[[*QUALITY]]
    table["firing_rate"] = [len(train) / seconds for train in spikes]
    n_frames, n_steps = len(mouse.screen), mouse.steps.frame
    by_frame = rates[: n_frames * n_steps].reshape(n_frames, n_steps, n_units)
    return table, spikes, by_frame.mean(axis=1)


def _draw_unit(stream: Sequence[int], unit: int) -> dict[str, float]:
    """Mean rate (spikes/s), loading on the running gain, change of log rate over the session, quality columns."""
    random = np.random.default_rng(stream)
    drawn = {
        "mean_hz": float(np.exp(random.uniform(*np.log(MEAN_RATES_HZ)))),
        "loading": random.uniform(*LOADINGS),
        "drift": random.normal(0, DRIFT_SD),
    }
    drawn |= {name: random.uniform(*bounds) for name, bounds in QUALITY.items()}
    return drawn | (dict([FAILING[unit // 10 % len(FAILING)]]) if unit % 10 == 9 else {})


def _draw_filters(stream: Sequence[int], area: AreaConstants, width: float) -> Receptive:
    random = np.random.default_rng(stream)
    x, y = random.uniform(0.1, 0.9) * width, random.uniform(0.1, 0.9)
    wavelength = float(area.wavelength * np.exp(random.normal(0, WAVELENGTH_SD)))
    orientation = random.uniform(0, np.pi)
    places = random.normal([[x], [y]], area.spread, (2, area.subunits))
    weights = random.exponential(size=area.subunits)
    return Receptive(places[0], places[1], wavelength, orientation, weights / weights.sum())


def _spikes(stream: Sequence[int], loading: float, drift: float, rates: FloatArray, mouse: _Mouse) -> FloatArray:
    """Spike times of one unit over all repeats, in seconds; `rates` [steps] are those of a repeat without gain and drift."""
    session = np.linspace(-0.5, 0.5, mouse.running.size).reshape(mouse.running.shape)
    # The mean of exp(loading x gain) is exp((loading x SD)^2 / 2): divided by it, the gain leaves the mean rate as it is.
    gain = np.exp(loading * mouse.running - (loading * RUNNING_SD) ** 2 / 2 + drift * session)
    edges = np.arange(mouse.running.shape[1] + 1) * mouse.steps.seconds
    trains = [
        begin + poisson(np.random.default_rng([*stream, 2 + repeat]), rates * gain[repeat], edges)
        for repeat, begin in enumerate(mouse.beginnings)
    ]
    return np.asarray(np.floor(np.concatenate(trains) * CLOCK_HZ) / CLOCK_HZ)


def poisson(random: np.random.Generator, rates: FloatArray, edges: FloatArray) -> FloatArray:
    """Draw sorted event times of a Poisson process whose rate [n] is constant between edges [n + 1]."""
    expected = np.concatenate([[0], np.cumsum(rates * np.diff(edges))])
    places = np.sort(random.random(random.poisson(expected[-1])))
    return np.asarray(np.interp(places * expected[-1], expected, edges))
