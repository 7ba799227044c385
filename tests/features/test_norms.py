"""Norm statistics of an untrained network come from a movie, and from nothing else."""

import numpy as np
import torch
from numpy.testing import assert_allclose

from lorafb.features.norms import take_statistics
from lorafb.features.prepare import Frames
from lorafb.networks import build

torch.set_num_threads(1)
MOVIE = np.random.default_rng(1).integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)


def calibrated(images_at_once=12):
    torch.manual_seed(3)
    model = build.create("lorafb_snet18")
    take_statistics(model, Frames(MOVIE, 64, "half"), 12, images_at_once)
    return model


def test_the_stem_norms_statistics_are_those_of_its_input():
    model = calibrated()
    frames = Frames(MOVIE, 64, "half")(np.arange(12))
    filtered = torch.nn.functional.conv2d(frames, model.conv1.weight, stride=2, padding=3)
    assert_allclose(model.bn1.running_mean, filtered.mean((0, 2, 3)).detach(), atol=1e-5)
    assert_allclose(model.bn1.running_var, filtered.var((0, 2, 3)).detach(), rtol=1e-4)


def test_an_untrained_network_fires_with_them_and_is_silent_without():
    frames = Frames(MOVIE, 64, "half")(np.arange(12))[:, None]
    torch.manual_seed(3)
    silent, fires = build.create("lorafb_snet18").eval(), calibrated()
    rates = []
    for model in (silent, fires):
        with torch.no_grad():
            rates.append(float(model.sn1(model.bn1(model.conv1(frames))).mean()))
    assert rates[0] == 0
    assert rates[1] > 0.01


def test_weights_momentum_and_mode_stay_as_they_were():
    torch.manual_seed(3)
    fresh, model = build.create("lorafb_snet18"), calibrated()
    assert all(torch.equal(a, b) for a, b in zip(fresh.parameters(), model.parameters(), strict=True))
    assert not model.training
    assert model.bn1.momentum == fresh.bn1.momentum
