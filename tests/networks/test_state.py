"""State: neither chunk length, nor trials side by side, nor an earlier movie or error ever changes a feature."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_goldens import movie, show, with_recipe
from torch import nn

from lorafb.files import InputError
from lorafb.networks import catalogue
from lorafb.networks.blocks import lif
from lorafb.networks.lorafb import RecurrentStage
from lorafb.networks.state import clear, evaluated, fresh_state

torch.set_num_threads(1)
NETWORKS = {
    "lorafb_snet_tiny": {},
    "lorafb_cnet_tiny": {},
    "sew_resnet_tiny": {},
    "cornet_tiny": {},
    "cornet_tiny, spiking": {"node": lif},
}
FRAMES = 11


def network(case):
    name = case.partition(",")[0]
    return with_recipe(name, **NETWORKS[case]), catalogue.network(name).scored


def same(one, other, exact):
    for layer in one:
        if exact:
            assert torch.equal(one[layer], other[layer]), layer
        else:  # another batch may take another convolution program
            torch.testing.assert_close(one[layer], other[layer], rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", NETWORKS)
@pytest.mark.parametrize("chunks", [[1] * 11, [3, 3, 3, 2], [7, 4]], ids=["1", "3", "7"])
def test_the_chunk_length_changes_no_feature(case, chunks):
    model, layers = network(case)
    x = movie(FRAMES)[:, None]
    same(show(model, layers, x, chunks), show(model, layers, x), exact="snet" in case or "sew" in case)


@pytest.mark.parametrize("case", NETWORKS)
def test_trials_side_by_side_give_what_each_gives_alone(case):
    model, layers = network(case)
    x = torch.stack([movie(FRAMES, seed=seed) for seed in (1, 2, 3)], dim=1)
    together = show(model, layers, x, [6, 5])
    for trial in range(3):
        alone = show(model, layers, x[:, trial : trial + 1])
        same({k: v[:, trial : trial + 1] for k, v in together.items()}, alone, exact="snet" in case or "sew" in case)


@pytest.mark.parametrize("case", NETWORKS)
def test_a_movie_shown_before_changes_no_feature(case):
    model, layers = network(case)
    x = movie(FRAMES)[:, None]
    first = show(model, layers, x)
    show(model, layers, movie(5, seed=7)[:, None])
    with torch.inference_mode():
        model(movie(2, seed=8)[:, None])  # outside fresh_state: left in the network
    same(show(model, layers, x), first, exact=True)


@pytest.mark.parametrize("case", NETWORKS)
def test_state_does_matter(case):
    model, layers = network(case)
    x = movie(FRAMES)[:, None]
    carried = show(model, layers, x)[layers[-2]][-1]
    alone = show(model, layers, x[-1:])[layers[-2]][-1]
    assert not torch.equal(carried, alone)


@settings(max_examples=12, deadline=None)
@given(cuts=st.sets(st.integers(1, FRAMES - 1)))
def test_any_cut_of_a_movie_into_chunks_gives_the_same_spikes(cuts):
    model, layers = network("lorafb_snet_tiny")
    x = movie(FRAMES)[:, None]
    edges = [0, *sorted(cuts), FRAMES]
    chunks = [after - before for before, after in pairwise(edges)]
    same(show(model, layers, x, chunks), show(model, layers, x), exact=True)


@pytest.mark.parametrize("case", NETWORKS)
def test_state_is_cleared_after_an_error(case):
    model, _ = network(case)
    held = []

    def fail_in_the_middle():
        with torch.inference_mode(), fresh_state(model):
            model(movie(2)[:, None])
            held.extend(tensors_held(model))
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail_in_the_middle()
    assert held
    assert not tensors_held(model)
    assert not any(module._forward_pre_hooks for module in model.modules())


def tensors_held(model):
    """Names of modules that hold a tensor beyond their weights and buffers."""
    held = []
    for name, module in model.named_modules():
        values = [*vars(module).values(), *getattr(module, "_memories", {}).values()]
        held += [name for value in values if isinstance(value, torch.Tensor)]
    return held


def test_clear_reaches_every_stage_and_neuron():
    model, _ = network("lorafb_snet_tiny")
    with torch.inference_mode():
        model(movie(1)[:, None])
    held = tensors_held(model)
    stages = [name for name, module in model.named_modules() if isinstance(module, RecurrentStage)]
    assert {"recurrent_layer1", "recurrent_layer2"} <= set(stages) <= set(held)
    assert {"sn1", "recurrent_layer1.sn", "recurrent_layer2.sn", "recurrent_layer2.sn1"} <= set(held)
    assert {"recurrent_layer2.sub_module.0.sn2", "recurrent_layer2.sub_module.0.downsample_sn"} <= set(held)
    clear(model)
    assert not tensors_held(model)


@pytest.mark.parametrize("case", ["lorafb_snet_tiny", "sew_resnet_tiny"])
def test_other_trials_within_one_state_are_refused(case):
    model, _ = network(case)
    with fresh_state(model):
        model(torch.zeros(2, 1, 3, 64, 64))
        model(torch.zeros(5, 1, 3, 64, 64))
        with pytest.raises(ValueError, match=r"\(1, 3, 64, 64\) met trials \(2, 3, 64, 64\)"):
            model(torch.zeros(1, 2, 3, 64, 64))
    with fresh_state(model):
        model(torch.zeros(1, 2, 3, 64, 64))


def test_static_networks_see_each_image_alone():
    model, layers = with_recipe("cornet_z", classes=8), catalogue.network("cornet_z").scored
    x = movie(4)[:, None]
    whole, backwards = show(model, layers, x), show(model, layers, x.flip(0))
    same({layer: values.flip(0) for layer, values in backwards.items()}, whole, exact=False)


def test_gradients_reach_the_first_frame_through_time():
    model, _ = network("lorafb_snet_tiny")
    x = movie(6)[:, None].requires_grad_()
    with fresh_state(model):
        model(x)[-1].square().sum().backward()
    assert x.grad[0].abs().sum() > 0


class Head(nn.Module):
    """A classifier as timm's: its `reset` makes new weights and needs to be told how many."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.ones(2))

    def reset(self, num_classes, pool_type=None):
        self.weights = nn.Parameter(torch.zeros(num_classes))


class Counting(nn.Module):
    """Counts frames in a buffer, and clears it."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x):
        self.seen += 1
        return x

    def reset(self, value=0.0):
        self.seen.fill_(value)


def test_only_state_is_cleared():
    model = nn.Sequential(Head(), Counting())
    model[1](torch.zeros(1))
    clear(model)
    assert model[0].weights.tolist() == [1, 1]
    assert model[1].seen == 0


def test_a_network_is_held_to_evaluation_mode():
    class Stubborn(nn.Module):
        def train(self, mode=True):
            return super().train(True)

    with (
        pytest.raises(InputError, match=r"Sequential: 1 stays in training mode"),
        evaluated(nn.Sequential(nn.ReLU(), Stubborn())),
    ):
        pass
    model = nn.Sequential(nn.BatchNorm1d(2)).train()
    with evaluated(model):
        model(torch.ones(4, 2))
    assert model[0].running_mean.tolist() == [0, 0]


def test_a_buffer_that_changes_is_an_error_unless_it_is_state():
    with evaluated(model := nn.Sequential(Counting())), fresh_state(model):
        model(torch.zeros(1, 1, 3, 2, 2))

    class Drifting(Counting):
        reset = None

    model = nn.Sequential(Drifting())
    with pytest.raises(InputError, match=r"Sequential: 0.seen changed while frames were shown"), evaluated(model):
        model(torch.zeros(1))
