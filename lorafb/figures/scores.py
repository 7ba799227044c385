"""The scores that bars and tables share: of each area and network, beside the ceiling, its interval and the paper's number."""

from typing import NamedTuple

import pandas as pd

from lorafb.figures import published
from lorafb.figures.material import Material
from lorafb.figures.style import area_name

LAG_ONLY = "lag_only"
"""Subject of the baseline in the statistics: frames are the more alike the nearer they are, and no stimulus is seen."""
COLUMNS = ("subject", "label", "role", "movie", "area", "layer", "value", "ci_low", "ci_high", "ceiling", "fraction")


def beside_ceiling(material: Material, experiment: str, metric: str = "tsrsa") -> pd.DataFrame:
    """Take one experiment's scores, and set each beside what a reader holds it against.

    Returns
    -------
    columns `COLUMNS`, lag_only, control (bool), paper
        One row a subject, movie and area (an area or `mean`). `ci_low`, `ci_high`: 95 % interval over units (E1), where
        the statistics have one; `ceiling`: mean over splits, of `mean` the mean over areas; `fraction`: value / ceiling,
        where the ceiling is clear of 0;
        `lag_only`: score of the baseline that sees no stimulus; `paper`: the paper's score, of `mean` alone.
    """
    shown = material.run(experiment, metric).reindex(
        columns=["subject", "label", "role", "movie", "area", "layer", "value"]
    )
    shown = shown.assign(control=shown["area"].isin(material.controls))
    shown = shown.merge(area_ceilings(material), on=["movie", "area"], how="left")
    intervals, baseline = _statistics(material, metric)
    shown = shown.merge(intervals, on=["subject", "movie", "area"], how="left")
    shown = shown.merge(baseline, on=["movie", "area"], how="left")
    paper = [
        published.score(material.published, material.paper(movie), role) if area == "mean" else float("nan")
        for movie, role, area in zip(shown["movie"], shown["role"], shown["area"], strict=True)
    ]
    shown = shown.assign(fraction=(shown["value"] / shown["ceiling"]).where(shown["clear"].eq(True)), paper=paper)
    return shown[[*COLUMNS, "lag_only", "control", "paper"]]


def area_ceilings(material: Material) -> pd.DataFrame:
    """Average the splits of each area's units, and of each split its areas (area `mean`; no controls).

    Returns
    -------
    columns movie, area, ceiling, clear
        NaN where a split has no score; `clear`: above twice the sd over splits, else a part of it would mean nothing.
    """
    splits = unit_splits(material)
    counted = splits[~splits["area"].isin(material.controls)]
    over_areas = counted.groupby(["movie", "trial"], sort=False)["value"].agg(_mean_of_all).reset_index()
    every = pd.concat([splits, over_areas.assign(area="mean")], ignore_index=True)
    groups = every.groupby(["movie", "area"], sort=False)["value"]
    found = groups.agg(ceiling=_mean_of_all, sd="std").reset_index()
    return found.assign(clear=found["ceiling"] > 2 * found["sd"]).drop(columns="sd")


def unit_splits(material: Material) -> pd.DataFrame:
    """Ceilings between halves of units over the whole movie, one row a split: columns movie, area, trial, value."""
    if material.ceilings.empty:
        return pd.DataFrame({"movie": [], "area": [], "trial": [], "value": []}).astype({"movie": str, "area": str})
    whole = material.ceilings[(material.ceilings["layer"] == "units") & material.ceilings["length"].isna()]
    return whole[["movie", "area", "trial", "value"]]


class Paired(NamedTuple):
    """Difference of two networks' scores, its 95 % interval over units, and p corrected for all pairs."""

    difference: float
    low: float
    high: float
    p: float


def difference(material: Material, movie: str, one: str, other: str) -> Paired | None:
    """Take the paired comparison of two subjects on a movie, turned to one - other; None where there is none."""
    if material.pairs.empty:
        return None
    rows = material.pairs[material.pairs["movie"] == movie]
    for sign, a, b in ((1, one, other), (-1, other, one)):
        for row in rows[(rows["subject_a"] == a) & (rows["subject_b"] == b)].to_dict("records"):
            low, high = sorted((sign * float(row["ci_low"]), sign * float(row["ci_high"])))
            return Paired(sign * float(row["difference"]), low, high, float(row["ci_p_holm"]))
    return None


def areas_of(shown: pd.DataFrame) -> list[str]:
    """Areas that means are over, in order."""
    return list(dict.fromkeys(shown.loc[~shown["control"] & (shown["area"] != "mean"), "area"]))


def undefined_told(material: Material, shown: pd.DataFrame) -> str:
    """Say which networks have no score, and because of which areas; nothing where all have one."""
    gone = shown[shown["value"].isna() & ~shown["control"] & (shown["area"] != "mean")]
    told = [
        f"{label} on {material.movies[movie]['title']} ({', '.join(map(area_name, rows['area']))})"
        for movie in material.shown(gone)
        for label, rows in gone[gone["movie"] == movie].groupby("label", sort=False)
    ]
    return f"Without a score, since an area has none: {'; '.join(told)}." if told else ""


def row(shown: pd.DataFrame, movie: str, subject: str, area: str = "mean") -> "pd.Series[float] | None":
    """Row of a subject; None where it is not shown the movie."""
    found = shown[(shown["movie"] == movie) & (shown["subject"] == subject) & (shown["area"] == area)]
    return found.iloc[0] if len(found) else None


def _statistics(material: Material, metric: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take out of the statistics the intervals of networks, and the baseline's scores of each movie and area."""
    columns = {"subject": str, "movie": str, "area": str, "value": float, "ci_low": float, "ci_high": float}
    rows = (
        material.statistics if metric == "tsrsa" and len(material.statistics) else pd.DataFrame(columns=list(columns))
    )
    rows = rows[list(columns)].astype(columns)
    baseline = rows[rows["subject"] == LAG_ONLY].rename(columns={"value": "lag_only"})
    return rows.drop(columns="value"), baseline[["movie", "area", "lag_only"]]


def _mean_of_all(values: "pd.Series[float]") -> float:
    return float(values.mean(skipna=False))
