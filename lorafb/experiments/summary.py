"""From the scores of all layers to those that figures show: of each area, and of the network, the mean over areas.

An area without any score leaves the network's score undefined.
"""

from collections.abc import Collection

import pandas as pd

from lorafb.experiments.table import COLUMNS, joined, typed

# columns that identify a run, beside the area and the layer
RUN = [column for column in COLUMNS if column not in ("area", "layer", "layer_index", "value", "best")]


def area_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Score of each area in each run: that of its best layer.

    Parameters
    ----------
    scores : pandas.DataFrame
        Tidy scores.

    Returns
    -------
    pandas.DataFrame
        Tidy scores, one row a run and area; value NaN and layer empty where no layer has a score.
    """
    keys = [*RUN, "area"]
    every = scores[keys].drop_duplicates()
    return typed(every.merge(scores[scores["best"]], on=keys, how="left").fillna({"best": False}))


def model_scores(scores: pd.DataFrame, controls: Collection[str] = ()) -> pd.DataFrame:
    """Score of a network in each run: the mean over areas of their best layers' scores.

    Parameters
    ----------
    scores : pandas.DataFrame
        Tidy scores.
    controls : collection of str
        Areas, in any case, that are in no mean.

    Returns
    -------
    pandas.DataFrame
        Tidy scores, one row a run, with area `mean`; NaN where any area has no score, since a mean over the others
        would be of other areas.
    """
    areas = area_scores(scores[~scores["area"].isin([area.lower() for area in controls])])
    means = areas.groupby(RUN, sort=False, dropna=False)["value"].agg(lambda values: values.mean(skipna=False))
    return typed(means.reset_index().assign(area="mean", layer="", layer_index=None, best=True))


def summarise(scores: pd.DataFrame, controls: Collection[str] = ()) -> pd.DataFrame:
    """Reduce all layers' scores to those that figures show.

    Parameters
    ----------
    scores : pandas.DataFrame
        Tidy scores.
    controls : collection of str
        Areas, in any case, that no mean holds; they keep rows of their own.

    Returns
    -------
    pandas.DataFrame
        Tidy scores: one row a run and area, then one a run with area `mean`, NaN where any of its areas has no score.
    """
    return joined([area_scores(scores), model_scores(scores, controls)])
