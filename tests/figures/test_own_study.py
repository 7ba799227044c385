"""Tables of what the paper does not have: known means over trials and over seeds."""

import numpy as np
import pandas as pd
import pytest

from lorafb.figures.figure_data import FigureData
from lorafb.figures.own_study import seeds, sweeps


def data(rows, **about):
    columns = ["experiment", "movie", "subject", "length", "window", "replacement", "trial", "value"]
    table = pd.DataFrame(rows, columns=columns).assign(area="mean", metric="tsrsa", role="")
    labels = {"a": "A 1", "b": "A 2", "c": "C"}
    return FigureData(
        scores=table.assign(label=table["subject"].map(labels)),
        subjects={
            one: {"label": label, "role": "", "alike": "c" if one == "c" else "a"} for one, label in labels.items()
        },
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


def test_seeds_are_averaged_among_networks_that_are_otherwise_alike():
    rows = [("original", "mine", one, *[np.nan] * 4, value) for one, value in (("a", 0.3), ("b", 0.5), ("c", 0.9))]
    table, _ = seeds(data(rows))
    assert table.to_dict("records") == [
        {
            "movie": "mine",
            "networks": "A 1, A 2",
            "seeds": 2,
            "mean": pytest.approx(0.4),
            "sd": pytest.approx(0.02**0.5),
            "lowest": 0.3,
            "highest": 0.5,
        }
    ]
