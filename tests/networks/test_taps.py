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
        with pytest.raises(ValueError, match="'beside' was not reached"):
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
