"""Tables of studies without a counterpart in the paper: sweeps of one's own movies."""

import pandas as pd

from lorafb.figures import captions
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import metric_label

Table = tuple[pd.DataFrame, str]
KEYS = ["movie", "label", "experiment", "replacement", "frames"]


def sweeps(data: FigureData) -> Table:
    """Average the scores of clips, fronts, shuffles and replacements over their trials.

    Columns: movie, network, experiment, replacement (what replaces frames), frames (of a clip, of a front, or of a window),
    score (mean over trials and areas), sd (over trials), trials, whole movie (the score without the experiment).
    """
    runs = [data.means_of(experiment) for experiment in ("clip", "front", "shuffle", "replace")]
    rows = pd.concat([part for part in runs if len(part)], ignore_index=True)
    rows = rows.assign(
        frames=rows["length"].fillna(rows["window"]).astype("Int64"), replacement=rows["replacement"].fillna("")
    )
    means = rows.groupby(KEYS, sort=False)["value"].agg(score="mean", sd="std", trials="count").reset_index()
    whole = data.means_of("original").set_index(["movie", "label"])["value"]
    means["whole movie"] = whole.reindex(pd.MultiIndex.from_frame(means[["movie", "label"]])).to_numpy()
    table = means.rename(columns={"label": "network"})
    return table, captions.caption("own_study", data=data, metric=metric_label(data.metric))
