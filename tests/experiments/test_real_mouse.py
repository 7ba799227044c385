"""A real recording: one mouse, natural movie one, 20 repeats in bins of 1 s; numbers known from outside this package.

`data/real/README.md` tells its source and licence.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lorafb.artefacts.recordings import Recording
from lorafb.experiments.area_similarity import score_areas
from lorafb.experiments.areas import rates, select_units, unit_mask
from lorafb.experiments.ceiling import score_ceilings, summary
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


def area(name, min_rate=0.0, skip_frames=0):
    return select_units(mouse(name), {"min_rate": min_rate, "skip_frames": skip_frames})


def known(values):
    return list(zip(AREAS, values, strict=True))


def test_all_spikes_are_there():
    for name, spikes in known([465308, 185916, 252806, 219683, 102721, 200859, 458809, 201261]):
        assert mouse(name).summed.sum() == spikes


def test_mean_rates():
    for name, rate in known([8.338853, 5.533214, 7.264540, 8.514845, 10.070686, 6.831939, 8.996255, 10.164697]):
        assert rates(mouse(name)).mean() == pytest.approx(rate, abs=1e-6)


def test_units_of_half_a_spike_a_second_are_kept():
    for name, kept in known([85, 55, 55, 41, 17, 44, 85, 30]):
        assert unit_mask(mouse(name), {"min_rate": 0.5}).sum() == kept


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


def test_odd_repeats_agree_with_even_ones():
    for name, score in known([0.948907, 0.829896, 0.935111, 0.905065, 0.780676, 0.946589, 0.215156, 0.177865]):
        order = np.concatenate([np.arange(0, 20, 2), np.arange(1, 20, 2)])
        assert ceilings.between_repeats(mouse(name).counts, order[None])[0] == pytest.approx(score, abs=1e-6)


def test_the_first_block_of_repeats_agrees_less_with_the_second():
    for name, score in known([0.786734, 0.721086, 0.909656, 0.640812, 0.663386, 0.914447, 0.068754, 0.019617]):
        assert ceilings.between_repeats(mouse(name).counts, np.arange(20)[None])[0] == pytest.approx(score, abs=1e-6)


def test_halves_of_units_agree_as_known():
    means = [0.3505, 0.3822, 0.8012, 0.3923, 0.1338, 0.7306, 0.4405, 0.2668]
    deviations = [0.069, 0.106, 0.060, 0.091, 0.108, 0.070, 0.066, 0.084]
    for name, mean, sd in zip(AREAS, means, deviations, strict=True):
        random = np.random.default_rng(0)
        summed = mouse(name).summed
        orders = np.stack([random.permutation(summed.shape[1]) for _ in range(100)])
        ceiling = ceilings.ceiling(ceilings.between_units(summed, orders, equal=True))
        assert ceiling.half == pytest.approx(mean, abs=5e-5)
        assert ceiling.sd_over_splits == pytest.approx(sd, abs=1e-3)


def test_halves_of_kept_units_agree_as_known_without_the_first_bin():
    for name, mean in known([0.3680, 0.3782, 0.8185, 0.4048, 0.1473, 0.7458, 0.4575, 0.2813]):
        random = np.random.default_rng(0)
        selected = area(name, 0.5, 1)
        orders = np.stack([random.permutation(selected.n_units) for _ in range(100)])
        ceiling = ceilings.ceiling(ceilings.between_units(selected.summed[1:], orders, equal=True))
        assert ceiling.half == pytest.approx(mean, abs=5e-5)


def test_other_draws_give_the_ceiling_of_visp_up_to_their_noise():
    scores = score_ceilings([area("VISp")], 100)
    assert summary(scores)["half"][0] == pytest.approx(0.3505, abs=0.03)


def test_hippocampus_agrees_between_units_but_not_about_the_stimulus():
    means = {
        halves: summary(score_ceilings([area("CA1", skip_frames=1)], 100, [halves]))["half"][0]
        for halves in ("units", "stimulus")
    }
    assert means["units"] > 0.35
    assert means["stimulus"] < 0.25


def test_areas_agree_as_known():
    for other, score in (("VISl", 0.436678), ("CA1", 0.116526)):
        scores = score_areas([area("VISp"), area(other)], [metrics.load("tsrsa")])
        assert_allclose(scores["value"], score, atol=1e-6)
        assert scores["area"].tolist() == [other.lower(), "visp"]
