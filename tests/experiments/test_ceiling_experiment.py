"""Ceilings against the published runs, and the kinds of halves."""

import numpy as np
import pytest
from golden_inputs import areas_of, run
from numpy.testing import assert_allclose, assert_array_equal

from lorafb import trials
from lorafb.artefacts.recordings import Recording
from lorafb.experiments import ceiling
from lorafb.experiments.area_similarity import score_areas
from lorafb.experiments.areas import select_units
from lorafb.experiments.score import UndefinedScore
from lorafb.similarity import metrics


def selected(recording, skip_frames=1):
    """All units that fire at all."""
    return select_units(recording, {"min_rate": 1e-9, "skip_frames": skip_frames})


def areas(n_units=8, repeats=4):
    random = np.random.default_rng(1)
    drive = random.uniform(1, 9, size=(20, 1, n_units))
    counts = random.poisson(drive.transpose(1, 0, 2), size=(repeats, 20, n_units)).astype(np.uint8)
    recordings = [
        Recording(name, "m", 1.0, repeats, counts + n, (counts + n).sum(axis=0)) for n, name in enumerate("ab")
    ]
    return [selected(recording) for recording in recordings]


def test_published_splits_of_units_give_the_published_ceilings():
    golden = run("ceiling_units")
    scores = ceiling.score_ceilings(areas_of(golden), 100, mode="published")
    values = scores.pivot(index="trial", columns="area", values="value")[golden["areas"]]
    assert_allclose(values, golden["scores"], atol=2e-5)
    means = ceiling.summary(scores).set_index("area")["half"][golden["areas"]]
    assert_allclose(means, golden["mean_per_area"], atol=2e-5)


def test_published_splits_of_units_in_clips_give_the_published_ceilings():
    golden = run("ceiling_units_clip20")
    recorded = areas_of(golden)
    clips = trials.clips(recorded[0].n_frames, 20, 3, "published")
    assert_array_equal([clip.scored[0] - 1 for clip in clips], golden["draws"]["clip_start"])
    scores = ceiling.score_clip_ceilings(recorded, clips, 100, mode="published")
    values = scores.pivot(index="trial", columns="area", values="value")[golden["areas"]].to_numpy()
    assert_allclose(values.reshape(3, 100, 6), golden["scores"], atol=5e-4)
    assert set(scores["length"]) == {20}


def test_a_split_does_not_depend_on_other_splits_or_areas():
    for halves in ("units", "repeats", "stimulus"):
        both = ceiling.score_ceilings(areas(), 4, [halves])
        alone = ceiling.score_ceilings(areas()[1:], 2, [halves])
        assert_array_equal(both.loc[both["area"] == "b", "value"][:2], alone["value"])
        assert set(both["layer"]) == {halves}


def test_all_kinds_of_halves_are_possible_where_every_area_has_single_repeats():
    assert ceiling.possible_halves(areas()) == ("units", "repeats", "stimulus")
    assert ceiling.possible_halves([*areas(), *areas(repeats=1)]) == ("units",)


def test_halves_of_repeats_need_repeats():
    recording = Recording("a", "m", 1.0, 2, None, np.arange(12).reshape(4, 3))
    with pytest.raises(ValueError, match="a, m: the recording has only sums over repeats"):
        ceiling.score_ceilings([selected(recording)], 2, ["repeats"])


def test_a_half_that_is_silent_in_a_frame_is_told_and_leaves_no_mean():
    recording = Recording("a", "m", 1.0, 1, None, np.array([[9, 0, 0, 0], [1, 2, 3, 4], [2, 5, 1, 0], [7, 1, 1, 3]]))
    with pytest.warns(UndefinedScore, match="area a: .* splits have a half whose units all respond alike"):
        scores = ceiling.score_ceilings([selected(recording, 0)], 6)
    assert np.isnan(ceiling.summary(scores)["half"][0])


def test_areas_meet_each_other_once_in_each_order_and_themselves_in_their_ceiling():
    ceilings = ceiling.score_ceilings(areas(), 5)
    scores = score_areas(areas(), [metrics.load("tsrsa")], ceilings)
    grid = scores.pivot(index="area", columns="layer", values="value").to_numpy()
    assert grid[0, 1] == grid[1, 0] == pytest.approx(1)  # a constant added to all units changes nothing
    assert_allclose(np.diagonal(grid), ceilings.groupby("area")["value"].mean())


@pytest.mark.filterwarnings("ignore:regression leaves out")
def test_areas_are_compared_by_every_metric_and_the_ceiling_is_that_of_tsrsa():
    compared = [metrics.load(name) for name in ("tsrsa", "tsrsa-spearman", "cka")]
    scores = score_areas(areas(), compared, ceiling.score_ceilings(areas(), 5))
    assert scores.groupby("metric").size().to_dict() == {"tsrsa": 4, "tsrsa-spearman": 2, "cka": 2}
    ranks = scores.loc[scores["metric"] == "tsrsa-spearman", "value"]
    assert_allclose(ranks, 1)  # a constant added to all units changes no rank
