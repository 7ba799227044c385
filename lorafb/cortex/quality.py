"""Which sorted units count: the quality filters of the AllenSDK, and why a unit was left out.

A quality metric that is NaN keeps no unit: nobody measured it, so it passes no bound.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from lorafb.files import InputError


@dataclass(frozen=True)
class Quality:
    """Bounds that a unit's quality must keep, themselves included; None takes a filter off.

    Attributes
    ----------
    amplitude_cutoff : float or None
        Most: share of spikes that the detection threshold is thought to have missed.
    presence_ratio : float or None
        Least: share of the session in which the unit fired at all.
    isi_violations : float or None
        Most: rate of contaminating spikes over the unit's own.
    firing_rate : float or None
        Least: mean rate over the session, spikes/s.
    quality : str or None
        The sorter's own label, `good`.

    Notes
    -----
    The first three are the AllenSDK's defaults for Visual Coding Neuropixels.
    """

    amplitude_cutoff: float | None = 0.1
    presence_ratio: float | None = 0.95
    isi_violations: float | None = 0.5
    firing_rate: float | None = None
    quality: str | None = None


PASSES: dict[str, Callable[..., pd.Series]] = {
    "amplitude_cutoff": pd.Series.le,
    "presence_ratio": pd.Series.ge,
    "isi_violations": pd.Series.le,
    "firing_rate": pd.Series.ge,
    "quality": pd.Series.eq,
}
"""How a unit's column is held against the bound of the same name."""

COLUMNS = tuple(field.name for field in fields(Quality))
"""Quality columns, in the order in which the filters are applied."""


def left_out(units: pd.DataFrame, quality: Quality, table: str) -> pd.Series:
    """Say why each unit is left out.

    Parameters
    ----------
    units : DataFrame
        One row a unit, with the quality columns and `area`, which is missing where the unit's channel is unknown.
    quality : Quality
    table : str
        File and table, for errors.

    Returns
    -------
    Series of str
        Name of the first filter that the unit fails, `peak_channel_id` for a unit of unknown place, empty for a kept one.

    Raises
    ------
    InputError
        If a filter is on and its column is missing.
    """
    reason = pd.Series(np.where(units["area"].isna(), "peak_channel_id", ""), index=units.index, dtype=object)
    for name in COLUMNS:
        bound = getattr(quality, name)
        if bound is None:
            continue
        if name not in units:
            raise InputError(f"{table}: column {name!r} is missing; set the filter {name} to null to keep all units")
        reason = reason.mask((reason == "") & ~PASSES[name](units[name], bound), name)
    return reason
