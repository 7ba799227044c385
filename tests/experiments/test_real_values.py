"""Real values (dF/F) in place of counts: every number by plain NumPy and SciPy, none rounded to a whole number on the way."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr

import lorafb
from lorafb import draws
from lorafb.artefacts import recordings, responses
from lorafb.artefacts.grams import Pass
from lorafb.artefacts.provenance import Provenance
from lorafb.cortex.read_recording import read_recording
from lorafb.cortex.reliability import split_half_reliability
from lorafb.experiments import ceiling, statistics
from lorafb.experiments.area_similarity import score_areas
from lorafb.experiments.areas import select_units, units_table
from lorafb.experiments.psth import regressed_units
from lorafb.experiments.replicates import Movie
from lorafb.experiments.rsm import gram_of
from lorafb.experiments.score import score
from lorafb.experiments.table import Labels, Layer
from lorafb.files import InputError
from lorafb.similarity import jackknife, metrics
from lorafb.trials import clips, original

FRAMES, UNITS, REPEATS = 60, 24, 4
MADE = Provenance({}, {}, "")


@pytest.fixture(scope="module")
def values():
    """dF/F [repeats, T, units]: small, mostly below one, half of it negative."""
    random = np.random.default_rng(1)
    drive = np.cumsum(random.normal(size=(FRAMES, 5)), axis=0) @ random.normal(size=(5, UNITS)) / 40
    return drive + random.normal(size=(REPEATS, FRAMES, UNITS)) / 8


@pytest.fixture(scope="module")
def features():
    return np.cumsum(np.random.default_rng(2).normal(size=(FRAMES, 30)), axis=0)


@pytest.fixture
def recording(values, tmp_path):
    """As a person brings it, and as the workflow writes and reads it back."""
    np.save(tmp_path / "visp.npy", values)
    settings = {"kind": "arrays", "rate_hz": 10.0, "axes": ["repeats", "frames", "units"], "values": "real"}
    recordings.write(read_recording(settings, [tmp_path / "visp.npy"], "VISp", "mine"), tmp_path / "r.h5", MADE)
    return recordings.read(tmp_path / "r.h5")


@pytest.fixture
def area(recording, tmp_path):
    responses.write(select_units(recording, {"skip_frames": 1}), tmp_path / "a.h5", MADE)
    return responses.read(tmp_path / "a.h5")


def tsrsa(one, other):
    """Spearman r of the pairs of frames of two arrays [T, units]."""
    pairs = np.triu_indices(len(one), 1)
    return spearmanr(np.corrcoef(one)[pairs], np.corrcoef(other)[pairs])[0]


def test_values_are_kept_as_they_are(recording, area, values):
    assert_array_equal(recording.counts, values)
    assert_allclose(recording.summed, values.sum(axis=0), rtol=1e-13)
    assert area.n_units == UNITS  # no rate leaves a unit out
    assert_array_equal(area.repeats, values)


def test_counts_are_still_refused_where_they_are_not_whole(values, tmp_path):
    np.save(tmp_path / "visp.npy", values)
    settings = {"kind": "arrays", "rate_hz": 10.0, "axes": ["repeats", "frames", "units"]}
    with pytest.raises(InputError, match="expected spike counts, which are whole numbers"):
        read_recording(settings, [tmp_path / "visp.npy"], "VISp", "mine")
    np.save(tmp_path / "visp.npy", np.where(np.arange(UNITS) == 3, np.nan, values))
    with pytest.raises(InputError, match=r"holds nan at \[0, 0, 3\], expected finite numbers; leave out the units"):
        read_recording(settings | {"values": "real"}, [tmp_path / "visp.npy"], "VISp", "mine")


def test_scores_of_the_movie_and_of_a_clip(area, values, features):
    made = Pass(np.arange(FRAMES), {"top": gram_of(features)})
    movie = original(FRAMES, 1)
    clip = clips(FRAMES, 20, 1)[0]
    scores = score([(movie, made), (clip, made)], [area], [metrics.load("tsrsa")], Labels("net", "none", "mine"))
    wanted = [tsrsa(features[frames], values.sum(axis=0)[frames]) for frames in (movie.scored, clip.recorded)]
    assert_allclose(scores["value"], wanted, atol=1e-12)


def test_intervals_over_units_and_over_time(area, values, features):
    movie = Movie([area])
    scores = movie.score({"top": gram_of(features)})
    summed = values.sum(axis=0)
    frames = np.arange(1, FRAMES)
    groups = jackknife.groups_of_units([area.units["session"]], [draws.stream(2023, "groups of units", 0, 0)])[0]
    left_out = [tsrsa(features[1:], np.delete(summed, group, axis=1)[1:]) for group in groups]
    assert_allclose(scores.units[:, 0, 0], left_out, atol=1e-9)
    blocks = [tsrsa(features[kept], summed[kept]) for kept in jackknife.without_blocks(frames)]
    assert_allclose(scores.blocks[:, 0, 0], blocks, atol=1e-9)
    row = statistics.row(scores, movie, np.array([0]))
    assert row["value"] == pytest.approx(tsrsa(features[1:], summed[1:]))
    assert row["ci_low"] < row["value"] < row["ci_high"]
    assert 0 <= row["p_lag"] <= 1


def test_ceilings_between_halves_of_units_and_of_repeats(area, values):
    table = ceiling.score_ceilings([area], 3, ("units", "repeats", "stimulus"))
    units = draws.half_orders({"visp": UNITS}, 3, "units")["visp"]
    repeats = draws.half_orders({"visp": REPEATS}, 3, "repeats")["visp"]
    summed = values.sum(axis=0)[1:]
    wanted = [tsrsa(summed[:, one[: UNITS // 2]], summed[:, one[UNITS // 2 :]]) for one in units]
    wanted += [tsrsa(values[one[:2]].sum(axis=0)[1:], values[one[2:]].sum(axis=0)[1:]) for one in repeats]
    for one, two in zip(units, repeats, strict=True):
        first, second = values[two[:2]].sum(axis=0)[1:], values[two[2:]].sum(axis=0)[1:]
        wanted.append(tsrsa(first[:, one[: UNITS // 2]], second[:, one[UNITS // 2 :]]))
    assert_allclose(table["value"], wanted, atol=1e-9)


def test_areas_among_themselves_by_every_metric(area, values):
    other = replace(area, area="visl")
    names = ("tsrsa", "cka", "tsrsa-spearman")
    table = score_areas([area, other], [metrics.load(name) for name in names])
    assert_allclose(table["value"], 1, atol=1e-9)  # each is the other


def test_the_table_of_units_has_no_rates_and_keeps_all_units(recording):
    row = units_table([recording], {"skip_frames": 1}).iloc[0]
    assert (row["units"], row["kept"], row["repeats"]) == (UNITS, UNITS, REPEATS)
    assert np.isnan([row["mean_rate"], row["median_rate"]]).all()
    with pytest.raises(InputError, match="min_rate is a rate of spikes, and these are real values; leave it out"):
        units_table([recording], {"min_rate": 0.5, "skip_frames": 1})


def test_the_response_of_a_unit_is_its_mean_over_repeats(area, values, features):
    table = regressed_units({"top": gram_of(features)}, [area], {"visp": Layer("top", 0)})
    unit = table["unit_id"].iloc[0]
    assert_allclose(table["measured"], values.mean(axis=0)[1:, unit])


def test_reliability_is_of_the_values(values):
    reliability = split_half_reliability(values, splits=1)
    order = np.random.default_rng([0, 0]).permutation(REPEATS)
    one, other = values[order[:2]].sum(axis=0), values[order[2:]].sum(axis=0)
    r = np.array([np.corrcoef(one[:, unit], other[:, unit])[0, 1] for unit in range(UNITS)])
    assert_allclose(reliability, 2 * r / (1 + r))


def test_the_front_door_compares_them(values, features):
    compared = lorafb.compare(features, values.mean(axis=0))
    assert compared.score == pytest.approx(tsrsa(features[1:], values.mean(axis=0)[1:]))
    assert compared.over_units[0] < compared.score < compared.over_units[1]
