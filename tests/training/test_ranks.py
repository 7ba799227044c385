"""One training in several processes: on CPU, by gloo."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import ranked
import torch
from tiny import Blobs, Net, same
from torch.multiprocessing.spawn import ProcessException

from lorafb.files import InputError
from lorafb.processes import Stopped
from lorafb.training import measures, ranks
from lorafb.training.ranks import Ranks, launch

HERE = Path(__file__).parent
CASES = [(4, 8), (2, 8), (2, 7), (4, 1)]
"""Clips of a pass, and of the step of both ranks together: one pass, two, a short one, and a rank without clips."""


@pytest.fixture(scope="module", autouse=True)
def forked():
    """Start processes in no time; the slow tests at the end start them as users do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranks, "START", "fork")
        patch.setattr(ranks, "GRACE_S", 1.0)
        yield


@pytest.fixture(scope="module")
def of_two():
    return launch(ranked.steps_and_tests, 2, CASES)


@pytest.mark.parametrize("case", range(len(CASES)), ids=map(str, CASES))
def test_two_processes_have_the_gradient_of_one_with_twice_the_batch(case, of_two):
    batch, clips = CASES[case]
    expected, expected_mean = ranked.one_step(Ranks(), clips, clips)
    gradients, mean, alike = of_two[0][case]
    assert alike, "running statistics differ between ranks"
    if batch * 2 >= clips:  # one pass a rank: the mean of means is that of all clips
        torch.testing.assert_close(mean, expected_mean, rtol=1e-5, atol=1e-7)
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-5, atol=1e-7)


def test_each_clip_is_tested_once_whatever_the_ranks(of_two):
    for clips, result in zip((1, 9, 10), of_two[1], strict=True):
        alone = measures.evaluate(Net(), Blobs(clips), 2, torch.device("cpu"))
        assert (result.correct, result.clips) == (alone.correct, alone.clips)
        assert result.loss == pytest.approx(alone.loss, rel=1e-6)
        assert result.rates == pytest.approx(alone.rates)


def test_a_stop_on_one_rank_stops_all_and_they_go_on_to_the_same_bits(tmp_path):
    whole = launch(ranked.trained, 2, tmp_path / "whole")
    with pytest.raises(Stopped, match="continues when started again"):
        launch(ranked.trained, 2, tmp_path / "stopped", stop=True)
    same(launch(ranked.trained, 2, tmp_path / "stopped"), whole)
    assert whole.meta["processes"] == 2
    assert {path.name for path in (tmp_path / "stopped").iterdir()} == {"resume.pt", "resume.before.pt", "lock"}


def test_two_processes_train_the_weights_of_one_with_twice_the_batch(tmp_path):
    two, one = launch(ranked.without_norms, 2, tmp_path / "two", 2), ranked.without_norms(tmp_path / "one", 4)
    assert (two.meta["processes"], one.meta["processes"]) == (2, 1)
    for key, value in one.last.items():
        torch.testing.assert_close(two.last[key], value, rtol=1e-4, atol=1e-6)
    assert [row["test_accuracy"] for row in two.epochs] == [row["test_accuracy"] for row in one.epochs]


def test_a_rank_that_waits_in_vain_ends_after_its_time(monkeypatch):
    monkeypatch.setattr(ranks, "TIMEOUT", timedelta(seconds=5))
    started = time.monotonic()
    with pytest.raises(ProcessException, match=r"(?i)time"):
        launch(ranked.waits_in_vain, 2)
    assert time.monotonic() - started < 100


def test_progress_rows_and_log_come_to_the_parent_once(tmp_path, caplog):
    caplog.set_level("INFO")
    clips, rows = [], []
    trained = launch(
        ranked.with_callbacks,
        2,
        tmp_path,
        progress=lambda done, of_all: clips.append((done, of_all)),
        on_epoch=rows.append,
    )
    assert clips == [(done, 42) for done in (8, 14, 22, 28, 36, 42)]
    assert rows == trained.epochs
    messages = [record.message for record in caplog.records if record.name == "lorafb.training.loop"]
    assert [message[:7] for message in messages] == ["epoch 0", "epoch 1", "epoch 2"]


def test_the_error_of_one_rank_ends_the_others():
    started = time.monotonic()
    with pytest.raises(InputError, match=r"^clip\.avi: rank 1 cannot decode it$"):
        launch(ranked.fails_on, 2, 1)
    assert time.monotonic() - started < 100


def test_one_process_is_called_here():
    assert launch(os.getpid, 1) == os.getpid()


@pytest.mark.parametrize("world", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_parts_hold_each_item_once(world, count):
    parts = [Ranks(rank, world).part(range(count)) for rank in range(world)]
    assert [item for part in parts for item in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ("gpu1", "gpu1"),
        ("gpu[003-005,9],cpu1", "gpu003"),
        ("gpu[12,14-20]", "gpu12"),
        ("a-b2,c", "a-b2"),
        ("rack1-n[07-08]-ib", "rack1-n07-ib"),
    ],
)
def test_the_first_node_of_slurms_list(names, first):
    assert ranks.first_node(names) == first


def test_who_a_process_is_comes_from_its_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLURM_NTASKS", "4")  # a batch script has it too, and is one process
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert ranks.found() == Ranks()
    for name, value in {
        "SLURM_STEP_NUM_TASKS": "4",
        "SLURM_PROCID": "3",
        "SLURM_LOCALID": "1",
        "SLURM_STEP_NODELIST": "gpu[1-2]",
        "SLURM_JOB_ID": "40007",
    }.items():
        monkeypatch.setenv(name, value)
    assert ranks.found() == Ranks(3, 4, 1)
    assert (os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"]) == ("gpu1", "15007")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert ranks.found() == Ranks(1, 2, 0)


def start(command, folder):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, *command, str(folder)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    limit = time.monotonic() + 120
    while len({path.name.split(".")[1] for path in folder.glob("began.*")}) < 2:
        assert process.poll() is None, process.stdout.read().decode()
        assert time.monotonic() < limit
        time.sleep(0.1)
    return process, [int(path.name.split(".")[2]) for path in folder.glob("began.*")]


def running(process):
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(") ")[2][0] != "Z"


TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(HERE / "ranked.py")]
LAUNCH = ["-c", "import sys, ranked; from lorafb.training.ranks import launch; launch(ranked.slowly, 2, sys.argv[1])"]


@pytest.mark.slow
@pytest.mark.parametrize("command", [TORCHRUN, LAUNCH], ids=["torchrun", "launch"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ranks_end_with_their_launcher(command, number, tmp_path):
    process, children = start(command, tmp_path)
    process.send_signal(number)
    output = process.communicate(timeout=60)[0].decode()
    limit = time.monotonic() + 10
    while any(map(running, children)):
        assert time.monotonic() < limit
        time.sleep(0.1)
    if number == signal.SIGTERM:
        assert "continues when started again" in output
        assert (tmp_path / "side" / "resume.pt").exists()
