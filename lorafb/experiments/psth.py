"""Figure 6: what one unit of each area did, frame by frame, beside what a layer of the network explains of it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from lorafb.artefacts.grams import Gram, raw
from lorafb.artefacts.responses import Responses
from lorafb.experiments.table import Best
from lorafb.similarity.coordinates import coordinates_of_products
from lorafb.similarity.regression import components

COLUMNS = ("area", "layer", "unit_id", "session", "r2", "frame", "measured", "regressed")


def regressed_units(layers: Mapping[str, Gram], areas: Sequence[Responses], best: Best) -> pd.DataFrame:
    """Regress the PSTHs of each area's units from the layer that regresses the area best, and take one unit of it.

    Parameters
    ----------
    layers : mapping of Gram
        Of the whole movie.
    areas : sequence of Responses
        Those without a best layer are left out.
    best : mapping from area to Layer
        Best layers by the metric `regression`.

    Returns
    -------
    pandas.DataFrame
        area, layer, unit_id, session, r2, frame, `measured` and `regressed` (spikes/s, or the mean over repeats of real
        values): of the unit whose R2 is the median over the area's units, a typical one and not the best.

    Notes
    -----
    Huang et al. 2024, Figure 6 (which units it shows is not said). The fit is that of the metric `regression`.
    """
    tables = []
    for area in (one for one in areas if one.area in best):
        layer, frames = best[area.area].name, area.scored
        predictors = components(coordinates_of_products(raw(layers[layer], frames), layers[layer].n_units))
        per_s = 1.0 if area.real else area.rate_hz if area.bin_s is None else 1 / area.bin_s
        psth = area.summed[frames] * (per_s / area.n_repeats)
        fitted = Ridge(alpha=1).fit(predictors, psth).predict(predictors)
        varying = np.flatnonzero(np.ptp(psth, axis=0) > 0)
        errors = ((psth - fitted) ** 2).sum(axis=0)[varying]
        r2 = 1 - errors / ((psth - psth.mean(axis=0)) ** 2).sum(axis=0)[varying]
        typical = int(np.argsort(r2, kind="stable")[len(r2) // 2])
        unit = varying[typical]
        tables.append(
            pd.DataFrame(
                {
                    "area": area.area,
                    "layer": layer,
                    "unit_id": area.units["unit_id"][unit],
                    "session": area.units["session"][unit],
                    "r2": r2[typical],
                    "frame": frames,
                    "measured": psth[:, unit],
                    "regressed": fitted[:, unit],
                }
            )
        )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
