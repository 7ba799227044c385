"""Which units count, and what is made of them."""

from dataclasses import replace

import numpy as np
import pytest
from golden_inputs import areas, areas_of, recording, run, selection
from numpy.testing import assert_array_equal

from lorafb import trials
from lorafb.artefacts import responses
from lorafb.artefacts.grams import Pass
from lorafb.artefacts.provenance import Provenance
from lorafb.artefacts.recordings import Note, Recording
from lorafb.experiments.area_similarity import score_areas
from lorafb.experiments.areas import rates, remarks, select_units, unit_mask, units_table
from lorafb.experiments.ceiling import score_ceilings
from lorafb.experiments.replicates import Movie
from lorafb.experiments.rsm import correlations, gram_of
from lorafb.experiments.score import score_layers
from lorafb.experiments.statistics import summarise
from lorafb.files import InputError
from lorafb.similarity import jackknife, metrics, tsrsa

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
    counts[:, :, 1:] = 9
    area = select_units(Recording("VISp", "movie", 1.0, 2, counts, counts.sum(axis=0)), MOVIE)
    assert area.repeats is not None
    assert area.repeats.shape == (2, 5, 2)
    assert (area.area, area.n_units, area.gram.n_units) == ("visp", 2, 2)


def test_an_area_of_one_kept_unit_is_refused_where_units_are_selected_and_where_they_are_counted():
    counts = np.zeros((2, 5, 3), np.uint8)
    counts[:, :, 1] = 9
    one = Recording("VISp", "movie", 1.0, 2, counts, counts.sum(axis=0), {"session": np.zeros(3, int)})
    for refuse in (lambda: select_units(one, MOVIE), lambda: units_table([one], MOVIE)):
        with pytest.raises(
            InputError, match="VISp, movie: only 1 of 3 units is selected, and frames are correlated over two"
        ):
            refuse()


# ---------------------------------------------------------------- frames to which all units respond alike


def of_rsms(one, other):
    return tsrsa.compare(tsrsa.prepare(one), tsrsa.prepare(other))


LEAVE_OUT = {**MOVIE, "undefined_frames": "leave_out"}


def with_silent_frames(frames, area="VISl", n_units=6, seed=3):
    summed = np.random.default_rng(seed).poisson(3, (40, n_units)) + np.arange(n_units) % 2
    summed[frames] = 0
    units = {"unit_id": np.arange(n_units), "session": np.arange(n_units) % 2}
    return Recording(area, "movie", 10.0, 5, None, summed, units)


def test_frames_without_a_spike_are_left_out_of_their_area_alone_for_every_network():
    small, large = with_silent_frames([0, 7, 23]), with_silent_frames([], "VISp", 9, 4)
    kept = np.setdiff1d(np.arange(1, 40), [7, 23])
    areas = [select_units(one, LEAVE_OUT) for one in (large, small)]
    assert areas[1].left_out.tolist() == [7, 23]  # frame 0 is no scored frame
    assert_array_equal(areas[1].scored, kept)
    grams = {f"layer{k}": gram_of(np.random.default_rng(k).normal(size=(40, 30))) for k in range(3)}
    features = {f"layer{k}": np.random.default_rng(k).normal(size=(40, 30)) for k in range(3)}
    made = Pass(np.arange(40), grams, {})
    for name in ("tsrsa", "cka"):
        scores = score_layers(trials.original(40), made, areas, metrics.load(name))
        for one in scores:
            area = areas[0] if one.area == "visp" else areas[1]
            alone = select_units(with_silent_frames([], "x", area.n_units), MOVIE)
            assert alone.left_out.size == 0
            frames = area.scored
            part = gram_of(features[one.layer][frames])
            cortex = select_units(
                Recording("x", "movie", 10.0, 5, None, area.summed[frames], area.units), {**MOVIE, "skip_frames": 0}
            )
            whole = Pass(np.arange(len(frames)), {"one": part}, {})
            (expected,) = score_layers(trials.original(len(frames), 0), whole, [cortex], metrics.load(name))
            assert one.value == pytest.approx(expected.value, abs=1e-12)


def test_statistics_score_an_area_without_its_frames_as_the_scores_do():
    small, large = with_silent_frames([7, 23], n_units=12), with_silent_frames([], "VISp", 12)
    areas = [select_units(small, LEAVE_OUT), select_units(large, MOVIE)]
    layers = {f"layer{k}": gram_of(np.random.default_rng(k).normal(size=(40, 30))) for k in range(3)}
    movie = Movie(areas)
    scores = movie.score(layers)
    direct = score_layers(trials.original(40), Pass(np.arange(40), layers, {}), areas, metrics.load("tsrsa"))
    assert scores.whole.ravel().tolist() == pytest.approx([one.value for one in direct], abs=1e-12)
    for part in (scores.units, scores.blocks, scores.halves, *scores.shifts.values()):
        assert np.isfinite(part).all()
    block = jackknife.without_blocks(np.arange(1, 40))[2]  # without a block, of the frames that the area has
    frames = np.intersect1d(block, areas[0].scored)
    expected = of_rsms(*(correlations(gram, frames) for gram in (layers["layer1"], areas[0].gram)))
    assert scores.blocks[2, 1, 0] == pytest.approx(expected, abs=1e-12)


def test_statistics_say_why_an_area_has_no_score():
    movie = Movie(
        [
            select_units(with_silent_frames([7], n_units=12), MOVIE),
            select_units(with_silent_frames([], "VISp", 12), MOVIE),
        ]
    )
    scores = {"net": movie.score({"layer": gram_of(np.random.default_rng(1).normal(size=(40, 30)))})}
    table = summarise(scores, {"net": ["layer"]}, movie, score_ceilings(movie.areas, 3)).set_index("area")
    assert table["value"].isna().to_dict() == {"visl": True, "visp": False, "mean": True}
    told = "no score: all units respond alike to some frame (visl)"
    assert table["reason"].to_dict() == {"visl": told, "visp": "no single repeats", "mean": told}


def test_areas_are_compared_on_the_frames_that_both_have():
    small, large = (
        select_units(with_silent_frames([7]), LEAVE_OUT),
        select_units(with_silent_frames([], "VISp"), LEAVE_OUT),
    )
    table = score_areas([small, large], [metrics.load("tsrsa")])
    frames = np.setdiff1d(np.arange(1, 40), [7])
    expected = of_rsms(correlations(small.gram, frames), correlations(large.gram, frames))
    assert table["value"].tolist() == pytest.approx([expected, expected])
    assert table["layer"].tolist() == ["visl", "visp"]


def test_the_table_of_units_says_which_frames_have_no_correlation_and_what_is_done():
    recordings = [with_silent_frames([23]), with_silent_frames([], "VISp")]
    for chosen, told in ((MOVIE, "no score; `undefined_frames: leave_out`"), (LEAVE_OUT, "is scored without them")):
        table = units_table(recordings, chosen).set_index("area")
        assert table["undefined_frames"].to_dict() == {"visl": 1, "visp": 0}
        assert (
            "movie, VISl: all 6 kept units respond alike to 1 of 39 frames (first: 23): " in table.loc["visl", "notes"]
        )
        assert told in table.loc["visl", "notes"]
        assert remarks([table, table]) == [table.loc["visl", "notes"]]


def test_too_few_frames_left_are_refused():
    with pytest.raises(InputError, match="respond alike to 37 frames, and without them 2 frames are left to score"):
        select_units(with_silent_frames(np.arange(3, 40)), LEAVE_OUT)


def test_numbers_of_notes_are_columns_and_their_texts_stand_in_the_table():
    notes = (Note("rows_cut", 3, "3 rows cut"), Note("unobserved", 1, "", "VISl"), Note("unobserved", 2, "two more"))
    one = replace(with_silent_frames([]), notes=notes)
    table = units_table([one, with_silent_frames([], "VISp")], MOVIE).set_index("area")
    assert table["rows_cut"].to_dict() == {"visl": 3, "visp": 0}
    assert table["unobserved"].to_dict() == {"visl": 3, "visp": 0}
    assert table.loc["visl", "notes"] == "3 rows cut | two more"
    assert remarks([table]) == ["3 rows cut", "two more"]


def test_responses_come_back_from_their_file_as_they_were(tmp_path):
    counts = np.random.default_rng(0).poisson(3, (2, 9, 4)).astype(np.uint8)
    units = {"unit_id": np.arange(4), "session": np.array([1, 1, 2, 2]), "quality": np.array(["good"] * 4)}
    for single in (counts, None):
        summed = counts.sum(axis=0)
        summed[4] = 0
        area = select_units(Recording("VISp", "movie", 10.0, 2, single, summed, units), LEAVE_OUT, "ordinal")
        assert area.left_out.tolist() == [4]
        responses.write(area, tmp_path / "area.h5", Provenance())
        back = responses.read(tmp_path / "area.h5")
        for name in ("summed", "repeats", "ranks", "left_out"):
            assert_array_equal(getattr(back, name), getattr(area, name))
        assert_array_equal(back.gram.products, area.gram.products)
        assert_array_equal(back.units["session"], area.units["session"])
        assert back.units["quality"].tolist() == ["good"] * 4
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
