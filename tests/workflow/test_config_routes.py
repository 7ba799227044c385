"""A config enters by files and by the command line: the workflow reads all of them as `lorafb config` does."""

from pathlib import Path

import dry_run
import pytest
import yaml

from lorafb.config import reading

ROOT = Path(__file__).parent.parent.parent
STUDY = """
areas: [VISp]
movies:
  m: {stimulus: {kind: array, file: m.npy, frames: 40}}
subjects:
  two: {network: own, training: own, checkpoint: {kind: initial}, size: 64, label: "18"}
networks:
  own: {build: "beside:make", layers: [a], feed: {kind: still}}
recipes: {motion: {learning_rate: 1e-3}}
"""


@pytest.fixture
def beside(tmp_path):
    """A folder with a config and what it names; the workflow runs elsewhere."""
    (tmp_path / "study").mkdir()
    for name, text in (("study.yaml", STUDY), ("m.npy", ""), ("beside.py", "make = None")):
        (tmp_path / "study" / name).write_text(text)
    return tmp_path / "study"


def test_files_and_the_command_line_are_read_as_yaml_1_2_and_files_found_beside_the_config(
    beside, tmp_path, monkeypatch
):
    (beside / "more.yaml").write_text(
        "add: {subjects: {one: {network: own, training: own, checkpoint: {kind: initial}}}}"
    )
    monkeypatch.setenv("LORAFB_CONFIG_COPY", str(tmp_path / "copy.yaml"))
    files = ["--configfile", str(beside / "study.yaml"), str(beside / "more.yaml")]
    typed = ["--config", "study=2024", "subjects={two: {size: '32'}}", "compute={memory_mb: 300}"]
    plan = dry_run.run(tmp_path, "-s", str(ROOT / "Snakefile"), *files, *typed)
    study = reading.load(tmp_path / "copy.yaml")
    assert (study["study"], study["recipes"]["motion"]["learning_rate"]) == ("2024", 0.001)
    assert (study["subjects"]["two"]["label"], study["subjects"]["two"]["size"]) == ("18", 32)
    assert (study["compute"]["memory_mb"], list(study["subjects"])) == (300, ["two", "one"])
    assert "input: study/m.npy" in plan
    assert "study/beside.py" in plan


def test_a_key_that_stands_twice_stops_the_workflow_with_its_file_and_lines(beside, tmp_path):
    file = beside / "study.yaml"
    assert yaml.safe_load(file.read_text() + "areas: [VISl]\n")["areas"] == ["VISl"]  # as Snakemake itself reads it
    file.write_text(file.read_text() + "areas: [VISl]\n")
    with pytest.raises(AssertionError, match=r"study\.yaml: lines 2 and 10: the key 'areas' is given twice"):
        dry_run.run(tmp_path, "-s", str(ROOT / "Snakefile"), "--configfile", str(file))
