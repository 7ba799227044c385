"""Captions of the bars: n, error type, test, and how far the first network lies above each other one."""

import numpy as np
import pandas as pd

from lorafb.figures import published, scores
from lorafb.figures.material import Material
from lorafb.figures.style import area_name


def caption(material: Material, shown: pd.DataFrame, what: str) -> str:
    """Say what bars, points, lines and error bars are.

    Parameters
    ----------
    shown : table of `lorafb.figures.scores.beside_ceiling`
    what : the networks were shown
    """
    areas = scores.areas_of(shown)
    splits = scores.unit_splits(material)["trial"].nunique()
    said = [
        f"TSRSA scores on {what}: for every area its best layer; bars are means over {len(areas)} areas, points are areas "
        f"({', '.join(map(area_name, areas))}).",
        f"Dashed: ceiling, TSRSA between random halves of an area's units, {splits} splits, mean over areas; "
        f"a half has half the units, so that a score may pass it."
        if splits
        else "No ceiling is known.",
        _interval_told(material, shown),
        scores.undefined_told(material, shown),
        "Hollow: areas that the movie should not drive, in no mean." if shown["control"].any() else "",
        "Dotted: score of a baseline that knows nothing but how far apart two frames are in time."
        if shown["lag_only"].notna().any()
        else "",
        "Open diamonds: the paper's scores." if shown["paper"].notna().any() else "",
        *(_above_told(material, shown, movie) for movie in material.shown(shown) if material.roles),
    ]
    return " ".join([*filter(None, said), material.closing()])


def _interval_told(material: Material, shown: pd.DataFrame) -> str:
    if shown["ci_low"].isna().all():
        return "One checkpoint a network; no interval is drawn."
    rows = material.statistics
    mice = "mice" if rows["sessions_as_groups"].all() else "groups of units"
    narrow = "" if mice == "mice" else " (units of one mouse are not independent: it is too narrow)"
    return (
        f"Error bars: 95 % jackknife interval over units, {rows['n_groups'].min():.0f} {mice} left out in turn and the best "
        f"layer chosen anew{narrow}: what other units would give, for this movie and these weights; one checkpoint stands "
        f"for no architecture."
    )


def _above_told(material: Material, shown: pd.DataFrame, movie: str) -> str:
    """Say how far the first network lies above each other one, beside the paper's figure, and the paired test."""
    means = shown[(shown["movie"] == movie) & (shown["area"] == "mean")].set_index("subject")["value"]
    (subject, first), *others = material.columns()
    told, tested = [], ""
    for other, role in others:
        one, against = means.get(subject, np.nan), means.get(other, np.nan)
        if np.isnan(one) or not against > 0:
            continue
        text = f"{material.label(role)} {100 * (one / against - 1):+.1f} %"
        for table in ("figure_3a", "figure_3b"):
            paper = published.number(material.published, table, material.paper(movie), f"{first} over {role}, percent")
            text += f" (the paper: {paper:+.1f} %)" if np.isfinite(paper) else ""
        test = scores.difference(material, movie, subject, other)
        if test is not None:
            text += f", difference {test.difference:.3f} [{test.low:.3f}, {test.high:.3f}], p = {test.p:.2g}"
            tested = " (paired jackknife over units, Holm's correction over all pairs)"
        told.append(text)
    title = material.movies[movie]["title"]
    return f"{title}: {material.label(first)} over {'; '.join(told)}{tested}." if told else ""
