"""One training in several processes (ranks): who takes part, what they add up, and how they start and end together.

torchrun, Slurm's srun and `launch` say in the environment who a process is. Gradients are summed by one call after the
last backward pass of a step: no wrapper stands around the network, so its keys and its norms stay what they are.
"""

import contextlib
import os
import pickle
import re
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import ProcessException, start_processes

from lorafb.files import InputError, whole
from lorafb.processes import Stopped, die_with_parent

Result = TypeVar("Result")
TIMEOUT = timedelta(minutes=30)
"""How long a rank waits for the others: longer than a save or one batch may take."""
START = "spawn"
"""How `launch` starts them: a GPU cannot be used in a forked process."""
GRACE_S = 10.0
"""When one rank has failed, how long the others may take to end by themselves, and then to save."""
PORTS = (15000, 20000)
"""First port and number of ports, from which Slurm jobs take one by their number."""


@dataclass(frozen=True)
class Ranks:
    """Who this process is among those of one training.

    Attributes
    ----------
    rank, world : int
        Its number, from 0, and how many there are.
    local : int
        Its number on this machine: the GPU that it takes.
    """

    rank: int = 0
    world: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the one that writes, logs and reports."""
        return self.rank == 0

    def part(self, items: Sequence[int]) -> Sequence[int]:
        """Take the part of this rank: every item is in one part, in order, and sizes differ by one at most."""
        small, larger = divmod(len(items), self.world)
        start = self.rank * small + min(self.rank, larger)
        return items[start : start + small + (self.rank < larger)]

    def add(self, tensor: Tensor) -> Tensor:
        """Sum a tensor over the ranks, in place."""
        if self.world > 1:
            distributed.all_reduce(tensor)
        return tensor

    def share(self, make: Callable[[], Result]) -> Result:
        """Give all ranks what the first one makes."""
        made: list[Any] = [make() if self.first else None]
        if self.world > 1:
            distributed.broadcast_object_list(made)
        return made[0]  # type: ignore[no-any-return]


def found() -> Ranks:
    """Find out who this process is; alone, where neither torchrun, Slurm's srun nor `launch` started it."""
    if "RANK" in os.environ and "WORLD_SIZE" in os.environ:
        return Ranks(*(int(os.environ.get(name, "0")) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))
    if int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:  # a batch script itself is no task of a step
        names = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID")
        os.environ.setdefault("MASTER_ADDR", first_node(os.environ["SLURM_STEP_NODELIST"]))
        os.environ.setdefault("MASTER_PORT", str(PORTS[0] + int(os.environ["SLURM_JOB_ID"]) % PORTS[1]))
        return Ranks(*(int(os.environ[name]) for name in names))
    return Ranks()


@contextmanager
def joined(device: str) -> Iterator[tuple[Ranks, torch.device]]:
    """Take part in this process's training, until the block ends; yields who it is and its own device.

    With several ranks each ends when its launcher does, and "cuda" means the GPU of its local number.
    """
    ranks, where = found(), torch.device(device)
    if ranks.world == 1:
        yield ranks, where
        return
    die_with_parent()
    if where.type == "cuda":
        where = torch.device("cuda", ranks.local)
        torch.cuda.set_device(where)
    backend = "nccl" if where.type == "cuda" else "gloo"
    distributed.init_process_group(
        backend, init_method="env://", rank=ranks.rank, world_size=ranks.world, timeout=TIMEOUT
    )
    try:
        yield ranks, where
    finally:
        distributed.destroy_process_group()


def launch(work: Callable[..., Result], processes: int, *args: Any, **kwargs: Any) -> Result:
    """Call a function in several processes of this machine at once, and return what rank 0 returned.

    Parameters
    ----------
    work : callable
        Importable by its module and name; calls `train`, which finds the other ranks by itself.
    processes : int
        With 1 it is called in this process.
    *args, **kwargs
        Its arguments; they must pickle.

    Raises
    ------
    InputError, Stopped
        As the function raised it; the other ranks are ended.
    """
    if processes == 1:
        return work(*args, **kwargs)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = start_processes(  # type: ignore[no-untyped-call]
            _ranked, (processes, _free_port(), folder, work, args, kwargs), processes, join=False, start_method=START
        )
        with _passing_on(started.pids()):
            try:
                while not started.join(grace_period=GRACE_S):
                    pass
            except ProcessException:
                if not list(folder.glob("[0-9]*")):
                    raise  # killed from outside
        answers = [pickle.loads(path.read_bytes()) for path in sorted(folder.glob("[0-9]*"))]  # our own
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers[0]  # type: ignore[no-any-return]


@contextmanager
def _passing_on(processes: Sequence[int | None]) -> Iterator[None]:
    """Ask the children to stop when this process is asked to."""

    def ask(number: int, frame: Any) -> None:
        for process in processes:
            if process is not None:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(process, signal.SIGTERM)

    former = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


def first_node(names: str) -> str:
    """First name of Slurm's short form of a list of nodes: `gpu[003-005,9],cpu1` gives `gpu003`."""
    match = re.match(r"([^\[,]+)(?:\[(\w+)[^\]]*\]([^,\[]*))?", names)
    if match is None:
        raise InputError(f"SLURM_STEP_NODELIST is {names!r}; expected names of nodes")
    return "".join(part or "" for part in match.groups())


def _ranked(
    rank: int,
    world: int,
    port: int,
    folder: Path,
    work: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
) -> None:
    """Run in a child of `launch`; the parent reads what it returned or raised from a file."""
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(port))
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world))
    die_with_parent()
    try:
        answer = work(*args, **kwargs)
    except (InputError, Stopped) as error:
        answer = error
    if rank == 0 or isinstance(answer, Exception):
        with whole(folder / str(rank)) as temporary:
            temporary.write_bytes(pickle.dumps(answer))
    if isinstance(answer, InputError):
        raise SystemExit(1)  # ends the others
