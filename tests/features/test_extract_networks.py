"""The rules of extraction, on the smallest networks of the catalogue."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from lorafb.features.extract import extract
from lorafb.features.passes import show
from lorafb.features.prepare import Frames
from lorafb.networks import build, catalogue
from lorafb.networks.state import fresh_state

torch.set_num_threads(1)
SPIKING = ["lorafb_snet_tiny", "sew_resnet_tiny"]
N = 21


def network(name):
    """A network whose every layer is active: norms as after training, not as at its start."""
    torch.manual_seed(1)
    model = build.create(name, classes=8)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.uniform_(0.05, 0.2)
            module.bias.data.normal_(0.5, 0.3)
    return model


def movie():
    frames = np.random.default_rng(0).integers(0, 256, (N, 70, 90, 3), dtype=np.uint8)
    return Frames(frames, 64, "half")


def features(model, name, positions, training="ucf101", **settings):
    layers = catalogue.network(name).scored
    kept = {layer: [] for layer in layers}

    def keep(block):
        kept[block.layer].append(block.features.to(torch.float32) / block.scale)

    extract(model, layers, movie(), positions, catalogue.network(name).feed(training), keep, **settings)
    return {layer: torch.cat(blocks, dim=-2).numpy() for layer, blocks in kept.items()}


def orders():
    random = np.random.default_rng(3)
    return np.stack([random.permutation(N) for _ in range(3)])


@pytest.mark.parametrize("name", SPIKING)
def test_every_layer_of_the_test_network_spikes_and_tells_all_frames_apart(name):
    for layer, values in features(network(name), name, np.arange(N)).items():
        assert (values > 0).mean() > 0.05, layer
        assert len(np.unique(values, axis=0)) == N, layer


@pytest.mark.parametrize("name", SPIKING)
@pytest.mark.parametrize("images_at_once", [1, 5, 100])
def test_spikes_do_not_depend_on_the_chunk(name, images_at_once):
    model = network(name)
    whole = features(model, name, np.arange(N), images_at_once=16)
    parts = features(model, name, np.arange(N), images_at_once=images_at_once)
    for layer in whole:
        assert_array_equal(parts[layer], whole[layer], err_msg=layer)


@pytest.mark.parametrize("name", SPIKING)
@pytest.mark.parametrize("training", ["ucf101", "imagenet"])
def test_trials_side_by_side_spike_as_alone(name, training):
    model = network(name)
    together = features(model, name, orders(), training, images_at_once=12)
    for trial, order in enumerate(orders()):
        alone = features(model, name, order, training)
        for layer in alone:
            assert_array_equal(together[layer][trial], alone[layer], err_msg=layer)


@pytest.mark.parametrize("name", SPIKING)
def test_a_shuffled_movie_is_its_frames_fed_by_hand(name):
    model, order = network(name).eval(), orders()[0]
    shown = features(model, name, order)
    outputs = []
    handle = model.avgpool.register_forward_hook(lambda module, inputs, output: outputs.append(output.flatten()))
    with torch.inference_mode(), fresh_state(model):
        for position in order:
            model(movie()(np.array([position]))[:, None])
    handle.remove()
    assert_array_equal(shown["avgpool"], torch.stack(outputs))


@pytest.mark.parametrize("name", SPIKING)
def test_a_network_trained_on_images_sees_each_frame_alone(name):
    model, order = network(name), orders()[0]
    shown, shuffled = features(model, name, np.arange(N), "imagenet"), features(model, name, order, "imagenet")
    for layer in shown:
        assert_array_equal(shuffled[layer], shown[layer][order], err_msg=layer)


def test_a_network_with_memory_does_not():
    model, order = network("lorafb_snet_tiny"), orders()[0]
    shown, shuffled = (features(model, "lorafb_snet_tiny", positions) for positions in (np.arange(N), order))
    assert (shuffled["recurrent_layer2.sub_module[0]"] != shown["recurrent_layer2.sub_module[0]"][order]).mean() > 0.01


def test_products_of_trials_are_exact_integers_for_spikes_and_floats_for_their_average():
    name = "lorafb_snet_tiny"
    model, layers = network(name), catalogue.network(name).scored
    made = show(model, layers, movie(), orders(), catalogue.network(name).feed("ucf101"), memory_bytes=10**7)
    for order, one in zip(orders(), made, strict=True):
        expected = features(model, name, order)
        for layer in layers[:-1]:
            counts = expected[layer].astype(np.int64)
            assert_array_equal(one.layers[layer].products, (counts @ counts.T)[np.triu_indices(N)], err_msg=layer)
        assert one.layers["avgpool"].products.dtype == np.float64
        centred = expected["avgpool"].astype(np.float64) - expected["avgpool"].astype(np.float64).mean(1, keepdims=True)
        np.testing.assert_allclose(
            one.layers["avgpool"].products, (centred @ centred.T)[np.triu_indices(N)], atol=1e-12
        )
