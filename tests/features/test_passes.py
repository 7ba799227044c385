from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from torch import nn

from lorafb import trials
from lorafb.artefacts.grams import square
from lorafb.features.extract import Block, extract
from lorafb.features.gram import products
from lorafb.features.held import HeldFeatures
from lorafb.features.passes import present, show
from lorafb.features.prepare import Joined, PreparedFrames
from lorafb.networks.catalogue import Feed
from lorafb.similarity.tsrsa import frame_ranks

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


def test_gram_matrices_of_every_order_are_those_of_a_pass_of_its_own_whatever_the_memory():
    one_trial = 2 * N * 3 * 4 * 4
    for feed in (STATEFUL, STILL):
        for trials_that_fit in (0.1, 0.5, 1, 2, 3, 100):
            memory = int(one_trial * trials_that_fit)
            made = list(show(Network(), LAYERS, film(), orders(), feed, memory_bytes=memory, images_at_once=16))
            assert_array_equal([one.order for one in made], orders())
            for one in made:
                equal(one.layers, alone(one.order, feed))
            assert made[0].layers["counts"].products.dtype == np.int64
            assert made[0].layers["rates"].products.dtype == (np.float64 if feed is STATEFUL else np.int64)


def test_ranked_gram_matrices_are_made_where_they_are_asked_for():
    (made,) = show(Network(), LAYERS, film(), [np.arange(N)], STATEFUL, ranked=True)
    held = HeldFeatures(N)
    extract(Network(), LAYERS, film(), np.arange(N)[None], STATEFUL, held)
    features = {layer: held.take(layer).responses(0).numpy() for layer in LAYERS}
    for layer in LAYERS:
        ranks = frame_ranks(features[layer])
        assert_array_equal(square(made.ranked[layer]), ranks @ ranks.T)


def test_replaced_frames_come_from_the_noise_movie_at_the_same_number():
    drawn = trials.replacements(N, 5, 2, ["noise"])
    made = list(present(Network(), LAYERS, film(), {"noise": film(1)}, drawn, STATEFUL))
    assert len(made) == 2
    for trial, one in made:
        replaced = trial.order >= N
        mixed = film().frames.clone()
        mixed[replaced] = film(1).frames[replaced]
        equal(one.layers, alone(np.arange(N), STATEFUL, PreparedFrames(mixed)))


def passes_of(drawn, feed, **how):
    """Trials with their passes, and how many passes were made."""
    made = list(present(Network(), LAYERS, film(), {"noise": film(1)}, drawn, feed, **how))
    return made, len({id(one) for _, one in made})


def test_one_pass_serves_what_it_can_and_gives_the_frames_of_each_trial():
    base = trials.base(N, [4, 6], 3, [5, N])
    shuffles, replaced = trials.shuffles(N, 4, 3, "still"), trials.replacements(N, 4, 3, ["noise"])
    both = Joined((film(), film(1)))
    for drawn, feed, n_passes in (
        (base, STATEFUL, 1), (base, STILL, 1), (shuffles, STILL, 1), (replaced, STILL, 1), (replaced, STATEFUL, 3),
        (trials.shuffles(N, 4, 3, "stateful"), STATEFUL, 3), ([trials.front(N, 5)], STATEFUL, 1),
    ):  # fmt: skip
        made, count = passes_of(drawn, feed)
        assert count == n_passes
        assert len(made) == len(drawn)
        for trial, (part, one) in zip(drawn, made, strict=True):
            expected = alone(trial.order, feed, both)["counts"]
            assert_array_equal(square(one.layers["counts"], part.scored), square(expected, trial.scored))
            assert_array_equal(part.recorded, trial.recorded)
    assert len(passes_of([trials.front(N, 5)], STATEFUL)[0][0][1].order) == 5  # no more frames than asked for


def test_a_pass_at_hand_is_used_again():
    ((_, seen),) = present(Network(), LAYERS, film(), {}, [trials.original(N)], STATEFUL)
    made, _ = passes_of(trials.clips(N, 4, 3), STATEFUL, seen=seen)
    assert all(one is seen for _, one in made)


def test_progress_counts_the_frames_of_all_passes():
    seen = []
    settings = {"memory_bytes": N * 48, "progress": lambda done, total: seen.append((done, total))}
    list(show(Network(), LAYERS, film(), orders(), STATEFUL, **settings))
    assert seen[-1] == (TRIALS * N, TRIALS * N)
    assert sorted(set(seen)) == seen


def test_features_are_handed_on_where_they_are_to_be_kept():
    blocks = []
    list(show(Network(), LAYERS, film(), [np.arange(N)], STATEFUL, keep=blocks.append, kept=["counts"]))
    assert {block.layer for block in blocks} == {"counts"}
    assert sum(len(block.features) for block in blocks) == N


@given(data=st.data(), n_units=st.integers(1, 40), late=st.sampled_from([1, 3, 15, 255, 0.5]), fits=st.booleans())
@settings(deadline=None, max_examples=60)
def test_held_features_are_the_features_whatever_their_values_and_the_memory(data, n_units, late, fits):
    first = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n_units, max_size=n_units)), np.uint8)
    fraction = late == 0.5
    frames = [np.stack([first, first]), np.full((2, n_units), late, np.float32 if fraction else np.uint8)]
    held = HeldFeatures(2, 10**6 if fits else 0)
    for place, rows in enumerate(frames):
        scale = 1 if rows.dtype == np.float32 else 2
        held(Block("layer", place, torch.from_numpy(rows)[:, None], scale, (n_units,)))
    layer = held.take("layer")
    for trial in range(2):
        expected = np.stack([frames[0][trial] / 2, frames[1][trial] / (1 if fraction else 2)])
        assert_array_equal(layer.responses(trial), expected)
    assert layer.bits == (32 if fraction else {1: 1, 3: 2, 15: 4, 255: 8}[late])


def test_features_beyond_the_memory_are_not_this_processs_memory(monkeypatch):
    monkeypatch.setattr("lorafb.features.held.COLUMNS", 4096)
    monkeypatch.setattr("lorafb.features.held.UNPACKED", 2**22)
    rows = torch.arange(2**19, dtype=torch.float32)[None, None] + 0.5  # 2 MB a frame, 128 MB in all
    held, before = HeldFeatures(64, 2**20), resident_mb()
    for frame in range(64):
        held(Block("layer", frame, rows, 1, (2**19,)))
    layer = held.take("layer")
    sums = sum(block.sum(dim=1, dtype=torch.float64) for block in layer.blocks(0))
    assert resident_mb() - before < 90  # 134 MB of features
    assert sums.tolist() == [float(rows.sum(dtype=torch.float64))] * 64


def resident_mb():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6
