"""A real recording: one mouse, natural movie one, 20 repeats in bins of 1 s; numbers known from outside this package.

`data/real/README.md` tells its source and licence.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lorafb.artefacts.recordings import Recording
from lorafb.experiments.areas import score_areas
from lorafb.experiments.ceiling import score_ceilings, summary
from lorafb.experiments.cortex_side import area_side, rates, responsive_units
from lorafb.similarity import ceilings, metrics
from lorafb.similarity.pearson import pearson, upper_triangle

FILE = Path(__file__).parents[2] / "data" / "real" / "mouse_791319847_natural_movie_one_1s.npz"
AREAS = ["VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam", "CA1", "CA3"]


@cache
def mouse(area):
    with np.load(FILE, allow_pickle=False) as archive:
        counts = archive[area].transpose(1, 2, 0)
        units = {"unit_id": archive[f"{area}_unit_id"]}
    return Recording(area, "natural_movie_one", 1.0, 20, counts, counts.sum(axis=0, dtype=np.int64), units)


def side(area, every_unit=True):
    recording = mouse(area)
    return area_side(recording, np.ones(recording.summed.shape[1], bool) if every_unit else None)


def known(values):
    return [pytest.param(area, value, id=area) for area, value in zip(AREAS, values, strict=True)]


@pytest.mark.parametrize(("area", "spikes"), known([465308, 185916, 252806, 219683, 102721, 200859, 458809, 201261]))
def test_all_spikes_are_there(area, spikes):
    assert mouse(area).summed.sum() == spikes


@pytest.mark.parametrize(
    ("area", "rate"), known([8.338853, 5.533214, 7.264540, 8.514845, 10.070686, 6.831939, 8.996255, 10.164697])
)
def test_mean_rates(area, rate):
    assert rates(mouse(area)).mean() == pytest.approx(rate, abs=1e-6)


@pytest.mark.parametrize(("area", "kept"), known([85, 55, 55, 41, 17, 44, 85, 30]))
def test_units_of_half_a_spike_a_second_are_kept(area, kept):
    assert responsive_units(mouse(area)).sum() == kept


def test_the_first_unit_and_the_first_pairs():
    recording = mouse("VISp")
    assert recording.units["unit_id"][0] == 951061537
    assert recording.counts[0, :10, 0].tolist() == [28, 32, 20, 35, 23, 9, 9, 12, 25, 27]
    r = pearson(recording.summed)
    assert_allclose(upper_triangle(r)[:3], [0.79722063, 0.8170405, 0.76850589], atol=1e-8)
    assert upper_triangle(r).mean() == pytest.approx(0.785662055, abs=1e-9)


def test_bins_nearer_in_time_are_more_alike():
    r = pearson(mouse("VISp").summed)
    assert_allclose([np.diagonal(r, lag).mean() for lag in (1, 5, 15)], [0.880704, 0.788844, 0.755281], atol=1e-6)


@pytest.mark.parametrize(
    ("area", "score"),
    known([0.948907, 0.829896, 0.935111, 0.905065, 0.780676, 0.946589, 0.215156, 0.177865]),
)
def test_odd_repeats_agree_with_even_ones(area, score):
    order = np.concatenate([np.arange(0, 20, 2), np.arange(1, 20, 2)])
    assert ceilings.between_repeats(mouse(area).counts, order[None])[0] == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize(
    ("area", "score"),
    known([0.786734, 0.721086, 0.909656, 0.640812, 0.663386, 0.914447, 0.068754, 0.019617]),
)
def test_the_first_block_of_repeats_agrees_less_with_the_second(area, score):
    assert ceilings.between_repeats(mouse(area).counts, np.arange(20)[None])[0] == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize(
    ("area", "mean", "sd"),
    [
        (area, mean, sd)
        for area, mean, sd in zip(
            AREAS,
            [0.3505, 0.3822, 0.8012, 0.3923, 0.1338, 0.7306, 0.4405, 0.2668],
            [0.069, 0.106, 0.060, 0.091, 0.108, 0.070, 0.066, 0.084],
            strict=True,
        )
    ],
)
def test_halves_of_units_agree_as_known(area, mean, sd):
    random = np.random.default_rng(0)
    summed = mouse(area).summed
    orders = np.stack([random.permutation(summed.shape[1]) for _ in range(100)])
    found = ceilings.ceiling(ceilings.between_units(summed, orders, equal=True))
    assert found.half == pytest.approx(mean, abs=5e-5)
    assert found.sd_over_splits == pytest.approx(sd, abs=1e-3)


@pytest.mark.parametrize(("area", "mean"), known([0.3680, 0.3782, 0.8185, 0.4048, 0.1473, 0.7458, 0.4575, 0.2813]))
def test_halves_of_kept_units_agree_as_known_without_the_first_bin(area, mean):
    random = np.random.default_rng(0)
    kept = side(area, every_unit=False)
    orders = np.stack([random.permutation(kept.n_units) for _ in range(100)])
    found = ceilings.ceiling(ceilings.between_units(kept.summed[1:], orders, equal=True))
    assert found.half == pytest.approx(mean, abs=5e-5)


def test_other_draws_give_the_ceiling_of_visp_up_to_their_noise():
    scores = score_ceilings([side("VISp")], "natural_movie_one", 100, skip_frames=0)
    assert summary(scores)["half"][0] == pytest.approx(0.3505, abs=0.03)


def test_hippocampus_agrees_between_units_but_not_about_the_stimulus():
    means = {
        halves: summary(score_ceilings([side("CA1")], "natural_movie_one", 100, halves))["half"][0]
        for halves in ("units", "stimulus")
    }
    assert means["units"] > 0.35
    assert means["stimulus"] < 0.25


@pytest.mark.parametrize(("other", "score"), [("VISl", 0.436678), ("CA1", 0.116526)])
def test_areas_agree_as_known(other, score):
    found = score_areas([side("VISp"), side(other)], "natural_movie_one", metrics.load("tsrsa"), skip_frames=0)
    assert_allclose(found["value"], score, atol=1e-6)
    assert found["area"].tolist() == [other.lower(), "visp"]
