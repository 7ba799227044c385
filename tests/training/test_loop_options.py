"""What a recipe can ask for beyond plain steps, and that each goes on exactly after a kill."""

import re
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import RECIPE, Blobs, Net, clips_before, in_child, kill, same, train
from torch import nn
from torch.nn import functional

from lorafb.files import InputError
from lorafb.networks.build import create
from lorafb.networks.neurons import Neurons
from lorafb.training import loop, step
from lorafb.training.augment import Targets, mix
from lorafb.training.loading import batches
from lorafb.training.recipe import Recipe
from lorafb.training.step import Learner, training_step

HARD = replace(
    RECIPE, batch=2, accumulate=2, precision="bf16", ema=True, ema_steps=2, ema_decay=0.9, by_iteration=True, mixup=0.2
)
"""All that has a state beside the weights, at once."""


def batch(clips=6):
    return next(batches(Blobs(clips), [list(range(clips))], 0))


def gradients(recipe, passes, net=None, clips=6):
    learner = Learner(net or Net().eval(), recipe)  # norms frozen, no dropout
    outcome = training_step(learner, passes, clips)
    return {name: one.grad.clone() for name, one in learner.model.named_parameters()}, outcome


@pytest.mark.parametrize("sizes", [[2, 2, 2], [4, 2], [5, 1]])
def test_accumulated_passes_have_the_gradient_of_one_big_batch(sizes):
    frames, labels = batch()
    whole, one = gradients(RECIPE, [(frames, labels)])
    passes = zip(frames.split(sizes, dim=1), labels.split(sizes), strict=True)
    parts, several = gradients(RECIPE, passes)
    for name, gradient in whole.items():
        torch.testing.assert_close(parts[name], gradient, rtol=1e-5, atol=1e-7)
    assert (several.clips, several.correct) == (one.clips, one.correct)
    assert several.loss == pytest.approx(one.loss, rel=1e-6)


def test_a_step_of_a_training_sees_as_many_clips_as_all_its_passes(tmp_path, monkeypatch):
    seen = []

    def noted(learner, passes, clips, draws):
        passes = list(passes)
        seen.append(([len(labels) for _, labels in passes], clips))
        return training_step(learner, passes, clips, draws)

    monkeypatch.setattr(loop, "training_step", noted)
    train(tmp_path, recipe=replace(RECIPE, epochs=2, batch=4, accumulate=2))
    assert seen == [([4, 4], 8), ([4, 2], 6)] * 2


@pytest.mark.parametrize(("workers", "kills"), [(0, (4, 14, 18, 32)), (2, (22,))])
def test_with_every_option_a_killed_run_goes_on_to_the_same_bits(workers, kills, tmp_path):
    whole = train(tmp_path / "whole", recipe=HARD)
    for clips in kills:  # after the first step, after an epoch, within the others
        folder = tmp_path / str(clips)

        def killed(folder=folder, clips=clips):
            stop = lambda done, _: done >= clips and kill()  # noqa: E731
            train(folder, recipe=HARD, save_every_s=0.0, workers=workers, progress=stop)

        assert in_child(killed) == -signal.SIGKILL
        same(train(folder, recipe=HARD, workers=workers), whole)
    plain = train(tmp_path / "plain", recipe=replace(RECIPE, batch=4))
    assert not torch.equal(whole.state_dict["conv.weight"], plain.state_dict["conv.weight"])


@pytest.mark.parametrize(
    "change",
    [
        {"accumulate": 2},
        {"precision": "bf16"},
        {"ema": True},
        {"label_smoothing": 0.1},
        {"mixup": 0.3},
        {"cutmix": 0.3},
    ],
    ids=str,
)
def test_each_option_changes_the_weights(change, tmp_path):
    recipe = replace(RECIPE, epochs=2, warmup_epochs=0, ema_steps=1)
    plain, other = (train(tmp_path / str(n), recipe=replace(recipe, **new)) for n, new in enumerate(({}, change)))
    assert not torch.equal(plain.state_dict["conv.weight"], other.state_dict["conv.weight"])
    assert other.meta["recipe"] == plain.meta["recipe"] | change


def test_each_pass_draws_anew(tmp_path, monkeypatch):
    seeds = []
    original = torch.manual_seed
    monkeypatch.setattr(step.torch, "manual_seed", lambda seed: seeds.append(seed) or original(seed))
    train(tmp_path, recipe=replace(RECIPE, epochs=2, batch=2, accumulate=2))
    seeds = [seed for seed in seeds if seed]
    assert len(set(seeds)) == len(seeds) >= 14  # passes of two epochs


def test_adamw_trains_and_goes_on(tmp_path):
    recipe = replace(RECIPE, optimiser="adamw", learning_rate=0.01)
    whole = train(tmp_path / "whole", recipe=recipe)
    killed = Blobs(14, clips_before(6), kill)
    assert in_child(lambda: train(tmp_path / "a", killed, recipe=recipe, save_every_s=0.0)) == -signal.SIGKILL
    same(train(tmp_path / "a", recipe=recipe), whole)


@pytest.mark.parametrize("name", ["lorafb_snet_tiny", "sew_resnet_tiny", "lorafb_cnet_tiny"])
def test_channels_last_and_low_precision_keep_neurons_and_shapes(name):
    frames, labels = torch.randn(3, 2, 3, 16, 16), torch.tensor([0, 1])
    outcomes = {}
    for key, change in {"plain": {}, "last": {"channels_last": True}, "bf16": {"precision": "bf16"}}.items():
        torch.manual_seed(1)
        model = create(name, classes=4)
        potentials = []

        def note(node, inputs, output, potentials=potentials):
            potentials.append(node.v.dtype)

        nodes = [module for module in model.modules() if isinstance(module, Neurons)]
        for node in nodes:
            node.register_forward_hook(note)
        outcomes[key] = training_step(Learner(model, replace(RECIPE, **change)), [(frames, labels)], 2)
        assert set(potentials) == ({torch.float32} if nodes else set())
        assert all(one.grad.dtype == torch.float32 for one in model.parameters())
    torch.testing.assert_close(outcomes["last"].evidence[0], outcomes["plain"].evidence[0], rtol=1e-3, atol=1e-4)
    assert outcomes["bf16"].loss == pytest.approx(outcomes["plain"].loss, rel=0.2)
    assert outcomes["bf16"].loss != outcomes["plain"].loss


def test_the_average_of_weights_and_buffers_is_the_known_one(tmp_path):
    recipe = Recipe(epochs=4, batch=14, learning_rate=0.05, ema=True, ema_steps=1, ema_decay=0.99)
    kept, decay = [], 1 - 0.01 * 14 / 4

    def keep(row):
        kept.append({key: value.clone() for key, value in net.state_dict().items()})

    net = Net()
    trained = loop.train(net, Blobs(14), Blobs(10), recipe, 3, tmp_path, on_epoch=keep)
    last = torch.load(tmp_path / "resume.pt", weights_only=True)["average"]
    for key in ("conv.weight", "norm.running_var"):
        expected = kept[0][key]
        for weights in kept[1:]:
            expected = decay * expected + (1 - decay) * weights[key]
        torch.testing.assert_close(last[f"module.{key}"], expected, rtol=1e-5, atol=1e-7)
    assert int(last["n_averaged"]) == 4
    assert trained.state_dict.keys() == net.state_dict().keys()


def test_during_the_warm_up_the_average_is_a_copy(tmp_path):
    recipe = Recipe(epochs=3, batch=7, learning_rate=0.05, warmup_epochs=2, ema=True, ema_steps=1, ema_decay=0.99)
    same_yet = []
    net = Net()

    def compare(row):
        content = torch.load(tmp_path / "resume.pt", weights_only=True)
        same_yet.append(torch.equal(content["average"]["module.conv.weight"], net.conv.weight))

    loop.train(net, Blobs(14), Blobs(10), recipe, 3, tmp_path, on_epoch=compare)
    assert same_yet == [True, True, False]


class Scaler:
    """A loss scaler that finds an overflow at the given calls of `step`, as fp16 on a GPU would."""

    def __init__(self, overflows):
        self.overflows, self.calls, self.scale_now = overflows, 0, 8.0

    def is_enabled(self):
        return True

    def get_scale(self):
        return self.scale_now

    def scale(self, loss):
        return loss

    def unscale_(self, optimiser):
        pass

    def step(self, optimiser):
        self.overflow = self.calls in self.overflows
        self.calls += 1
        if not self.overflow:
            optimiser.step()

    def update(self):
        self.scale_now *= 0.5 if self.overflow else 1

    def state_dict(self):
        return {}


def scaled(monkeypatch, overflows):
    scaler = Scaler(overflows)
    monkeypatch.setattr(step.torch.amp, "GradScaler", lambda *_, **__: scaler)
    return scaler


def test_a_step_that_overflows_moves_neither_weights_nor_schedule_nor_average(tmp_path, monkeypatch):
    scaled(monkeypatch, {2, 3})
    rates, averaged = [], []
    original = loop.training_step

    def noted(learner, *args):
        rates.append(learner.optimiser.param_groups[0]["lr"])
        averaged.append(int(learner.average.n_averaged))
        before = learner.model.conv.weight.clone()
        outcome = original(learner, *args)
        assert torch.equal(before, learner.model.conv.weight) == (not outcome.taken)
        return outcome

    monkeypatch.setattr(loop, "training_step", noted)
    recipe = Recipe(epochs=1, batch=2, learning_rate=0.05, by_iteration=True, ema=True, ema_steps=1)
    train(tmp_path, recipe=recipe)
    expected = [loop.learning_rate(recipe, 0, taken, 7) for taken in (0, 1, 2, 2, 2, 3, 4)]
    assert rates == expected
    assert averaged == [0, 1, 2, 2, 2, 3, 4]


def test_twenty_overflows_in_a_row_stop_the_training(tmp_path, monkeypatch):
    scaled(monkeypatch, set(range(1, 100)))
    with pytest.raises(
        InputError, match=r"step 20: 20 steps in a row overflowed in fp16; train with `precision: bf16`"
    ):
        train(tmp_path, Blobs(60), recipe=Recipe(epochs=1, batch=2))


def test_the_state_of_the_loss_scale_is_in_the_resume_file(tmp_path):
    learner = Learner(Net(), replace(RECIPE, precision="fp16"))
    assert learner.parts()["scaler"].state_dict()["scale"] > 1


def test_compile_reaches_every_neuron_and_is_refused_where_there_are_none():
    model = Learner(create("lorafb_snet_tiny", classes=2), replace(RECIPE, compile=True)).model
    assert all(module.compiled for module in model.modules() if isinstance(module, Neurons))
    with pytest.raises(InputError, match="this network has none"):
        Learner(create("lorafb_cnet_tiny", classes=2), replace(RECIPE, compile=True))


def test_out_of_memory_says_what_to_lower(tmp_path):
    def starve():
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    class Greedy(Net):
        def forward(self, frames):
            starve()

    with pytest.raises(InputError, match=r"out of memory with clips 4 at once; lower `batch` and raise `accumulate`"):
        loop.train(Greedy(), Blobs(14), Blobs(10), RECIPE, 3, tmp_path)


def test_a_pretrained_start_takes_all_but_the_classifier():
    torch.manual_seed(0)
    theirs = create("lorafb_snet_tiny", classes=5).state_dict()
    model = create("lorafb_snet_tiny", classes=3)
    classifier = model.fc.weight.clone()
    loop.load_pretrained(model, theirs)
    assert torch.equal(model.fc.weight, classifier)
    ours = model.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours if not key.startswith("fc."))


def test_pretrained_weights_of_another_network_are_named(tmp_path):
    other = create("lorafb_cnet_tiny", classes=2).state_dict() | {"strange": torch.zeros(1)}
    with pytest.raises(InputError, match=r"pretrained weights are of another network: .*missing.*surplus"):
        train(tmp_path, pretrained=other)


def test_mixup_and_cutmix_weigh_labels_by_what_is_seen():
    frames = torch.arange(4.0)[None, :, None, None, None].expand(2, 4, 3, 16, 16)
    labels = torch.arange(4)
    for change in ({"mixup": 1.0}, {"cutmix": 1.0}):
        draws = np.random.default_rng(0)
        shares = []
        for _ in range(20):
            mixed, targets = mix(frames, labels, replace(RECIPE, **change), draws)
            expected = targets.share * frames + (1 - targets.share) * frames.roll(1, dims=1)
            torch.testing.assert_close(mixed.mean(dim=(3, 4)), expected[..., 0, 0])
            assert torch.equal(mixed[0], mixed[1])
            assert targets.others.tolist() == [3, 0, 1, 2]
            shares.append(targets.share)
        assert max(shares) - min(shares) > 0.5
    assert mix(frames, labels, RECIPE, draws)[0] is frames


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_mixed_clips_is_that_of_soft_labels(smoothing):
    evidence, labels = torch.randn(4, 5), torch.tensor([0, 1, 4, 2])
    targets = Targets(labels, labels.roll(1), 0.3)
    soft = 0.3 * nn.functional.one_hot(labels, 5) + 0.7 * nn.functional.one_hot(labels.roll(1), 5)
    expected = functional.cross_entropy(evidence, soft, label_smoothing=smoothing)
    torch.testing.assert_close(targets.loss(evidence, smoothing), expected)
    assert targets.correct(nn.functional.one_hot(labels.roll(1), 5)) == 4


def test_layers_have_the_norm_of_their_gradient_in_each_row(tmp_path):
    rows = train(tmp_path).epochs
    norms = {key for key in rows[0] if key.startswith("gradient:")}
    assert norms == {"gradient:conv", "gradient:norm", "gradient:classify"}
    assert all(row[key] > 0 for row in rows for key in norms)


def test_a_silent_layer_is_warned_of_at_the_first_step(tmp_path, caplog):
    model = Net()
    with torch.no_grad():
        model.norm.bias.fill_(-50.0)

    def stop(done, of_all):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(model, Blobs(14), Blobs(10), RECIPE, 3, tmp_path, progress=stop)
    assert [re.sub(r".*: ", "", record.message) for record in caplog.records if record.levelno == 30] == ["spikes"]
