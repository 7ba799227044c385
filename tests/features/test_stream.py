import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn

from lorafb.features.estimate import Estimate
from lorafb.features.extract import extract
from lorafb.features.gram import products
from lorafb.features.prepare import Joined, PreparedFrames
from lorafb.features.stream import share_memory, trial_products
from lorafb.networks.catalogue import Feed

torch.set_num_threads(1)

STATEFUL = Feed(kind="stateful", classes=8)
STILL = Feed(kind="still", steps=4, classes=8)
LAYERS = ["counts", "rates"]
N, TRIALS = 13, 5


class Counter(nn.Module):
    """Whole part of what has come in so far."""

    def reset(self):
        self.v = 0.0

    def forward(self, x):
        out = []
        for step in x:
            self.v = self.v + step
            out.append(self.v.abs().floor())
        return torch.stack(out)


class Rates(Counter):
    """Integers at the first five frames, fractions after."""

    def reset(self):
        self.age = 0

    def forward(self, x):
        out = []
        for step in x:
            self.age += 1
            out.append(step if self.age <= 5 else step / 3)
        return torch.stack(out)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.counts, self.rates = Counter(), Rates()
        self.counts.reset()
        self.rates.reset()

    def forward(self, x):
        return self.rates(self.counts(x)).flatten(2)


def film(seed=0):
    return PreparedFrames(torch.randint(-8, 9, (N, 3, 4, 4), generator=torch.Generator().manual_seed(seed)) / 8)


def orders():
    random = np.random.default_rng(3)
    return np.stack([random.permutation(N) for _ in range(TRIALS)])


def alone(order, feed, source=None):
    """Products of one trial from the features of a pass of its own."""
    kept = {layer: [] for layer in LAYERS}
    extract(
        Network(),
        LAYERS,
        source or film(),
        order,
        feed,
        lambda block: kept[block.layer].append(block.features.clone()),
        images_at_once=N * 4,
    )
    return {layer: products(blocks) for layer, blocks in kept.items()}


def equal(one, other):
    assert list(one) == list(other) == LAYERS
    for layer in LAYERS:
        assert one[layer].products.dtype == other[layer].products.dtype
        assert one[layer].n_units == other[layer].n_units
        assert_array_equal(one[layer].products, other[layer].products, err_msg=layer)
        assert_array_equal(one[layer].sums, other[layer].sums)


@pytest.mark.parametrize("feed", [STATEFUL, STILL], ids=lambda feed: feed.kind)
@pytest.mark.parametrize("trials_that_fit", [0.5, 1, 2, 3, 100])
def test_products_of_every_trial_are_those_of_a_pass_of_its_own(feed, trials_that_fit):
    one_trial = 2 * N * 3 * 4 * 4
    made = list(
        trial_products(
            Network(), LAYERS, film(), orders(), feed, memory_bytes=int(one_trial * trials_that_fit), images_at_once=16
        )
    )
    assert [trial for trial, _ in made] == list(range(TRIALS))
    for trial, layers in made:
        equal(layers, alone(orders()[trial], feed))
    assert made[0][1]["counts"].products.dtype == np.int64
    assert made[0][1]["rates"].products.dtype == (np.float64 if feed is STATEFUL else np.int64)


def test_replaced_frames_come_from_the_noise_movie_at_the_same_number():
    replaced = np.zeros((2, N), bool)
    replaced[0, [0, 7]] = replaced[1, 12] = True
    positions = np.arange(N) + N * replaced
    made = dict(trial_products(Network(), LAYERS, Joined((film(), film(1))), positions, STATEFUL, memory_bytes=10**6))
    for trial in range(2):
        mixed = film().frames.clone()
        mixed[replaced[trial]] = film(1).frames[replaced[trial]]
        equal(made[trial], alone(np.arange(N), STATEFUL, PreparedFrames(mixed)))


def test_progress_counts_the_frames_of_all_passes():
    seen = []
    settings = {"memory_bytes": N * 48, "progress": lambda done, total: seen.append((done, total))}
    list(trial_products(Network(), LAYERS, film(), orders(), STATEFUL, **settings))
    assert seen[-1] == (2 * TRIALS * N, 2 * TRIALS * N)
    assert sorted(set(seen)) == seen


def expected(**units):
    return Estimate(10, {layer: (n,) for layer, n in units.items()}, dict.fromkeys(units, 1))


@pytest.mark.parametrize(
    ("memory_bytes", "most_trials", "together", "parts"),
    [
        (10**9, 16, 7, [["a", "b", "c"]]),
        (10**9, 6, 4, [["a", "b", "c"]]),  # two passes of 4 and 3, not of 6 and 1
        (1200, 16, 2, [["a", "b", "c"]]),
        (600, 16, 1, [["a", "b", "c"]]),
        (599, 16, 1, [["a", "b"], ["c"]]),
        (300, 16, 1, [["a", "b"], ["c"]]),
        (299, 16, None, None),
    ],
)
def test_memory_is_shared_among_trials_first_and_layers_only_where_one_trial_is_too_much(
    memory_bytes, most_trials, together, parts
):
    layers = expected(a=10, b=20, c=30)
    if parts is None:
        with pytest.raises(ValueError, match="layer 'c' takes"):
            share_memory(layers, ["a", "b", "c"], 7, memory_bytes, most_trials=most_trials)
    else:
        assert share_memory(layers, ["a", "b", "c"], 7, memory_bytes, most_trials=most_trials) == (together, parts)


def test_one_order_without_a_trial_axis_is_refused():
    with pytest.raises(ValueError, match=r"expected \(trials, n\)"):
        next(trial_products(Network(), LAYERS, film(), np.arange(N), STATEFUL, memory_bytes=10**6))
