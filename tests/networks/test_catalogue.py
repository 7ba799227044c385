"""The records: complete, plain, equal to the published lists, and clear about what they do not know."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from network_goldens import golden

from lorafb.files import InputError
from lorafb.networks import build, catalogue
from lorafb.networks.catalogue import Feed

torch.set_num_threads(1)
TINY = ["lorafb_snet_tiny", "lorafb_cnet_tiny", "sew_resnet_tiny", "cornet_tiny"]
PUBLISHED = list(golden("state_dicts"))


def test_the_catalogue_has_the_published_networks_and_the_tiny_ones():
    assert set(catalogue.names()) == set(PUBLISHED) | set(TINY)
    assert len(catalogue.names()) == 28
    assert all(len(catalogue.network(name).layers) > 3 for name in catalogue.names())


@pytest.mark.parametrize("name", [name for name, listed in golden("layers").items() if listed])
def test_layers_are_the_published_ones_in_their_order(name):
    listed = golden("layers")[name]
    assert list(catalogue.network(name).layers) == [layer["name"] or "" for layer in listed["layers"]]
    assert len(catalogue.network(name).scored) == listed["scored"]


@pytest.mark.parametrize("depth", ["34", "101", "152"])
def test_depths_without_a_published_list_have_the_obvious_one(depth):
    blocks = {"34": (3, 4, 6, 3), "101": (3, 4, 23, 3), "152": (3, 8, 36, 3)}[depth]
    expected = [f"recurrent_layer{s}.sub_module[{b}]" for s in range(1, 5) for b in range(blocks[s - 1])]
    assert list(catalogue.network(f"lorafb_snet{depth}").layers) == ["sn1", "maxpool", *expected, "avgpool", "fc"]
    assert catalogue.network(f"lorafb_cnet{depth}").layers[0] == "relu"
    assert catalogue.network(f"sew_resnet{depth}").layers[2] == "layer1[0]"


@pytest.mark.parametrize("name", PUBLISHED)
def test_keys_shapes_and_parameters_are_the_published_ones(name):
    expected = golden("state_dicts")[name]
    with torch.device("meta"):
        model = build.create(name, classes=expected["classifier_outputs"] or 101)
    state = model.state_dict()
    assert [(key, list(value.shape), str(value.dtype)) for key, value in state.items()] == [
        (key, shape, f"torch.{dtype}") for key, (shape, dtype) in expected["state_dict"].items()
    ]
    assert sum(parameter.numel() for parameter in model.parameters()) == expected["parameters"]


@pytest.mark.parametrize("name", catalogue.names())
def test_every_listed_layer_is_a_module_of_the_network(name):
    with torch.device("meta"):
        modules = dict(build.create(name).named_modules())
    spelled = [layer.replace("[", ".").replace("]", "") for layer in catalogue.network(name).layers if layer]
    assert not [layer for layer in spelled if layer not in modules]


@pytest.mark.parametrize("name", [*TINY, "cornet_z", "cornet_s", "resnet_1p_ar", "resnet_2p_cpc"])
def test_a_network_maps_frames_to_one_output_a_step_and_trial(name):
    model = build.create(name, classes=8).eval()
    with torch.inference_mode():
        out = model(torch.zeros(3, 2, 3, 64, 64))
    assert out.shape == (3, 2, 128 if name.startswith("resnet") else 8)
    assert out.isfinite().all()


def test_the_number_of_classes_is_that_of_the_usual_training_set_unless_told():
    assert build.create("sew_resnet_tiny").fc.out_features == 8
    assert build.create("sew_resnet_tiny", classes=3).fc.out_features == 3


@pytest.mark.parametrize(
    ("name", "training", "still", "expected"),
    [
        ("lorafb_snet18", "ucf101", False, Feed(kind="stateful", classes=101)),
        ("lorafb_snet18", "ucf101_subset", True, Feed(kind="still", steps=4, chunk=1, classes=101)),
        ("lorafb_snet18", "imagenet", False, Feed(kind="still", steps=4, chunk=1, normalisation="imagenet")),
        ("lorafb_snet18", "imagenet", True, Feed(kind="still", steps=4, chunk=1, normalisation="imagenet")),
        ("lorafb_snet_tiny", "motion", False, Feed(kind="stateful", classes=8)),
        ("cornet", "ucf101", True, Feed(kind="still", steps=4, chunk=1, classes=101)),
        ("cornet_rt", "imagenet", False, Feed(kind="still", chunk=1, reduce="last", normalisation="imagenet")),
        ("resnet_2p_cpc", "ucf101", False, Feed(kind="clip", chunk=5, classes=101)),
        ("resnet_2p_cpc", "ucf101", True, Feed(kind="still", steps=5, chunk=1, classes=101)),
    ],
)
def test_a_feed_is_that_of_network_training_set_and_stimulus(name, training, still, expected):
    assert catalogue.network(name).feed(training, still) == expected


def test_frames_of_a_size_that_does_not_fit_are_told_before_a_pass():
    assert catalogue.network("lorafb_snet18").size_problem(224) == ""
    assert "multiples of 32" in catalogue.network("lorafb_snet18").size_problem(65)
    assert "224 only" in catalogue.network("s_cornet").size_problem(64)
    assert catalogue.network("cornet_tiny").size_problem(64) == ""
    with pytest.raises(ValueError, match=r"64 x 48, expected multiples of 32"):
        build.create("lorafb_snet18")(torch.zeros(1, 1, 3, 64, 48))
    with pytest.raises(ValueError, match=r"64 x 64, expected 224 x 224"):
        build.create("cornet")(torch.zeros(1, 1, 3, 64, 64))
    with pytest.raises(ValueError, match=r"expected \(T, B, 3, H, W\)"):
        build.create("sew_resnet_tiny")(torch.zeros(1, 3, 64, 64))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda: catalogue.network("lorafb_snet_18"),
            "unknown network 'lorafb_snet_18'; did you mean 'lorafb_snet18'?",
        ),
        (lambda: catalogue.network("cornet-z"), "did you mean 'cornet_z'?"),
        (lambda: catalogue.network("cornet").feed("ucf10"), "did you mean 'ucf101'?"),
        (lambda: catalogue.network("cornet_z").feed("ucf101"), "it may be trained on imagenet"),
        (lambda: build.create("cornett"), "did you mean 'cornet'?"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(ask, message):
    with pytest.raises(InputError, match=r"^[^\n]*$") as error:
        ask()
    assert message in str(error.value)


def test_a_join_that_is_none_of_the_three_is_refused():
    with pytest.raises(ValueError, match="join 'xor' is none of add, and, or"):
        build.create("sew_resnet_tiny", join="xor")


def test_an_own_network_is_a_record_from_plain_data():
    feed = Feed(kind="still", steps=2, classes=5)
    record = catalogue.own("mine", "lorafb.networks.cornet_static:cornet_z", ["V1", "IT"], feed)
    assert record.scored == ("V1", "IT")
    assert record.feed("own") == Feed(kind="still", steps=2, classes=5)
    assert build.create(record).decoder.linear.out_features == 5


def test_an_own_network_of_clips_sees_a_scene_as_often_as_a_clip_has_frames():
    record = catalogue.own("mine", "a:b", ["c"], Feed(kind="clip", chunk=7))
    assert record.feed("own", still=True).steps == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "cornet"}, "choose another"),
        ({"build": "lorafb.networks.cornet"}, "expected module:function"),
        ({"layers": []}, "no layers"),
    ],
)
def test_an_own_network_that_is_not_one_is_refused(change, message):
    values = {"name": "mine", "build": "a:b", "layers": ["c"], "feed": Feed(kind="still")} | change
    with pytest.raises(InputError) as error:
        catalogue.own(**values)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "clips"}, "kind\n  Input should be 'stateful', 'still' or 'clip'"),
        ({}, "kind\n  Field required"),
        ({"kind": "still", "step": 4}, "step\n  Extra inputs are not permitted"),
        ({"kind": "still", "steps": 0}, "steps\n  Input should be greater than or equal to 1"),
        ({"kind": "still", "steps": True}, "steps\n  Input should be a valid integer"),
        ({"kind": "still", "classes": 2.0}, "classes\n  Input should be a valid integer"),
    ],
)
def test_a_feed_with_an_impossible_value_is_refused(values, message):
    with pytest.raises(ValueError, match="validation error") as error:
        Feed(**values)
    assert message in str(error.value)


def test_a_record_comes_back_from_the_params_of_a_job_the_same():
    for name in catalogue.names():
        record = catalogue.network(name)
        for training in record.trainings:
            params = json.loads(json.dumps(record.as_params(training)))
            back = catalogue.from_params(params)
            assert back.feeds == {training: record.feed(training)}
            assert json.loads(json.dumps(back.as_params(training))) == params
            assert (back.layers, back.published, back.scored) == (record.layers, record.published, record.scored)


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        ("lorafb.networks.cornets:cornet", "No module named 'lorafb.networks.cornets'"),
        ("lorafb.networks.cornet:cornett", "has no function 'cornett'; did you mean 'cornet'?"),
    ],
)
def test_a_builder_that_is_not_there_is_told(builder, message):
    with pytest.raises(InputError) as error:
        build.create(catalogue.own("mine", builder, ["V1"], Feed(kind="still")))
    assert message in str(error.value)


def test_reading_the_catalogue_never_loads_torch():
    check = (
        "import sys, lorafb.networks.catalogue; sys.exit(bool({'torch', 'spikingjelly', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parent).returncode == 0
