"""Spread over trials, for error bars. Trials are random draws of frames, never units, movies or networks."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t


def standard_error(values: ArrayLike) -> float:
    """Compute the standard error of the mean over n trials, sd / sqrt(n), without NaN; NaN for fewer than two."""
    array = np.asarray(values, np.float64)
    array = array[~np.isnan(array)]
    return float(array.std(ddof=1) / np.sqrt(len(array))) if len(array) > 1 else float("nan")


def half_width(values: ArrayLike, level: float = 0.99) -> float:
    """Compute half the width of Student's interval of the mean: t((1 + level) / 2, n - 1) sd / sqrt(n); NaN for fewer than two."""
    n = int(np.count_nonzero(~np.isnan(np.asarray(values, np.float64))))
    return float(t.ppf((1 + level) / 2, n - 1)) * standard_error(values) if n > 1 else float("nan")


def ratio(above: ArrayLike, below: ArrayLike) -> tuple[float, float]:
    """Ratio of the means of paired trials, and its standard error.

    Parameters
    ----------
    above, below : array-like, shape (trials,)
        Of the same trials; a trial where either is NaN is left out.

    Returns
    -------
    ratio, standard error
        Both NaN where the mean of `below` is not above 0, since a ratio then means nothing.

    Notes
    -----
    The jackknife over the n trials, SE^2 = (n - 1) / n sum (J - mean J)^2.
    """
    pairs = np.stack([np.asarray(above, np.float64), np.asarray(below, np.float64)])
    pairs = pairs[:, ~np.isnan(pairs).any(axis=0)]
    n = pairs.shape[1]
    sums = pairs.sum(axis=1)
    if n == 0 or sums[1] <= 0:
        return float("nan"), float("nan")
    left = sums[:, None] - pairs  # sums without one trial each
    if n < 2 or (left[1] <= 0).any():
        return float(sums[0] / sums[1]), float("nan")
    replicates = left[0] / left[1]
    error = np.sqrt((n - 1) / n * np.sum((replicates - replicates.mean()) ** 2))
    return float(sums[0] / sums[1]), float(error)


def over_trials(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Summarise trials: mean, standard error, number of trials with a score and without.

    Parameters
    ----------
    rows : columns `by`, value
    by : columns that distinguish the points of a figure

    Returns
    -------
    columns `by`, value (the mean), standard_error, trials, undefined
    """
    groups = rows.groupby(by, sort=False, dropna=False)["value"]
    summary = groups.agg(
        value="mean", standard_error=standard_error, trials="count", undefined=lambda v: int(v.isna().sum())
    )
    return summary.reset_index()
