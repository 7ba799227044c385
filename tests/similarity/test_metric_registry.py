"""Metrics by name: registered ones, a person's own, and clear errors for mistakes."""

import re
import sys

import numpy as np
import pytest

from lorafb.similarity import metrics, tsrsa
from lorafb.similarity.pearson import pearson

OWN = """
import numpy as np

from lorafb.similarity.metrics import Metric

ANGLE = Metric("angle", "products", "own_metric:unit", "own_metric:unit", "own_metric:angle")
TAKEN = Metric("tsrsa", "rsm", "own_metric:unit", "own_metric:unit", "own_metric:angle")
NUMBER = 3


def unit(products):
    return products / np.linalg.norm(products)


def angle(model, area):
    return float((model * area).sum())


def rmsd(model_rsm, area_rsm):
    return -float(np.sqrt(np.mean((model_rsm - area_rsm) ** 2)))
"""


@pytest.fixture
def own_metric(tmp_path, monkeypatch):
    """A module outside of the package with a record, a function, and a few mistakes."""
    (tmp_path / "own_metric.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_metric", None)


def test_every_registered_metric_can_be_loaded():
    assert set(metrics.names()) >= {"tsrsa", "tsrsa-spearman", "regression", "regression-cv", "cka"}
    for name in metrics.names():
        metric = metrics.find(name)
        comparison = metrics.load(name)
        assert comparison.name == metric.name == name
        assert callable(comparison.compare)
        assert metrics.METRICS[comparison.name].label
        assert all(module.startswith("lorafb.similarity.") or module == "numpy" for module in metric.modules)


def test_the_modules_of_a_metric_are_those_of_its_functions():
    assert metrics.find("tsrsa").modules == ("lorafb.similarity.tsrsa",)
    assert metrics.find("regression-cv").modules == ("lorafb.similarity.regression", "numpy")


def test_ties_reach_the_metrics_that_take_them_and_no_other():
    matrix = np.ones((3, 3))
    matrix[0, 1] = matrix[1, 0] = 0.5
    average, ordinal = (metrics.load("tsrsa", ties=ties).model(matrix) for ties in ("average", "ordinal"))
    assert average[1] == average[2]
    assert ordinal[1] != ordinal[2]
    assert metrics.load("regression", ties="ordinal").model(np.ones((50, 3))).shape == (50, 3)
    assert metrics.load("tsrsa-spearman", ties="ordinal").ties == "ordinal"


def test_tsrsa_by_name_is_the_score_of_responses():
    x, y = np.random.default_rng(1).poisson(3, (2, 12, 9))
    metric = metrics.load("tsrsa")
    assert metric.compare(metric.model(pearson(x)), metric.area(pearson(y))) == tsrsa.score(x, y)


@pytest.mark.usefixtures("own_metric")
def test_a_persons_own_record_is_loaded_by_module_and_name():
    metric = metrics.load("own_metric:ANGLE")
    products = np.diag([1.0, 2.0])
    assert metric.compare(metric.model(products), metric.area(3 * products)) == pytest.approx(1)
    assert (metric.name, metric.sees) == ("own_metric:ANGLE", "products")
    assert metrics.find("own_metric:ANGLE").modules == ("own_metric",)


@pytest.mark.usefixtures("own_metric")
def test_a_persons_own_function_compares_two_rsms():
    metric = metrics.load("own_metric:rmsd")
    rsm = np.array([[1, 0.5], [0.5, 1]])
    assert metric.compare(metric.model(rsm), metric.area(rsm)) == 0
    assert metric.compare(metric.model(rsm), metric.area(np.eye(2))) == pytest.approx(-np.sqrt(0.125))
    assert (metric.name, metric.sees) == ("own_metric:rmsd", "rsm")
    assert "own_metric" in metrics.find("own_metric:rmsd").modules


@pytest.mark.usefixtures("own_metric")
def test_mistakes_give_one_clear_line():
    for name, message in (
        ("tsrs", "metric 'tsrs' is none of tsrsa, .*did you mean 'tsrsa'"),
        ("own_metric:ANGEL", "'own_metric:ANGEL' cannot be imported"),
        ("no_such_module:METRIC", "cannot be imported .*expected 'module:name'"),
        (":METRIC", "cannot be imported"),
        ("own_metric:NUMBER", "metric own_metric:NUMBER: expected a .*Metric or a function of two matrices, got int"),
        ("own_metric:TAKEN", "metric own_metric:TAKEN: there is a registered metric named 'tsrsa'"),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            metrics.load(name)
        assert not re.search("\n", str(caught.value))
    with pytest.raises(ValueError, match="metric mine: sees 'features', expected rsm, products, responses"):
        metrics.Metric("mine", "features", "a:b", "a:b", "a:b")
