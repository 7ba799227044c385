import json
import sys
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    yield __import__("gpu")
    sys.modules.pop("gpu")


def test_the_benchmark_of_a_bare_machine_writes_json_with_its_device(gpu, tmp_path, capsys):
    arguments = ["--network", "lorafb_snet_tiny", "--sizes", "16", "--frames", "2", "--batch", "2", "--rounds", "2"]
    gpu.report([*arguments, "--device", "cpu", "--out", str(tmp_path / "gpu.json")])
    result = json.loads((tmp_path / "gpu.json").read_text())
    assert result["device"] == "cpu, 1 threads"
    assert list(result["steps"]["16"]) == [
        f"{way}, float32"
        for way in ("SpikingJelly", "lorafb", "lorafb, a gradient a time step", "lorafb, channels last")
    ]
    assert all(way["seconds"] > 0 and way["clips_per_second"] > 0 for way in result["steps"]["16"].values())


@pytest.mark.parametrize("network", ["lorafb_snet_tiny", "sew_resnet_tiny"])
def test_the_two_ways_that_are_compared_take_the_same_step(gpu, network):
    clips, labels = torch.randn(4, 2, 3, 32, 32), torch.tensor([0, 1])
    losses, weights = [], []
    for ours in (True, False):
        one = gpu.learner(network, ours, torch.device("cpu"))
        assert any("LIFNode" in str(type(m)) or "IFNode" in str(type(m)) for m in one.model.modules()) != ours
        losses.append([gpu.training_step(one, [(clips, labels)], 2).loss for _ in range(2)])
        weights.append(one.model.conv1.weight.detach())
    assert losses[0] == losses[1]
    assert torch.equal(*weights)
