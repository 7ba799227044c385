"""Passes without gradients take shorter ways: every bit of every layer is that of the plain way."""

import sys
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from network_goldens import movie
from spikingjelly.activation_based import layer, neuron
from torch import nn
from torch.nn import functional

from lorafb.features.extract import extract
from lorafb.features.norms import take_statistics
from lorafb.networks import build, catalogue, neurons
from lorafb.networks.blocks import MaxPool, lif
from lorafb.networks.state import fresh_state
from lorafb.networks.taps import taps

torch.set_num_threads(1)
NETWORKS = {
    "lorafb_snet_tiny": {"gain": 2.0},
    "lorafb_cnet_tiny": {},
    "sew_resnet_tiny": {"gain": 2.0},
    "cornet_tiny": {},
    "cornet_tiny, spiking": {"node": lif},
    "cornet_z": {},
}


def drawn(case):
    """A network with weights as a training leaves them: no round numbers, and norms that have seen a movie."""
    torch.manual_seed(1)
    model = build.create(case.partition(",")[0], **NETWORKS[case])
    take_statistics(model, movie(8).__getitem__, 8, images_at_once=4)
    return model.eval(), catalogue.network(case.partition(",")[0]).scored


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", NETWORKS)
def test_every_layer_is_that_of_a_pass_with_gradients_to_the_bit(case, threads):
    model, layers = drawn(case)
    torch.set_num_threads(threads)
    made = []
    try:
        for gradients in (True, False):
            with torch.set_grad_enabled(gradients), fresh_state(model), taps(model, layers) as collect:
                for part in movie(6, seed=3)[:, None].split(4):
                    model(part)
                    made.append({name: values.detach() for name, values in collect().items()})
    finally:
        torch.set_num_threads(1)
    for slow, fast in zip(made[:2], made[2:], strict=True):
        for name in layers:
            assert torch.equal(slow[name], fast[name]), name
            assert 0 < fast[name].count_nonzero() < fast[name].numel() or name == "avgpool"


@pytest.fixture
def forward(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    yield __import__("forward")
    sys.modules.pop("forward")


def test_spikes_of_lorafb_are_those_of_spikingjellys_layers_alone(forward):
    frames = movie(4)
    ours, plain = forward.networks(frames)
    forward.assert_equal_spikes(ours, plain, frames[:, None])
    with torch.no_grad():
        plain.recurrent_layer2.sub_module[0].bn1.bias += 0.5
    with pytest.raises(AssertionError, match="same spikes"):
        forward.assert_equal_spikes(ours, plain, frames[:, None])


@settings(max_examples=50, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=2),
    size=st.tuples(st.integers(1, 3), st.integers(1, 19), st.integers(1, 19)),
    odd=st.lists(st.sampled_from([0.0, 5.0, float("inf"), float("-inf"), float("nan")]), max_size=4),
)
@example(shape=[2], size=(1, 1, 1), odd=[])
def test_a_maximum_without_indices_is_the_one_with_them(shape, size, odd):
    x = torch.randn(*shape, *size, generator=torch.Generator().manual_seed(0))
    x.view(-1)[: len(odd)] = torch.tensor(odd)[: x.numel()]
    expected = functional.max_pool2d(x.flatten(0, -4), 3, 2, 1).unflatten(0, shape)
    with torch.no_grad():
        torch.testing.assert_close(MaxPool()(x), expected, rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(MaxPool()(x.requires_grad_()).detach(), expected, rtol=0, atol=0, equal_nan=True)


class Own(nn.Module):
    """A person's network of SpikingJelly's layers."""

    def __init__(self):
        super().__init__()
        self.conv, self.node = layer.Conv2d(3, 4, 3, step_mode="m"), neuron.LIFNode(tau=3.0, step_mode="m")

    def forward(self, x):
        return self.node(5 * self.conv(x))


def test_a_persons_own_spiking_network_takes_the_short_way_to_the_same_spikes(monkeypatch):
    torch.manual_seed(0)
    model, frames, taken, made = Own().eval(), movie(6), [], []
    with fresh_state(model), torch.no_grad():
        expected = model(frames[:, None])
    monkeypatch.setattr(
        neurons, "fire", lambda *given, fire=neurons.fire, **how: taken.append(1) or fire(*given, **how)
    )
    feed = catalogue.Feed(kind="stateful", classes=1)
    extract(model, ["node"], frames.__getitem__, torch.arange(6).numpy(), feed, made.append, images_at_once=4)
    assert torch.equal(torch.cat([block.features for block in made]), expected.flatten(1).to(torch.uint8))
    assert len(taken) == 2
    assert expected.any()


def test_potentials_that_a_persons_network_holds_are_not_written_over():
    node = neuron.LIFNode(step_mode="s", v_threshold=100.0)
    held = []
    with torch.no_grad(), neurons.in_place(node):
        for _ in range(3):
            node(torch.ones(1, 2))
            held.append(node.v)
    assert [one[0, 0].item() for one in held] == [0.5, 0.75, 0.875]
