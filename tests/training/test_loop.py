import json
import logging
import re
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import RECIPE, Blobs, Net, clips_before, in_child, kill, same, train
from torch import nn

from lorafb.files import InputError
from lorafb.training import loop, measures
from lorafb.training.resume import alone

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole"))


def test_the_task_is_learnt(tmp_path):
    trained = train(tmp_path, recipe=replace(RECIPE, epochs=8))
    assert trained.meta["test_accuracy"] == 1.0
    assert trained.epochs[-1]["training_loss"] < trained.epochs[0]["training_loss"]


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(never_killed, tmp_path):
    same(train(tmp_path / "a"), never_killed)
    other = train(tmp_path / "b", seed=4)
    assert not torch.equal(other.state_dict["conv.weight"], never_killed.state_dict["conv.weight"])


@pytest.mark.parametrize("step", range(12))
def test_killed_at_any_step_and_run_again_the_bits_are_the_same(step, never_killed, tmp_path):
    killed = Blobs(14, at=clips_before(step), then=kill)
    assert in_child(lambda: train(tmp_path, killed, save_every_s=0.0)) == -signal.SIGKILL
    again = Blobs(14)
    same(train(tmp_path, again), never_killed)
    assert again.calls == clips_before(12) - clips_before(step)


def test_killed_while_the_resume_file_is_written_the_bits_are_the_same(never_killed, tmp_path):
    def until_half_is_written():
        save = torch.save

        def half(content, path):
            if content["progress"]["epoch"] == 1 and content["progress"]["step"] == 2:
                path.write_bytes(b"half")
                kill()
            save(content, path)

        torch.save = half
        train(tmp_path, save_every_s=0.0)

    assert in_child(until_half_is_written) == -signal.SIGKILL
    assert len(list(tmp_path.glob(".resume.*.part.pt"))) == 1
    again = Blobs(14)
    same(train(tmp_path, again), never_killed)
    assert again.calls == clips_before(12) - clips_before(5)
    assert {path.name for path in tmp_path.iterdir()} == {"resume.pt", "resume.before.pt", "lock"}


def test_a_new_process_goes_on_where_a_killed_one_stopped(never_killed, tmp_path):
    code = """
        import sys, torch
        folder, at, weights, tests = sys.argv[1:]
        sys.path.insert(0, tests)
        import tiny
        data = tiny.Blobs(14, int(at), tiny.kill)
        torch.save(tiny.train(folder, data, save_every_s=0.0).state_dict, weights)
    """
    weights, tests = tmp_path / "weights.pt", Path(__file__).parent

    def run(at):
        command = [sys.executable, "-c", textwrap.dedent(code), tmp_path / "side", at, weights, tests]
        return subprocess.run([str(part) for part in command], check=False).returncode

    assert run(clips_before(6)) == -signal.SIGKILL
    assert not weights.exists()
    assert run(-1) == 0
    resumed = torch.load(weights, weights_only=True)
    assert all(torch.equal(resumed[key], value) for key, value in never_killed.state_dict.items())


def test_a_finished_training_run_again_gives_the_same_without_a_step(never_killed, tmp_path):
    train(tmp_path)
    again = Blobs(14)
    same(train(tmp_path, again), never_killed)
    assert again.calls == 0


def test_the_resume_file_of_another_training_is_set_aside_and_named(never_killed, tmp_path, caplog):
    train(tmp_path, recipe=replace(RECIPE, batch=7), identity={"code": "old"})
    same(train(tmp_path, identity={"code": "new"}), replace_meta(never_killed, code="new"))
    assert "code old, not new; recipe.batch 7, not 4" in caplog.text
    assert (tmp_path / "resume.other.pt").exists()


def replace_meta(trained, **entries):
    return replace(trained, meta={**trained.meta, **entries})


def test_a_damaged_resume_file_is_named(tmp_path):
    (tmp_path / "resume.pt").write_bytes(b"not a file of torch")
    with pytest.raises(InputError, match=r"resume\.pt: cannot be read .* delete it"):
        train(tmp_path)


def test_two_processes_cannot_share_a_folder(tmp_path):
    with alone(tmp_path), pytest.raises(InputError, match="another process trains here"):
        train(tmp_path)


def test_the_best_epoch_is_kept_and_not_the_last(tmp_path, monkeypatch):
    accuracies = iter([0.5, 0.9, 0.9, 0.7])
    kept = {}

    def evaluate(model, data, batch, device, **options):
        kept[len(kept)] = model.conv.weight.detach().clone()
        return measures.Evaluation(round(10 * next(accuracies)), 10, 1.0, {})

    monkeypatch.setattr(loop, "evaluate", evaluate)
    trained = train(tmp_path, recipe=replace(RECIPE, epochs=4))
    assert trained.meta["best_epoch"] == 1
    assert trained.meta["test_accuracy"] == 0.9
    assert trained.meta["last_test_accuracy"] == 0.7
    assert torch.equal(trained.state_dict["conv.weight"], kept[1])
    assert not torch.equal(trained.state_dict["conv.weight"], kept[3])


def test_what_defines_a_training_fits_json(never_killed):
    meta = json.loads(json.dumps(never_killed.meta))
    assert meta == never_killed.meta
    assert meta["recipe"]["learning_rate"] == 0.05
    assert (meta["seed"], meta["threads"], meta["torch"]) == (3, 1, torch.__version__)
    assert meta["test_interval"][0] < meta["test_accuracy"] <= meta["test_interval"][1]


def test_there_is_a_row_an_epoch_and_the_same_after_a_resume(never_killed, tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, Blobs(14, at=clips_before(9), then=stop), save_every_s=0.0)
    rows = train(tmp_path).epochs
    assert [list(row.items()) for row in rows] == [list(row.items()) for row in never_killed.epochs]
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert rows[0]["learning_rate"] == pytest.approx(0.0005)
    assert 0 < rows[2]["rate:spikes"] < 1


def test_the_row_of_results_is_that_of_the_best_epoch(never_killed):
    meta = never_killed.meta | {"classes": 2}
    row = replace(never_killed, meta=meta).result
    assert list(row) == ["test_accuracy", "low", "high", "chance", "test_clips", "best_epoch", "silent_layers"]
    assert list(row.values()) == [meta["test_accuracy"], *meta["test_interval"], 0.5, 10, meta["best_epoch"], ""]


def test_the_order_of_clips_is_new_each_epoch_and_complete():
    orders = [loop.epoch_order(1, epoch, 50) for epoch in range(3)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert loop.epoch_order(2, 0, 50) != orders[0]


def test_the_callers_random_numbers_are_left_alone(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(tmp_path)
    assert torch.equal(torch.rand(3), expected)


class Overflow(nn.Module):
    def forward(self, x):
        return x * float("inf")


@pytest.mark.parametrize(
    ("layer_name", "message"),
    [
        ("drop", "loss is nan; first layer with such an output is 'drop'"),
        ("norm", "gradient of 'conv.weight' is not finite; first layer with such an output is 'norm'"),
    ],
)
def test_numbers_that_are_not_finite_stop_with_step_and_layer(layer_name, message, tmp_path):
    model = Net()

    def spoil():
        setattr(model, layer_name, Overflow())

    with pytest.raises(InputError, match=rf"training stopped at epoch 1, step 2: {re.escape(message)}"):
        loop.train(model, Blobs(14, at=clips_before(6), then=spoil), Blobs(10), RECIPE, 3, tmp_path, save_every_s=0.0)
    saved = torch.load(tmp_path / "resume.pt", weights_only=True)
    assert (saved["progress"]["epoch"], saved["progress"]["step"]) == (1, 2)
    assert all(torch.isfinite(value).all() for value in saved["model"].values())


def test_a_gradient_that_is_not_finite_stops_with_its_parameter(tmp_path):
    model = Net()

    def spoil():
        model.conv.weight.register_hook(lambda gradient: gradient * float("nan"))

    with pytest.raises(InputError, match=r"epoch 0, step 1: gradient of 'conv\.weight' is not finite; what .* finite"):
        loop.train(model, Blobs(14, at=clips_before(1), then=spoil), Blobs(10), RECIPE, 3, tmp_path)


def test_a_silent_layer_is_a_warning_at_the_first_epoch(tmp_path, caplog):
    model = Net()
    with torch.no_grad():
        model.norm.bias.fill_(-50.0)
    loop.train(model, Blobs(14), Blobs(10), replace(RECIPE, learning_rate=1e-6), 3, tmp_path)
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings[0] == "epoch 0, step 0: silent layers, no unit active: spikes"


def test_firing_rates_are_spikes_a_unit_a_step():
    model = Net()
    data = Blobs(10)
    result = measures.evaluate(model, data, 4, torch.device("cpu"))
    frames = torch.stack([data.sample(number, 0)[0] for number in range(10)], dim=1)
    model.spikes.reset()
    with torch.no_grad():
        rate = model.spikes(model.norm(model.conv(frames))).mean()
    assert result.rates == {"spikes": pytest.approx(float(rate), rel=1e-6)}


def test_every_clip_counts_once_whatever_the_batch():
    model = Net()
    results = [measures.evaluate(model, Blobs(10), batch, torch.device("cpu")) for batch in (1, 3, 10)]
    assert len({result.correct for result in results}) == 1
    assert results[0].loss == pytest.approx(results[2].loss, rel=1e-5)
    assert results[0].clips == 10


@pytest.mark.parametrize(("correct", "low", "high"), [(0, 0.0, 0.2775), (5, 0.2366, 0.7634), (10, 0.7225, 1.0)])
def test_the_interval_is_wilsons(correct, low, high):
    assert measures.interval(correct, 10) == pytest.approx((low, high), abs=1e-4)
