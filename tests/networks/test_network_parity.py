"""The published code's features, reached by our networks with the same weights on the same frames.

Spiking networks: every unit of every frame, by hash. Real-valued ones: to 1e-4 of a layer's largest value.
"""

import hashlib

import numpy as np
import pytest
import recipe
import torch
from network_goldens import GOLDEN, feed_movie, golden, movie, published_weights

from lorafb.networks import build, catalogue

torch.set_num_threads(1)
slow = pytest.mark.slow


def features_of(made):
    """Features of every scored layer of a golden run, by our networks and feeds: float32 (frames, C, H, W)."""
    name, shown, still = made["network"], made["stimulus"], made["stimulus"]["dataset"] == "allen_natural_scenes"
    feed = catalogue.network(name).feed(made["trained_on"], still)
    model = build.create(name, classes=feed.classes).eval()
    model.load_state_dict(published_weights(name, feed.classes, made["weights_seed"]))
    make = recipe.scenes if still else recipe.movie
    frames = torch.from_numpy(make(shown["frames"], shown["size"], shown["seed"]))
    assert not catalogue.network(name).size_problem(shown["size"])
    return feed_movie(model, catalogue.network(name).scored, frames, feed)


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "lorafb_snet18_64",
        "sew_resnet18_64",
        pytest.param("lorafb_snet18_imagenet_64", marks=slow),
        pytest.param("lorafb_snet18_224", marks=slow),
    ],
)
def test_every_spike_of_every_layer_is_the_published_one(name):
    made = golden(f"forward/{name}")
    for layer, features in features_of(made).items():
        expected, features = made["layers"][layer], features.numpy()
        assert list(features.shape[1:]) == expected["shape"]
        if "sha256_uint8" in expected:
            counts = features * expected["uint8_scale"]
            assert np.array_equal(counts, counts.astype(np.uint8)), layer
            assert sha256(counts.astype(np.uint8)) == expected["sha256_uint8"], layer
        elif made["stimulus"]["size"] == 64:  # the average of 4 values is exact
            assert sha256(features) == expected["sha256_float32"], layer
        else:  # the average of 49 is not
            np.testing.assert_allclose(features.sum((1, 2, 3)), expected["sum_per_frame"], rtol=1e-5)
    assert list(made["layers"]) == list(catalogue.network(made["network"]).scored)


@pytest.mark.parametrize(
    "name", ["lorafb_cnet18_64", pytest.param("resnet_2p_cpc_64", marks=slow), pytest.param("cornet_224", marks=slow)]
)
def test_real_valued_features_are_the_published_ones_within_the_tolerance(name):
    made = golden(f"forward/{name}")
    arrays = np.load(GOLDEN / "forward" / f"{name}.npz")
    for layer, features in features_of(made).items():
        sampled = features.flatten(1).numpy()[:, arrays[f"{layer}/sampled_units"]]
        limit = 1e-4 * made["layers"][layer]["max"]
        np.testing.assert_allclose(sampled, arrays[f"{layer}/sampled"], rtol=0, atol=limit, err_msg=layer)


@pytest.mark.parametrize(
    "name",
    [
        "sew_resnet18_imagenet_original",
        pytest.param("lorafb_snet18_scenes", marks=slow),
        pytest.param("sew_resnet18_scenes", marks=slow),
        pytest.param("lorafb_cnet18_scenes", marks=slow),
        pytest.param("cornet_scenes", marks=slow),
        pytest.param("cornet_rt_imagenet_original", marks=slow),
        pytest.param("cornet_s_imagenet_original", marks=slow),
    ],
)
def test_still_frames_and_scenes_give_the_published_sums_in_every_layer(name):
    made = golden(f"tsrsa/{name}")
    exact = catalogue.network(made["network"]).spiking
    for layer, features in features_of(made).items():
        expected, features = made["features"][layer], features.numpy()
        assert list(features.shape[1:]) == expected["shape"]
        if exact:
            assert sha256(features) == expected["sha256_float32"], layer
        totals = features.astype(np.float64).sum((1, 2, 3))
        np.testing.assert_allclose(totals, expected["sum_per_frame"], rtol=1e-5, err_msg=layer)
        assert (features > 0).mean() == pytest.approx(expected["active_fraction"], abs=1e-5)
        assert features.max() == pytest.approx(expected["max"], rel=1e-4)


@pytest.mark.parametrize(
    ("network", "last", "chunk", "threads"),
    [
        ("sew_resnet18", "layer4[1]", 7, 1),
        ("sew_resnet18", "layer4[1]", 57, 1),
        pytest.param("sew_resnet18", "layer4[1]", 16, 2, marks=slow),
        pytest.param("lorafb_snet18", "recurrent_layer4.sub_module[1]", 16, 2, marks=slow),
    ],
)
def test_neither_chunk_length_nor_threads_move_a_published_spike(network, last, chunk, threads):
    made = golden(f"forward/{network}_64")
    model = build.create(network, classes=101).eval()
    model.load_state_dict(published_weights(network))
    feed = catalogue.Feed(kind="stateful", chunk=chunk, classes=101)
    torch.set_num_threads(threads)
    try:
        features = feed_movie(model, [last], movie(made["stimulus"]["frames"]), feed)
    finally:
        torch.set_num_threads(1)
    assert sha256(features[last].numpy().astype(np.uint8)) == made["layers"][last]["sha256_uint8"]


@pytest.mark.parametrize(
    ("name", "step", "steps", "tolerance"),
    [
        ("lorafb_snet18", "train_video_lorafb_snet18", None, 1e-5),
        ("sew_resnet18", "train_video_sew_resnet18", None, 1e-5),
        ("lorafb_cnet18", "train_video_lorafb_cnet18", None, 2e-3),
        pytest.param("lorafb_snet18", "train_imagenet_lorafb_snet18", 4, 1e-5, marks=slow),
    ],
)
def test_loss_and_gradients_of_the_first_training_step_are_the_published_ones(name, step, steps, tolerance):
    """Norms in training mode, the surrogate gradient and the way back through time, all in one."""
    expected = golden("training")["steps"][step]
    classes = 1000 if steps else 101
    table = recipe.with_classes(golden("state_dicts")[name]["state_dict"], classes)
    model = build.create(name, classes=classes).train()
    model.load_state_dict({key: torch.from_numpy(value) for key, value in recipe.training_weights(table).items()})
    videos, labels = recipe.training_batches()[0]
    frames = torch.from_numpy(videos).transpose(0, 1)
    frames = frames[:1].expand(steps, *frames.shape[1:]) if steps else frames
    evidence = model(frames).mean(dim=0)
    loss = torch.nn.functional.cross_entropy(evidence, torch.from_numpy(labels))
    loss.backward()
    assert loss.item() == pytest.approx(expected["losses"][0], rel=tolerance)
    norms = {key: parameter.grad.double().norm().item() for key, parameter in model.named_parameters()}
    assert norms == pytest.approx(expected["gradient_norms_of_step_0"], rel=tolerance, abs=1e-6)
