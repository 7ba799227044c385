"""The scores that figures and tables share: per network and area, with intervals, baselines, and what could be reached."""

import pandas as pd

from lorafb.experiments import ceiling, statistics
from lorafb.figures import paper_numbers
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import area_name

LAG_ONLY = "lag_only"
"""Subject of the baseline in the statistics: two frames are the more alike the nearer they are; it sees no stimulus."""
MEASURED = ("ci_low", "ci_high", "e2_low", "e2_high", "short_blocks", "score_lag", "p_lag", "supported")
COLUMNS = (
    *("subject", "label", "role", "movie", "area", "layer", "value", *MEASURED),
    *("reach", "fraction", "ceiling", "fraction_published", "reason", "lag_only", "control", "untrained", "paper"),
)
SILENT = "in every layer some frame gets no response, or the same from all units"


def with_ceilings(data: FigureData, experiment: str, metric: str = "") -> pd.DataFrame:
    """Scores of one experiment by one metric (the study's first where none is given), with what they are compared with.

    Returns
    -------
    columns `COLUMNS`
        One row per subject, movie and area (an area or `mean`). `MEASURED`, `reach`, `fraction`, `ceiling`,
        `fraction_published` and `reason` as in `lorafb.experiments.statistics.summarise`: `MEASURED` where the statistics
        have them, and not of a mean over replicates; `reason`: why there is no score, else why there is no fraction;
        `lag_only`: score of the baseline that sees no stimulus; `control`: whether the area is a control; `untrained`:
        whether the weights are initial ones; `paper`: the paper's TSRSA, of `mean` alone.
    """
    metric = metric or data.metric
    keys, first = ["subject", "movie", "area"], list(COLUMNS[:7])
    table = data.scores_of(experiment, metric).reindex(columns=first)
    kinds = dict.fromkeys(keys, str)
    measured = data.of_metric(data.statistics, metric).reindex(columns=[*keys, "value", *MEASURED, "reason"])
    measured = measured.astype(kinds).rename(columns={"reason": "measured_reason"})
    baseline = measured.loc[measured["subject"] == LAG_ONLY, ["movie", "area", "value"]]
    measured = measured[~measured["subject"].isin(data.replicated())]  # an interval of one seed is not of the mean
    table = table.merge(measured.drop(columns="value"), on=keys, how="left")
    table = table.merge(baseline.rename(columns={"value": "lag_only"}), on=["movie", "area"], how="left")
    table["control"] = table["area"].isin(data.controls)
    table["untrained"] = table["subject"].map({name: bool(one.get("untrained")) for name, one in data.subjects.items()})
    table["paper"] = [
        paper_numbers.score(data.paper, data.movies[movie]["paper"], role)
        if area == "mean" and metric == "tsrsa"
        else float("nan")
        for movie, role, area in zip(table["movie"], table["role"], table["area"], strict=True)
    ]
    return _against_ceilings(table, data.of_metric(data.ceilings, metric)).reindex(columns=list(COLUMNS))


def _against_ceilings(table: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Add what a perfect model could reach, and the percent of it, by the function that the statistics use."""
    rows = ceiling.summary(splits[splits["length"].isna()]).to_dict("records") if len(splits) else []
    bounds = {(one["movie"], one["area"], one["halves"]): one for one in rows}
    areas = {
        movie: rows.loc[~rows["control"] & (rows["area"] != "mean"), "area"].unique().tolist()
        for movie, rows in table.groupby("movie", sort=False)
    }
    reached = []
    for one in table.to_dict("records"):
        own = {(area, halves): row for (movie, area, halves), row in bounds.items() if movie == one["movie"]}
        names = areas[one["movie"]] if one["area"] == "mean" else [one["area"]]
        row = statistics.against_ceilings(one["value"], own, names)
        if one["value"] != one["value"]:
            said = str(one["measured_reason"])
            row["reason"] = said if said.startswith(statistics.NO_SCORE) else SILENT
        reached.append(row)
    return table.join(pd.DataFrame(reached, index=table.index))


def undefined(data: FigureData, table: pd.DataFrame) -> list[str]:
    """Networks without a score, each with its movie and the areas without one."""
    gone = table[table["value"].isna() & ~table["control"] & (table["area"] != "mean")]
    return [
        f"{label} on {data.title(movie)} ({', '.join(map(area_name, rows['area']))})"
        for movie in data.movies_in(gone)
        for label, rows in gone[gone["movie"] == movie].groupby("label", sort=False)
    ]
