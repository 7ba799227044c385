"""From a data set to batches: samples are made here or in worker processes, with the same bits in the same order.

A sample is a function of its number, the epoch and the data set's seed alone, and the epoch travels with the number:
so neither the count of workers nor a resumed run changes one, and a batch that is skipped is never decoded.
"""

import signal
from collections.abc import Generator, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lorafb.files import InputError, one_line
from lorafb.processes import die_with_parent

WAIT_S = 600.0
"""How long a batch may take; a decoder that hangs would stop the training without a word."""
Batch = tuple[Tensor, Tensor]


class Data(Protocol):
    """What a network is trained or tested on.

    It may also have `independent`, the number of its samples that share no frames, and, where samples are images,
    `steps`, the number of time steps for which one is shown.
    """

    def __len__(self) -> int:
        """Count the samples of an epoch."""

    def sample(self, number: int, epoch: int) -> tuple[Tensor, int]:
        """Give float32 frames, shape (T, 3, height, width) or an image (3, height, width), and its label."""


def batches(
    data: Data, numbers_of_batches: Sequence[Sequence[int]], epoch: int, workers: int = 0, pin: bool = False
) -> Generator[Batch]:
    """Make batches one after another.

    Parameters
    ----------
    data : Data
    numbers_of_batches : sequence of sequences of int
        Samples of each batch.
    epoch : int
    workers : int
        Processes that make samples ahead; with 0 each batch is made when it is asked for.
    pin : bool
        Keep batches in memory from which a GPU can copy by itself.

    Yields
    ------
    frames : float32, shape (T, B, 3, height, width)
    labels : int64, shape (B,)

    Raises
    ------
    InputError
        As a sample raised it; or a worker was killed or gave nothing for ten minutes.
    """
    samples = DataLoader(
        _Samples(data),
        batch_sampler=[[(epoch, number) for number in numbers] for numbers in numbers_of_batches],
        num_workers=workers,
        collate_fn=_stacked,
        timeout=WAIT_S if workers else 0,
        worker_init_fn=_start_worker,
        generator=torch.Generator(),  # the loader's own draws must not touch the global one
        pin_memory=pin,
    )
    steps = int(getattr(data, "steps", 1))
    for made in _watched(iter(samples), workers):
        if isinstance(made, InputError):
            raise made
        frames, labels = made
        yield (frames if frames.dim() == 5 else frames.expand(steps, *frames.shape)), labels


class _Samples(Dataset[Any]):
    """Samples by (epoch, number); an error of the user's is handed on as it is, without a worker's traceback."""

    def __init__(self, data: Data) -> None:
        self.data = data

    def __getitem__(self, which: tuple[int, int]) -> tuple[Tensor, int] | InputError:
        epoch, number = which
        try:
            return self.data.sample(number, epoch)
        except InputError as error:
            return error


def _stacked(samples: list[tuple[Tensor, int] | InputError]) -> Batch | InputError:
    for one in samples:
        if isinstance(one, InputError):
            return one
    frames = [one[0] for one in samples]  # type: ignore[index]
    labels = torch.tensor([one[1] for one in samples])  # type: ignore[index]
    return torch.stack(frames, dim=1 if frames[0].dim() == 4 else 0), labels


def _start_worker(number: int) -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training, which ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _watched(made: Iterator[Any], workers: int) -> Iterator[Any]:
    while True:
        try:
            one = next(made)
        except StopIteration:
            return
        except RuntimeError as error:
            if "DataLoader" not in str(error):
                raise
            raise InputError(
                f"loading: {one_line(error)} (of {workers}); fewer workers take less memory, and with `workers: 0` the"
                " sample at fault shows its own error"
            ) from error
        yield one
