"""`lorafb why`: the tree behind a file, and the reason of a blank cell, on a little study made here."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from rocrate.rocrate import ROCrate

from lorafb import cli
from lorafb.artefacts import lineage, provenance, tables
from lorafb.artefacts.provenance import Provenance, sealed, sidecar
from lorafb.files import sha256, write_json

CONFIG = {
    "seed": 7,
    "ties": "average",
    "movies": {"dusk": {"min_rate": 0.5}, "dawn": {"min_rate": 0.5}},
    "subjects": {"sew": {"network": "sew_resnet_tiny"}, "other": {"network": "cornet_tiny"}},
    "experiments": {"clip": {"lengths": [5, 10], "trials": 3}},
}


def make(name, content, inputs=(), parameters=None):
    """Write an artefact as a job does, from inputs that are there."""
    given = {one: sha256(one) for one in inputs}
    made_by = Provenance(given, parameters or {}, "c0de" * 16)
    if isinstance(content, pd.DataFrame):
        tables.write(content, name, made_by)
    else:
        with sealed(name, made_by) as temporary:
            temporary.write_text(content)
    return name


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance, "git_state", lambda: "abc123")  # asking git takes longer than all the rest
        patch.chdir(tmp_path_factory.mktemp("made"))
        yield little_study()


@pytest.fixture
def study(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made / "results", "results")
    return tmp_path


def little_study():
    folder = Path.cwd()
    subject = {"network": {"name": "sew_resnet_tiny"}, "training": "motion"}
    stimulus = make("results/stimuli/dusk.h5", "frames")
    source = {"kind": "trained", "seed": 3}
    weights = make("results/checkpoints/sew.pt", "weights", (), {"source": source, "subject": subject})
    result = {"test_accuracy": 0.5, "low": 0.4, "high": 0.6, "chance": 0.125, "best_epoch": 1}
    make("results/training/sew/result.csv", pd.DataFrame([result]))
    make("results/training/sew/epochs.csv", pd.DataFrame({"epoch": [0, 1, 2]}))
    gram = make("results/grams/sew/dusk.h5", "products", (weights, stimulus))
    areas = [make(f"results/responses/dusk/{area}.h5", area, (stimulus,)) for area in ("VISp", "VISl")]
    rows = [
        {"movie": "dusk", "area": "visp", "layer": "one", "window": None, "value": 0.4},
        {"movie": "dusk", "area": "visl", "layer": "one", "window": None, "value": None},
    ]
    parameters = {"seed": 7, "clip": {"lengths": [5, 10], "trials": 3}}
    base = make("results/scores/sew/dusk/base.csv", pd.DataFrame(rows), (gram, *areas), parameters)
    statistics = [
        {
            "subject": "sew",
            "movie": "dusk",
            "area": "visl",
            "fraction": None,
            "p_lag": None,
            "reason": "halves are silent",
        }
    ]
    statistics += [
        {**statistics[0], "area": "visp", "reason": "no score: all units respond alike to some frame (visp)"}
    ]
    make("results/statistics/dusk.csv", pd.DataFrame(statistics), (gram, *areas))
    data = {"data": {"subjects": {"sew": {"label": "SEW-ResNet"}}}}
    table = [
        {"movie": "dusk", "network": network, "area": area, "ours": None, "the paper": None}
        for network, area in (("SEW-ResNet", "VISl"), ("SEW-ResNet", "VISp"), ("CORnet", "VISl"))
    ]
    make("results/tables/table_4.csv", pd.DataFrame(table), (base, "results/statistics/dusk.csv"), data)
    make("results/report.html", "<p>report</p>", ("results/tables/table_4.csv",))
    job = {"rule": "score_base", "output": {"all": [base]}, "input": {"all": [gram, *areas, "own_metric.py"]}}
    write_json("results/logs/score_base/sew/dusk.job.json", job)
    warning = "2026 WARNING py.warnings: x.py:14: UndefinedScore: "
    log = [f"{warning}area VISl: all units respond alike to 2 of 9 frames", f"{warning}area VISp: nonsense", "INFO"]
    (folder / "results/logs/score_base/sew/dusk.log").write_text("\n".join(log))
    (folder / "results/config.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


def test_the_tree_goes_down_to_config_keys_checkpoint_commit_and_command(study, monkeypatch):
    monkeypatch.chdir(study.parent)  # from anywhere
    tree = lineage.trace(study / "results/scores/sew/dusk/base.csv")
    gram, responses = tree.inputs
    assert [one.files for one in gram.inputs] == [("results/checkpoints/sew.pt",), ("results/stimuli/dusk.h5",)]
    assert responses.files == ("results/responses/dusk/VISl.h5", "results/responses/dusk/VISp.h5")
    assert [one.seen for one in responses.inputs] == [True]  # the stimulus stands above already
    assert tree.facts[0] == "config: subjects.sew, movies.dusk, experiments.clip, seed"
    assert "python -m lorafb.rerun results/logs/score_base/sew/dusk.job.json" in tree.facts[2]
    (fact,) = [one for one in gram.inputs[0].facts if one.startswith("sew: ")]
    assert fact == (
        "sew: sew_resnet_tiny, trained here on motion, seed 3, 3 epochs (weights of epoch 1, from 0), "
        "test accuracy 0.500 (0.400 to 0.600, chance 0.125)"
    )
    assert "from results/checkpoints/sew.pt\n" in lineage.text(tree)
    page = lineage.html(tree)
    assert page.count("<ul>") == page.count("</ul>")
    assert "test accuracy 0.500" in page
    assert json.loads(sidecar(study / "results/stimuli/dusk.h5").read_text())["run"]["finished"] not in page


def test_the_crate_is_valid_and_names_files_with_digests_and_jobs_with_what_they_read(study, capsys):
    assert cli.main(["crate"]) == 0
    assert capsys.readouterr().out == "results/ro-crate-metadata.json: 12 files, 1 job\n"
    text = Path("results/ro-crate-metadata.json").read_text()
    crate = ROCrate("results")  # reads it back, and fails where the root or the descriptor is missing
    table = crate.get("scores/sew/dusk/base.csv")
    assert table["sha256"] == sha256("results/scores/sew/dusk/base.csv")
    assert int(table["contentSize"]) == Path("results/scores/sew/dusk/base.csv").stat().st_size
    assert "value: the score" in table["description"]
    action = crate.get("#job/score_base/sew/dusk")
    assert [one.id for one in action["object"]] == [
        "grams/sew/dusk.h5",
        "responses/dusk/VISp.h5",
        "responses/dusk/VISl.h5",
    ]
    assert [one.id for one in action["result"]] == ["scores/sew/dusk/base.csv"]
    graph = json.loads(text)["@graph"]
    named = {one["@id"] for one in graph}
    assert len(named) == len(graph)
    referred = {one for one in re.findall(r'{\s*"@id": "([^"]+)"\s*}', text) if not one.startswith("http")}
    assert referred <= named
    assert {one["@id"] for one in graph if one["@type"] == "File"} == {
        path.relative_to("results").as_posix()
        for path in Path("results").rglob("*")
        if path.is_file() and path.suffix not in (".json", ".log")
    }
    cli.main(["crate"])
    assert cli.main(["check", "results"]) == 0
    assert Path("results/ro-crate-metadata.json").read_text() == text  # its own file is not in it


def test_a_file_that_was_changed_is_in_no_crate(study, capsys):
    Path("results/stimuli/dusk.h5").write_text("damaged")
    assert cli.main(["crate"]) == 2
    assert "its bytes have changed" in capsys.readouterr().err
    assert not Path("results/ro-crate-metadata.json").exists()


def test_an_input_that_has_changed_since_is_named(study):
    make("results/stimuli/dusk.h5", "other frames")
    text = lineage.text(lineage.trace("results/grams/sew/dusk.h5"))
    assert "results/grams/sew/dusk.h5 was made from another results/stimuli/dusk.h5 than the one there now" in text


@pytest.mark.parametrize(
    ("arguments", "wanted", "other"),
    [
        (["scores/sew/dusk/base.csv", "--row", "area=visl", "--column", "value"], "because: area VISl: all units", "VISp:"),
        (["scores/sew/dusk/base.csv", "--row", "1", "--column", "value"], "row 1, value: 0.4", "because"),
        (["scores/sew/dusk/base.csv", "--row", "2", "--column", "window"], "means: neither shuffled nor", "because"),
        (["statistics/dusk.csv", "--row", "1", "--column", "fraction"], "because: halves are silent", "visp"),
        (["statistics/dusk.csv", "--row", "1", "--column", "p_lag"], "means: the score is undefined", "because"),
        (["tables/table_4.csv", "--row", "1", "--column", "ours"], "because: area VISl: all units respond alike", "halves"),
        (["tables/table_4.csv", "--row", "2", "--column", "ours"], "because: no score: all units respond alike", "VISl"),
        (["tables/table_4.csv", "--row", "3", "--column", "ours"], "means: this study lacks the network", "because"),
        (["tables/table_4.csv", "--row", "1", "--column", "the paper"], "means: the paper has no such number", "because"),
    ],
)  # fmt: skip
def test_a_blank_cell_has_its_reason(study, capsys, arguments, wanted, other):
    assert cli.main(["why", f"results/{arguments[0]}", *arguments[1:]]) == 0
    said = capsys.readouterr().out.partition("\n\n")[0]
    assert wanted in said
    assert other not in said


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["tables/none.csv"], "no such file"),
        (["config.yaml"], "nothing beside it says what made it"),
        (["stimuli/dusk.h5", "--column", "value"], "has no columns"),
        (["scores/sew/dusk/base.csv", "--column", "valu"], "did you mean 'value'?"),
        (["scores/sew/dusk/base.csv", "--column", "value"], "has 2 rows"),
        (["scores/sew/dusk/base.csv", "--row", "3", "--column", "value"], "expected 1 to 2"),
        (["scores/sew/dusk/base.csv", "--row", "movie=dusk", "--column", "value"], "2 rows fit"),
        (["scores/sew/dusk/base.csv", "--row", "1"], "give --column too"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_one_line(study, capsys, arguments, wrong):
    assert cli.main(["why", f"results/{arguments[0]}", *arguments[1:]]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert wrong in line
