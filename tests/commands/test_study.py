"""A study of one's own: laid out, read back, run from a wheel far from the repository, and as a module of another workflow."""

import os
import re
import subprocess
import sys
import venv
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lorafb import cli
from lorafb.commands import study as command
from lorafb.config import reading
from lorafb.config.model import Study

ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(r"^( *)#(?=\S)", re.MULTILINE)
"""The mark of an example in the laid out config: a `#` that no space follows."""


@pytest.fixture
def laid_out(tmp_path):
    assert cli.main(["init", str(tmp_path / "mine")]) == 0
    return tmp_path / "mine"


def test_a_laid_out_study_is_taken_where_no_config_is_named(tmp_path, monkeypatch):
    assert command.with_config(["-n"], tmp_path) == ["-n"]
    (tmp_path / "study.yaml").touch()
    assert command.with_config(["-n"], tmp_path) == ["-n", "--configfile", "study.yaml"]
    assert command.with_config(["--configfile=other.yaml"], tmp_path) == ["--configfile=other.yaml"]
    ran = []
    monkeypatch.setattr(command.os, "execv", lambda _, words: ran.append(words))
    monkeypatch.chdir(tmp_path)
    for given in (["-n"], ["--cores", "2"], ["--configfile=other.yaml", "-j1"]):
        command.run(Namespace(folder=tmp_path, arguments=given))
    assert [words[5:] for words in ran] == [
        ["-n", "--configfile", "study.yaml", "--cores", "all"],
        ["--cores", "2", "--configfile", "study.yaml"],
        ["--configfile=other.yaml", "-j1"],
    ]


def test_a_study_is_laid_out_once(laid_out, capsys):
    assert {str(path.relative_to(laid_out)) for path in laid_out.rglob("*.*")} == set(command.LAID_OUT)
    (laid_out / "study.yaml").write_text("mine")
    assert cli.main(["init", str(laid_out)]) == 2
    assert "has study.yaml, README.md" in capsys.readouterr().err
    assert (laid_out / "study.yaml").read_text() == "mine"


def test_what_is_laid_out_is_a_study_and_so_are_all_its_examples_together(laid_out, monkeypatch):
    monkeypatch.chdir(laid_out)
    config = laid_out / "study.yaml"
    assert reading.read(ROOT / "config.yaml", reading.load(config), reading.folders([config])).study == "mine"
    config.write_text(EXAMPLE.sub(r"\1", config.read_text()))
    values = reading.load(config)
    assert values.keys() | {"add"} == Study.model_fields.keys()  # `add` is for changes of the embedded study
    kinds = {movie["recording"]["kind"] for movie in values["movies"].values()}
    assert kinds == {"simulated", "allen", "nwb", "spikes", "counts"}
    files = ("mouse_1.nwb", "mouse.nwb", "mine.pth", "spikes.csv")
    for name in files:
        (laid_out / name).touch()
    (laid_out / "frames").mkdir()
    for frame in range(4):
        (laid_out / "frames" / f"{frame}.png").touch()
    rows = "\n".join(f"{frame / 30},{(frame + 1) / 30},{frame},0" for frame in range(900))
    (laid_out / "frames.csv").write_text(f"onset,offset,frame,repeat\n{rows}\n")
    counts = "\n".join(f"{area},1,0,{frame},1" for area in ("VISp", "VISl", "control") for frame in range(900))
    (laid_out / "counts.csv").write_text(f"area,unit,repeat,frame,count\n{counts}\n")
    np.save(laid_out / "movie.npy", np.zeros((900, 1, 1), np.uint8))
    every = reading.read(ROOT / "config.yaml", values, reading.folders([config]))
    assert len(every.movies) == 5
    assert every.recipe_of("on_my_videos") == "mine"


def lorafb(python, *arguments, cwd, path=""):
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        [python, "-m", "lorafb.cli", *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True
    )


def test_the_workflow_plans_it_from_any_folder_and_says_where_there_is_none(laid_out, tmp_path):
    done = lorafb(sys.executable, "run", laid_out, "-n", cwd=tmp_path, path=ROOT)
    assert re.search(r"^total +\d\d$", done.stdout + done.stderr, re.MULTILINE), done.stderr
    assert "results/study.csv.gz" in done.stdout + done.stderr
    done = lorafb(sys.executable, "run", tmp_path, "-n", cwd=tmp_path, path=ROOT)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "has no study.yaml; `lorafb init" in done.stderr


MODULE = """
import yaml
from pathlib import Path
from lorafb.config.reading import ROOT

rule all:
    input:
        "first.csv",

module brain:
    snakefile:
        str(ROOT / "Snakefile")
    config:
        yaml.safe_load(Path("study.yaml").read_text())
{prefix}
use rule * from brain as brain_*

rule first:
    input:
        scores=rules.brain_study_table.output,
    output:
        "first.csv",
    shell:
        "gunzip -c {input.scores} | head -n 1 > {output}"
"""


def dry_run(folder, prefix=""):
    """What Snakemake plans for a workflow that has this one as a module."""
    (folder / "Snakefile").write_text(MODULE.replace("{prefix}", prefix))
    environment, command = {**os.environ, "PYTHONPATH": str(ROOT)}, [sys.executable, "-m", "snakemake", "-n"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_another_workflow_takes_it_as_a_module(laid_out):
    planned = dry_run(laid_out)
    assert re.search(r"^rule first:\n    input: results/study.csv.gz$", planned, re.MULTILINE), planned
    assert "log: results/logs/score_base/lorafb/clip.log" in planned
    assert set(re.findall(r"^rule (\w+):", planned, re.MULTILINE)) >= {
        "all",
        "first",
        "brain_extract",
        "brain_statistics",
    }


@pytest.mark.slow
def test_a_module_with_a_prefix_is_refused(laid_out):
    assert "takes no `prefix`" in dry_run(laid_out, '    prefix:\n        "brain"')


def test_the_wheel_holds_every_package():
    packages = re.findall(r'^  "(lorafb[\w.]*)",$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    there = [".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "lorafb").rglob("__init__.py")]
    assert sorted([*there, "lorafb.workflow"]) == packages


def assert_one_table_holds_all_scores(results):
    """Every row of every table of scores, and the intervals, as pandas alone reads them."""
    whole = pd.read_csv(results / "study.csv.gz", keep_default_na=False)
    single = {path: pd.read_csv(path, keep_default_na=False) for path in results.glob("scores/*/*/*.csv")}
    cortex = [pd.read_csv(path) for part in ("ceilings", "areas") for path in (results / part).glob("*.csv")]
    statistics = pd.concat(pd.read_csv(path) for path in (results / "statistics").glob("*[!s].csv"))
    added = ((statistics.area == "mean") | (statistics.subject == "lag_only")).sum()
    assert len(whole) == sum(map(len, [*single.values(), *cortex])) + added
    for path, table in single.items():
        rows = whole[(whole.subject == path.parts[-3]) & (whole.movie == path.parts[-2]) & (whole.area != "mean")]
        same = rows.merge(table.drop(columns=["chaos", "ratio"]).drop_duplicates())
        assert len(same) >= len(table), path
    best = whole[(whole.experiment == "original") & (whole.metric == "tsrsa") & (whole.best.astype(str) == "True")]
    both = best.astype({"ci_low": float, "value": float}).merge(statistics, on=["subject", "movie", "area"])
    assert len(both) == len(statistics)
    np.testing.assert_array_equal(both.ci_low_x, both.ci_low_y)
    np.testing.assert_allclose(both.value_x, both.value_y, rtol=1e-12)


@pytest.mark.slow
def test_a_wheel_in_another_environment_runs_a_study(tmp_path):
    source, python = tmp_path / "source", tmp_path / "venv/bin/python"
    source.mkdir()
    subprocess.run(
        ["cp", "-r", *(str(path) for path in ROOT.iterdir() if path.name[0] != "."), str(source)], check=True
    )
    build = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path), str(source)]
    subprocess.run([sys.executable, "-m", *build], check=True)
    [wheel] = tmp_path.glob("lorafb-*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    [packages] = (tmp_path / "venv/lib").glob("python*/site-packages")
    here = [path for path in map(Path, sys.path) if path.name == "site-packages"]
    (packages / "environment.pth").write_text("".join(f"{path}\n" for path in here))
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    where = lorafb(python, "--version", cwd=tmp_path)
    assert where.returncode == 0, where.stderr
    study = tmp_path / "mine"
    assert lorafb(python, "init", study, cwd=tmp_path).returncode == 0
    nano = yaml.safe_load((ROOT / "tests/workflow/nano.yaml").read_text())
    (study / "study.yaml").write_text(yaml.safe_dump(nano))
    cost = lorafb(python, "cost", "--configfile", "study.yaml", cwd=study)
    assert "submissions" in cost.stdout, cost.stderr
    assert "?" not in cost.stdout
    planned = lorafb(python, "run", study, "-n", "--workflow-profile", "profiles/slurm", cwd=tmp_path)
    assert "Group job scores" in planned.stdout + planned.stderr
    done = lorafb(python, "run", study, "--cores", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in (study / "results/config.yaml").read_text()
    job = (study / "results/logs/study_table.job.json").read_text()
    assert (
        str(packages / "lorafb/workflow/workflow_scripts") in (study / "results/logs/study_table.log").read_text() + job
    )
    assert lorafb(python, "check", "results", cwd=study).returncode == 0
    assert_one_table_holds_all_scores(study / "results")
    assert "Nothing to be done" in lorafb(python, "run", study, "--cores", 2, cwd=tmp_path).stderr
