"""Taps: [T, B, ...] of every layer, whatever its rhythm; never a wrong axis without a word."""

import pytest
import torch
from torch import nn

from lorafb.files import InputError
from lorafb.networks import build, catalogue
from lorafb.networks.state import fresh_state
from lorafb.networks.taps import taps

torch.set_num_threads(1)
STEPS, BATCH = 4, 3


class Scale(nn.Module):
    """Times a number, so that layers can be told apart."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


class Rhythms(nn.Module):
    """A layer of every rhythm: once a chunk, once a step, time in the batch, several times an image, and one beside."""

    def __init__(self):
        super().__init__()
        self.chunk, self.step, self.folded, self.repeated, self.beside = (Scale(n) for n in (2, 3, 5, 7, 11))
        self.stages = nn.ModuleList([Scale(13)])

    def forward(self, x):
        self.chunk(x)
        for step in x:
            self.step(step)
        images = x.flatten(0, 1)
        self.folded(images)
        for repetition in range(5):
            self.repeated(images * repetition)
        return self.stages[0](x).mean((2, 3, 4), keepdim=True)


def frames(steps=STEPS, batch=BATCH):
    return torch.arange(steps * batch * 3 * 2 * 2, dtype=torch.float32).reshape(steps, batch, 3, 2, 2)


@pytest.mark.parametrize(("steps", "batch"), [(4, 3), (1, 1), (1, 3), (5, 1), (5, 5), (3, 3), (2, 1), (1, 2)])
def test_every_rhythm_comes_out_as_steps_and_trials(steps, batch):
    model, x = Rhythms(), frames(steps, batch)
    with taps(model, ["chunk", "step", "folded", "repeated"]) as collect:
        model(x)
        made = collect()
    assert torch.equal(made["chunk"], x * 2)
    assert torch.equal(made["step"], x * 3)
    assert torch.equal(made["folded"], x * 5)
    assert torch.equal(made["repeated"], x * 4 * 7)


def test_a_network_may_say_that_its_time_stands_elsewhere():
    class Volumes(nn.Module):
        time_axis = 2

        def __init__(self):
            super().__init__()
            self.inner = Scale(2)

        def forward(self, x):
            return self.inner(x.permute(1, 2, 0, 3, 4)).permute(2, 0, 1, 3, 4)

    x = frames(3, 3)  # as many steps as trials as channels: shapes alone could not tell
    with taps(Volumes(), ["inner"]) as collect:
        pass
    model = Volumes()
    with taps(model, ["inner"]) as collect:
        model(x)
        assert torch.equal(collect()["inner"], 2 * x)


def test_both_spellings_of_a_layer_are_known():
    model, x = Rhythms(), frames()
    with taps(model, ["stages[0]", "stages.0"]) as collect:
        model(x)
        made = collect()
    assert torch.equal(made["stages[0]"], x * 13)
    assert torch.equal(made["stages.0"], x * 13)


def test_only_the_last_call_counts_and_it_is_forgotten_when_collected():
    model, x = Rhythms(), frames()
    with taps(model, ["step"]) as collect:
        model(x)
        model(x + 1)
        assert torch.equal(collect()["step"], (x + 1) * 3)
        with pytest.raises(ValueError, match="no forward call"):
            collect()


def test_a_layer_that_is_not_reached_or_fits_no_rule_is_an_error():
    model = Rhythms()
    with taps(model, ["beside"]) as collect:
        model(frames())
        with pytest.raises(InputError, match="'beside' was not reached"):
            collect()
    model.chunk.forward = lambda x: x.mean((0, 1))
    with taps(model, ["chunk"]) as collect:
        model(frames())
        with pytest.raises(ValueError, match=r"'chunk' gave \(3, 2, 2\) in 1 calls for 4 frames of 3 trials"):
            collect()


@pytest.mark.parametrize("layer", ["stage[0]", "stages[1]", "", "sn1"])
def test_an_unknown_layer_is_told(layer):
    with pytest.raises(InputError, match=r"Rhythms has no layer"), taps(Rhythms(), [layer]):
        pass


def test_an_unknown_layer_is_told_with_the_nearest_in_published_spelling():
    with (
        pytest.raises(InputError, match=r"did you mean 'recurrent_layer2\.sub_module\[0\]'"),
        taps(build.create("lorafb_snet_tiny"), ["recurrent_layer2.submodule[0]"]),
    ):
        pass


@pytest.mark.parametrize("layers", [["chunk", "step"], ["chunk", "nowhere"]])
def test_no_hook_stays_behind(layers):
    model = Rhythms()
    with pytest.raises((RuntimeError, InputError)), taps(model, layers):
        raise RuntimeError("disk full")
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize(
    "name", ["lorafb_snet_tiny", "lorafb_cnet_tiny", "sew_resnet_tiny", "cornet_tiny", "resnet_1p_ar"]
)
def test_every_layer_of_a_network_comes_out_with_its_frames_and_trials(name):
    model, layers = build.create(name).eval(), catalogue.network(name).scored
    with torch.inference_mode(), taps(model, layers) as collect, fresh_state(model):
        model(torch.zeros(STEPS, BATCH, 3, 64, 64))
        made = collect()
    assert list(made) == list(layers)
    assert {tuple(values.shape[:2]) for values in made.values()} == {(STEPS, BATCH)}
    assert {values.dim() for values in made.values()} == {5}


# ------------------------------------------------------------------------------------------------ other people's layers


class Overwritten(nn.Module):
    """Layers that something later writes over: an in-place ReLU, `+=`, and an operation on a view."""

    def __init__(self, inplace):
        super().__init__()
        self.inplace = inplace
        self.bn, self.relu, self.twice, self.view = Scale(1), nn.ReLU(inplace), Scale(1), nn.Flatten(1)

    def forward(self, x):
        images = x.flatten(0, 1)
        images = self.relu(self.bn(images - 5))
        added = self.twice(images)
        if self.inplace:
            added += 100
            flat = self.view(added)
            added.mul_(0)
        else:
            flat = self.view(added + 100)
        return flat.sum(1)[:, None].unflatten(0, x.shape[:2])


def shown(model, layers, x):
    with torch.inference_mode(), taps(model, layers) as collect:
        model(x)
        return collect()


def test_features_are_those_that_the_layer_gave_whatever_writes_over_them():
    layers = ["bn", "relu", "twice", "view"]
    got, sound = (shown(Overwritten(inplace), layers, frames()) for inplace in (True, False))
    for layer in layers:
        assert torch.equal(got[layer], sound[layer]), layer
    assert got["bn"].min() == -5
    assert got["twice"].max() == frames().max() - 5


@pytest.mark.parametrize("name", [name for name in catalogue.names() if not name.endswith(("34", "50", "101", "152"))])
def test_nothing_writes_over_a_layer_of_our_networks_so_that_no_copy_is_made(name):
    model, layers = build.create(name).eval(), catalogue.network(name).scored
    copies = {}
    for layer in layers:
        module = model.get_submodule(layer.replace("[", ".").replace("]", ""))
        module.register_forward_hook(
            lambda _, __, out, layer=layer: copies.setdefault(layer, []).append((out, out.clone()))
        )
    with torch.inference_mode(), fresh_state(model):
        model(torch.randn(2, 1, 3, catalogue.network(name).only_size or 64, catalogue.network(name).only_size or 64))
    assert set(copies) == set(layers)
    assert all(torch.equal(*pair) for pairs in copies.values() for pair in pairs)


class Many(nn.Module):
    """Layers that give tuples and dicts, and one that never runs."""

    def __init__(self):
        super().__init__()
        self.pair, self.record, self.alone, self.none, self.never = (Give(n) for n in range(5))

    def forward(self, x):
        images = x.flatten(0, 1)
        for layer in (self.pair, self.record, self.alone, self.none):
            layer(images)
        return images.mean((1, 2, 3)).unflatten(0, x.shape[:2])[..., None]


class Give(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, x):
        return ((x, (x * 2, x * 3)), {"hidden": x * 5, "out": x * 7}, (None, x * 11, (4, 4)), (None, 1))[self.kind]


def test_a_tensor_of_a_tuple_or_dict_is_named():
    layers = ["pair:0", "pair:1.0", "pair:1.1", "record:out", "record:hidden"]
    got, x = shown(Many(), layers, frames()), frames()
    for layer, factor in zip(layers, (1, 2, 3, 7, 5), strict=True):
        assert torch.equal(got[layer], x * factor), layer
    with pytest.raises(InputError, match=r"'record:last' gives a dict without that tensor; it has hidden, out"):
        shown(Many(), ["record:last"], frames())
    with pytest.raises(InputError, match=r"'none' gives a tuple without that tensor; it has none"):
        shown(Many(), ["none"], frames())


def test_where_none_is_named_the_first_tensor_counts_and_that_is_said(recwarn):
    assert torch.equal(shown(Many(), ["alone"], frames())["alone"], frames() * 11)
    assert not recwarn.list  # there is but one
    with pytest.warns(UserWarning, match=r"layer 'pair' gives 3 tensors \(0, 1.0, 1.1\); the first counts, 'pair:0'"):
        assert torch.equal(shown(Many(), ["pair"], frames())["pair"], frames())


def test_each_call_of_a_layer_has_a_name_and_the_last_one_is_said():
    x = frames()
    got = shown(Rhythms(), ["repeated#1", "repeated#2", "repeated#5", "step#1"], x)
    for call in (1, 2, 5):
        assert torch.equal(got[f"repeated#{call}"], x * (call - 1) * 7)
    assert torch.equal(got["step#1"], x * 3)
    with pytest.warns(
        UserWarning, match=r"layer 'repeated' runs 5 times on an image; the last call counts, 'repeated#5'"
    ):
        assert torch.equal(shown(Rhythms(), ["repeated"], x)["repeated"], x * 4 * 7)
    with pytest.raises(InputError, match=r"'repeated#6': it runs 5 times"):
        shown(Rhythms(), ["repeated#6"], x)


def test_a_layer_that_runs_twice_in_each_time_step_is_told_apart():
    class Twice(Rhythms):
        def forward(self, x):
            for frame in x:
                self.step(frame)
                self.step(frame * 2)
            return x.mean((2, 3, 4), keepdim=True)

    got = shown(Twice(), ["step#1", "step#2"], frames())
    assert torch.equal(got["step#1"], frames() * 3)
    assert torch.equal(got["step#2"], frames() * 6)


def test_a_layer_that_never_runs_is_an_error_with_those_that_do():
    with pytest.raises(InputError, match=r"layer 'never' was not reached: .*; there are pair, record, alone, none$"):
        shown(Many(), ["pair:0", "never"], frames())


@pytest.mark.parametrize("layer", ["pair#0", "pair:", "#1", "pair#x", "a:b#1"])
def test_a_malformed_name_of_a_layer_is_told(layer):
    with pytest.raises(InputError, match="layer"):
        shown(Many(), [layer], frames())
