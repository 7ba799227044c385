"""Figures and a table of studies without a counterpart in the paper: sweeps of one's own movies."""

from dataclasses import replace

import pandas as pd

from lorafb.figures import captions
from lorafb.figures import sweeps as drawn
from lorafb.figures.clips import figure_3c
from lorafb.figures.figure_data import FigureData
from lorafb.figures.style import Drawn, metric_label

Table = tuple[pd.DataFrame, str]
KEYS = ["movie", "label", "experiment", "replacement", "frames"]


def clips(data: FigureData) -> Drawn:
    """Draw score against clip length, as Figure 3C, of every network of the study."""
    return figure_3c(_with_roles(data))


def shuffled(data: FigureData) -> Drawn:
    """Draw score against level of chaos, as Figure 4A, of every network of the study."""
    return drawn.shuffled(_with_roles(data))


def replaced(data: FigureData) -> Drawn:
    """Draw score against ratio of replacement by Gaussian noise, as Figure 4B, of every network of the study."""
    return drawn.replaced(_with_roles(data))


def _with_roles(data: FigureData) -> FigureData:
    """Give each network a role of its own, its place in the study, by which figures of the paper know networks."""
    roles = {name: str(place) for place, name in enumerate(data.subjects)}
    subjects = {name: {**about, "role": roles[name]} for name, about in data.subjects.items()}
    scores = data.scores.assign(role=data.scores["subject"].map(roles))
    return replace(data, scores=scores, subjects=subjects, roles=tuple(roles.values()))


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
