"""What a reader asks first, from the data of the figure of all networks: which network, how far from the ceiling."""

from collections.abc import Mapping

import pandas as pd

from lorafb.figures.style import area_name


def lead(shown: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """One sentence a movie: the network that comes nearest to cortex, the ceiling, and the next one.

    Parameters
    ----------
    shown : data of the figure `networks`
    titles : movie to its heading
    """
    means = shown[shown["area"] == "mean"]
    return [
        _sentence(means[means["movie"] == movie], title)
        for movie, title in titles.items()
        if movie in set(means["movie"])
    ]


def _sentence(means: pd.DataFrame, title: str) -> str:
    scored = means.dropna(subset=["value"]).sort_values("value", ascending=False, kind="stable")
    if scored.empty:
        return f"{title}: no network has a score."
    first = scored.iloc[0]
    said = f"{title}: {first['label']} comes nearest to cortex, TSRSA {first['value']:.3f}"
    if first["ci_low"] == first["ci_low"]:
        said += f" (95 % interval over units {first['ci_low']:.3f} to {first['ci_high']:.3f})"
    if first["fraction"] == first["fraction"]:
        said += f", {100 * first['fraction']:.0f} % of the ceiling between halves of units, {first['ceiling']:.3f}"
    if len(scored) > 1:
        said += f"; next {scored.iloc[1]['label']}, {scored.iloc[1]['value']:.3f}"
    if first["lag_only"] == first["lag_only"]:
        said += f"; distance in time alone, which sees no stimulus, reaches {first['lag_only']:.3f}"
    missing = list(means.loc[means["value"].isna(), "label"])
    return said + (f"; without a score: {', '.join(missing)}." if missing else ".")


def by_area(shown: pd.DataFrame, movie: str) -> pd.DataFrame:
    """Lay the scores of a movie out: one row a network, then the baseline and the ceiling; controls in the last columns."""
    rows = shown[shown["movie"] == movie].sort_values("control", kind="stable")
    names = {area: f"{area_name(area)} (in no mean)" for area in rows.loc[rows["control"], "area"]}
    names = {area: names.get(area, area_name(area)) for area in rows["area"]}
    once = rows.drop_duplicates("area").set_index("area")
    lines = [
        (str(own["label"].iloc[0]), own.set_index("area")["value"]) for _, own in rows.groupby("subject", sort=False)
    ]
    lines += [("distance in time alone", once["lag_only"])] if once["lag_only"].notna().any() else []
    ceiling = float(once["ceiling"]["mean"]) if rows["fraction"].notna().any() else float("nan")
    lines.append(("ceiling (halves of units)", once["ceiling"]))
    found = []
    for network, values in lines:
        line: dict[str, object] = {"network": network}
        for area, name in names.items():
            line[name] = float(values.get(area, float("nan")))
            if area == "mean":
                line["% of ceiling"] = 100 * float(values["mean"]) / ceiling
        found.append(line)
    return pd.DataFrame(found)
