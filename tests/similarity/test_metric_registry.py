"""Metrics by name: known ones, a person's own, and mistakes that are told."""

import subprocess
import sys

import numpy as np
import pytest

from lorafb.similarity import metrics

OWN = metrics.Metric(
    "similarity", "lorafb.similarity.pearson:upper_triangle", "lorafb.similarity.pearson:upper_triangle", "numpy:dot"
)


@pytest.mark.parametrize("name", metrics.METRICS)
def test_every_registered_metric_can_be_loaded(name):
    comparison = metrics.load(name)
    assert comparison.name == name
    assert callable(comparison.compare)
    assert set(metrics.find(name).modules) <= {"lorafb.similarity.tsrsa", "lorafb.similarity.regression"}


def test_options_reach_the_functions_that_take_them():
    matrix = np.ones((3, 3))
    matrix[0, 1] = matrix[1, 0] = 0.5
    average, ordinal = (metrics.load("tsrsa", ties=ties).model(matrix) for ties in ("average", "ordinal"))
    assert average[1] == average[2]
    assert ordinal[1] != ordinal[2]


def test_a_metric_of_ones_own_is_a_module_and_a_name():
    assert metrics.load(f"{__name__}:OWN").compare(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 11


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("tsrs", {}, "metric 'tsrs' is none of tsrsa.*did you mean 'tsrsa'"),
        ("regression", {"ties": "average"}, "metric regression has no option 'ties'"),
        ("lorafb.similarity.tsrsa:missing", {}, "cannot be imported"),
        ("no_such_module:METRIC", {}, "cannot be imported"),
        ("lorafb.similarity.tsrsa:score", {}, "expected a Metric"),
    ],
)
def test_an_unknown_metric_or_option_is_told(name, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.load(name, **options)


def test_similarity_and_experiments_import_no_torch():
    code = (
        "import importlib, pkgutil, sys, lorafb.experiments, lorafb.similarity\n"
        "for package in (lorafb.experiments, lorafb.similarity):\n"
        "    for module in pkgutil.iter_modules(package.__path__):\n"
        "        importlib.import_module(f'{package.__name__}.{module.name}')\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
