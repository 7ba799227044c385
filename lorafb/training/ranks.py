"""One training in several processes (ranks): who takes part, what they add up, and how they start and end together.

torchrun, Slurm's srun and `launch` say in the environment who a process is. Gradients are summed by one call after the
last backward pass of a step: no wrapper stands around the network, so its keys and its norms stay what they are.
"""

import contextlib
import logging
import multiprocessing
import os
import pickle
import re
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from logging.handlers import QueueHandler
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
        Its arguments; they must pickle, but for functions given by name (`progress`, `on_epoch`): those are called in
        this process, and log records come here too. Torch's settings are this process's.

    Raises
    ------
    InputError, Stopped
        As the function raised it; the other ranks are ended.
    """
    if processes == 1:
        return work(*args, **kwargs)
    calls = multiprocessing.get_context(START).SimpleQueue()
    functions = {name: value for name, value in kwargs.items() if callable(value)}
    kwargs |= {name: _Relay(name, calls) for name in functions}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = start_processes(  # type: ignore[no-untyped-call]
            _ranked,
            (processes, _free_port(), folder, _settings(processes), calls, work, args, kwargs),
            processes,
            join=False,
            start_method=START,
        )
        with _passing_on(started.pids()):
            try:
                while not started.join(timeout=0.5, grace_period=GRACE_S):
                    _hear(calls, functions)
                _hear(calls, functions)
            except ProcessException:
                if not list(folder.glob("[0-9]*")):
                    raise  # killed from outside, or a mistake in the code
        answers = [pickle.loads(path.read_bytes()) for path in sorted(folder.glob("[0-9]*"))]  # our own
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers[0]  # type: ignore[no-any-return]


class _Relay:
    """Stands in a rank for a function of the parent."""

    def __init__(self, name: str, calls: Any) -> None:
        self.name, self.calls = name, calls

    def __call__(self, *args: Any) -> None:
        self.calls.put((self.name, args))


class _LogToParent(QueueHandler):
    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.put(("", (record,)))  # type: ignore[attr-defined]


def _hear(calls: Any, functions: Mapping[str, Callable[..., Any]]) -> None:
    """Call what the ranks have called since."""
    while not calls.empty():
        name, args = calls.get()
        function = functions[name] if name else logging.getLogger(args[0].name).handle
        function(*args)


def _settings(processes: int) -> dict[str, Any]:
    """Take torch's settings of this process, its threads divided among the ranks."""
    return {
        "threads": max(1, torch.get_num_threads() // processes),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cudnn": (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32),
        "log": logging.getLogger().getEffectiveLevel(),
    }


def _apply(settings: Mapping[str, Any], calls: Any) -> None:
    logging.root.handlers = [_LogToParent(calls)]
    logging.root.setLevel(settings["log"])
    torch.set_num_threads(settings["threads"])
    torch.use_deterministic_algorithms(settings["deterministic"])
    torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32 = settings["cudnn"]


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
    settings: Mapping[str, Any],
    calls: Any,
    work: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
) -> None:
    """Run in a child of `launch`; the parent reads what it returned or raised from a file."""
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(port))
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world))
    die_with_parent()
    _apply(settings, calls)
    try:
        answer = work(*args, **kwargs)
    except (InputError, Stopped) as error:
        answer = error
    if rank == 0 or isinstance(answer, Exception):
        with whole(folder / str(rank)) as temporary:
            temporary.write_bytes(pickle.dumps(answer))
    if isinstance(answer, InputError):
        raise SystemExit(1)  # ends the others
