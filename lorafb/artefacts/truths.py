"""The truth of a SIMULATED mouse: the rates that its spikes were drawn from, which no real recording has."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts import hdf5
from lorafb.artefacts.provenance import Provenance
from lorafb.files import InputError

KIND, VERSION = "lorafb-truth", 1

Rates = Mapping[int, NDArray[np.float64]]
"""Rate of each unit, by its id, during every frame [T], spikes/s."""


def write(rates: NDArray[np.float64], unit_ids: NDArray[np.int64], path: Path | str, provenance: Provenance) -> None:
    """Write true rates [T, units], spikes/s, and the units' ids (HDF5: datasets `rates`, `unit_id`)."""
    with hdf5.create(path, KIND, VERSION, provenance) as file:
        file.create_dataset("rates", data=rates, **hdf5.PACKED)
        file.create_dataset("unit_id", data=unit_ids, **hdf5.CHECKED)


def read(paths: Sequence[Path | str]) -> Rates:
    """Read and check the true rates of the units of several sessions."""
    rates: dict[int, NDArray[np.float64]] = {}
    for path in paths:
        with hdf5.opened(path, KIND, VERSION) as file:
            rates |= dict(zip(file["unit_id"][()].tolist(), file["rates"][()].T, strict=True))
    return rates


def of_units(rates: Rates, unit_ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """Look up true rates [T, units] of some units, in their order; InputError where a unit has none."""
    missing = [unit for unit in unit_ids.tolist() if unit not in rates]
    if missing:
        raise InputError(f"no true rate is known of unit {missing[0]} ({len(missing)} of {len(unit_ids)} lack one)")
    return np.stack([rates[unit] for unit in unit_ids.tolist()], axis=1)
