"""What a pass costs beside plain SpikingJelly: `python benchmarks/forward.py [--size 224] [--frames 96] [--threads 1 2]`.

LoRaFB-SNet18 is written once more from SpikingJelly's layers alone, with the same weights, and both are shown the same
random movie, 16 frames a call. Of ours there are three passes: bare, with the features of all 11 layers, and with their
products and the scores of six areas. All take turns in one process, forwards and backwards, and are timed by the CPU time of
the process: ratios of one run can be compared, seconds on a shared machine cannot. Both must first give equal spikes.
Prints JSON and a row of a table for each number of threads.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn

from lorafb.artefacts.recordings import Recording
from lorafb.artefacts.responses import Responses
from lorafb.experiments.areas import select_units
from lorafb.experiments.score import score
from lorafb.experiments.table import Labels
from lorafb.features.extract import extract
from lorafb.features.norms import take_statistics
from lorafb.features.passes import show
from lorafb.networks import build, catalogue
from lorafb.networks.state import clear, fresh_state
from lorafb.similarity.metrics import load
from lorafb.trials import original

CALL = 16
"""Frames in one forward call."""


def lif(step_mode: str = "s") -> nn.Module:
    """Make neurons as appendix A has them."""
    node: nn.Module = neuron.LIFNode(
        tau=2.0, surrogate_function=surrogate.ATan(2.0), detach_reset=True, step_mode=step_mode
    )
    return node


class PlainBlock(nn.Module):
    """Spike-element-wise block of two convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1, self.sn1 = layer.BatchNorm2d(outputs), lif()
        self.conv2 = layer.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2, self.sn2 = layer.BatchNorm2d(outputs), lif()
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                layer.Conv2d(inputs, outputs, 1, stride, bias=False), layer.BatchNorm2d(outputs)
            )
            self.downsample_sn = lif()

    def forward(self, x: Tensor) -> Tensor:
        """Take one time step."""
        main = self.sn1(self.bn1(self.conv1(x)))
        main = self.sn2(self.bn2(self.conv2(main)))
        shortcut = x if self.downsample is None else self.downsample_sn(self.downsample(x))
        out: Tensor = main + shortcut
        return out


class PlainStage(nn.Module):
    """Feedback, fusion and two blocks."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.sub_module = nn.Sequential(PlainBlock(inputs, outputs, stride), PlainBlock(outputs, outputs, 1))
        self.dwconv = None
        if stride == 2:
            self.dwconv = layer.ConvTranspose2d(outputs, outputs, 3, 2, 1, 1, groups=outputs, bias=False)
            self.bn1, self.sn1 = layer.BatchNorm2d(outputs), lif()
        self.pwconv = layer.Conv2d(inputs + outputs, inputs, 1, bias=False)
        self.bn, self.sn = layer.BatchNorm2d(inputs), lif()
        self.outputs, self.stride = outputs, stride
        self.y: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Take a chunk, step by step."""
        out = []
        for frame in x:
            if self.y is None:
                n, _, height, width = frame.shape
                self.y = frame.new_zeros(n, self.outputs, height // self.stride, width // self.stride)
            feedback = self.y if self.dwconv is None else self.sn1(self.bn1(self.dwconv(self.y)))
            self.y = self.sub_module(self.sn(self.bn(self.pwconv(torch.cat([frame, feedback], 1)))))
            out.append(self.y)
        return torch.stack(out)

    def reset(self) -> None:
        """Forget the previous output."""
        self.y = None


class PlainNetwork(nn.Module):
    """LoRaFB-SNet18."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(3, 64, 7, 2, 3, bias=False, step_mode="m")
        self.bn1, self.sn1 = layer.BatchNorm2d(64, step_mode="m"), lif("m")
        self.maxpool = layer.MaxPool2d(3, 2, 1, step_mode="m")
        self.recurrent_layer1 = PlainStage(64, 64, 1)
        self.recurrent_layer2 = PlainStage(64, 128, 2)
        self.recurrent_layer3 = PlainStage(128, 256, 2)
        self.recurrent_layer4 = PlainStage(256, 512, 2)
        self.avgpool = layer.AdaptiveAvgPool2d(1, step_mode="m")
        self.fc = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (T, B, 3, H, W) to evidence (T, B, classes)."""
        x = self.maxpool(self.sn1(self.bn1(self.conv1(x))))
        for stage in (self.recurrent_layer1, self.recurrent_layer2, self.recurrent_layer3, self.recurrent_layer4):
            x = stage(x)
        evidence: Tensor = self.fc(self.avgpool(x).flatten(2))
        return evidence


def networks(movie: Tensor) -> tuple[nn.Module, PlainNetwork]:
    """Make both with the same initial weights, and norms that have seen the movie, so that neurons fire."""
    torch.manual_seed(0)
    ours = build.create("lorafb_snet18", classes=101, gain=2.0)
    take_statistics(ours, movie.__getitem__, min(CALL, len(movie)))
    plain = PlainNetwork(classes=101).eval()
    plain.load_state_dict(ours.state_dict())
    return ours, plain


def cortex(n_frames: int) -> list[Responses]:
    """Six areas of a hundred units that fire by chance."""
    counts = np.random.default_rng(1).poisson(3, (6, n_frames, 100))
    areas = (Recording(f"area{n}", "movie", 30, 10, None, one) for n, one in enumerate(counts))
    return [select_units(area, {"skip_frames": 1}) for area in areas]


def passes(size: int, n_frames: int) -> dict[str, Callable[[], Any]]:
    """Name the passes over a movie; each returns what it has made of the frames."""
    coarse = torch.rand(n_frames, 3, 14, 14, generator=torch.Generator().manual_seed(0))
    movie = 2 * nn.functional.interpolate(coarse, size=(size, size), mode="bilinear") - 1
    ours, plain = networks(movie)
    record = catalogue.network("lorafb_snet18")
    feed, areas = record.feed("ucf101"), cortex(n_frames)
    trial = original(n_frames)
    metric, labels = load("tsrsa"), Labels("lorafb_snet18", "ucf101", "movie")

    def shown_plain() -> Tensor:
        functional.reset_net(plain)
        with torch.no_grad():
            return torch.cat([plain(chunk) for chunk in movie[:, None].split(CALL)])

    def bare() -> Tensor:
        with torch.inference_mode(), fresh_state(ours):
            return torch.cat([ours(chunk) for chunk in movie[:, None].split(CALL)])

    def features() -> None:
        extract(ours, record.scored, movie.__getitem__, trial.order, feed, lambda block: None, images_at_once=CALL)

    def scores() -> Any:
        made = show(ours, record.scored, movie.__getitem__, [trial.order], feed, images_at_once=CALL)
        return score([(trial, one) for one in made], areas, [metric], labels)

    assert_equal_spikes(ours, plain, movie[: min(CALL, n_frames), None])
    return {"SpikingJelly": shown_plain, "bare": bare, "features": features, "scores": scores}


def assert_equal_spikes(ours: nn.Module, plain: nn.Module, movie: Tensor) -> None:
    """Raise AssertionError unless every stage of both gives the same spikes, and some."""
    heard: dict[nn.Module, list[Tensor]] = {ours: [], plain: []}
    for model, outputs in heard.items():
        hooks = [
            stage.register_forward_hook(lambda _, __, out, outputs=outputs: outputs.append(out))
            for name, stage in model.named_children()
            if name.startswith("recurrent_layer") or name in ("sn1", "fc")
        ]
        with torch.no_grad():
            model(movie)
        for hook in hooks:
            hook.remove()
    functional.reset_net(plain)
    clear(ours)
    assert len(heard[ours]) == len(heard[plain]) == 6
    for one, other in zip(sorted(heard[ours], key=Tensor.numel), sorted(heard[plain], key=Tensor.numel), strict=True):
        assert torch.equal(one, other), "the two networks do not give the same spikes"
        assert one.any(), "a stage is silent: nothing is compared"


def measure(size: int, n_frames: int, threads: int, rounds: int) -> dict[str, Any]:
    """Median CPU seconds of each pass, and what each is of SpikingJelly's in the same round: median and range."""
    torch.set_num_threads(threads)
    every = passes(size, n_frames)
    taken: dict[str, list[float]] = {name: [] for name in every}
    for turn in range(rounds):
        for name in list(every)[:: 1 if turn % 2 == 0 else -1]:
            begun = time.process_time()
            every[name]()
            taken[name].append(time.process_time() - begun)
    ratios = {
        name: [one / plain for one, plain in zip(times, taken["SpikingJelly"], strict=True)]
        for name, times in taken.items()
    }
    return {
        "frames": n_frames,
        "size": size,
        "threads": threads,
        "seconds": {name: statistics.median(times) for name, times in taken.items()},
        "of_spikingjelly": {name: statistics.median(ratio) for name, ratio in ratios.items()},
        "range": {name: [min(ratio), max(ratio)] for name, ratio in ratios.items()},
    }


def main(argv: list[str] | None = None) -> None:
    """Measure as the command line says; print JSON and a row for each number of threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=224, help="pixels, a multiple of 32")
    parser.add_argument("--frames", type=int, default=96, help="T; 900 is a movie of the paper")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=4, help="an even number: half of them run backwards")
    args = parser.parse_args(argv)
    made = [measure(args.size, args.frames, threads, args.rounds) for threads in args.threads]
    print(json.dumps({"torch": torch.__version__, "processor": processor(), "runs": made}, indent=1))
    print("| T | size | threads | bare | with features | with scores |")
    for run in made:
        ratios = [f"{run['of_spikingjelly'][name]:.2f}" for name in ("bare", "features", "scores")]
        print(f"| {run['frames']} | {run['size']} | {run['threads']} | {' | '.join(ratios)} |")


def processor() -> str:
    """Name the processor and what torch uses of it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {torch.backends.cpu.get_cpu_capability()}"


if __name__ == "__main__":
    main()
