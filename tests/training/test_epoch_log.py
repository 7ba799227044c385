"""What a running training shows: a table and TensorBoard events of the epochs so far, once each, and silent layers."""

from dataclasses import replace

import pandas as pd
import pytest
import tiny
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lorafb.figures.training_curves import training_curves
from lorafb.training import epoch_log
from lorafb.training.epoch_log import EpochLog
from lorafb.training.loop import train

ROWS = [
    {"epoch": epoch, "learning_rate": 0.1 / 3, "training_loss": 2.0 - epoch, "test_accuracy": 0.1 * epoch}
    | {
        "training_accuracy": 0.5,
        "test_loss": 1.0,
        "rate:one": 0.25,
        "rate:two": float(epoch == 0),
        "gradient:one": 1e-30,
    }
    for epoch in range(3)
]


def scalars(folder, tag):
    events = EventAccumulator(str(folder))
    events.Reload()
    return [(one.step, pytest.approx(one.value)) for one in events.Scalars(tag)]


def test_each_epoch_is_a_row_with_all_its_digits_and_an_event(tmp_path):
    log = EpochLog(tmp_path)
    for row in ROWS:
        log(row)
        assert log.read().to_dict("records")[-1] == row
    assert log.read().to_dict("records") == ROWS
    assert scalars(tmp_path, "loss/training") == [(0, 2.0), (1, 1.0), (2, 0.0)]
    assert scalars(tmp_path, "rate/two") == [(0, 1.0), (1, 0.0), (2, 0.0)]
    assert scalars(tmp_path, "accuracy/test")[2] == (2, 0.2)


def test_a_training_that_goes_on_keeps_its_epochs_and_repeats_none(tmp_path):
    for row in ROWS[:2]:
        EpochLog(tmp_path)(row)
    EpochLog(tmp_path)(ROWS[1])  # killed just after it was told
    EpochLog(tmp_path)(ROWS[2])
    assert EpochLog(tmp_path).read().to_dict("records") == ROWS


def test_a_training_that_starts_anew_leaves_nothing_of_the_one_before(tmp_path):
    for row in ROWS:
        EpochLog(tmp_path)(row)
    EpochLog(tmp_path)(ROWS[0])
    assert EpochLog(tmp_path).read().to_dict("records") == ROWS[:1]
    assert scalars(tmp_path, "loss/training") == [(0, 2.0)]


def test_columns_have_the_names_that_tensorboard_groups_by():
    names = {"test_loss": "loss/test", "learning_rate": "learning_rate", "gradient:a.b": "gradient/a.b"}
    assert {name: epoch_log.tag(name) for name in names} == names


def test_the_picture_shows_every_curve_and_names_the_layers_that_fell_silent():
    figure, shown, caption = training_curves(pd.DataFrame(ROWS), "a network", chance=0.125)
    loss, accuracy, rate, layers = figure.axes
    assert [line.get_ydata().tolist() for line in loss.lines] == [[2, 1, 0], [1, 1, 1]]
    assert accuracy.lines[1].get_ydata().tolist() == [0, 0.1, 0.2]
    assert accuracy.lines[2].get_ydata() == [0.125, 0.125]
    assert rate.lines[0].get_ydata().tolist() == [0.1 / 3] * 3
    assert {line.get_label(): line.get_ydata().tolist() for line in layers.lines} == {
        "one": [0.25] * 3,
        "two": [1, 0, 0],
    }
    assert "Silent, no unit active: two in 2 epochs, the last 2." in caption
    assert len(shown) == 3


def test_the_result_of_a_training_names_the_layers_that_are_silent(tmp_path):
    model, rows = tiny.Net(), []
    with torch.no_grad():
        model.norm.bias.fill_(-50.0)
    recipe, told = replace(tiny.RECIPE, learning_rate=1e-6), {"identity": {"classes": 2}, "on_epoch": rows.append}
    quiet = train(model, tiny.Blobs(14), tiny.Blobs(10), recipe, 3, tmp_path / "quiet", **told)
    assert quiet.result["silent_layers"] == "spikes"
    assert rows == quiet.epochs
    assert tiny.train(tmp_path / "loud", identity={"classes": 2}).result["silent_layers"] == ""
