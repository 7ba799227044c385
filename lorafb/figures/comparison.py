"""Tables 1 to 6: ours beside the paper's, with the difference; numbers that either lacks are empty."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from lorafb.figures import captions, paper_numbers, scores
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import area_name, metric_label

Table = tuple[pd.DataFrame, str]
Row = dict[str, Any]
COLUMNS: tuple[str, ...] = ("movie", "network", "area", "best layer", "ours", "the paper", "difference")
COLUMNS += ("% of a perfect model", "% of the published ceiling", "the paper's %")
MEASURED = ("ci_low", "ci_high", "e2_low", "e2_high", "score_lag", "p_lag")
BASELINE, PERFECT, CEILING = "time alone", "a perfect model", "published ceiling"


def table_1(data: FigureData) -> Table:
    """Show scores and percent of the ceiling beside the paper's (Huang et al. 2024, Table 1)."""
    splits = data.of_metric(data.ceilings, data.metric)
    if len(splits):
        splits = splits[(splits["layer"] == "units") & splits["length"].isna() & ~splits["area"].isin(data.controls)]
    return _by_network(data, "table_1", splits=splits)


def table_2(data: FigureData) -> Table:
    """Show the ablations beside the paper's (Huang et al. 2024, Table 2)."""
    return _by_network(data, "table_2")


def table_3(data: FigureData) -> Table:
    """Show the numbers of units beside the paper's (Huang et al. 2024, Table 3)."""
    rows = []
    for movie in data.movies_in(data.units):
        paper = data.movies[movie]["paper"]
        for one in data.units[data.units["movie"] == movie].to_dict("records"):
            area = one["area"]
            row: Row = {"movie": movie, "area": area_name(area)}
            for name, counted, column in (("found", "units", "units"), ("kept", "kept", paper)):
                beside = _beside(data, "table_3", area, column, float(one[counted]))
                row |= {f"{name}: {key}": value for key, value in beside.items()}
            rows.append(row)
    table = pd.DataFrame(rows)
    counts = dict.fromkeys(table.columns[2:], "Int64")
    return table.astype(counts), captions.caption(
        "comparison",
        name="units",
        data=data,
        kept=int(table["kept: ours"].sum()),
        found=int(table["found: ours"].sum()),
    )


def table_4(data: FigureData) -> Table:
    """Show LoRaFB-SNet's score per area beside the paper's (Huang et al. 2024, Table 4)."""
    table = scores.with_ceilings(data, "original")
    rows = []
    own = table["subject"] == data.subject(data.roles[0])
    for one in table[own & (table["area"] != "mean")].to_dict("records"):
        movie, area = str(one["movie"]), str(one["area"])
        beside = _beside(data, "table_4", data.movies[movie]["paper"], area, float(one["value"]))
        row = {"movie": movie, "area": area_name(area), "best layer": one["layer"], **beside}
        percents = {
            "% of a perfect model": 100 * one["fraction"],
            "% of the published ceiling": 100 * one["fraction_published"],
        }
        rows.append({**row, **percents, **{name: one[name] for name in MEASURED}})
    return _finished(data, rows, "table_4", network=data.label(data.roles[0]))


def table_5(data: FigureData) -> Table:
    """Show the regression's R2 beside the paper's, and further metrics of the study (Huang et al. 2024, Table 5)."""
    metrics = data.scores.loc[data.scores["experiment"] == "original", "metric"].unique()
    more = [metric for metric in metrics if metric not in (data.metric, "regression")]
    return _by_network(data, "table_5", metric="regression", more=more)


def table_6(data: FigureData) -> Table:
    """Show the scores on still scenes beside the paper's (Huang et al. 2024, Table 6)."""
    return _by_network(data, "table_6", experiment="scenes")


def _by_network(
    data: FigureData,
    name: str,
    *,
    experiment: str = "original",
    metric: str = "",
    more: Sequence[str] = (),
    splits: pd.DataFrame | None = None,
) -> Table:
    """Make a table with a row per movie and network; `more` metrics get a column each, `splits` a row of the ceiling."""
    table = scores.with_ceilings(data, experiment, metric)
    means = {(one["movie"], one["subject"]): one for one in table[table["area"] == "mean"].to_dict("records")}
    further = {one: data.means_of(experiment, one).set_index(["movie", "subject"])["value"] for one in more}
    rows: list[Row] = []
    for movie in data.movies_in(table):
        paper = data.movies[movie]["paper"]
        of_movie = table[(table["movie"] == movie) & (table["area"] == "mean")]
        if splits is not None and len(splits):
            rows.append({"movie": movie, "network": PERFECT, "ours": of_movie["reach"].iloc[0]})
            # the mean over areas of each split, NaN where any area has none
            ceilings = (
                splits[splits["movie"] == movie].groupby("trial")["value"].agg(lambda one: one.mean(skipna=False))
            )
            ceiling = _beside(data, name, paper, "ceiling", ceilings.mean(skipna=False))
            rows.append({"movie": movie, "network": CEILING, **ceiling, "sd over splits": ceilings.std()})
        for subject, role in data.networks() + data.twins():
            mean = means.get((movie, subject), {})
            row: Row = {"movie": movie, "network": data.name(subject or role)}
            row |= _beside(data, name, paper, role, mean.get("value", float("nan")))
            if splits is not None:
                row["% of a perfect model"] = 100 * mean.get("fraction", float("nan"))
                percent = _beside(
                    data, "table_1_percent", paper, role, 100 * mean.get("fraction_published", float("nan"))
                )
                row |= {"% of the published ceiling": percent["ours"], "the paper's %": percent["the paper"]}
            row |= {one: mean[one] for one in MEASURED} if mean else {}
            row |= {metric_label(one): values.get((movie, subject), float("nan")) for one, values in further.items()}
            rows.append(row)
        baseline = of_movie["lag_only"].dropna()
        rows += [{"movie": movie, "network": BASELINE, "ours": float(one)} for one in baseline[:1]]
    n_splits = 0 if splits is None or splits.empty else splits["trial"].nunique()
    missing = scores.undefined(data, table)
    return _finished(data, rows, name, undefined=missing, more=more, splits=n_splits, metric_name=metric)


def _beside(data: FigureData, table: str, row: str, column: str, ours: float) -> dict[str, float]:
    paper = paper_numbers.number(data.paper, table, row, column)
    return {"ours": ours, "the paper": paper, "difference": ours - paper}


def _finished(data: FigureData, rows: Sequence[Row], name: str, *, more: Sequence[str] = (), **facts: Any) -> Table:
    """Put columns in order, leave out the optional ones that are empty, and write the caption."""
    table, labels = pd.DataFrame(rows), [metric_label(metric) for metric in more]
    optional = [one for one in (*MEASURED, *labels, "sd over splits") if one in table]
    columns = [one for one in COLUMNS if one in table] + [one for one in optional if table[one].notna().any()]
    both = [
        row
        for row in rows
        if row["ours"] == row["ours"] and row.get("the paper", math.nan) == row.get("the paper", math.nan)
    ]
    facts |= {
        "both": both,
        "interval": "ci_low" in columns,
        "baseline": BASELINE in set(table.get("network", ())),
        "more": labels,
    }
    facts |= {"name": name, "metric": metric_label(data.metric)}
    return table[columns], captions.caption("comparison", facts, data=data)
