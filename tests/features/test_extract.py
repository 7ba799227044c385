import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn

from lorafb.features.extract import extract, small_integers
from lorafb.features.prepare import Frames, PreparedFrames
from lorafb.networks.catalogue import Feed

torch.set_num_threads(1)

STATEFUL = Feed(kind="stateful", classes=8)
STILL = Feed(kind="still", steps=4, classes=8)
LAST = Feed(kind="still", steps=4, reduce="last", classes=8)
CLIP = Feed(kind="clip", chunk=5, classes=8)
LAYERS = ["spikes", "trace"]
N = 23


class Integrator(nn.Module):
    """Adds its input up until 1 is reached; integers out."""

    def __init__(self):
        super().__init__()
        self.v = 0.0

    def reset(self):
        self.v = 0.0

    def forward(self, x):
        out = []
        for step in x:
            self.v = self.v + step
            spike = (self.v >= 1).to(x)
            self.v = self.v * (1 - spike)
            out.append(spike)
        return torch.stack(out)


class Trace(Integrator):
    """Integers for the first eight frames of a state, fractions after."""

    def reset(self):
        self.v, self.age = 0.0, 0

    def forward(self, x):
        out = []
        for step in x:
            self.age += 1
            self.v = self.v + step
            out.append(self.v.clone() if self.age <= 8 else self.v / 4)
        return torch.stack(out)


class Spiking(nn.Module):
    """Two layers with state, in the house's shape (T, B, 3, H, W) -> (T, B, classes)."""

    def __init__(self):
        super().__init__()
        self.spikes, self.trace = Integrator(), Trace()
        self.trace.reset()

    def forward(self, x):
        return self.trace(self.spikes(x)).flatten(2)

    def is_cleared(self):
        return isinstance(self.spikes.v, float) and isinstance(self.trace.v, float)


class Convolution(nn.Module):
    """Convolves over time inside the chunk, zero-padded at its borders."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Conv3d(3, 2, (3, 1, 1), padding=(1, 0, 0))

    def forward(self, x):
        return self.kernel(x.permute(1, 2, 0, 3, 4)).permute(2, 0, 1, 3, 4)


class Pathway(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = Convolution()

    def forward(self, x):
        return self.conv(x).mean((3, 4))


def film(n=N, seed=0):
    pixels = torch.randint(-8, 9, (n, 3, 4, 5), generator=torch.Generator().manual_seed(seed)) / 8
    return PreparedFrames(pixels)


def run(model, positions, feed, layers=LAYERS, source=None, **settings):
    """Features of each layer, divided by their scale, and the blocks they came in."""
    blocks = {layer: [] for layer in layers}

    def keep(block):
        blocks[block.layer].append((block, (block.features / block.scale).numpy().copy()))

    extract(model, layers, source or film(), np.asarray(positions), feed, keep, **settings)
    return {layer: np.concatenate([values for _, values in made], axis=-2) for layer, made in blocks.items()}, {
        layer: [block for block, _ in made] for layer, made in blocks.items()
    }


def by_hand(positions):
    """Frames fed to the network one call each."""
    model = Spiking().eval()
    made = {"spikes": [], "trace": []}
    with torch.inference_mode():
        for position in positions:
            image = film()(np.array([position]))[:, None]
            spikes = model.spikes(image)
            made["spikes"].append(spikes.flatten().numpy())
            made["trace"].append(model.trace(spikes).flatten().numpy())
    return {layer: np.stack(rows) for layer, rows in made.items()}


def equal(one, other):
    assert one.keys() == other.keys()
    for layer in one:
        assert_array_equal(one[layer], other[layer], err_msg=layer)


def orders(trials=4):
    random = np.random.default_rng(3)
    return np.stack([random.permutation(N) for _ in range(trials)])


@pytest.mark.parametrize("images_at_once", [1, 2, 7, 16, 23, 1000])
@pytest.mark.parametrize("feed", [STATEFUL, STILL, LAST], ids=["stateful", "mean", "last"])
def test_no_feature_depends_on_how_many_images_share_a_call(feed, images_at_once):
    whole, _ = run(Spiking(), np.arange(N), feed, images_at_once=N * 4)
    parts, blocks = run(Spiking(), np.arange(N), feed, images_at_once=images_at_once)
    equal(parts, whole)
    lengths = [len(block.features) for block in blocks["spikes"]]
    assert [block.first for block in blocks["spikes"]] == (np.cumsum(lengths) - lengths).tolist()


def test_a_movie_is_the_frames_fed_by_hand():
    equal(run(Spiking(), np.arange(N), STATEFUL)[0], by_hand(range(N)))


def test_a_shuffled_order_is_the_frames_fed_by_hand_in_that_order():
    order = orders()[0]
    equal(run(Spiking(), order, STATEFUL)[0], by_hand(order))


@pytest.mark.parametrize("feed", [STATEFUL, STILL, CLIP], ids=lambda feed: feed.kind)
@pytest.mark.parametrize("images_at_once", [3, 16, 50])
def test_trials_side_by_side_are_the_trials_alone(feed, images_at_once):
    torch.manual_seed(0)
    model, layers = (Pathway(), ["conv"]) if feed is CLIP else (Spiking(), LAYERS)
    together, blocks = run(model, orders(), feed, layers, images_at_once=images_at_once)
    for trial, order in enumerate(orders()):
        alone, _ = run(model, order, feed, layers, images_at_once=images_at_once)
        for layer in layers:
            np.testing.assert_allclose(
                together[layer][trial], alone[layer], rtol=0, atol=0 if feed is not CLIP else 1e-6
            )
    assert all(block.features.ndim == 3 for block in blocks[layers[0]])


def test_still_features_of_a_shuffled_movie_are_the_same_rows_in_another_order():
    order = orders()[0]
    movie, _ = run(Spiking(), np.arange(N), STILL)
    shuffled, _ = run(Spiking(), order, STILL)
    equal(shuffled, {layer: rows[order] for layer, rows in movie.items()})


def test_a_still_frame_is_the_mean_over_its_steps_of_a_new_network():
    model = Spiking()
    shown, _ = run(model, np.arange(N), STILL)
    model.spikes.reset()
    steps = model.spikes(film()(np.array([6])).expand(4, 1, 3, 4, 5))
    assert_array_equal(shown["spikes"][6], steps.mean(0).flatten())


def test_the_last_step_of_a_still_frame_is_its_feature_where_asked():
    model = Spiking()
    shown, blocks = run(model, np.arange(N), LAST)
    model.spikes.reset()
    steps = model.spikes(film()(np.array([6])).expand(4, 1, 3, 4, 5))
    assert_array_equal(shown["spikes"][6], steps[-1].flatten())
    assert {block.scale for block in blocks["spikes"]} == {1}


def test_sums_of_spikes_over_steps_are_kept_as_integers_with_their_scale():
    _, blocks = run(Spiking(), np.arange(N), STILL)
    for block in blocks["spikes"]:
        assert (block.features.dtype, block.scale, block.shape) == (torch.uint8, 4, (3, 4, 5))


def test_spikes_are_uint8_and_fractions_float32_from_their_first_block_on():
    _, blocks = run(Spiking(), np.arange(N), STATEFUL, images_at_once=4)
    assert {block.features.dtype for block in blocks["spikes"]} == {torch.uint8}
    assert [block.features.dtype for block in blocks["trace"]] == [torch.uint8] * 2 + [torch.float32] * 4


def test_a_layer_never_turns_back_to_integers():
    class Flicker(nn.Module):
        def forward(self, x):
            return torch.where(x[:, :, :1] > 0.5, x * 0 + 0.25, x * 0)

    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.flicker = Flicker()

        def forward(self, x):
            return self.flicker(x).flatten(2)

    frames = torch.zeros(4, 3, 1, 1)
    frames[1] = 1
    _, blocks = run(Holder(), np.arange(4), STATEFUL, ["flicker"], PreparedFrames(frames), images_at_once=1)
    assert [block.features.dtype for block in blocks["flicker"]] == [torch.uint8] + [torch.float32] * 3


@pytest.mark.parametrize("images_at_once", [1, 5, 9, 11, 100])
def test_clips_are_chunks_seen_alone(images_at_once):
    torch.manual_seed(0)
    model = Pathway().eval()
    shown, _ = run(model, np.arange(N), CLIP, ["conv"], images_at_once=images_at_once)
    for first in range(0, N, 5):
        frames = film()(np.arange(first, min(first + 5, N)))[:, None]
        with torch.inference_mode():
            alone = model.conv(frames).flatten(1).numpy()
        np.testing.assert_allclose(shown["conv"][first : first + 5], alone, rtol=0, atol=1e-6)


def test_the_chunk_of_a_clip_is_part_of_its_definition():
    model = Pathway()
    of_five, _ = run(model, np.arange(N), CLIP, ["conv"])
    of_six, _ = run(model, np.arange(N), Feed(kind="clip", chunk=6, classes=8), ["conv"])
    assert np.abs(of_five["conv"][5] - of_six["conv"][5]).max() > 1e-3


def test_frames_of_a_uint8_movie_are_prepared_as_they_are_shown():
    frames = np.random.default_rng(0).integers(0, 256, (N, 9, 7, 3), dtype=np.uint8)
    source = Frames(frames, 4, "half")
    prepared = PreparedFrames(source(np.arange(N)))
    equal(
        run(Spiking(), np.arange(N), STATEFUL, source=source)[0],
        run(Spiking(), np.arange(N), STATEFUL, source=prepared)[0],
    )


@pytest.mark.parametrize("feed", [STATEFUL, STILL], ids=lambda feed: feed.kind)
def test_nothing_is_left_in_the_network(feed):
    model = Spiking()
    run(model, np.arange(N), feed)
    assert model.is_cleared()
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("feed", [STATEFUL, STILL], ids=lambda feed: feed.kind)
@pytest.mark.parametrize("where", ["sink", "source"])
def test_nothing_is_left_in_the_network_after_an_error(feed, where):
    model = Spiking()
    calls = []

    def fail_at_the_second_call(*_):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("disk full")
        return film()(np.arange(16 if feed is STATEFUL else 4))

    source, sink = (film(), fail_at_the_second_call) if where == "sink" else (fail_at_the_second_call, lambda _: None)
    with pytest.raises(RuntimeError, match="disk full"):
        extract(model, LAYERS, source, np.arange(N), feed, sink)
    assert len(calls) == 2
    assert model.is_cleared()
    assert not any(module._forward_hooks for module in model.modules())


def test_a_state_left_by_someone_else_changes_nothing():
    model = Spiking()
    model(torch.ones(3, 1, 3, 4, 5))
    equal(run(model, np.arange(N), STATEFUL)[0], by_hand(range(N)))


def test_a_network_is_shown_in_evaluation_mode():
    class Dropping(Spiking):
        def forward(self, x):
            return super().forward(nn.functional.dropout(x, 0.5, self.training))

    model = Dropping().train()
    equal(run(model, np.arange(N), STATEFUL)[0], by_hand(range(N)))


def test_progress_counts_up_to_all_frames():
    seen = []
    run(Spiking(), orders(3), STATEFUL, images_at_once=9, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (9, 69)
    assert seen[-1] == (69, 69)
    assert sorted(seen) == seen


@pytest.mark.parametrize(
    "values",
    [[0.0, 255.0], [-0.0, 7.0], [256.0], [-1.0], [0.5], [float("nan")], [float("inf")], [-float("inf")], [2.0**31]],
)
def test_only_integers_of_0_to_255_become_uint8(values):
    fits = all(value in range(256) for value in values)
    made = small_integers(torch.tensor(values))
    assert (made is not None) == fits
    assert made is None or (made.dtype == torch.uint8 and made.tolist() == values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": np.array([])}, "expected integers"),
        ({"positions": np.zeros((1, 1, 1), int)}, "expected integers"),
        ({"positions": np.array([N])}, "frame 23 was asked"),
        ({"layers": []}, "at least one"),
        ({"layers": ["spikes", "spikes"]}, "expected different names"),
        ({"images_at_once": 0}, "images_at_once is 0"),
        ({"feed": Feed.model_construct(kind="stil", steps=4, classes=8)}, "none of stateful, still, clip"),
        ({"feed": Feed.model_construct(kind="still", steps=0, classes=8)}, "0 steps"),
        ({"feed": Feed.model_construct(kind="still", steps=4, reduce="max", classes=8)}, "reduced by 'max'"),
        ({"feed": Feed.model_construct(kind="clip", chunk=0, classes=8)}, "clip of 0 frames"),
    ],
)
def test_what_cannot_be_shown_is_refused(change, message):
    asked = {"positions": np.arange(N), "feed": STATEFUL, "layers": LAYERS} | change
    with pytest.raises(ValueError, match=message):
        run(Spiking(), **asked)


def test_a_layer_without_time_and_batch_axes_is_refused():
    class Mean(nn.Module):
        def forward(self, x):
            return x.mean((0, 1))

    class Headless(nn.Module):
        def __init__(self):
            super().__init__()
            self.mean = Mean()

        def forward(self, x):
            return self.mean(x).flatten()

    with pytest.raises(ValueError, match="mean"):
        run(Headless(), np.arange(N), STATEFUL, ["mean"])
