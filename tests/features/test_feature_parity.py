"""Features of the published code, reached through our extraction, our file and our products."""

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import recipe
import torch
from numpy.testing import assert_array_equal

from lorafb.artefacts.grams import square
from lorafb.experiments.rsm import correlations
from lorafb.features import store
from lorafb.features.extract import extract
from lorafb.features.gram import products
from lorafb.features.prepare import PreparedFrames
from lorafb.networks import build, catalogue
from lorafb.similarity.pearson import undefined_frames

torch.set_num_threads(1)
GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name):
    return json.loads((GOLDEN / "forward" / f"{name}.json").read_text())


def published_network(made):
    """Network with the weights of a golden run, and how it is fed."""
    table = json.loads((GOLDEN / "state_dicts.json").read_text())[made["network"]]["state_dict"]
    spiking = not made["network"].startswith(("cornet", "resnet", "lorafb_cnet"))
    if made["trained_on"] == "imagenet" and spiking:
        table = recipe.with_classes(table, 1000)
    weights = recipe.weights(made["network"], table, made["weights_seed"])
    model = build.create(made["network"], classes=1000 if made["trained_on"] == "imagenet" else 101)
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    return model, catalogue.network(made["network"]).feed(made["trained_on"])


def published_movie(made):
    s = made["stimulus"]
    return PreparedFrames(torch.from_numpy(recipe.movie(s["frames"], s["size"], s["seed"])))


def write_features(file, made, **settings):
    model, feed = published_network(made)
    layers = list(catalogue.network(made["network"]).scored)
    movie = published_movie(made)
    sink = store.FeatureWriter(file, movie.n_frames)
    extract(model, layers, movie, np.arange(movie.n_frames), feed, sink, **settings)
    sink.finish()
    assert sorted(file, key=lambda layer: file[layer].attrs["index"]) == layers
    return dict(zip(made["layers"], layers, strict=True))


@pytest.mark.parametrize(
    ("name", "images_at_once"),
    [
        ("lorafb_snet18_64", 16),
        ("sew_resnet18_64", 7),
        ("lorafb_snet18_imagenet_64", 20),
        pytest.param("lorafb_snet18_224", 5, marks=pytest.mark.slow),
    ],
)
def test_spikes_in_the_file_and_their_products_are_the_published_ones(name, images_at_once, tmp_path):
    made = golden(name)
    with h5py.File(tmp_path / "features.h5", "w") as file:
        for published, layer in write_features(file, made, images_at_once=images_at_once).items():
            expected, features = made["layers"][published], file[layer]["features"]
            assert tuple(file[layer].attrs["shape"]) == tuple(expected["shape"])
            if "sha256_uint8" in expected:
                assert features.dtype == np.uint8
                assert file[layer].attrs["scale"] == expected["uint8_scale"]
                assert hashlib.sha256(features[:].tobytes()).hexdigest() == expected["sha256_uint8"], layer
                scale = expected["uint8_scale"]
                made_products = products([torch.from_numpy(features[:])])
                assert_array_equal(made_products.sums, np.array(expected["sum_per_frame"]) * scale)
                squares = np.diagonal(square(made_products))
                assert_array_equal(squares, np.array(expected["sum_of_squares_per_frame"]) * scale**2)
                rsm = correlations(made_products, np.arange(len(features)))
                assert undefined_frames(rsm).tolist() == expected["constant_frames"]
            elif made["stimulus"]["size"] == 64:  # pools 4 values: exact
                assert features.dtype == np.float32
                assert hashlib.sha256(features[:].tobytes()).hexdigest() == expected["sha256_float32"], layer
            else:  # pools 49 values: one unit in the last place
                np.testing.assert_allclose(features[:].sum(axis=1), expected["sum_per_frame"], rtol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "lorafb_cnet18_64",
        pytest.param("resnet_2p_cpc_64", marks=pytest.mark.slow),
        pytest.param("cornet_224", marks=pytest.mark.slow),
    ],
)
def test_real_valued_features_are_the_published_ones_within_the_tolerance(name, tmp_path):
    made = golden(name)
    arrays = np.load(GOLDEN / "forward" / f"{name}.npz")
    with h5py.File(tmp_path / "features.h5", "w") as file:
        for published, layer in write_features(file, made).items():
            expected = made["layers"][published]
            ours = store.read_layer(file, layer)[:, arrays[f"{published}/sampled_units"]]
            assert tuple(file[layer].attrs["shape"]) == tuple(expected["shape"])
            np.testing.assert_allclose(ours, arrays[f"{published}/sampled"], rtol=0, atol=1e-4 * expected["max"])
