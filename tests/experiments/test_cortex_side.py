"""Which units count, and what is made of them."""

import numpy as np
import pytest
from golden_inputs import DURATION_S, areas, areas_of, recording, run
from numpy.testing import assert_array_equal

from lorafb.artefacts.recordings import Recording
from lorafb.experiments.cortex_side import area_side, rates, reliable_units, responsive_units


def test_the_published_filter_keeps_the_published_units():
    golden = run("ceiling_units")
    for area in areas_of(golden):
        kept, held = golden["kept_units"][area.name]
        found = recording(area.movie, area.name, area.n_frames, 1)
        assert (area.n_units, found.summed.shape[1]) == (kept, held)


def test_a_unit_on_the_threshold_counts_and_one_spike_less_does_not():
    found = recording("allen_natural_movie_one", "visp", 57, 1)
    assert_array_equal(responsive_units(found, 0.5, DURATION_S)[:3], [False, True, False])


def test_the_first_frame_counts_in_the_rate():
    summed = np.zeros((30, 2), np.uint8)
    summed[0] = 15, 14
    assert_array_equal(responsive_units(Recording("VISp", "movie", 1.0, 1, None, summed)), [True, False])


def test_rates_of_many_small_counts_do_not_wrap():
    assert_array_equal(rates(Recording("VISp", "movie", 30.0, 10, None, np.full((300, 2), 200, np.uint8))), [600, 600])


def test_reliability_has_an_inclusive_bound():
    found = recording("allen_natural_scenes", "visp", 20, 1)
    assert_array_equal(reliable_units(found)[:2], [False, True])
    assert areas("allen_natural_scenes", 20, 1)[0].n_units == reliable_units(found).sum()


def test_units_without_reliability_are_told():
    found = Recording("VISp", "scenes", 4.0, 50, None, np.ones((4, 2), np.int64), {"unit_id": np.arange(2)})
    with pytest.raises(ValueError, match=r"VISp, scenes: no column 'reliability'.*it has unit_id"):
        reliable_units(found)


def test_an_area_without_units_is_told():
    with pytest.raises(ValueError, match="VISp, movie: none of 3 units is kept"):
        area_side(Recording("VISp", "movie", 30.0, 20, None, np.zeros((9, 3), np.int64)))


def test_single_repeats_hold_the_kept_units_only():
    counts = np.zeros((2, 5, 3), np.uint8)
    counts[:, :, 1] = 9
    side = area_side(Recording("VISp", "movie", 1.0, 2, counts, counts.sum(axis=0)))
    assert side.repeats is not None
    assert side.repeats.shape == (2, 5, 1)
    assert (side.name, side.n_units, side.products.n_units) == ("visp", 1, 1)
