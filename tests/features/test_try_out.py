"""A person's own network is tried out before long work starts: what is wrong with it is one line, and what counts is said."""

import numpy as np
import pytest
import torch
from torch import nn

from lorafb.features.extract import extract
from lorafb.features.subject import try_out
from lorafb.files import InputError
from lorafb.networks.catalogue import Feed

torch.set_num_threads(1)
STILL, STATEFUL, CLIP = Feed(kind="still"), Feed(kind="stateful"), Feed(kind="clip", chunk=4)


class Net(nn.Module):
    """A normalisation with an in-place ReLU after it, as torchvision's residual networks have."""

    def __init__(self, inplace=False, after=None):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.bn, self.relu = nn.Conv2d(3, 4, 7, stride=4), nn.BatchNorm2d(4), nn.ReLU(inplace)
        self.after, self.unused = after or nn.Identity(), nn.Identity()

    def forward(self, frames):
        seen = self.after(self.relu(self.bn(self.conv(frames.flatten(0, 1)))))
        return seen.flatten(1).sum(1)[:, None].unflatten(0, frames.shape[:2])


def features(model, layer, feed=STILL):
    made = []
    noise = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    extract(model, [layer], noise.__getitem__, np.arange(4), feed, lambda block: made.append(block.features.clone()))
    return torch.cat(made)


@pytest.mark.parametrize("feed", [STILL, STATEFUL, CLIP])
def test_features_of_a_layer_do_not_depend_on_what_comes_after_it(feed):
    inplace, sound = features(Net(inplace=True), "bn", feed), features(Net(), "bn", feed)
    assert sound.min() < -1
    assert torch.equal(inplace, sound)
    assert features(Net(inplace=True), "relu", feed).min() == 0


@pytest.mark.parametrize("feed", [STILL, STATEFUL, CLIP])
def test_a_sound_network_needs_no_word(feed):
    assert try_out(Net(inplace=True), ["conv", "bn", "relu"], feed, 32) == []


class Dropping(nn.Module):
    def forward(self, x):
        return nn.functional.dropout(x, 0.5)  # also in evaluation mode


class Remembering(nn.Module):
    last = 0

    def forward(self, x):
        self.last = x + 0.5 * self.last
        return self.last


class Pair(nn.Module):
    def forward(self, x):
        return x, x * 2


class Endless(nn.Module):
    def forward(self, x):
        return x / 0


@pytest.mark.parametrize(
    ("after", "layer", "message"),
    [
        (Dropping(), "after", "layer 'after' gives other features when the same frames are shown again"),
        (Remembering(), "after", "layer 'after' gives other features when the same frames are shown again"),
        (Endless(), "after", "layer 'after' gives values that are not finite"),
        (nn.Linear(3, 3), "bn", r"Net: cannot be shown float32 frames \[T=1, B=2, 3, 32, 32\]: mat1 and mat2 shapes"),
        (None, "unused", "layer 'unused' was not reached: .* there are conv, bn, relu, after$"),
        (None, "bm", "Net has no layer 'bm'; did you mean 'bn'"),
    ],
)
def test_what_is_wrong_with_a_network_is_one_line(after, layer, message):
    with pytest.raises(InputError, match=message) as error:
        try_out(Net(after=after), [layer], STILL, 32)
    assert "\n" not in str(error.value)


def test_which_tensor_and_which_call_count_is_said():
    model = Net()
    model.conv = nn.Sequential(model.conv, shared := nn.ReLU(), nn.Tanh(), shared)
    model.after = nn.Sequential(Pair(), First())
    assert try_out(model, ["conv[1]", "after[0]", "bn"], STILL, 32) == [
        "layer 'after[0]' gives 2 tensors (0, 1); the first counts, 'after[0]:0'",
        "layer 'conv[1]' runs 2 times on an image; the last call counts, 'conv[1]#2'",
    ]
    assert try_out(model, ["conv[1]#1", "after[0]:1", "bn"], STILL, 32) == []


class First(nn.Module):
    def forward(self, pair):
        return pair[0]
