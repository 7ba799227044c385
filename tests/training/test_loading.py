import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tiny import Blobs, in_child

from lorafb.files import InputError
from lorafb.training import loading
from lorafb.training.loading import batches

BATCHES = [[5, 1, 3], [0, 6], [2, 4, 7]]


def made(workers, epoch=1, numbers=BATCHES):
    return list(batches(Blobs(8), numbers, epoch, workers))


@pytest.fixture(scope="module")
def expected():
    return made(0)


def test_samples_are_stacked_time_first_in_the_order_asked_for(expected):
    data = Blobs(8)
    for numbers, (frames, labels) in zip(BATCHES, expected, strict=True):
        assert frames.shape == (3, len(numbers), 3, 8, 8)
        assert labels.tolist() == [number % 2 for number in numbers]
        for place, number in enumerate(numbers):
            assert torch.equal(frames[:, place], data.sample(number, 1)[0])


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4")
@pytest.mark.parametrize("workers", [1, 4])
def test_the_bits_are_the_same_whatever_the_workers(workers, expected):
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    for (frames, labels), (others, theirs) in zip(made(workers), expected, strict=True):
        assert torch.equal(frames, others)
        assert torch.equal(labels, theirs)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("workers", [0, 2])
def test_epochs_differ(workers, expected):
    assert not torch.equal(made(workers, epoch=2)[0][0], expected[0][0])


def test_without_workers_nothing_is_made_before_it_is_asked_for():
    data = Blobs(8)
    iterator = batches(data, BATCHES, 0)
    next(iterator)
    assert data.calls == 3
    iterator.close()


@dataclass
class Images:
    """Images, shown for some time steps."""

    steps: int = 4

    def __len__(self):
        return 2

    def sample(self, number, epoch):
        return torch.full((3, 8, 8), float(number)), number


def test_images_are_shown_for_their_steps():
    ((frames, _),) = batches(Images(), [[1, 0]], 0)
    assert frames.shape == (4, 2, 3, 8, 8)
    assert frames[:, :, 0, 0, 0].tolist() == [[1.0, 0.0]] * 4


@dataclass
class Faulty:
    """A sample that does something else."""

    act: object

    def __len__(self):
        return 4

    def sample(self, number, epoch):
        if number == 2:
            self.act()
        return torch.zeros(1, 3, 8, 8), 0


def refuse():
    raise InputError("clip.avi: cannot be decoded")


@pytest.mark.parametrize("workers", [0, 1])
def test_the_error_of_a_sample_comes_as_it_is(workers):
    with pytest.raises(InputError, match=r"^clip\.avi: cannot be decoded$"):
        list(batches(Faulty(refuse), [[0], [2]], 0, workers))


def test_a_worker_that_is_killed_is_named():
    with pytest.raises(
        InputError, match=r"loading: DataLoader worker .*(killed|exited).* fewer workers take less memory"
    ):
        list(batches(Faulty(lambda: os.kill(os.getpid(), signal.SIGKILL)), [[0], [2]], 0, 1))


def test_a_sample_that_hangs_ends_in_an_error(monkeypatch):
    monkeypatch.setattr(loading, "WAIT_S", 1.0)
    started = time.monotonic()
    with pytest.raises(InputError, match=r"loading: DataLoader timed out after 1"):
        list(batches(Faulty(lambda: time.sleep(60)), [[0], [2]], 0, 1))
    assert time.monotonic() - started < 30


def test_workers_end_with_a_killed_training(tmp_path):
    def train():
        data = Faulty(lambda: Path(tmp_path / "worker").write_text(str(os.getpid())))
        iterator = batches(data, [[2], [0], [1]], 0, 1)
        next(iterator)
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(train) == -signal.SIGKILL
    worker = int((tmp_path / "worker").read_text())
    for _ in range(100):
        if not running(worker):
            return
        time.sleep(0.05)
    raise AssertionError("the worker lives on")


def running(process):
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(") ")[2][0] != "Z"
