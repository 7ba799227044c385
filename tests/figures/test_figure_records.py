"""The catalogue says what can be made of a study, and imports nothing that draws."""

import subprocess
import sys

import pandas as pd
import pytest
from synthetic_study import held, study

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance
from lorafb.experiments.table import COLUMNS, typed
from lorafb.figures import figure_data, paper_numbers
from lorafb.figures.catalogue import FIGURES, TABLES, possible

EVERY = {**FIGURES, **TABLES}


def test_every_figure_and_table_of_the_paper_has_a_record():
    assert set(FIGURES) == {
        "networks",
        "layers",
        *(f"figure_{name}" for name in ("3a", "3b", "3c", "3d", "4a", "4b", "4c", "6", "7a", "7b")),
    }
    assert set(TABLES) == {"claims", *(f"table_{number}" for number in range(1, 7))}


@pytest.mark.parametrize("name", EVERY)
def test_a_record_names_a_function_roles_and_tables_that_there_are(name):
    record = EVERY[name]
    assert callable(figure_data.function(record.make))
    assert set(record.roles) <= set(paper_numbers.NAMES)
    assert set(record.reads) <= {*figure_data.SCORES, *figure_data.OTHERS}
    assert len(set(record.roles)) == len(record.roles)


def test_the_whole_study_has_every_figure_and_table():
    assert all(possible(record, held(study())) for record in EVERY.values())


def test_a_figure_is_made_when_one_of_its_networks_is_there():
    assert possible(FIGURES["figure_3a"], {("original", "cornet", "Movie2")})
    assert not possible(FIGURES["figure_3a"], {("original", "sew_resnet", "Movie2")})
    assert not possible(FIGURES["figure_3a"], {("original", "cornet", "")})
    assert not possible(FIGURES["figure_3a"], {("clip", "cornet", "Movie2")})


def test_a_ratio_takes_the_first_network_and_another_on_the_same_movie():
    ratio, first, other = FIGURES["figure_3d"], ("clip", "lorafb_snet", "Movie1"), ("clip", "cornet", "Movie1")
    assert possible(ratio, {first, other})
    assert not possible(ratio, {first})
    assert not possible(ratio, {other, ("clip", "resnet_2p_cpc", "Movie1")})
    assert not possible(ratio, {first, ("clip", "cornet", "Movie2")})


def test_networks_of_ones_own_are_shown_on_movies_of_ones_own():
    assert possible(FIGURES["networks"], {("original", "", "")})
    assert not any(
        possible(record, {("original", "", "")}) for name, record in EVERY.items() if name not in ("networks", "layers")
    )


def test_reading_the_catalogue_loads_no_drawing():
    check = "import sys, lorafb.figures.catalogue; sys.exit(bool({'matplotlib', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def test_tables_are_read_with_whose_they_are_and_of_which_movie(tmp_path):
    rows = pd.DataFrame({"area": ["visp", "visp", "visl"], "layer": ["a", "b", "a"], "value": [0.5, 0.2, 0.1]})
    rows = rows.assign(movie="m", metric="tsrsa", experiment="original", best=[True, False, True])
    scores = typed(rows.reindex(columns=list(COLUMNS)))
    tables.write(scores, tmp_path / "net" / "m" / "base.csv", Provenance())
    tables.write(pd.DataFrame({"area": ["visp"]}), tmp_path / "psth" / "m.csv", Provenance())
    (tmp_path / "paper.csv").write_text("table,row,column,value,sd\n")
    files = {
        "base": [str(tmp_path / "net" / "m" / "base.csv")],
        "psth": [str(tmp_path / "psth" / "m.csv")],
        "paper": str(tmp_path / "paper.csv"),
    }
    params = {
        "subjects": {"net": {"label": "Net", "role": "cornet", "still": False}},
        "movies": {},
        "roles": ("cornet",),
        "controls": ("visl",),
    }
    data = figure_data.read(files, params)
    assert data.scores[["movie", "area", "value", "subject", "label", "role"]].to_dict("records") == [
        {"movie": "m", "area": "visp", "value": 0.5, "subject": "net", "label": "Net", "role": "cornet"},
        {"movie": "m", "area": "visl", "value": 0.1, "subject": "net", "label": "Net", "role": "cornet"},
        {"movie": "m", "area": "mean", "value": 0.5, "subject": "net", "label": "Net", "role": "cornet"},
    ]
    assert data.psth["movie"].tolist() == ["m"]
    assert data.statistics.empty
    assert data.label("sew_resnet") == "SEW-ResNet"
