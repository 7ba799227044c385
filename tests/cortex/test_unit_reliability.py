"""Split-half reliability of units: known answers, and what must not change it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lorafb.artefacts.recordings import Recording
from lorafb.cortex import read_recording
from lorafb.cortex.reliability import split_half_reliability
from lorafb.files import InputError

TUNING = np.random.default_rng(0).normal(size=(60, 400))  # scenes, units


def responses(n_repeats, noise, tuning=TUNING, seed=1):
    """Responses whose signal has variance 1 over scenes and whose noise has `noise` in each repeat."""
    scatter = np.random.default_rng(seed).normal(size=(n_repeats, *tuning.shape))
    return np.round(1000 * (10 + tuning + np.sqrt(noise) * scatter)).astype(np.int64)


def test_responses_that_repeat_exactly_are_fully_reliable():
    assert_allclose(split_half_reliability(responses(6, noise=0)), 1, atol=1e-6)


def test_responses_without_stimulus_are_reliable_by_chance_only():
    reliability = split_half_reliability(responses(10, noise=1, tuning=np.zeros((60, 400))), splits=10)
    assert abs(np.median(reliability)) < 0.1


def test_reliability_is_the_share_of_the_signal_in_the_variance_of_the_mean_response():
    """Spearman and Brown step two halves up to all repeats (the odd one out of 7 is in no split)."""
    for n_repeats, noise in ((8, 2.0), (20, 20.0), (7, 1.0)):
        expected = 1 / (1 + noise / (2 * (n_repeats // 2)))
        reliability = split_half_reliability(responses(n_repeats, noise), splits=20)
        assert np.median(reliability) == pytest.approx(expected, abs=0.03)


def test_two_repeats_have_one_split_whose_reliability_is_known():
    counts = np.array([[[0], [1], [2], [3]], [[0], [2], [1], [3]]])
    assert split_half_reliability(counts)[0] == pytest.approx(2 * 0.8 / 1.8)


def test_a_unit_that_responds_to_all_scenes_alike_has_no_reliability():
    counts = responses(4, noise=1)
    counts[:, :, 0] = 3
    reliability = split_half_reliability(counts)
    assert np.isnan(reliability[0])
    assert np.isfinite(reliability[1:]).all()


def test_the_seed_decides_and_the_order_of_units_does_not():
    counts = responses(6, noise=5)
    assert_array_equal(split_half_reliability(counts, seed=3), split_half_reliability(counts, seed=3))
    assert (split_half_reliability(counts, seed=4, splits=5) != split_half_reliability(counts, seed=3, splits=5)).all()
    assert_array_equal(split_half_reliability(counts[:, :, ::-1], seed=3), split_half_reliability(counts, seed=3)[::-1])


def test_small_types_do_not_overflow():
    counts = responses(40, noise=1, tuning=TUNING[:, :5] / 10) // 100
    assert counts.max() < 256
    assert_array_equal(split_half_reliability(counts.astype(np.uint8)), split_half_reliability(counts))


def test_one_repeat_has_no_halves():
    with pytest.raises(InputError, match="split-half reliability needs at least 2 repeats, found 1"):
        split_half_reliability(np.ones((1, 5, 2), np.uint8))


def test_recordings_of_scenes_have_it_and_those_of_movies_do_not(monkeypatch):
    counts = responses(4, noise=1).astype(np.uint32)

    def made(*_):
        return Recording("VISp", "", 4.0, 4, counts, counts.sum(axis=0), {"unit_id": np.arange(400)})

    monkeypatch.setattr(read_recording.sessions, "join", made)
    scenes = read_recording.read_recording({"kind": "allen"}, [], "VISp", "scenes", order="scenes")
    assert_array_equal(scenes.units["reliability"], split_half_reliability(counts))
    assert "reliability" not in read_recording.read_recording({"kind": "allen"}, [], "VISp", "movie1").units
