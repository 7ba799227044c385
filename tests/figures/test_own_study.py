"""Tables of what the paper does not have: known means over trials."""

import numpy as np
import pandas as pd
import pytest

from lorafb.figures.figure_data import FigureData
from lorafb.figures.own_study import sweeps


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
