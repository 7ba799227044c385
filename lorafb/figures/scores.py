"""The scores that bars and tables share: per network and area, beside the ceiling, the interval and the paper's number."""

from typing import NamedTuple

import pandas as pd

from lorafb.figures import paper_numbers
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import area_name

LAG_ONLY = "lag_only"
"""Subject of the baseline in the statistics: two frames are the more alike the nearer they are; it sees no stimulus."""
COLUMNS = (
    *("subject", "label", "role", "movie", "area", "layer", "value", "ci_low", "ci_high", "ceiling", "fraction"),
    *("lag_only", "control", "paper"),
)


def with_ceilings(data: FigureData, experiment: str, metric: str = "") -> pd.DataFrame:
    """Scores of one experiment by one metric (the study's first where none is given), with what they are compared with.

    Returns
    -------
    columns `COLUMNS`
        One row per subject, movie and area (an area or `mean`). `ci_low`, `ci_high`: 95 % interval over units (E1), where
        the statistics have one, not of a mean over replicates; `ceiling`: mean over splits, of `mean` the mean over areas;
        `fraction`: value / ceiling, where the ceiling is clearly above 0; `lag_only`: score of the baseline that sees no
        stimulus; `control`: whether the area is a control; `paper`: the paper's TSRSA, of `mean` alone.
    """
    metric = metric or data.metric
    table = data.scores_of(experiment, metric).reindex(columns=list(COLUMNS[:7]))
    table = table.assign(control=table["area"].isin(data.controls))
    table = table.merge(area_ceilings(data, metric), on=["movie", "area"], how="left")
    columns = {"subject": str, "movie": str, "area": str, "value": float, "ci_low": float, "ci_high": float}
    statistics = data.of_metric(data.statistics, metric).reindex(columns=list(columns)).astype(columns)
    statistics = statistics[
        ~statistics["subject"].isin(data.replicated())
    ]  # an interval of one seed is not of the mean
    table = table.merge(statistics.drop(columns="value"), on=["subject", "movie", "area"], how="left")
    baseline = statistics[statistics["subject"] == LAG_ONLY].rename(columns={"value": "lag_only"})
    table = table.merge(baseline[["movie", "area", "lag_only"]], on=["movie", "area"], how="left")
    paper = [
        paper_numbers.score(data.paper, data.movies[movie]["paper"], role)
        if area == "mean" and metric == "tsrsa"
        else float("nan")
        for movie, role, area in zip(table["movie"], table["role"], table["area"], strict=True)
    ]
    fraction = (table["value"] / table["ceiling"]).where(table["clear"].eq(True))
    return table.assign(fraction=fraction, paper=paper)[list(COLUMNS)]


def area_ceilings(data: FigureData, metric: str = "") -> pd.DataFrame:
    """Average the splits of each area's units, and the areas of each split (area `mean`; without controls).

    Returns
    -------
    columns movie, area, ceiling, clear
        NaN where a split has no score; `clear`: above twice the sd over splits, else a fraction of it would mean nothing.
    """
    splits = unit_splits(data, metric)
    counted = splits[~splits["area"].isin(data.controls)]
    over_areas = counted.groupby(["movie", "trial"], sort=False)["value"].agg(_mean_of_all).reset_index()
    groups = pd.concat([splits, over_areas.assign(area="mean")], ignore_index=True).groupby(
        ["movie", "area"], sort=False
    )["value"]
    ceilings = groups.agg(ceiling=_mean_of_all, sd="std").reset_index()
    return ceilings.assign(clear=ceilings["ceiling"] > 2 * ceilings["sd"]).drop(columns="sd")


def unit_splits(data: FigureData, metric: str = "") -> pd.DataFrame:
    """Ceilings between halves of units over the whole movie, one row per split: columns movie, area, trial, value."""
    splits = data.of_metric(data.ceilings, metric or data.metric)
    if splits.empty:
        return pd.DataFrame({"movie": [], "area": [], "trial": [], "value": []}).astype({"movie": str, "area": str})
    return splits.loc[(splits["layer"] == "units") & splits["length"].isna(), ["movie", "area", "trial", "value"]]


class Paired(NamedTuple):
    """Difference of two networks' scores, its 95 % interval over units, and p corrected for all pairs."""

    difference: float
    low: float = float("nan")
    high: float = float("nan")
    p: float = float("nan")


def difference(data: FigureData, movie: str, one: str, other: str) -> Paired | None:
    """Paired comparison of two subjects on a movie, as one - other; None where there is none."""
    pairs = data.of_metric(data.pairs, data.metric)
    if pairs.empty:
        return None
    for sign, a, b in ((1, one, other), (-1, other, one)):
        rows = pairs[(pairs["movie"] == movie) & (pairs["subject_a"] == a) & (pairs["subject_b"] == b)]
        for row in rows.to_dict("records"):
            low, high = sorted((sign * float(row["ci_low"]), sign * float(row["ci_high"])))
            return Paired(sign * float(row["difference"]), low, high, float(row["ci_p_holm"]))
    return None


def undefined(data: FigureData, table: pd.DataFrame) -> list[str]:
    """Networks without a score, each with its movie and the areas without one."""
    gone = table[table["value"].isna() & ~table["control"] & (table["area"] != "mean")]
    return [
        f"{label} on {data.title(movie)} ({', '.join(map(area_name, rows['area']))})"
        for movie in data.movies_in(gone)
        for label, rows in gone[gone["movie"] == movie].groupby("label", sort=False)
    ]


def _mean_of_all(values: "pd.Series[float]") -> float:
    return float(values.mean(skipna=False))
