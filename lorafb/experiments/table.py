"""The one tidy table of scores: a row a score, the same columns for every experiment, unused cells empty."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

TEXT = {"experiment", "network", "training", "movie", "area", "layer", "metric", "replacement"}
COUNTS = {"layer_index", "window", "length", "trial"}
COLUMNS = (
    *("experiment", "network", "training", "movie", "area", "layer", "layer_index", "metric"),
    *("window", "length", "trial", "chaos", "ratio", "replacement", "value", "best"),
)
"""Their meanings: `lorafb/artefacts/columns.yaml`."""


class UndefinedScore(UserWarning):
    """A layer or an area has no score: which, and why."""


@dataclass(frozen=True)
class Layer:
    """A layer by name, and its place in the network, from 0."""

    name: str
    index: int


Best = Mapping[str, Layer]
"""Best layer on the original movie, by area."""


class Score(NamedTuple):
    """One score, before the columns that all scores of a call share."""

    area: str
    layer: str
    layer_index: int | None
    value: float
    best: bool = False


@dataclass(frozen=True)
class Labels:
    """What was compared: network and training set (empty where cortex is compared with itself), and the movie."""

    network: str
    training: str
    movie: str


def tidy(scores: Iterable[Score], labels: Labels, experiment: str, metric: str, **shared: Any) -> pd.DataFrame:
    """Lay scores out in `COLUMNS`.

    Parameters
    ----------
    scores : iterable of Score
    labels : Labels
    experiment, metric : str
    **shared
        Further columns (window, length, trial, chaos, ratio, replacement): one value for all rows, or one a row.
    """
    common: dict[str, Any] = {
        "experiment": experiment,
        "network": labels.network,
        "training": labels.training,
        "movie": labels.movie,
        "metric": metric,
        **shared,
    }
    table = pd.DataFrame([score._asdict() for score in scores], columns=list(COLUMNS))
    return typed(table.assign(**common))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Give each column its type: text, whole numbers that may be empty, floats, and whether a layer is the best.

    Raises
    ------
    ValueError
        If a column is missing; a table read from a CSV file comes out as it was written.
    """
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise ValueError(f"not a table of scores: no column {', '.join(missing)}")
    table = table[list(COLUMNS)].copy()
    for column in COLUMNS:
        if column in TEXT:
            table[column] = table[column].astype("str").where(table[column].notna(), "")
        elif column in COUNTS:
            table[column] = table[column].astype("Int64")
        else:
            table[column] = table[column].astype("bool" if column == "best" else "float64")
    return table


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of scores under one another."""
    tables = list(tables)
    return pd.concat(tables, ignore_index=True) if tables else typed(pd.DataFrame(columns=list(COLUMNS)))
