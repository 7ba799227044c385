"""The simulated mouse's constants, in one place, fixed before any score was seen.

Tuned to a score, they would give a mouse that agrees with a network by construction. The order of the areas is the real
one: later areas respond later and see more of the screen (Siegle, Jia et al. 2021, Nature 592, 86-92), and rates and
latencies are in the range of the real ones; the single values are our choice, not a measurement.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class AreaConstants:
    """What makes an area's units respond as they do; lengths are shares of the screen's height.

    latency_s      : delay between a frame and the first response to it
    wavelength     : median wavelength of the Gabor filters
    subunits       : Gabor energies that a unit pools
    spread         : standard deviation of the subunits' places around the unit's
    rise_s, decay_s: time constants of the two exponentials whose difference is the temporal filter
    transience     : weight of the slower exponential; at 1 a still image leaves no response
    semisaturation : energy at which normalisation halves a response, as a share of the area's mean energy
    threshold      : normalised energy below which a unit stays at its baseline, as a share of its mean
    exponent       : power of what is above the threshold
    """

    latency_s: float
    wavelength: float
    subunits: int
    spread: float
    rise_s: float
    decay_s: float
    transience: float
    semisaturation: float
    threshold: float
    exponent: float


STREAMS = ("VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam", "control")
"""Every area that can be simulated; an area's place here is part of the key of its random streams."""

CONTROL = "control"
"""An area without stimulus drive: its units share the mouse's running gain, but do not respond to the movie."""

AREAS = {
    #                     latency wavel. sub. spread rise  decay  trans. semis. thresh. exp.
    "VISp": AreaConstants(0.060, 0.25, 2, 0.05, 0.015, 0.080, 0.60, 0.50, 0.30, 1.0),
    "VISl": AreaConstants(0.068, 0.30, 4, 0.10, 0.018, 0.090, 0.60, 0.60, 0.35, 1.1),
    "VISrl": AreaConstants(0.072, 0.40, 4, 0.12, 0.018, 0.070, 0.75, 0.60, 0.35, 1.2),
    "VISal": AreaConstants(0.080, 0.40, 6, 0.14, 0.020, 0.070, 0.80, 0.70, 0.40, 1.2),
    "VISpm": AreaConstants(0.090, 0.35, 6, 0.16, 0.025, 0.120, 0.50, 0.80, 0.40, 1.3),
    "VISam": AreaConstants(0.100, 0.45, 8, 0.20, 0.025, 0.100, 0.70, 0.80, 0.45, 1.4),
}
"""Constants of each area with stimulus drive."""

MEAN_RATES_HZ = (2.0, 15.0)  # range of the units' mean rates over the movie, spikes/s, drawn evenly in their logarithm
BASELINE = 0.25  # share of a unit's mean rate that does not depend on the stimulus
WAVELENGTH_SD = 0.3  # standard deviation over units of the logarithm of the wavelength
BANDWIDTH = 0.5  # standard deviation of a Gabor filter's envelope, as a share of its wavelength
RUNNING_S = 8.0  # correlation time of the running gain that all units of a mouse share
RUNNING_SD = 0.35  # its standard deviation, log rate
LOADINGS = (0.4, 1.6)  # range of the units' loadings on the running gain
DRIFT_SD = 0.25  # slow drift: standard deviation over units of the change of log rate over the session
GREY_S = 1.0  # grey screen before and after each repeat, longer than any latency and memory: each repeat starts alike
STEP_S = 1 / 240  # longest time step of the rates; a frame is a whole number of steps
CLOCK_HZ = 30_000  # spike times are whole ticks of this clock, as those of a recording are
ROWS = 32  # rows of the image that the filters see; its columns follow from the movie's shape
