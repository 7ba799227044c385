"""Error bars over trials, against numbers worked out by hand and by scipy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lorafb.figures.intervals import half_width, over_trials, ratio, standard_error


def test_the_standard_error_is_the_sd_over_the_root_of_n():
    assert standard_error([1.0, 3.0]) == pytest.approx(np.sqrt(2) / np.sqrt(2))


def test_half_widths_are_students():
    values = [0.1, 0.4, 0.2, 0.6]
    low, high = stats.t.interval(0.99, 3, loc=np.mean(values), scale=stats.sem(values))
    assert half_width(values) == pytest.approx((high - low) / 2)


def test_one_trial_has_no_spread_and_a_trial_without_a_score_does_not_count():
    assert np.isnan(half_width([0.3]))
    assert np.isnan(standard_error([0.3, np.nan]))
    assert standard_error([1.0, np.nan, 3.0]) == standard_error([1.0, 3.0])


def test_a_ratio_is_of_means_and_its_error_is_the_jackknifes():
    value, error = ratio([2.0, 4.0], [1.0, 1.0])
    assert value == 3.0
    assert error == pytest.approx(np.sqrt(1 / 2 * ((4 - 3) ** 2 + (2 - 3) ** 2)))


def test_a_ratio_to_nothing_is_undefined():
    assert np.isnan(ratio([1.0, 1.0], [0.5, -0.5])).all()
    assert np.isnan(ratio([1.0], [np.nan])).all()
    value, error = ratio([1.0], [0.5])
    assert value == 2.0
    assert np.isnan(error)


@given(st.lists(st.floats(0.1, 1), min_size=2, max_size=8), st.floats(0.1, 10))
def test_trials_that_stand_in_one_ratio_have_it_without_error(below, times):
    value, error = ratio(np.array(below) * times, below)
    assert value == pytest.approx(times)
    assert error == pytest.approx(0, abs=1e-9)


def test_trials_are_counted_with_and_without_a_score():
    rows = pd.DataFrame({"length": [3, 3, 5], "value": [1.0, np.nan, 2.0]})
    found = over_trials(rows, ["length"])
    assert found[["length", "value", "trials", "undefined"]].to_dict("list") == {
        "length": [3, 5],
        "value": [1.0, 2.0],
        "trials": [1, 1],
        "undefined": [1, 0],
    }
