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


def over_replicates(scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Average the scores of a network's replicates, run by run.

    Parameters
    ----------
    scores : pandas.DataFrame
        Scores as `summarise` gives them, with `subject`, `replicate` and further columns that replicates share.

    Returns
    -------
    means : pandas.DataFrame
        Without `replicate`: `value` is NaN where any replicate has none, and `layer` is empty where they differ.
    replicates : pandas.DataFrame
        The rows of subjects with more than one replicate.
    """
    if scores.empty or scores.groupby("subject")["replicate"].nunique().max() == 1:
        return scores.drop(columns="replicate", errors="ignore"), scores.iloc[:0]
    several = scores.groupby("subject")["replicate"].transform("nunique") > 1
    own = [one for one in scores if one not in ("layer", "layer_index", "value", "best", "replicate")]
    runs = scores[several].groupby(own, sort=False, dropna=False)
    means = runs.agg(
        value=("value", lambda values: values.mean(skipna=False)),
        layer=("layer", lambda layers: layers.iloc[0] if layers.nunique() == 1 else ""),
    ).reset_index()
    means = means.assign(layer_index=None, best=True).astype({"layer_index": "Int64"})
    single = scores[~several].drop(columns="replicate")
    return pd.concat([means[list(single.columns)], single], ignore_index=True), scores[several]
