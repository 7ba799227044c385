"""Other people's networks by name: how they take frames is found by trying, and their features are the layers' own."""

import functools
import hashlib
import json
import sys

import numpy as np
import pytest
import torch
from torch import nn

from lorafb.features.extract import extract
from lorafb.features.prepare import prepare
from lorafb.files import InputError
from lorafb.networks import catalogue, checkpoint, library, named
from lorafb.networks.build import create
from lorafb.networks.state import evaluated
from lorafb.networks.taps import taps

torch.set_num_threads(1)


def answer(name):
    return json.loads(json.dumps(dict(library._answers([name]))))[name]


answer_once = functools.cache(answer)


@pytest.fixture(autouse=True)
def no_process(monkeypatch, tmp_path):
    """Find networks in this process: another one loads torch for seconds."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(
        named, "_asked", lambda names: {one: (answer_once if one[0] == "t" else answer)(one) for one in names}
    )
    named.find.cache_clear()


def record(name):
    return named.find(name, "own")


def restored(name, seed=1):
    one = record(name)
    return checkpoint.restore(checkpoint.initial(one, one.feed("own").classes, seed), one), one


def features(model, layers, frames, feed, **how):
    made = {layer: [] for layer in layers}
    extract(
        model,
        layers,
        frames.__getitem__,
        np.arange(len(frames)),
        feed,
        lambda block: made[block.layer].append((block.features.clone(), block.shape)),
        **how,
    )
    return {layer: torch.cat([values for values, _ in blocks]) for layer, blocks in made.items()}, {
        layer: blocks[0][1] for layer, blocks in made.items()
    }


def noise(n, size, seed=0):
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(seed))


# ------------------------------------------------------------------------------------------------ what is found


@pytest.mark.parametrize(
    ("name", "kind", "size", "fixed", "blocks", "first", "last"),
    [
        ("torchvision:resnet18", "still", 224, False, 8, "layer1.0", "layer4.1"),
        ("torchvision:alexnet", "still", 224, False, 7, "features.1", "classifier.5"),
        (
            "torchvision:vit_b_32",
            "still",
            224,
            True,
            12,
            "encoder.layers.encoder_layer_0",
            "encoder.layers.encoder_layer_11",
        ),
        ("torchvision:swin_t", "still", 224, False, 15, "features.1.0", "features.7.1"),
        ("torchvision:r3d_18", "clip", 112, False, 8, "layer1.0", "layer4.1"),
        ("timm:vit_tiny_patch16_224", "still", 224, True, 12, "blocks.0", "blocks.11"),
        ("timm:convnext_atto", "still", 224, False, 4, "stages.0", "stages.3"),
    ],
)
def test_how_a_network_takes_frames_is_found(name, kind, size, fixed, blocks, first, last):
    one = record(name)
    assert (one.feed("own").kind, one.usual_size, one.only_size) == (kind, size, size if fixed else None)
    assert (len(one.scored), one.scored[0], one.scored[-1]) == (blocks, first, last)


def test_pixels_are_normalised_as_the_library_says():
    """F9: three networks, three ways."""
    expected = {
        "torchvision:resnet18": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        "torchvision:r3d_18": ([0.43216, 0.394666, 0.37645], [0.22803, 0.22145, 0.216989]),
        "timm:vit_tiny_patch16_224": ([0.5] * 3, [0.5] * 3),
    }
    for name, (mean, deviation) in expected.items():
        pixels = record(name).feed("own").normalisation
        assert (pixels.mean, pixels.deviation) == (mean, deviation)
    white = prepare(np.full((1, 8, 8, 3), 255, np.uint8), 8, record("torchvision:r3d_18").feed("own").normalisation)
    torch.testing.assert_close(
        white[0, :, 0, 0], torch.tensor([(1 - 0.43216) / 0.22803, (1 - 0.394666) / 0.22145, (1 - 0.37645) / 0.216989])
    )


def test_a_network_of_one_size_says_so():
    """F11."""
    told = record("timm:vit_tiny_patch16_224").size_problem(112)
    assert (
        told == "112 does not fit timm:vit_tiny_patch16_224, which takes 224 only (the sizes of its maps are built in)"
    )
    assert not record("torchvision:resnet18").size_problem(112)


def test_names_and_shapes_on_the_meta_device_are_the_real_ones():
    """F13."""
    model = library.make("torchvision:resnet18").eval()
    with torch.device("meta"):
        on_meta = library.make("torchvision:resnet18").eval()
    assert library._layers(model, "images", 64, "cpu") == library._layers(on_meta, "images", 64, "meta")


def test_a_network_that_computes_with_values_as_it_is_built_is_found_too(own_module):
    found = library.try_on_meta("own_networks:needs_values", 32)
    assert (found["kind"], [one["name"] for one in found["layers"]]) == ("images", ["conv"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "torchvision:resnet81",
            r"'torchvision:resnet81': torchvision has none of that name; did you mean 'resnet18'\?",
        ),
        ("timm:resnet81", r"timm has none of that name; did you mean"),
        (
            "torchvision:raft_small",
            r"takes neither images \(N, 3, 224, 224\) nor clips .* wrap it in a function of your own",
        ),
        ("torchvision:mvit_v2_s", "every layer mixes time"),
        ("no_such_module:net", "No module named 'no_such_module'"),
        ("own_networks:nothing", "own_networks has no function 'nothing'"),
        ("own_networks:broken", "cannot be built: broken on purpose"),
    ],
)
def test_what_cannot_be_shown_frames_is_told_in_one_line(name, message, own_module):
    with pytest.raises(InputError, match=message) as error:
        record(name)
    assert "\n" not in str(error.value)


def test_a_missing_timm_is_told(monkeypatch):
    monkeypatch.setattr(named, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"timm is not installed; `pip install 'lorafb\[timm\]'`"):
        record("timm:resnet18")


def test_an_answer_is_kept(monkeypatch):
    asked = []
    answer = {"error": "none"}
    monkeypatch.setattr(named, "_asked", lambda names: asked.append(names) or dict.fromkeys(names, answer))
    assert named._found("torchvision:resnet18") == answer
    assert asked == [("torchvision:resnet18",)] * 2  # an error is not kept
    answer = {"layers": []}
    named.look_up(["torchvision:resnet18", "torchvision:resnet34", "torchvision:resnet18"])
    assert asked[2:] == [("torchvision:resnet18", "torchvision:resnet34")]
    assert named._found("torchvision:resnet34") == named._found("torchvision:resnet18") == answer
    assert len(asked) == 3


@pytest.mark.slow
def test_a_process_of_its_own_answers_alike(monkeypatch):
    here = named._found("torchvision:squeezenet1_1")
    monkeypatch.undo()
    assert named._asked(("torchvision:squeezenet1_1",)) == {"torchvision:squeezenet1_1": here}


# ------------------------------------------------------------------------------------------------ functions of one's own

OWN = """
import torch
from torch import nn

class Conv(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, classes)

class Images(Conv):
    def forward(self, x):
        return self.head(self.conv(x).mean((2, 3)))

class Steps(Conv):
    def forward(self, x):
        return self.head(self.conv(x.flatten(0, 1)).mean((2, 3))).unflatten(0, x.shape[:2])

class Memory(nn.Module):
    held = 0
    def reset(self):
        self.held = 0
    def forward(self, x):
        self.held = self.held * 0.5 + x
        return self.held

class Stateful(Steps):
    def __init__(self):
        super().__init__()
        self.memory = Memory()
    def forward(self, x):
        return torch.stack([self.memory(self.head(self.conv(frame).mean((2, 3)))) for frame in x])

class Clips(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv3d(3, 4, 3, stride=(1, 4, 4), padding=1), nn.Conv3d(4, 4, 3, stride=(4, 2, 2), padding=1)
    def forward(self, x):
        return self.second(self.first(x)).mean((2, 3, 4))

class Tuple(Images):
    def forward(self, x):
        return super().forward(x), {"more": x}

def images(num_classes): return Images(num_classes)
def with_options(classes=7): return Tuple(classes)
def stateful(): return Stateful()
def steps(): return Steps()
def clips(): return Clips()
def broken(): raise RuntimeError("broken on purpose")
def needs_values():
    model = Images()
    del model.head
    assert torch.linspace(0, 1, 3)[1].item() == 0.5
    model.forward = lambda x: model.conv(x).mean((2, 3))
    return model
"""


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "own_networks.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("own_networks", None)


@pytest.mark.parametrize(
    ("function", "takes", "feed", "classes"),
    [
        ("images", "images", "still", 1000),
        ("with_options", "images", "still", 7),
        ("steps", "steps", "still", 5),
        ("stateful", "steps", "stateful", 5),
        ("clips", "clips", "clip", 4),
    ],
)
def test_a_function_of_ones_own_is_tried_the_same_way(function, takes, feed, classes, own_module):
    one = record(f"own_networks:{function}")
    assert (one.options["kind"], one.feed("own").kind, one.feed("own").classes) == (takes, feed, classes)
    model = create(one).eval()
    frames = noise(16, 32)
    made, _ = features(model, one.scored, frames, one.feed("own"))
    assert {len(values) for values in made.values()} == {16}


def test_images_are_shown_as_they_are(own_module):
    model, one = restored("own_networks:images")
    frames = noise(5, 32)
    made, shapes = features(model, ["conv"], frames, one.feed("own"), images_at_once=2)
    plain = sys.modules["own_networks"].images(1000).eval()
    plain.load_state_dict(model.state_dict())
    torch.testing.assert_close(made["conv"], plain.conv(frames).flatten(1).detach())
    assert shapes["conv"] == (4, 30, 30)
    assert model(frames[:, None]).shape == (5, 1, 1000)


# ------------------------------------------------------------------------------------------------ layers


def test_every_module_of_a_residual_network_keeps_what_it_gave():
    """F1 and F2: in-place ReLUs and `+=` write over 17 of them later."""
    model, one = restored("torchvision:resnet18")
    given = {}
    for name in one.known:
        model.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: given.update({name: out.clone()}))
    with torch.inference_mode(), evaluated(model), taps(model, one.known) as collect:
        model(noise(2, 64)[:, None])
        with pytest.warns(UserWarning, match="runs 2 times"):
            kept = collect()
    assert all(torch.equal(kept[name].flatten(), given[name].flatten()) for name in one.known)
    assert kept["layer1.0.bn1"].min() < 0


def test_a_layer_that_runs_twice_has_two_names():
    """F5."""
    model, one = restored("torchvision:resnet18")
    asked = one.choose(["layer1.0.relu#2", "layer1.0.relu#1", "layer1.0"])
    made, _ = features(model, asked, noise(2, 64), one.feed("own"))
    assert torch.equal(made["layer1.0.relu#2"], made["layer1.0"])
    assert not torch.equal(made["layer1.0.relu#1"], made["layer1.0"])


def test_a_layer_that_never_runs_is_not_offered():
    """F4."""
    one = record("torchvision:vit_b_32")
    with pytest.raises(InputError, match=r"is no layer of torchvision:vit_b_32; did you mean .* it has conv_proj, "):
        one.choose(["encoder.layers.encoder_layer_0.self_attention.out_proj"])


def test_channels_come_first_where_a_network_puts_them_last():
    """F7."""
    one = record("torchvision:swin_t")
    model = create(one).eval()
    frames = noise(2, 64)
    made, shapes = features(model, ["features.1.0", "features.0.0"], frames, one.feed("own"))
    assert shapes == {"features.1.0": (96, 16, 16), "features.0.0": (96, 16, 16)}
    first = model.features[0](frames).detach()  # N, H, W, C
    given = model.features[1][0](first).detach()
    torch.testing.assert_close(made["features.1.0"], given.permute(0, 3, 1, 2).flatten(1))


def test_layers_are_chosen_by_pattern_in_the_networks_order():
    one = record("torchvision:resnet18")
    assert (
        one.choose("auto")
        == one.choose(None)
        == [f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)]
    )
    assert one.choose("layer?.1") == ["layer1.1", "layer2.1", "layer3.1", "layer4.1"]
    assert one.choose(["layer2.*.bn1", "conv1", "layer1.1"]) == ["conv1", "layer1.1", "layer2.0.bn1", "layer2.1.bn1"]
    assert catalogue.network("sew_resnet_tiny").choose("layer*") == ["layer1[0]", "layer2[0]"]
    with pytest.raises(InputError, match=r"'layers\*' is no layer of torchvision:resnet18"):
        one.choose("layers*")


def test_layers_and_shapes_are_printed():
    """F8: all twelve blocks, with the class token."""
    lines = named.describe("timm:vit_tiny_patch16_224")
    assert lines[0].startswith(
        "timm:vit_tiny_patch16_224: sees each frame alone, 224 pixels only; mean [0.5, 0.5, 0.5]"
    )
    assert [line.split()[1:3] for line in lines if line.startswith("* blocks")] == [
        [f"blocks.{n}", "197x192"] for n in range(12)
    ]
    assert any(line.split() == ["*", "features.1.0", "96x56x56"] for line in named.describe("torchvision:swin_t"))
    lines = named.describe("torchvision:r3d_18")
    assert any(line.split() == ["*", "layer4.0", "2", "T", "x", "512x7x7"] for line in lines)
    assert lines[-1] == "not offered, since they mix time: avgpool, fc"


# ------------------------------------------------------------------------------------------------ clips


@pytest.mark.parametrize(
    ("n_frames", "at_once"),
    [(20, 16), pytest.param(32, 16, marks=pytest.mark.slow), pytest.param(32, 64, marks=pytest.mark.slow)],
)
def test_each_frame_gets_the_time_step_that_it_falls_into(n_frames, at_once):
    """F14: 16, 8, 4 and 2 time steps for 16 frames; a last clip that is shorter is filled by its last frame."""
    one = record("torchvision:r3d_18")
    model = create(one).eval()
    layers = ["layer1.0", "layer2.0", "layer3.0", "layer4.0"]
    frames = noise(n_frames, 32)
    made, _ = features(model, layers, frames, one.feed("own"), images_at_once=at_once)
    given = {}
    for layer in layers:

        def keep(_, __, out, layer=layer):
            given.setdefault(layer, []).append(out[0].transpose(0, 1).flatten(1).clone())

        model.get_submodule(layer).register_forward_hook(keep)
    filled = torch.cat([frames, frames[-1:].expand(-n_frames % 16, -1, -1, -1)])
    with torch.inference_mode():
        for clip in filled.split(16):
            type(model).forward(model, clip.transpose(0, 1)[None])
    for layer, stride in zip(layers, (1, 2, 4, 8), strict=True):
        expected = torch.cat(given[layer]).repeat_interleave(stride, dim=0)[:n_frames]
        torch.testing.assert_close(made[layer], expected)


@pytest.mark.slow
def test_time_may_stand_on_another_axis():
    one = record("torchvision:swin3d_t")
    assert one.options["time_axis"] == 1
    model = create(one).eval()
    made, shapes = features(model, ["features.0.0"], noise(16, 32), one.feed("own"))
    assert shapes == {"features.0.0": (96, 8, 8)}
    assert torch.equal(made["features.0.0"][0], made["features.0.0"][1])
    assert not torch.equal(made["features.0.0"][1], made["features.0.0"][2])


def test_a_layer_that_mixes_time_is_refused():
    one = record("torchvision:r3d_18")
    with pytest.raises(InputError, match="'avgpool' is no layer of"):
        one.choose(["avgpool"])
    model = library.adapted(Three(), "clips", 16, 2)
    with pytest.raises(InputError, match="'layer1' has 3 time steps for 16 frames, so that none belongs to a frame"):
        features(model, ["layer1"], noise(16, 8), one.feed("own"))


class Three(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.AdaptiveAvgPool3d(3)

    def forward(self, x):
        return self.layer1(x).flatten(1)


# ------------------------------------------------------------------------------------------------ weights


def test_initial_weights_follow_from_the_seed():
    one, same, other = (restored("torchvision:squeezenet1_1", seed)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["features.0.weight"], other["features.0.weight"])


def test_a_local_file_is_taken_with_as_many_classes_as_it_has(tmp_path):
    one = record("torchvision:squeezenet1_1")
    torch.save({"state_dict": library.make("torchvision:squeezenet1_1").state_dict()}, tmp_path / "a.pth")
    assert checkpoint.read(tmp_path / "a.pth", one, "own").meta["found"] == "weights under 'state_dict'"
    torch.save(library.make("torchvision:squeezenet1_1", 10).state_dict(), tmp_path / "b.pth")
    assert checkpoint.read(tmp_path / "b.pth", one, "own").classes == 10


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """Weights of torchvision on a server, which is a folder."""
    import torchvision.models as models

    state = library.make("torchvision:squeezenet1_1").state_dict()
    torch.save(state, tmp_path / "weights")
    digest = hashlib.sha256((tmp_path / "weights").read_bytes()).hexdigest()
    (tmp_path / "weights").rename(tmp_path / f"squeezenet1_1-{digest[:8]}.pth")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))

    def at(name):
        known = models.get_model_weights("squeezenet1_1")
        address = (tmp_path / name.format(digest[:8])).as_uri()
        object.__setattr__(known["IMAGENET1K_V1"].value, "url", address)
        return state, digest

    before = models.get_model_weights("squeezenet1_1")["IMAGENET1K_V1"].value.url
    yield at
    object.__setattr__(models.get_model_weights("squeezenet1_1")["IMAGENET1K_V1"].value, "url", before)


def test_weights_of_the_library_are_fetched_and_recorded_with_full_name_and_hash(offered):
    """F10."""
    state, digest = offered("squeezenet1_1-{}.pth")
    read = library.weights(record("torchvision:squeezenet1_1"), "own", "DEFAULT")
    assert (read.meta["weights"], read.meta["sha256"], read.meta["library"]) == ("IMAGENET1K_V1", digest, "torchvision")
    assert all(torch.equal(read.state_dict[key], value) for key, value in state.items())


def test_weights_with_another_hash_or_out_of_reach_are_refused(offered, tmp_path):
    one = record("torchvision:squeezenet1_1")
    offered("gone-{}.pth")
    with pytest.raises(InputError, match=r"weights IMAGENET1K_V1 could not be fetched from file:.*kind: file") as error:
        library.weights(one, "own", "IMAGENET1K_V1")
    assert "\n" not in str(error.value)
    next(tmp_path.glob("squeezenet1_1-*.pth")).rename(tmp_path / "other-00000000.pth")
    offered("other-00000000.pth")
    with pytest.raises(InputError, match=r"could not be fetched.*invalid hash value"):
        library.weights(one, "own", "IMAGENET1K_V1")


@pytest.mark.parametrize(
    ("network", "name", "message"),
    [
        (
            "torchvision:resnet50",
            "IMAGENET1K_V3",
            r"no weights 'IMAGENET1K_V3'; did you mean 'IMAGENET1K_V2'\?; it has IMAGENET1K_V1, IMAGENET1K_V2",
        ),
        ("timm:resnet18", "a9_in1k", r"no weights 'a9_in1k'; did you mean .* it has a1_in1k"),
        ("own_networks:images", "DEFAULT", "its function has no weights by name"),
    ],
)
def test_unknown_names_of_weights_are_told(network, name, message):
    with pytest.raises(InputError, match=message):
        library.fetch(network, name)
