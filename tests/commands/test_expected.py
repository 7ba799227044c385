"""Expected values: a study held against numbers from elsewhere."""

import pandas as pd
import pytest

from lorafb import cli
from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance
from lorafb.commands import expected
from lorafb.config import reading

SCORES = pd.DataFrame({"area": ["visp", "visp", "visl"], "best": [True, False, True], "value": [0.5, 0.25, 0.125]})
HEAD = "quantity,file,rows,column,expected,tolerance,why\n"


@pytest.fixture
def results(tmp_path):
    tables.write(SCORES, tmp_path / "results/scores.csv", Provenance())
    return tmp_path / "results"


@pytest.fixture
def values(tmp_path):
    def write(*rows):
        path = tmp_path / "values.csv"
        path.write_text(HEAD + "".join(f"{row}\n" for row in rows))
        return path

    return write


def check(results, values, option="--expected"):
    return cli.main(["check", str(results), option, str(values)])


def test_a_quantity_is_the_mean_over_the_rows_that_it_names(results, values, capsys):
    path = values(
        "V1,scores.csv,area=visp,value,0.375,1e-9,no network in it",
        "best of V1,scores.csv,area=visp best=True,value,0.5,1e-9,no network in it",
        "all,scores.csv,,value,0.3,0.01,trained",
    )
    assert check(results, path) == 0
    assert "3 of 3 quantities as expected" in capsys.readouterr().out


def test_a_number_outside_its_tolerance_fails_and_says_what_the_tolerance_is_for(results, values, capsys):
    path = values("V1,scores.csv,area=visp,value,0.4,0.02,spikes differ between CPUs")
    assert check(results, path) == 2
    printed = capsys.readouterr().out
    assert "V1        0.375       0.4       0.02  OUTSIDE" in printed
    assert "V1: is not as expected. The tolerance: spikes differ between CPUs" in printed


def test_an_undefined_number_is_as_expected_only_where_it_was_undefined(results, values):
    tables.write(SCORES.assign(value=float("nan")), results / "scores.csv", Provenance())
    assert check(results, values("V1,scores.csv,,value,,1,why")) == 0
    assert check(results, values("V1,scores.csv,,value,0.5,1,why")) == 2


def test_values_of_a_finished_study_are_filled_in_and_all_else_stays(results, values, capsys):
    path = values("V1,scores.csv,area=visp,value,,1e-9,exact", 'all,scores.csv,,value,7,0.5,"wide, trained"')
    assert check(results, path, "--write-expected") == 0
    assert path.read_text() == (
        HEAD
        + "V1,scores.csv,area=visp,value,0.375,1e-09,exact\n"
        + 'all,scores.csv,,value,0.2916666666666667,0.5,"wide, trained"\n'
    )
    assert check(results, path) == 0


MISTAKES = [
    ("V1,scores.csv,aera=visp,value,0,1,why", "scores.csv: has no column 'aera'; did you mean 'area'? (V1)"),
    ("V1,scores.csv,area=visp,valeu,0,1,why", "scores.csv: has no column 'valeu'; did you mean 'value'? (V1)"),
    ("V1,scores.csv,area=visx,value,0,1,why", "scores.csv: has no row where area=visx (V1)"),
    ("V1,scores.csv,area,value,0,1,why", "V1: rows are 'area', expected column=value column=value"),
    ("V1,other.csv,,value,0,1,why", "results/other.csv: no such file"),
    ("V1,scores.csv,,value,0,wide,why", "values.csv: not a table with the columns quantity, file, rows"),
    ("V1,scores.csv,,value,much,1,why", "values.csv: not a table with the columns quantity, file, rows"),
]


def test_a_mistake_in_the_file_is_one_line(results, values, capsys):
    for row, message in MISTAKES:
        assert check(results, values(row)) == 2, row
        printed = capsys.readouterr().err
        assert message in printed, row
        assert printed.count("\n") == 1, row


def test_the_default_study_alone_has_expected_values_by_itself(tmp_path):
    assert expected.of_default_study(tmp_path) is None
    study = reading.read(expected.ROOT / "config.yaml", folders=(expected.ROOT,))
    reading.write(study, tmp_path / "config.yaml")
    assert expected.of_default_study(tmp_path) == expected.EMBEDDED
    reading.write(study.model_copy(update={"seed": 1}), tmp_path / "config.yaml")
    assert expected.of_default_study(tmp_path) is None


def test_the_expected_values_name_movies_areas_and_subjects_of_the_default_study():
    study = reading.read(expected.ROOT / "config.yaml", folders=(expected.ROOT,))
    areas = {area.lower() for area in study.areas} | {area for one in study.stimuli.values() for area in one.controls}
    for quantity in expected.read(expected.EMBEDDED):
        conditions = dict(condition.split("=") for condition in quantity.rows.split())
        assert conditions.get("area", "mean") in areas | {"mean"}, quantity.name
        assert conditions.get("subject", "lag_only") in {*study.subjects, "lag_only"}, quantity.name
        folder, *names = quantity.file.removesuffix(".csv").split("/")
        assert names[0] in (study.subjects if folder in ("training", "scores") else study.stimuli), quantity.name
        assert quantity.tolerance >= 0
        assert quantity.why
