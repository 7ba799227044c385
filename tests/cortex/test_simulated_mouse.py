"""The simulated mouse: what its truth, its filters, its spikes and its random streams must be."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lorafb.cortex.counts import count_units
from lorafb.cortex.simulated import poisson, simulate
from lorafb.cortex.simulated_areas import AREAS, BASELINE, MEAN_RATES_HZ
from lorafb.cortex.simulated_drive import Receptive, area_rates, contrast, energy, gabors, steps_of
from lorafb.files import InputError

RATE_HZ = 30.0
STEPS = steps_of(RATE_HZ)


def noise_movie(n_frames=60, size=48):
    """Coarse noise that changes every third frame."""
    coarse = np.random.default_rng(3).integers(0, 256, (n_frames // 3, 6, 6, 1), dtype=np.uint8)
    fine = coarse.repeat(size // 6, axis=1).repeat(size // 6, axis=2)
    return fine.repeat(3, axis=0).repeat(3, axis=3)


def mouse(**changed):
    settings = {"session": 1, "units": 6, "repeats": 4, "seed": 1}
    return simulate(noise_movie(), RATE_HZ, **(settings | changed))


@pytest.fixture(scope="module")
def one():
    return mouse()


def grating(phase, wavelength=0.25, n_frames=30, size=64):
    across = (np.arange(size) + 0.5) / size
    wave = 127.5 * (1 + 0.8 * np.cos(2 * np.pi * across / wavelength + phase))
    return np.broadcast_to(np.round(wave).astype(np.uint8)[None, None, :, None], (n_frames, size, size, 3))


def unit(orientation=0.0, wavelength=0.25):
    return Receptive(np.array([0.5]), np.array([0.5]), wavelength, orientation, np.ones(1))


def test_rows_follow_each_other_without_a_gap_and_repeats_have_grey_between(one):
    assert one.start.shape == one.stop.shape == (4, 60)
    assert_array_equal(one.stop[:, :-1], one.start[:, 1:])
    assert_allclose(one.stop - one.start, 1 / RATE_HZ)
    assert (one.start[1:, 0] - one.stop[:-1, -1] > 0.9).all()


def test_spikes_are_sorted_and_within_the_session(one):
    for train in one.spikes:
        assert (np.diff(train) >= 0).all()
        assert train[0] >= 0
        assert train[-1] < one.stop[-1, -1] + 1.1


def test_the_same_seed_gives_the_same_mouse(one):
    again = mouse()
    assert all(np.array_equal(left, right) for left, right in zip(one.spikes, again.spikes, strict=True))
    assert_array_equal(one.rates, again.rates)


def test_another_seed_or_session_is_another_mouse(one):
    for another in (mouse(seed=2), mouse(session=2)):
        assert not set(np.concatenate(one.spikes)) >= set(np.concatenate(another.spikes))
        assert (np.abs(another.rates - one.rates).max(axis=0) > 0.1).all()


def test_units_of_two_sessions_have_different_ids(one):
    assert not set(one.units["unit_id"]) & set(mouse(session=2).units["unit_id"])
    assert one.units["unit_id"].is_unique


def test_an_area_left_out_changes_no_spike_of_the_others(one):
    part = mouse(areas=["VISam", "VISl"])
    for area in ("VISam", "VISl"):
        rows = np.flatnonzero(one.units["area"] == area)
        places = np.flatnonzero(part.units["area"] == area)
        for left, right in zip(rows, places, strict=True):
            assert_array_equal(one.spikes[left], part.spikes[right])


def test_no_two_streams_are_alike(one):
    fractions = [np.round(train[: len(train) // 2] % 1, 6) for train in one.spikes]
    shared = [len(np.intersect1d(left, right)) for i, left in enumerate(fractions) for right in fractions[:i]]
    assert max(shared) < 3


def test_true_rates_are_positive_and_their_means_are_in_the_stated_range(one):
    means = one.rates.mean(axis=0)
    assert (one.rates > 0).all()
    assert (means > MEAN_RATES_HZ[0]).all()
    assert (means < MEAN_RATES_HZ[1]).all()


def test_counts_scatter_around_the_truth_as_poisson_counts_do():
    many = mouse(repeats=40, units=4)
    counts = count_units(many.spikes, many.start, many.stop).sum(axis=0, dtype=float)
    expected = many.rates * counts.sum(axis=0) / many.rates.sum(axis=0)  # a unit's own mean gain taken out
    chi_square = ((counts - expected) ** 2 / expected).sum() / (counts.shape[1] * (len(counts) - 1))
    assert chi_square == pytest.approx(1, abs=0.15)
    assert counts.sum() / (40 * 60 / RATE_HZ) == pytest.approx(many.rates.sum(axis=1).mean(), rel=0.1)


def test_the_control_area_has_a_flat_truth_and_the_shared_gain():
    control = mouse(areas=["control"], units=40, repeats=30)
    assert_array_equal(control.rates, np.tile(control.rates[0], (60, 1)))
    counts = count_units(control.spikes, control.start, control.stop)
    halves = [counts[:, :, units].sum(axis=(1, 2), dtype=float) for units in (slice(0, 20), slice(20, 40))]
    assert np.corrcoef(*halves)[0, 1] > 0.5


def test_every_tenth_unit_fails_a_quality_filter():
    units = mouse(units=30, areas=["VISp"], repeats=1).units
    bad = (units["amplitude_cutoff"] > 0.1) | (units["presence_ratio"] < 0.95) | (units["isi_violations"] > 0.5)
    assert np.flatnonzero(bad).tolist() == [9, 19, 29]


def test_a_poisson_process_follows_its_rates():
    edges = np.array([0.0, 1.0, 2.0, 4.0])
    times = poisson(np.random.default_rng(0), np.array([1000.0, 0.0, 500.0]), edges)
    counts = np.histogram(times, edges)[0]
    assert counts[1] == 0
    assert abs(counts[0] - 1000) < 5 * np.sqrt(1000)
    assert abs(counts[2] - 1000) < 5 * np.sqrt(1000)
    assert (np.diff(times) >= 0).all()


def test_a_unit_does_not_respond_before_its_areas_latency():
    grey = np.full((15, 64, 64, 3), 127, np.uint8)
    screen = contrast(np.concatenate([grey, grating(0)]))
    screen[:15] = 0
    for area in AREAS.values():
        response = energy(screen, unit(), area, STEPS)
        first = np.flatnonzero(response > 0)[0] * STEPS.seconds - 15 / RATE_HZ
        assert first == pytest.approx(area.latency_s, abs=STEPS.seconds)


def test_latencies_are_between_60_and_100_ms_in_the_order_of_the_areas():
    latencies = [area.latency_s for area in AREAS.values()]
    assert list(AREAS) == ["VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam"]
    assert latencies == sorted(latencies)
    assert (latencies[0], latencies[-1]) == (0.06, 0.1)


def test_a_quadrature_pair_does_not_see_the_phase_of_a_grating():
    energies = [
        energy(contrast(grating(phase)), unit(), AREAS["VISp"], STEPS).max() for phase in (0, 0.7, np.pi / 2, 2)
    ]
    assert max(energies) / min(energies) < 1.05


def test_a_unit_prefers_its_own_orientation_and_wavelength():
    own, turned, coarse = (
        energy(contrast(grating(0)), receptive, AREAS["VISp"], STEPS).max()
        for receptive in (unit(), unit(orientation=np.pi / 2), unit(wavelength=0.6))
    )
    assert own > 5 * turned
    assert own > 5 * coarse


def test_filters_are_blind_to_a_uniform_screen():
    assert_allclose(gabors(unit(), 32, 32).sum(axis=1), 0, atol=1e-12)


def test_units_stay_at_their_baseline_where_the_screen_is_uniform():
    for level in (0, 127, 255):
        uniform = np.full((20, 32, 32, 3), level, np.uint8)
        rates = area_rates(contrast(uniform), [unit(), unit(1.0)], np.array([4.0, 8.0]), AREAS["VISp"], STEPS)
        assert_allclose(rates, np.broadcast_to([4 * BASELINE, 8 * BASELINE], rates.shape))


def test_contrast_runs_from_black_over_grey_to_white_whatever_the_size():
    movie = np.stack([np.full((50, 71, 3), level, np.uint8) for level in (0, 255)])
    assert contrast(movie).shape == (2, 32, round(32 * 71 / 50))
    assert_allclose(contrast(movie)[0], -0.5)
    assert_allclose(contrast(movie)[1], 0.5)


def test_contrast_keeps_the_mean_of_the_screen_and_does_not_depend_on_blocks():
    movie = np.random.default_rng(0).integers(0, 256, (7, 45, 90, 3), dtype=np.uint8)
    small = contrast(movie, block=2)
    luminance = (movie / 255) @ [0.299, 0.587, 0.114] - 0.5
    assert_allclose(small.mean(axis=(1, 2)), luminance.mean(axis=(1, 2)), atol=1e-12)
    assert_allclose(small, contrast(movie), atol=1e-15)


def test_a_frame_is_a_whole_number_of_steps():
    for rate_hz, steps in ((30.0, 8), (24.0, 10), (60.0, 4), (1000.0, 1)):
        assert steps_of(rate_hz).frame == steps
        assert steps_of(rate_hz).frame * steps_of(rate_hz).seconds == pytest.approx(1 / rate_hz)


def test_settings_out_of_range_are_named():
    out_of_range = (
        ({"areas": ["VISpp"]}, "area 'VISpp'; did you mean 'VISp'"),
        ({"areas": ["VISp", "VISp"]}, "area 'VISp'"),
        ({"units": 0}, "units is 0, expected 1 or more"),
        ({"session": 0}, "session is 0"),
        ({"seed": -1}, "seed is -1"),
    )
    for changed, message in out_of_range:
        with pytest.raises(InputError, match=f"^simulated mouse: {message}"):
            mouse(**changed)
