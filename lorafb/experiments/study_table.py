"""All scores of a study as one long table, from the tables that its jobs wrote."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from lorafb.artefacts import tables
from lorafb.experiments.table import joined, typed

STATISTICS = ("ci_low", "ci_high", "e2_low", "e2_high", "score_lag", "p_lag", "supported", "ceiling", "fraction")
"""Columns of `results/statistics/MOVIE.csv` that stand beside the scores they are of."""
PATTERNS = ("scores/*/*/*.csv", "ceilings/*.csv", "areas/*.csv", "statistics/*.csv")
"""Files of a results folder that hold scores; those of every two networks (`statistics/MOVIE_pairs.csv`) are not read."""


def read(paths: Iterable[Path]) -> pd.DataFrame:
    """Put the tables of a study into one.

    Parameters
    ----------
    paths : files of a results folder, as in `PATTERNS`

    Returns
    -------
    pandas.DataFrame
        One row a score: `subject`, the columns of `lorafb.experiments.table`, and those of `STATISTICS`, which the TSRSA of
        an area's best layer on the original movie has. The mean over areas (area `mean`) and what time alone reaches
        (subject `lag_only`) are rows of the same kind. Ceilings and areas compared with each other have no subject.

    Raises
    ------
    InputError
        If a table is damaged.
    """
    scores, statistics = [], []
    for path in paths:
        kind = path.parts[-4] if path.parent.parent.parent.name == "scores" else path.parent.name
        if kind == "statistics":
            statistics += [tables.read(path)] * (not path.stem.endswith("_pairs"))
        else:
            scores.append(typed(tables.read(path)).assign(subject=path.parts[-3] if kind == "scores" else ""))
    whole = joined(scores).assign(**dict.fromkeys(() if statistics else STATISTICS, float("nan")))
    if statistics:
        of_best = {"experiment": "original", "metric": "tsrsa", "best": True}
        rows = pd.concat(statistics).assign(**of_best)
        key = ["subject", "movie", "area", *of_best]
        whole = whole.merge(rows[[*key, "layer", "value", *STATISTICS]], "outer", key, suffixes=("", "_"), sort=False)
        for column in ("layer", "value"):
            whole[column] = whole[column].fillna(whole.pop(f"{column}_"))
    beside = whole[["subject", *STATISTICS]].astype({"supported": "boolean"})
    return pd.concat([beside[["subject"]], typed(whole), beside[list(STATISTICS)]], axis=1)
