"""A training step on the CPU, as ratios: `python benchmarks/training.py [--sizes 128 224] [--batch 2] [--compile]`.

Each size gets a table: each way to take a step against SpikingJelly's neurons in the published arrangement, and against the
time that its convolutions take by themselves, forward and backward (of torch's profiler, in the same process). LoRaFB takes
multiples of 32 pixels: 112 is none, 128 is the next.
"""

import sys
from collections.abc import Callable

import torch
from gpu import CLASSES, report, ways
from torch.profiler import ProfilerActivity, profile

from lorafb.training.step import Learner, training_step

CONVOLUTIONS = ("aten::convolution", "aten::convolution_backward")


def share_of_convolutions(make: Callable[[], Learner], size: int, frames: int, batch: int) -> float:
    """Part of a step that its convolutions take."""
    one = make()
    clips, labels = torch.randn(frames, batch, 3, size, size), torch.arange(batch) % CLASSES
    training_step(one, [(clips, labels)], batch)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        training_step(one, [(clips, labels)], batch)
    table = profiled.key_averages()
    whole = sum(row.self_cpu_time_total for row in table)
    return float(sum(row.cpu_time_total for row in table if row.key in CONVOLUTIONS) / whole)


def main() -> None:
    """Measure, and print a table for each size."""
    result = report([*sys.argv[1:], "--device", "cpu"])
    every = ways(result["network"], torch.device("cpu"), ["float32"], "--compile" in sys.argv)
    for size, steps in result["steps"].items():
        reference = steps["SpikingJelly, float32"]["seconds"]
        print(
            f"\n{result['network']}, {size} pixels, T = {result['frames']}, {result['batch']} clips, {result['device']}"
        )
        print(f"{'':34}{'s a step':>10}{'ratio':>8}{'step / convolutions':>22}")
        for name, took in steps.items():
            share = share_of_convolutions(every[name], int(size), result["frames"], result["batch"])
            print(f"{name:34}{took['seconds']:10.2f}{reference / took['seconds']:8.2f}{1 / share:22.2f}")


if __name__ == "__main__":
    main()
