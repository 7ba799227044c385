"""Tables 1 to 6: ours beside the paper's, with the difference; what either lacks stays empty."""

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from lorafb.figures import published, scores
from lorafb.figures.material import Material
from lorafb.figures.style import area_name

Table = tuple[pd.DataFrame, str]
COLUMNS = ("movie", "network", "area", "best layer", "ours", "the paper", "difference", "% of ceiling", "the paper's %")
LAG_ONLY = "distance in time alone"
OPTIONAL = ("low", "high", "cross-validated", "ceiling", "sd over splits")


def table_1(material: Material) -> Table:
    """Set scores and percent of the ceiling beside the paper's (Huang et al. 2024, Table 1)."""
    shown, splits = scores.beside_ceiling(material, "original"), scores.unit_splits(material)
    rows = []
    for movie in material.shown(shown):
        paper = material.paper(movie)
        over_areas = _of_areas(splits[(splits["movie"] == movie) & ~splits["area"].isin(material.controls)])
        about = _beside(material, "table_1", paper, "ceiling", over_areas.mean(skipna=False))
        rows.append({"movie": movie, "network": "ceiling", **about, "sd over splits": over_areas.std()})
        for subject, role in material.columns():
            found = scores.row(shown, movie, subject)
            about = _beside(material, "table_1", paper, role, _value(found, "value"))
            percent = _beside(material, "table_1_percent", paper, role, 100 * _value(found, "fraction"))
            about |= {"% of ceiling": percent["ours"], "the paper's %": percent["the paper"]}
            rows.append({"movie": movie, "network": material.label(role), **about, **_interval(found)})
        rows += _lag_only(shown, movie)
    said = (
        "TSRSA, mean over areas of each area's best layer, and percent of the ceiling: TSRSA between random halves of an "
        f"area's units, mean over areas, {splits['trial'].nunique()} splits (their sd is no standard error; no percent where "
        "the ceiling is not above twice it)."
    )
    return _finished(material, rows, f"{said} {scores.undefined_told(material, shown)}".strip())


def table_2(material: Material) -> Table:
    """Set the ablations beside the paper's (Huang et al. 2024, Table 2)."""
    said = "TSRSA of LoRaFB-SNet, of its twins and of the network without feedback, mean over areas of each area's best layer."
    return _by_network(material, "table_2", said)


def table_3(material: Material) -> Table:
    """Set the numbers of units beside the paper's (Huang et al. 2024, Table 3)."""
    rows = []
    for movie in material.shown(material.units):
        for one in material.units[material.units["movie"] == movie].to_dict("records"):
            found = _beside(material, "table_3", one["area"], "units", float(one["units"]))
            kept = _beside(material, "table_3", one["area"], material.paper(movie), float(one["kept"]))
            about = {
                f"{name}: {key}": value
                for name, part in (("found", found), ("kept", kept))
                for key, value in part.items()
            }
            rows.append({"movie": movie, "area": area_name(one["area"]), **about})
    table = pd.DataFrame(rows)
    counts = {column: "Int64" for column in table.columns if column not in ("movie", "area")}
    said = "Units of each area: found in the recordings, and kept for scoring; difference: ours less the paper's."
    return table.astype(counts), f"{said} {material.closing()}"


def table_4(material: Material) -> Table:
    """Set LoRaFB-SNet's score of each area beside the paper's (Huang et al. 2024, Table 4)."""
    shown = scores.beside_ceiling(material, "original")
    shown = shown[shown["area"] != "mean"]
    rows = [
        {
            "movie": one["movie"],
            "area": area_name(str(one["area"])),
            "best layer": one["layer"],
            **_beside(material, "table_4", material.paper(str(one["movie"])), str(one["area"]), float(one["value"])),
            **_interval(one),
            "ceiling": one["ceiling"],
        }
        for one in shown.to_dict("records")
    ]
    said = f"TSRSA of {material.label(material.roles[0])} by area: that of the area's best layer."
    return _finished(material, rows, said)


def table_5(material: Material) -> Table:
    """Set the regression's R2 beside the paper's (Huang et al. 2024, Table 5)."""
    crossed = scores.beside_ceiling(material, "original", "regression-cv")
    said = (
        "R2 of a ridge regression from 40 principal components of a layer to the PSTHs, on the same frames, mean over units, "
        "best layer of an area, mean over areas; so many components fit some of any signal by chance."
    )
    if len(crossed):
        said += " Beside it R2 on frames that the regression never saw (contiguous blocks)."

    def held_out(movie: str, subject: str) -> dict[str, float]:
        return {"cross-validated": _value(scores.row(crossed, movie, subject), "value")} if len(crossed) else {}

    return _by_network(material, "table_5", said, metric="regression", more=held_out)


def table_6(material: Material) -> Table:
    """Set the scores on still scenes beside the paper's (Huang et al. 2024, Table 6)."""
    said = "TSRSA on still scenes, mean over areas of each area's best layer."
    return _by_network(material, "table_6", said, experiment="scenes")


def _by_network(
    material: Material,
    table: str,
    said: str,
    *,
    experiment: str = "original",
    metric: str = "tsrsa",
    more: Callable[[str, str], dict[str, float]] = lambda movie, subject: {},
) -> Table:
    shown, rows = scores.beside_ceiling(material, experiment, metric), []
    for movie in material.shown(shown):
        for subject, role in material.columns():
            found = scores.row(shown, movie, subject)
            about = _beside(material, table, material.paper(movie), role, _value(found, "value"))
            rows.append(
                {"movie": movie, "network": material.label(role), **about, **_interval(found), **more(movie, subject)}
            )
        rows += _lag_only(shown, movie)
    return _finished(material, rows, f"{said} {scores.undefined_told(material, shown)}".strip())


def _beside(material: Material, table: str, row: str, column: str, ours: float) -> dict[str, float]:
    paper = published.number(material.published, table, row, column)
    return {"ours": ours, "the paper": paper, "difference": ours - paper}


def _value(found: "pd.Series[float] | None", column: str) -> float:
    return float("nan") if found is None else float(found[column])


def _interval(found: Any) -> dict[str, float]:
    return {} if found is None else {"low": float(found["ci_low"]), "high": float(found["ci_high"])}


def _of_areas(splits: pd.DataFrame) -> "pd.Series[float]":
    """Mean over areas of each split; NaN where any has none."""
    return splits.groupby("trial")["value"].agg(lambda values: values.mean(skipna=False))


def _lag_only(shown: pd.DataFrame, movie: str) -> list[dict[str, object]]:
    means = shown[(shown["movie"] == movie) & (shown["area"] == "mean")]["lag_only"].dropna()
    return [{"movie": movie, "network": LAG_ONLY, "ours": float(means.iloc[0])}] if len(means) else []


def _finished(material: Material, rows: Iterable[dict[str, object]], said: str) -> Table:
    """Put columns in order, leave out the optional ones that are empty throughout, and close the caption."""
    found = pd.DataFrame(rows)
    table = found[
        [name for name in (*COLUMNS, *OPTIONAL) if name in found and (name in COLUMNS or found[name].notna().any())]
    ]
    said += " difference: ours less the paper's. One checkpoint a network."
    if "low" in table:
        said += (
            " low, high: 95 % jackknife interval over units (best layer chosen anew), for this movie and these weights."
        )
    if LAG_ONLY in set(table.get("network", ())):
        said += f" {LAG_ONLY}: a baseline that sees no stimulus and knows how far apart two frames are."
    return table, f"{said} {material.closing()}"
