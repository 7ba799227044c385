"""What a training step costs: `python benchmarks/gpu.py --out gpu.json`, on a bare machine without network.

A step of this package's loop is compared with the same step on SpikingJelly's neurons in the published arrangement (the
stem over all time steps at once, the stages one by one). All ways run in turn in each round, forwards and backwards, so that
whatever else the machine does slows all of them alike: ratios can be compared between runs, seconds on a shared machine cannot.
The JSON has the device's name; docs/training.md quotes it. Without a GPU it runs on the CPU and says so.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from spikingjelly.activation_based import functional, neuron, surrogate
from torch import nn

from lorafb.networks.build import create
from lorafb.networks.device import device
from lorafb.networks.neurons import Neurons
from lorafb.training.recipe import Recipe
from lorafb.training.step import Learner, training_step

RECIPE = Recipe(epochs=1, learning_rate=1e-3)
CLASSES = 101


def with_spikingjelly(model: nn.Module) -> nn.Module:
    """Put SpikingJelly's neurons in the place of ours."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Neurons):
                settings = {
                    "surrogate_function": surrogate.ATan(alpha=2.0),
                    "detach_reset": True,
                    "step_mode": child.step_mode,
                }
                node = (
                    neuron.LIFNode(tau=2.0, decay_input=True, **settings) if child.leaky else neuron.IFNode(**settings)
                )
                setattr(parent, name, node)
                main = getattr(parent, "_main", [])  # blocks call these by a list of their own
                main[:] = [node if one is child else one for one in main]
    return model


def learner(network: str, ours: bool, where: torch.device, **options: Any) -> Learner:
    """Make a network with its optimiser, the same weights at each call."""
    torch.manual_seed(0)
    model = create(network, classes=CLASSES).train()
    return Learner(model if ours else with_spikingjelly(model), replace(RECIPE, **options), device=where)


def ways(network: str, where: torch.device, precisions: list[str], compiled: bool) -> dict[str, Callable[[], Learner]]:
    """Name the ways to take a step; each is made when it is measured."""
    every: dict[str, Callable[[], Learner]] = {}
    for precision in precisions:
        made = {
            "SpikingJelly": (False, {}),
            "lorafb": (True, {"gather": True}),
            "lorafb, a gradient a time step": (True, {}),
            "lorafb, channels last": (True, {"gather": True, "channels_last": True}),
        }
        if compiled:
            made["lorafb, compiled"] = (True, {"gather": True, "compile": True})
        for name, (ours, options) in made.items():
            every[f"{name}, {precision}"] = lambda ours=ours, options=options, precision=precision: learner(
                network, ours, where, precision=precision, **options
            )
    return every


def seconds(one: Learner, frames: torch.Tensor, labels: torch.Tensor) -> float:
    """Time of one step; of the CPU the time that this process had."""
    gpu = one.device.type == "cuda"
    clock = time.perf_counter if gpu else time.process_time
    if gpu:
        torch.cuda.synchronize()
    begun = clock()
    training_step(one, [(frames, labels)], len(labels))
    if gpu:
        torch.cuda.synchronize()
    return clock() - begun


def measure(
    every: dict[str, Callable[[], Learner]], size: int, frames: int, batch: int, rounds: int, where: torch.device
) -> dict[str, dict[str, float]]:
    """Median seconds a step, clips/s and peak GPU memory of each way.

    On a GPU each way runs alone, so that memory is its own; on a CPU they take turns.
    """
    clips, labels = torch.randn(frames, batch, 3, size, size, device=where), torch.arange(batch, device=where) % CLASSES
    taken: dict[str, list[float]] = {name: [] for name in every}
    peak: dict[str, float] = {}
    if where.type == "cuda":
        for name, make in every.items():
            one = make()
            seconds(one, clips, labels)  # kernels are chosen and compiled
            torch.cuda.reset_peak_memory_stats()
            taken[name] = [seconds(one, clips, labels) for _ in range(rounds)]
            peak[name] = torch.cuda.max_memory_allocated() / 2**30
            del one
            torch.cuda.empty_cache()
    else:
        made = {name: make() for name, make in every.items()}
        for one in made.values():
            seconds(one, clips, labels)
        for turn in range(rounds):
            for name in list(made)[:: 1 if turn % 2 == 0 else -1]:
                taken[name].append(seconds(made[name], clips, labels))
    return {
        name: {"seconds": middle, "clips_per_second": batch / middle}
        | ({"peak_gib": peak[name]} if name in peak else {})
        for name, middle in ((name, statistics.median(times)) for name, times in taken.items())
    }


def report(argv: list[str] | None = None) -> dict[str, Any]:
    """Measure as the command line says, write JSON and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="lorafb_snet18")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[128, 224], help="multiples of 32, as LoRaFB takes them"
    )
    parser.add_argument("--frames", type=int, default=16, help="T")
    parser.add_argument("--batch", type=int, default=0, help="clips at once; by default 32 on a GPU, 2 on a CPU")
    parser.add_argument("--rounds", type=int, default=0, help="steps of each way; by default 20 on a GPU, 4 on a CPU")
    parser.add_argument("--compile", action="store_true", help="measure compiled neurons too")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, help="JSON file")
    args = parser.parse_args(argv)
    where = device(args.device)
    gpu = where.type == "cuda"
    batch, rounds = args.batch or (32 if gpu else 2), args.rounds or (20 if gpu else 4)
    precisions = ["float32", "bf16", "fp16"] if gpu else ["float32"]
    result = {
        "device": torch.cuda.get_device_name(where) if gpu else f"cpu, {torch.get_num_threads()} threads",
        "machine": platform.machine(),
        "torch": str(torch.__version__),
        "spikingjelly_neurons": str(functional.neuron_implementation("lif", where)),
        "network": args.network,
        "frames": args.frames,
        "batch": batch,
        "rounds": rounds,
        "steps": {
            str(size): measure(
                ways(args.network, where, precisions, args.compile), size, args.frames, batch, rounds, where
            )
            for size in args.sizes
        },
    }
    text = json.dumps(result, indent=1)
    if args.out:
        args.out.write_text(text + "\n", encoding="utf-8")
    print(text)
    return result


if __name__ == "__main__":
    report()
