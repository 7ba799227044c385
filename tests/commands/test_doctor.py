"""`lorafb doctor`: what it says a study lacks, on machines made up for the test."""

from pathlib import Path

import pytest

from lorafb import cli
from lorafb.commands import cost, doctor
from lorafb.commands.work import Work
from lorafb.config import reading
from lorafb.plan.jobs import Plan

ROOT = Path(__file__).parent.parent.parent
GB = 10**9
ENOUGH = doctor.Machine(8, 32_000, ("a GPU",), 100 * GB, True)
TOTALS = {"train": Work(jobs=2, seconds=100.0), "extract": Work(jobs=3, seconds=50.0, written=20 * GB)}


def plan(**over):
    study = reading.read(ROOT / "config.yaml", over, (ROOT,))
    return Plan(study, ROOT, (ROOT,))


def lacking(made, machine, **more):
    return {line.about: line.text for line in doctor.needs(made, TOTALS, machine, **more) if line.lacks}


@pytest.mark.parametrize(
    ("over", "machine", "wanted"),
    [
        ({}, ENOUGH, {}),
        ({}, ENOUGH._replace(free=19 * GB), {"disk": "20.0 GB of results"}),
        ({}, ENOUGH._replace(memory_mb=3900), {"memory": "a job has up to 4.0 GB"}),
        ({"compute": {"threads": 9}}, ENOUGH, {"cores": "a job has 9 threads"}),
        ({"compute": {"memory_mb": 40_000}}, ENOUGH, {"memory": "a job has up to 41.5 GB"}),
        ({"compute": {"device": "cuda", "gpus": 2}}, ENOUGH, {"GPU": "2 at once (compute.device is cuda)"}),
    ],
)
def test_what_is_lacking_is_named_with_how_much_is_needed(over, machine, wanted):
    assert lacking(plan(**over), machine) == wanted


def test_on_slurm_the_nodes_are_other_machines():
    cuda = plan(compute={"device": "cuda", "gpus": 2})
    assert lacking(cuda, ENOUGH._replace(gpus=(), cores=1), asks_slurm=True) == {}
    assert set(lacking(cuda, ENOUGH._replace(slurm=False), asks_slurm=True)) == {"Slurm"}


def test_a_file_to_fetch_needs_its_host_and_one_to_get_by_hand_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "unreachable", lambda host: "ConnectTimeout" if host == "s3.amazonaws.com" else "")
    assets = {"data/paper/checkpoints/imagenet/cornet_z.pth": "registry", "b.npy": "my colleague"}
    told = lacking(plan(assets=assets), ENOUGH)
    assert told["network"] == "s3.amazonaws.com does not answer: ConnectTimeout"
    assert told["file"].startswith("b.npy: is not there yet. Get it")


def test_another_version_than_the_pinned_ones_is_named():
    pins = "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:00\nnumpy==2.5.5 ; x\nh5py==3.16.0 \\\n"
    assert doctor.differing({"numpy": "2.4.6", "h5py": "3.1.0", "python": "3.11"}, pins) == ["h5py (pinned 3.16.0)"]


def test_the_command_says_what_there_is_then_what_is_lacking(monkeypatch, capsys):
    monkeypatch.setattr(cost, "plan", lambda arguments: (plan().study, [], 0))
    monkeypatch.setattr(cost, "estimate", lambda *arguments: TOTALS)
    monkeypatch.setattr(doctor, "inspect", lambda folder: ENOUGH._replace(free=GB, slurm=False))
    assert cli.main(["doctor", "--configfile", "config.yaml"]) == 2
    here, needed = capsys.readouterr().out.split("\n\n", 1)
    assert "ok    cores    8" in here
    assert "LACKS disk     20.0 GB of results\n" in needed
    assert needed.endswith("1 of these are lacking.\n")
