"""All scores of a table in one view: of each area, its best layer's, and of the network, the mean over areas."""

from collections.abc import Collection

import pandas as pd

from lorafb.experiments.best import area_scores, model_scores
from lorafb.experiments.table import joined


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
