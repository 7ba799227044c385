"""Which sorted units count: the quality filters of the AllenSDK, and why a unit was left out.

A quality metric that is NaN passes no filter: nobody measured it.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from pydantic import Field

from lorafb.files import InputError
from lorafb.records import Model


class Quality(Model):
    """Which sorted units count; the defaults are the AllenSDK's."""

    amplitude_cutoff: float | None = Field(0.1, ge=0, description="largest amplitude cutoff; null keeps all")
    presence_ratio: float | None = Field(0.95, ge=0, le=1, description="smallest presence ratio; null keeps all")
    isi_violations: float | None = Field(
        0.5, ge=0, description="most violations of the refractory period; null keeps all"
    )
    firing_rate: float | None = Field(
        None, ge=0, description="least rate over the session", json_schema_extra={"unit": "spikes/s"}
    )
    quality: str | None = Field(None, description="the sorter's label that counts (good); null keeps all")


PASSES: dict[str, Callable[..., pd.Series]] = {
    "amplitude_cutoff": pd.Series.le,  # share of spikes below the detection threshold
    "presence_ratio": pd.Series.ge,  # share of the session in which the unit fired
    "isi_violations": pd.Series.le,  # rate of contaminating spikes over the unit's own rate
    "firing_rate": pd.Series.ge,
    "quality": pd.Series.eq,
}
"""How a unit's column is compared with the bound of the same name; a unit at the bound passes."""

COLUMNS = tuple(PASSES)
"""Quality columns, in the order in which the filters are applied."""


def left_out(units: pd.DataFrame, quality: Quality, table: str) -> pd.Series:
    """Name the first filter that each unit fails.

    Parameters
    ----------
    units : one row per unit, with the quality columns, `area` (missing where the unit's channel is unknown) and, where
        units have several electrodes, `several` (whether these are in several areas)
    quality : bounds; None turns a filter off
    table : file and table, for errors

    Returns
    -------
    Series of str: name of a filter, `peak_channel_id` for a unit of unknown place, `several_areas` for one that could be in
    several, empty for a unit that passes all

    Raises
    ------
    InputError
        If a filter is on and its column is missing.
    """
    unknown = np.where(units["several"], "several_areas", "peak_channel_id")
    reason = pd.Series(np.where(units["area"].isna(), unknown, ""), index=units.index, dtype=object)
    for name in COLUMNS:
        bound = getattr(quality, name)
        if bound is None:
            continue
        if name not in units:
            raise InputError(f"{table}: column {name!r} is missing; set the filter {name} to null to keep all units")
        reason = reason.mask((reason == "") & ~PASSES[name](units[name], bound), name)
    return reason
