"""The definitions of columns: complete, each once, and beside each table that is written."""

import json

import pandas as pd
import pytest

from lorafb.artefacts import columns, tables
from lorafb.artefacts.provenance import Provenance
from lorafb.experiments.table import COLUMNS
from lorafb.similarity.metrics import METRICS


def test_a_table_says_beside_it_what_its_columns_mean_and_pandas_still_reads_it(tmp_path):
    path = tmp_path / "units" / "movie.csv"
    tables.write(pd.DataFrame({"area": ["visp"], "mean_rate": [2.5], "nonsense": [1]}), path, Provenance())
    assert list(pd.read_csv(path)) == ["area", "mean_rate", "nonsense"]
    written = json.loads((path.parent / "movie.csv.json").read_text())["columns"]
    assert written["mean_rate"]["unit"] == "spikes/s"
    assert "nonsense" not in written


def test_a_column_that_means_something_else_in_one_table_says_so_there():
    assert columns.find("layer").meaning == "layer of the network"
    assert columns.find("layer", "results/ceilings/movie1.csv").meaning.startswith("what the halves differ in")


@pytest.mark.parametrize(
    ("path", "names", "undefined"),
    [
        ("scores/sew/movie1/base.csv", COLUMNS, []),
        ("scores/sew/movie1/base.csv", ["value", "e2_low"], ["e2_low"]),  # defined, but not a column of scores
        ("training/sew/epochs.csv", ["epoch", "rate:layer1.0.sn1", "rates:layer1"], ["rates:layer1"]),
        ("figures/frames/sew/movie1.csv", ["lag", "r", "rr"], ["rr"]),
        ("/home/me/results/figures/areas/movie1.csv", ["area", "other", "value"], []),
        ("/home/me/results/areas/movie1.csv", ["area", "other", "value"], ["other"]),
        ("/home/me/scores.csv", ["area", "value"], []),
        ("tables/table_5.csv", ["ours", *(metric.label for metric in METRICS.values()), "my_metric:pearson"], []),
        ("somewhere/else.csv", ["value"], ["value"]),
    ],
)
def test_what_has_no_definition_is_named(path, names, undefined):
    assert columns.undefined(list(names), path) == undefined


def test_every_column_that_a_table_lists_is_defined_and_every_definition_is_one_sentence():
    known, kinds = columns._read()
    assert [name for kind in kinds for name in kind.columns if name not in known] == []
    for one in known.values():
        assert one.meaning
        assert not one.meaning.endswith(".")
        assert one.name in columns.reference()
