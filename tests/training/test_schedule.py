import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lorafb.files import InputError
from lorafb.training.recipe import IMAGENET, VIDEO, Recipe, averaging_decay, learning_rate
from lorafb.training.step import make_optimiser

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "training.json").read_text())["schedules"]


@pytest.mark.parametrize(("command", "published"), [("train_video", VIDEO), ("train_imagenet", IMAGENET)])
def test_the_published_schedules_come_value_by_value(command, published):
    rates = GOLDEN[command]["learning_rate_of_epoch"]
    assert [learning_rate(published, epoch) for epoch in range(published.epochs)] == pytest.approx(rates, rel=1e-9)
    assert published.epochs == len(rates)
    assert learning_rate(published, published.epochs) == GOLDEN[command]["learning_rate_after_last_epoch"] == 0


@pytest.mark.parametrize(("command", "published"), [("train_video", VIDEO), ("train_imagenet", IMAGENET)])
def test_the_published_optimisers_settings_come_back(command, published):
    settings = make_optimiser(published, [torch.zeros(1, requires_grad=True)]).defaults
    for name, value in GOLDEN[command]["optimizer"].items():
        assert settings[name] == value


def test_steps_matter_only_by_iteration():
    by_epoch = Recipe(epochs=10, warmup_epochs=2)
    by_step = replace(by_epoch, by_iteration=True)
    assert learning_rate(by_epoch, 1, 3, 4) == learning_rate(by_epoch, 1)
    assert learning_rate(by_epoch, 1) < learning_rate(by_step, 1, 3, 4) < learning_rate(by_step, 2)
    assert learning_rate(by_step, 5, 0, 4) == learning_rate(by_epoch, 5)


def test_a_step_schedule_falls_at_its_steps_after_the_warm_up():
    recipe = Recipe(epochs=9, warmup_epochs=1, schedule="step", step_epochs=3, gamma=0.5, learning_rate=8.0)
    assert [learning_rate(recipe, epoch) for epoch in range(1, 9)] == [8, 8, 8, 4, 4, 4, 2, 2]


def test_an_exponential_schedule_falls_every_epoch():
    recipe = Recipe(epochs=4, schedule="exponential", gamma=0.5, learning_rate=8.0)
    assert [learning_rate(recipe, epoch) for epoch in range(4)] == [8, 4, 2, 1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimiser": "sdg"}, "did you mean 'sgd'"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"warmup_epochs": 5}, "5 warm-up epochs of 5"),
        ({"batch": 0}, "batch 0"),
        ({"learning_rate": -0.1}, "learning rate -0.1"),
        ({"precision": "fp32"}, "did you mean 'fp16'|did you mean 'float32'"),
        ({"accumulate": 0}, "accumulate 0"),
        ({"ema_steps": 0}, "ema_steps 0"),
        ({"label_smoothing": 1.0}, "label_smoothing 1.0"),
        ({"ema_decay": -0.5}, "ema_decay -0.5"),
        ({"mixup": -1.0}, "mixup -1.0"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Recipe(epochs=5, **settings)


def test_the_average_of_weights_forgets_alike_whatever_the_batch():
    recipe = Recipe(epochs=100, batch=8, accumulate=2, ema_decay=0.999, ema_steps=4)
    assert averaging_decay(recipe, processes=2) == pytest.approx(1 - 0.001 * 32 * 4 / 100)
    assert averaging_decay(replace(recipe, batch=100_000)) == 0
