"""A training that is asked to stop, or whose time is up, saves and goes on later; damaged files fall back."""

import os
import signal
from dataclasses import replace

import pytest
import torch
from tiny import RECIPE, Blobs, same, train

from lorafb.files import InputError
from lorafb.processes import Stopped


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_after_the_step_and_nothing_is_lost(number, never_stopped, tmp_path):
    former = signal.getsignal(number)
    ask = lambda done, of_all: done == 22 and os.kill(os.getpid(), number)  # noqa: E731
    with pytest.raises(Stopped, match=r"epoch 1, step [23] of 4 and saved in .*; continues when started again"):
        train(tmp_path, progress=ask, save_every_s=1e9)
    assert signal.getsignal(number) is former
    again = Blobs(14)
    same(train(tmp_path, again), never_stopped)
    assert again.calls in (20, 16)


def test_a_second_interrupt_ends_at_once(tmp_path):
    def ask(done, of_all):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, progress=ask)


def test_a_signal_during_the_test_ends_it_without_losing_a_step(never_stopped, tmp_path):
    test = Blobs(10, at=14, then=lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Stopped, match="epoch 1, step 4 of 4"):
        train(tmp_path, test=test, save_every_s=1e9)
    again = Blobs(14)
    same(train(tmp_path, again), never_stopped)
    assert again.calls == 14


def test_the_clock_ends_a_training_that_goes_on_each_time_it_is_started(never_stopped, tmp_path):
    for _ in range(12):
        with pytest.raises(Stopped):
            train(tmp_path, stop_after_s=0.0)
    same(train(tmp_path), never_stopped)


def test_the_file_before_is_taken_where_the_last_one_is_damaged(never_stopped, tmp_path, caplog):
    with pytest.raises(Stopped):
        train(tmp_path, save_every_s=0.0, progress=lambda done, _: done == 22 and os.kill(os.getpid(), signal.SIGTERM))
    (tmp_path / "resume.pt").write_bytes(b"damaged")
    same(train(tmp_path), never_stopped)
    assert "resume.pt: cannot be read" in caplog.text
    assert "continuing from resume.before.pt" in caplog.text


def test_a_resume_file_holds_tensors_and_plain_numbers_alone(tmp_path):
    train(tmp_path, recipe=replace(RECIPE, ema=True))
    content = torch.load(tmp_path / "resume.pt", weights_only=True)
    assert {"identity", "progress", "model", "optimiser", "average"} <= content.keys()
    assert oct((tmp_path / "resume.pt").stat().st_mode & 0o777) == oct(0o666 & ~umask())


def umask():
    now = os.umask(0)
    os.umask(now)
    return now


def test_a_training_of_other_processes_is_refused_and_kept(tmp_path):
    train(tmp_path)
    content = torch.load(tmp_path / "resume.pt", weights_only=True)
    content["identity"]["processes"] = 2
    torch.save(content, tmp_path / "resume.pt")
    with pytest.raises(InputError, match=r"made by 2 processes, now there are 1; start as many, or delete"):
        train(tmp_path)
    assert (tmp_path / "resume.pt").exists()
