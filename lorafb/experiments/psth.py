"""Figure 6: what one unit of each area did, frame by frame, beside what a layer of the network explains of it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from lorafb import trials
from lorafb.artefacts.grams import Products, raw
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import Layer, sub_block
from lorafb.similarity.regression import components, coordinates_of_products

COLUMNS = ("area", "layer", "unit_id", "session", "r2", "frame", "measured", "regressed")


def regressed_units(
    layers: Mapping[str, Products],
    areas: Sequence[Area],
    best: Mapping[str, Layer],
    n_repeats: int,
    rate_hz: float,
    skip_frames: int = 1,
) -> pd.DataFrame:
    """Regress the PSTHs of each area's units from the layer that regresses the area best, and take one unit of it.

    Parameters
    ----------
    layers : mapping of Products
        Of the whole movie.
    areas : sequence of Area
        Those without a best layer are left out.
    best : mapping from area to Layer
        Best layers by the metric `regression`.
    n_repeats : int
        Times that the movie was shown.
    rate_hz : float
        Frames a second.
    skip_frames : int
        Frames at the start that are not fitted.

    Returns
    -------
    pandas.DataFrame
        area, layer, unit_id, session, r2, frame, `measured` and `regressed` (spikes/s): of the unit whose R2 is the median
        over the area's units, so that a typical one is seen and not the best.

    Notes
    -----
    Huang et al. 2024, Figure 6 (which units it shows is not said). The fit is that of the metric, on the frames shown.
    """
    tables = []
    for area in (one for one in areas if one.name in best):
        frames = trials.movie_frames(area.n_frames, skip_frames)
        products = raw(sub_block(layers[best[area.name].name], frames))
        predictors = components(coordinates_of_products(products))
        psth = area.summed[frames] * (rate_hz / n_repeats)
        fitted = Ridge(alpha=1).fit(predictors, psth).predict(predictors)
        varying = np.flatnonzero(np.ptp(psth, axis=0) > 0)
        errors = ((psth - fitted) ** 2).sum(axis=0)[varying]
        r2 = 1 - errors / ((psth - psth.mean(axis=0)) ** 2).sum(axis=0)[varying]
        typical = int(np.argsort(r2, kind="stable")[len(r2) // 2])
        unit = varying[typical]
        tables.append(
            pd.DataFrame(
                {
                    "area": area.name,
                    "layer": best[area.name].name,
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
