"""Figures and tables of what the paper does not have: known means over trials."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lorafb.figures.figure_data import FigureData
from lorafb.figures.own_study import clips, replaced, shuffled, sweeps


def data(rows, **about):
    columns = ["experiment", "movie", "subject", "length", "window", "replacement", "trial", "value"]
    table = pd.DataFrame(rows, columns=columns).assign(area="mean", metric="tsrsa", role="")
    return FigureData(
        scores=table.assign(label="A"),
        subjects={"a": {"label": "A", "role": ""}},
        movies={"mine": {"title": "mine", "paper": ""}},
        miniature=False,
        simulated=False,
    )


def test_sweeps_are_means_over_trials_beside_the_whole_movie():
    nan = np.nan
    rows = [
        ("original", "mine", "a", nan, nan, nan, nan, 0.5),
        *(("clip", "mine", "a", 30, nan, nan, trial, value) for trial, value in enumerate((0.2, 0.4))),
        ("clip", "mine", "a", 60, nan, nan, 0, nan),
        *(("shuffle", "mine", "a", nan, 30, nan, trial, value) for trial, value in enumerate((0.1, 0.1, 0.4))),
        ("replace", "mine", "a", nan, 4, "black", 0, 0.3),
    ]
    table, caption = sweeps(data(rows))
    assert table["experiment"].tolist() == ["clip", "clip", "shuffle", "replace"]
    assert table["frames"].tolist() == [30, 60, 30, 4]
    assert table["score"].tolist() == pytest.approx([0.3, nan, 0.2, 0.3], nan_ok=True)
    assert table["sd"].tolist() == pytest.approx([0.02**0.5, nan, 0.03**0.5, nan], nan_ok=True)
    assert table["trials"].tolist() == [2, 0, 3, 1]
    assert table["replacement"].tolist() == ["", "", "", "black"]
    assert table["whole movie"].tolist() == [0.5] * 4
    assert "paper" not in caption
    assert "miniature" not in caption


def test_sweeps_of_an_own_study_are_drawn_as_the_papers_are_for_every_network():
    nan = np.nan
    rows = [("original", "mine", one, nan, nan, nan, nan, score) for one, score in (("a", 0.5), ("b", 0.4))]
    for one, least in (("a", 0.2), ("b", 0.1)):
        rows += [
            ("clip", "mine", one, length, nan, nan, trial, least + trial / 10)
            for length in (30, 60)
            for trial in (0, 1)
        ]
        rows += [("shuffle", "mine", one, nan, 30, nan, trial, least + trial / 10) for trial in (0, 1)]
        rows += [("replace", "mine", one, nan, 4, "gaussian", trial, least + trial / 10) for trial in (0, 1)]
    two = {name: {"label": name.upper(), "role": "", "still": False} for name in "ab"}
    held = replace(data(rows), subjects=two)
    held = replace(held, scores=held.scores.assign(label=held.scores["subject"].str.upper(), chaos=0.8, ratio=0.25))
    _, table, caption = clips(held)
    assert dict(zip(zip(table["label"], table["length"], strict=True), table["value"], strict=True)) == pytest.approx(
        {("A", 30): 0.25, ("A", 60): 0.25, ("B", 30): 0.15, ("B", 60): 0.15}
    )
    assert "paper" not in caption
    for draw, x in ((shuffled, 0.8), (replaced, 0.25)):
        figure, table, caption = draw(held)
        means = table[table["point"] == "mean"].set_index("series")
        assert means["value"].to_dict() == pytest.approx({"A": 0.25, "B": 0.15})
        assert means["whole"].to_dict() == pytest.approx({"A": 0.5, "B": 0.4})
        assert means["x"].tolist() == [x, x]
        assert len({line.get_color() for line in figure.axes[0].lines}) >= 2
        assert "paper" not in caption
