"""`lorafb times`: the benchmarks of a study, added up by stage."""

import os

import pandas as pd
import pytest

from lorafb import cli
from lorafb.artefacts import tables
from lorafb.artefacts.benchmarks import stage_name, stage_order
from lorafb.artefacts.provenance import Provenance
from lorafb.commands import times

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def benchmark(results, name, seconds, cpu="1.00", memory="100.00"):
    path = results / "benchmarks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEAD}{seconds}\t0:00:01\t{memory}\t2\t3\t4\t0.00\t0.01\t35.21\t{cpu}\n")
    return path


@pytest.fixture
def results(tmp_path):
    benchmark(tmp_path, "report.tsv", "0.5")
    benchmark(tmp_path, "train/lorafb.tsv", "20.00", cpu="19.50", memory="900.00")
    benchmark(tmp_path, "train/sew.tsv", "10.00", cpu="9.50", memory="700.00")
    benchmark(tmp_path, "stimulus/movie1.tsv", "0.02", cpu="NA", memory="NA")
    return tmp_path


def test_stages_stand_in_the_workflows_order_with_their_sums(results, capsys):
    assert cli.main(["times", str(results)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "stage              jobs  seconds  longest  CPU s  memory MB",
        "making stimuli        1      0.0      0.0    0.0          0",
        "training networks     2     30.0     20.0   29.0        900",
        "the report            1      0.5      0.5    1.0        100",
        "all                   4     30.5     20.0   30.0        900",
    ]


def test_a_run_prints_its_own_jobs_alone(results, capsys):
    os.utime(results / "benchmarks/train/lorafb.tsv", (1000, 1000))
    times.print_run(results, since=2000)
    assert "training networks     1     10.0" in capsys.readouterr().err
    times.print_run(results, since=1e12)
    assert capsys.readouterr().err == ""


def test_a_run_ends_with_what_counts_lack(tmp_path, capsys):
    for movie, notes in (
        ("a", ["3 rows cut", "3 rows cut | VISl: no score"]),
        ("b", [None, None]),
        ("other", ["not asked"] * 2),
    ):
        tables.write(pd.DataFrame({"movie": movie, "notes": notes}), tmp_path / "units" / f"{movie}.csv", Provenance())
    times.print_remarks(tmp_path, ["a", "b", "never made"])
    assert capsys.readouterr().err.splitlines() == ["Recordings:", "- 3 rows cut", "- VISl: no score"]
    times.print_remarks(tmp_path, ["a"], most=1)
    assert capsys.readouterr().err.splitlines()[1:] == ["- 3 rows cut", f"... and 1 more in {tmp_path / 'units'}"]
    times.print_remarks(tmp_path, ["b"])
    assert capsys.readouterr().err == ""


def test_a_run_that_fails_ends_with_the_reason_of_its_own_jobs(tmp_path, capsys):
    for rule, line in (
        ("units", "VISal, movie: only 1 of 1 unit is selected"),
        ("train", "stopped"),
        ("old", "another run"),
    ):
        log = tmp_path / "logs" / rule / "movie.log"
        log.parent.mkdir(parents=True)
        log.write_text(
            f"2026-01-01 10:00:00,000 INFO root: rule {rule}\n2026-01-01 10:00:01,000 CRITICAL root: {line}\n"
        )
    os.utime(tmp_path / "logs/old/movie.log", (1000, 1000))
    times.print_reasons(tmp_path, since=2000)
    assert capsys.readouterr().err == "units: VISal, movie: only 1 of 1 unit is selected\n"


def test_a_rule_that_is_not_known_here_comes_last_by_its_own_name():
    assert sorted(["zebra", "report", "stimulus", "apple"], key=stage_order) == [
        "stimulus",
        "report",
        "apple",
        "zebra",
    ]
    assert stage_name("zebra") == "zebra"


@pytest.mark.parametrize("content", ["", "s\tcpu_time\n1\t2\n", HEAD + "quick" + "\t0" * 9 + "\n"])
def test_a_damaged_benchmark_is_named(results, capsys, content):
    (results / "benchmarks/report.tsv").write_text(content)
    assert cli.main(["times", str(results)]) == 2
    assert "benchmarks/report.tsv: not a benchmark of Snakemake's" in capsys.readouterr().err


def test_a_folder_without_benchmarks_is_refused(tmp_path, capsys):
    assert cli.main(["times", str(tmp_path)]) == 2
    assert "holds no benchmarks" in capsys.readouterr().err
