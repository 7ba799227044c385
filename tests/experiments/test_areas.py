"""Which units count, and what is made of them."""

import numpy as np
import pytest
from golden_inputs import areas, areas_of, recording, run, selection
from numpy.testing import assert_array_equal

from lorafb.artefacts import responses
from lorafb.artefacts.provenance import Provenance
from lorafb.artefacts.recordings import Recording
from lorafb.experiments.areas import rates, select_units, unit_mask, units_table

MOVIE = {"min_rate": 0.5, "skip_frames": 1}


def test_the_published_filter_keeps_the_published_units():
    golden = run("ceiling_units")
    for area in areas_of(golden):
        kept, recorded = golden["kept_units"][area.area]
        counts = recording(area.movie, area.area, area.n_frames, 1).summed
        assert (area.n_units, counts.shape[1]) == (kept, recorded)


def test_a_unit_on_the_threshold_counts_and_one_spike_less_does_not():
    movie = "allen_natural_movie_one"
    assert_array_equal(unit_mask(recording(movie, "visp", 57, 1), selection(movie))[:3], [False, True, False])


def test_the_first_frame_counts_in_the_rate():
    summed = np.zeros((30, 2), np.uint8)
    summed[0] = 15, 14
    mask = unit_mask(Recording("VISp", "movie", 1.0, 1, None, summed), {"min_rate": 0.5})
    assert_array_equal(mask, [True, False])


def test_rates_of_many_small_counts_do_not_wrap():
    assert_array_equal(rates(Recording("VISp", "movie", 30.0, 10, None, np.full((300, 2), 200, np.uint8))), [600, 600])


def test_reliability_has_an_inclusive_bound():
    mask = unit_mask(recording("allen_natural_scenes", "visp", 20, 1), selection("allen_natural_scenes"))
    assert_array_equal(mask[:2], [False, True])
    assert areas("allen_natural_scenes", 20, 1)[0].n_units == mask.sum()


def test_units_without_reliability_are_told():
    scenes = Recording("VISp", "scenes", 4.0, 50, None, np.ones((4, 2), np.int64), {"unit_id": np.arange(2)})
    with pytest.raises(ValueError, match=r"VISp, scenes: no column 'reliability'.*it has unit_id"):
        unit_mask(scenes, {"min_reliability": 0.8})


def test_an_area_without_units_is_told():
    with pytest.raises(ValueError, match="VISp, movie: none of 3 units is selected"):
        select_units(Recording("VISp", "movie", 30.0, 20, None, np.zeros((9, 3), np.int64)), MOVIE)


def test_single_repeats_hold_the_kept_units_only():
    counts = np.zeros((2, 5, 3), np.uint8)
    counts[:, :, 1] = 9
    area = select_units(Recording("VISp", "movie", 1.0, 2, counts, counts.sum(axis=0)), MOVIE)
    assert area.repeats is not None
    assert area.repeats.shape == (2, 5, 1)
    assert (area.area, area.n_units, area.gram.n_units) == ("visp", 1, 1)


def test_responses_come_back_from_their_file_as_they_were(tmp_path):
    counts = np.random.default_rng(0).poisson(3, (2, 9, 4)).astype(np.uint8)
    units = {"unit_id": np.arange(4), "session": np.array([1, 1, 2, 2])}
    for single in (counts, None):
        area = select_units(Recording("VISp", "movie", 10.0, 2, single, counts.sum(axis=0), units), MOVIE, "ordinal")
        responses.write(area, tmp_path / "area.h5", Provenance())
        back = responses.read(tmp_path / "area.h5")
        for name in ("summed", "repeats", "ranks"):
            assert_array_equal(getattr(back, name), getattr(area, name))
        assert_array_equal(back.gram.products, area.gram.products)
        assert_array_equal(back.units["session"], area.units["session"])
        scalars = ("area", "movie", "rate_hz", "n_repeats", "skip_frames", "ties", "n_units")
        assert [getattr(back, name) for name in scalars] == ["visp", "movie", 10.0, 2, 1, "ordinal", 4]


def test_units_are_counted_by_the_rule_of_their_movie():
    summed = np.random.default_rng(11).poisson(3, (50, 12))
    units = {"unit_id": np.arange(12) + 100, "session": np.repeat([1, 2], 6), "reliability": np.linspace(0, 1, 12)}
    one = Recording("VISp", "movie", 10.0, 5, None, summed, units)
    table = units_table([one], {"min_rate": 6.1}).set_index("area")
    rate = summed.sum(axis=0) / (50 / 10.0) / 5
    assert table.loc["visp", ["units", "kept", "sessions"]].tolist() == [12, (rate >= 6.1).sum(), 2]
    assert table.loc["visp", "mean_rate"] == pytest.approx(rate[rate >= 6.1].mean())
    assert select_units(one, {"min_reliability": 0.8, "skip_frames": 0}).n_units == 3
