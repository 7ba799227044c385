"""The cortical side of a score: which units of a recording count, and their exact products, made once an area."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.grams import Products
from lorafb.artefacts.recordings import Recording
from lorafb.files import InputError
from lorafb.similarity.pearson import integer_products

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Area:
    """The kept units of one area while one movie was shown.

    Attributes
    ----------
    name, movie : str
        Lower case name of the area; name of the movie.
    summed : integer, shape (T, units)
        Counts summed over repeats; never divided, so that equal correlations stay equal (no score sees the scale).
    repeats : integer, shape (repeats, T, units), or None
        Counts of single repeats, where the source has them.
    products : Products
        Of the summed counts, int64.
    units : dict of arrays, each of shape (units,)
        `unit_id`, `session` and the other columns of the recording.
    """

    name: str
    movie: str
    summed: NDArray[np.integer[Any]]
    repeats: NDArray[np.integer[Any]] | None
    products: Products
    units: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return len(self.summed)

    @property
    def n_units(self) -> int:
        """Number of kept units."""
        return int(self.summed.shape[1])


def rates(recording: Recording, duration_s: float | None = None) -> NDArray[np.float64]:
    """Mean rate of each unit over the movie [units], spikes/s; all frames count, the first one too.

    Parameters
    ----------
    recording : Recording
    duration_s : float, optional
        Seconds of one repeat; T / rate when not given. The published filter takes 30 s and 120 s for its two movies,
        however many frames there are.
    """
    seconds = len(recording.summed) / recording.rate_hz if duration_s is None else duration_s
    return np.asarray(recording.summed.sum(axis=0, dtype=np.int64) / seconds / recording.n_repeats)


def responsive_units(recording: Recording, min_rate: float = 0.5, duration_s: float | None = None) -> Mask:
    """Units [units] whose mean rate reaches `min_rate` spikes/s, the bound included (Huang et al. 2024, Table 3)."""
    return rates(recording, duration_s) >= min_rate


def reliable_units(recording: Recording, min_reliability: float = 0.8) -> Mask:
    """Units [units] whose published split-half reliability reaches a bound, included: the rule for natural scenes.

    Raises
    ------
    ValueError
        If the recording has no column `reliability`.
    """
    if "reliability" not in recording.units:
        raise ValueError(
            f"{recording.area}, {recording.movie}: no column 'reliability' of its units; "
            f"it has {', '.join(recording.units) or 'none'}"
        )
    mask: Mask = np.asarray(recording.units["reliability"]) >= min_reliability
    return mask


def area_side(recording: Recording, kept: Mask | None = None) -> Area:
    """Make an area's side of a score.

    Parameters
    ----------
    recording : Recording
    kept : bool, shape (units,), optional
        Units that count, from `responsive_units` or `reliable_units`; the responsive ones when not given.

    Raises
    ------
    ValueError
        If no unit is kept.
    """
    kept = responsive_units(recording) if kept is None else kept
    if not kept.any():
        raise InputError(
            f"{recording.area}, {recording.movie}: none of {len(kept)} units is kept; "
            "lower min_rate or min_reliability, or leave the area out"
        )
    summed = recording.summed[:, kept]
    products, sums = integer_products(summed)
    return Area(
        name=recording.area.lower(),
        movie=recording.movie,
        summed=summed,
        repeats=None if recording.counts is None else recording.counts[:, :, kept],
        products=Products(products[np.triu_indices(len(products))], sums, int(kept.sum())),
        units={name: column[kept] for name, column in recording.units.items()},
    )


def sides(recorded: Sequence[Recording], units: Mapping[str, Any]) -> list[Area]:
    """Make the areas' sides by the rule that the study keeps units by.

    Parameters
    ----------
    recorded : recordings of one movie, or of one set of scenes
    units : mapping
        `min_rate` (spikes/s) of a movie, or `min_reliability` of scenes.
    """
    return [area_side(one, kept_units(one, units)) for one in recorded]


def kept_units(recording: Recording, units: Mapping[str, Any]) -> Mask:
    """Units [units] that count: reliable ones for scenes, responsive ones for a movie; see `sides`."""
    if "min_reliability" in units:
        return reliable_units(recording, units["min_reliability"])
    return responsive_units(recording, units["min_rate"])


def units_table(recorded: Sequence[Recording], units: Mapping[str, Any]) -> pd.DataFrame:
    """Count the units of each area, as the paper's Table 3 does.

    Parameters
    ----------
    recorded, units
        As for `sides`.

    Returns
    -------
    pandas.DataFrame
        movie, area (lower case), `units` recorded, `kept`, `sessions`, `repeats`, mean and median rate of the kept
        units over the movie, spikes/s.
    """
    rows = []
    for one in recorded:
        kept, rate = kept_units(one, units), rates(one)
        rows.append(
            {
                "movie": one.movie,
                "area": one.area.lower(),
                "units": len(kept),
                "kept": int(kept.sum()),
                "sessions": len(np.unique(one.units["session"])),
                "repeats": one.n_repeats,
                "mean_rate": float(rate[kept].mean()) if kept.any() else np.nan,
                "median_rate": float(np.median(rate[kept])) if kept.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)
