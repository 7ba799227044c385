import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spikingjelly.activation_based import neuron, surrogate

from lorafb.networks.neurons import Neurons, in_place

torch.set_num_threads(1)


def theirs(leaky, step_mode):
    settings = {"surrogate_function": surrogate.ATan(2.0), "detach_reset": True, "step_mode": step_mode}
    return neuron.LIFNode(tau=2.0, decay_input=True, **settings) if leaky else neuron.IFNode(**settings)


def shown(node, currents, whole):
    x = currents.clone().requires_grad_()
    chunks = [node(x)] if whole else [node(frame)[None] for frame in x]
    spikes = torch.cat(chunks)
    weights = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(1))
    (spikes * weights).sum().backward()
    return spikes.detach(), x.grad, node.v.detach()


@pytest.mark.parametrize("whole", [True, False], ids=["chunk", "steps"])
@pytest.mark.parametrize("leaky", [True, False], ids=["leaky", "not leaky"])
def test_spikes_potentials_and_gradients_are_those_of_spikingjelly_to_the_bit(leaky, whole):
    currents = 2 * torch.randn(9, 2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    currents[3] = 1.0  # some potentials at the threshold itself
    mode = "m" if whole else "s"
    for ours, reference in zip(
        shown(Neurons(leaky, mode), currents, whole), shown(theirs(leaky, mode), currents, whole), strict=True
    ):
        assert torch.equal(ours, reference)
        assert ours.abs().sum() > 0


@pytest.mark.slow
@pytest.mark.parametrize("leaky", [True, False], ids=["leaky", "not leaky"])
def test_compiled_neurons_fire_alike_and_have_the_gradient_to_rounding(leaky):
    currents = 2 * torch.randn(9, 2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    node = Neurons(leaky, "m")
    node.compiled = True
    spikes, gradient, potential = shown(node, currents, whole=True)
    expected = shown(Neurons(leaky, "m"), currents, whole=True)
    assert torch.equal(spikes, expected[0])
    torch.testing.assert_close((gradient, potential), expected[1:], rtol=1e-5, atol=1e-6)


def test_a_chunk_in_two_parts_carries_the_potential_and_its_gradient():
    currents = torch.rand(6, 1, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    whole, parts = Neurons(True, "m"), Neurons(True, "m")
    x, y = (currents.clone().requires_grad_() for _ in range(2))
    whole(x)[-1].sum().backward()
    parts(y[:3])
    parts(y[3:])[-1].sum().backward()
    assert torch.equal(x.grad, y.grad)
    assert x.grad[0].abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_membrane_keeps_rising_in_low_precision(dtype):
    node = Neurons(leaky=False, step_mode="m")
    with torch.autocast("cpu", dtype):
        spikes = node(torch.full((600, 1, 1, 1, 1), 2.0**-10, dtype=dtype))
    assert spikes.dtype == dtype
    assert node.v.dtype == torch.float32
    assert float(node.v) == 600 / 1024  # in bfloat16 it would stop at 0.25


@pytest.mark.parametrize(("mode", "shape"), [("s", (4, 2, 3, 8, 8)), ("m", (2, 3, 8, 8))])
def test_frames_that_do_not_fit_the_step_mode_are_refused(mode, shape):
    with pytest.raises(ValueError, match=f"step mode '{mode}'"):
        Neurons(True, mode)(torch.zeros(shape))


def test_what_backward_keeps_is_one_number_a_unit_and_step():
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        Neurons(True, "m")(torch.rand(4, 2, 3, 8, 8, requires_grad=True))
    assert [tensor.shape for tensor in kept] == [(4, 2, 3, 8, 8)]


# ---------------------------------------------------------------------------------------------------- without gradients

ODD = [0.0, -0.0, 1.0, 1e-45, 3e38, float("inf"), float("-inf"), float("nan")]


def currents_with(odd, seed, dtype=torch.float32):
    """Currents (T, B, C, H, W) of an odd number of units, some of them odd values."""
    generator = torch.Generator().manual_seed(seed)
    x = 3 * torch.randn(7, 2, 3, 5, 7, generator=generator)
    x.view(-1)[torch.randint(x.numel(), (len(odd),), generator=generator)] = torch.tensor(odd)
    return x.to(dtype)


@settings(max_examples=40, deadline=None)
@given(
    leaky=st.booleans(),
    whole=st.booleans(),
    odd=st.lists(st.sampled_from(ODD), max_size=9),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
    seed=st.integers(0, 99),
)
def test_neurons_without_gradients_are_those_with_gradients_to_the_bit(leaky, whole, odd, dtype, seed):
    x = currents_with(odd, seed, dtype)
    given_x, ours, training = x.clone(), Neurons(leaky, "m" if whole else "s"), Neurons(leaky, "m" if whole else "s")
    for part in x.split(4):  # the potential is carried on
        steps = [part] if whole else list(part)
        with torch.inference_mode():
            fast = [ours(step) for step in steps]
        slow = [training(step) for step in steps]
        assert [one.dtype for one in fast] == [dtype] * len(steps)
        for one, other in [*zip(fast, slow, strict=True), (ours.v, training.v)]:
            torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(x, given_x, rtol=0, atol=0, equal_nan=True)  # what came in is not written over


@settings(max_examples=60, deadline=None)
@given(
    tau=st.one_of(st.none(), st.just(2.0), st.floats(1.1, 30)),
    decay_input=st.booleans(),
    threshold=st.floats(0.1, 3),
    reset=st.one_of(st.none(), st.just(0.0), st.floats(-1, 0.05)),
    mode=st.sampled_from("sm"),
    odd=st.lists(st.sampled_from([*ODD[:5], float("inf"), float("nan")]), max_size=9),
    seed=st.integers(0, 99),
)
def test_spikingjellys_nodes_in_a_persons_network_fire_alike(tau, decay_input, threshold, reset, mode, odd, seed):
    made = {"v_threshold": threshold, "v_reset": reset, "step_mode": mode}
    node = (neuron.IFNode(**made) if tau is None else neuron.LIFNode(tau=tau, decay_input=decay_input, **made)).eval()
    model, plain = torch.nn.Sequential(copy.deepcopy(node)), node
    x = currents_with(odd, seed)
    with torch.inference_mode(), in_place(model):
        for part in x.split(4):
            for step in [part] if mode == "m" else part:
                torch.testing.assert_close(model(step), plain(step), rtol=0, atol=0, equal_nan=True)
                torch.testing.assert_close(model[0].v, plain.v, rtol=0, atol=0, equal_nan=True)
    assert "forward" not in vars(model[0])


def test_nodes_that_are_no_plain_ones_stay_as_they_are():
    smooth = surrogate.ATan(spiking=False)
    nodes = [neuron.LIFNode(store_v_seq=True), neuron.ParametricLIFNode(), neuron.LIFNode(surrogate_function=smooth)]
    with in_place(torch.nn.Sequential(*nodes)):
        assert not any("forward" in vars(node) for node in nodes)


def test_a_node_that_is_asked_for_gradients_gives_them():
    node = neuron.LIFNode()
    x = torch.rand(2, 3, requires_grad=True)
    with in_place(torch.nn.Sequential(node)):
        node(x).sum().backward()
    assert x.grad.abs().sum() > 0
