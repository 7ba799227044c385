"""The score: ties averaged, equal to scipy's, the published order by name, and never a number from NaN."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metric_cases import CASES, DEFINED, arrays_of
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import rankdata, spearmanr

from lorafb.similarity import ranks, tsrsa
from lorafb.similarity.ranks import unit_ranks
from lorafb.similarity.tsrsa import score

counts = arrays(np.int64, (6, 7), elements=st.integers(0, 4))


def score_of_pairs(model, area, ties="average"):
    return tsrsa.compare(unit_ranks(model, ties), unit_ranks(area, ties))


def spearman_score(x, y, ties="average"):
    return tsrsa.compare(*(tsrsa.prepare(tsrsa.spearman(side, ties), ties) for side in (x, y)))


@pytest.mark.parametrize("name", DEFINED)
def test_integer_responses_give_the_score_of_exact_rational_arithmetic(name):
    assert score(*arrays_of(name)) == pytest.approx(CASES[name]["tsrsa_average_ranks_rational"], abs=1e-14)


@pytest.mark.parametrize("name", DEFINED)
def test_ordinal_ties_of_centred_floats_give_the_published_score(name):
    # the order of an unstable sort differs between processors, so tied cases may too: 2.2e-4 and 2.2e-6 were seen
    tolerance = 5e-4 if name == "ties" else 5e-6
    floats = (side.astype(np.float64) for side in arrays_of(name))
    assert score(*floats, ties="ordinal") == pytest.approx(CASES[name]["tsrsa_published_float64"], abs=tolerance)


@pytest.mark.parametrize("name", DEFINED)
def test_ordinal_spearman_of_frames_gives_the_published_variant(name):
    tolerance = 5e-2 if name == "ties" else 1e-2  # almost every response is tied: nothing but the sort decides
    assert spearman_score(*arrays_of(name), ties="ordinal") == pytest.approx(
        CASES[name]["tsrsa_spearman_published_ordinal"], abs=tolerance
    )


@pytest.mark.parametrize("name", DEFINED)
def test_average_spearman_of_frames_is_that_of_scipy(name):
    # scipy's float correlations miss some of the ties that these integers see
    assert spearman_score(*arrays_of(name)) == pytest.approx(CASES[name]["tsrsa_spearman_average_ranks"], abs=1e-4)


@pytest.mark.parametrize("ties", ["average", "ordinal"])
def test_a_constant_frame_leaves_no_score_where_the_published_code_gave_one(ties):
    x, y = arrays_of("constant")
    assert CASES["constant"]["tsrsa_published_float64"] is not None
    assert np.isnan(score(x, y, ties))
    assert np.isnan(spearman_score(x, y, ties))


def test_four_frames_by_hand():
    model = np.array([0.9, 0.5, 0.1, 0.8, 0.4, 0.7])  # ranks 6 3 1 5 2 4
    area = np.array([0.8, 0.6, 0.2, 0.9, 0.3, 0.7])  # ranks 5 3 1 6 2 4
    assert score_of_pairs(model, area) == pytest.approx(1 - 6 * 2 / (6**3 - 6))


def test_equal_fractions_that_differ_in_the_last_digit_are_tied():
    assert_array_equal(ranks.ranks(np.array([0.1 + 0.2, 0.3, 0.5])), [1.5, 1.5, 3])


def test_ordinal_ranks_are_those_of_the_distance_and_unrounded():
    assert_array_equal(ranks.ranks(np.array([0.9, 0.1, 0.5]), "ordinal"), [1, 3, 2])
    assert len(set(ranks.ranks(np.array([0.25, 0.25, 0.5]), "ordinal"))) == 3


def test_unknown_ties_are_refused():
    with pytest.raises(ValueError, match="ties 'averge'"):
        ranks.ranks(np.array([0.1, 0.2]), "averge")


@pytest.mark.parametrize("ties", ["average", "ordinal"])
def test_nan_in_gives_nan_out(ties):
    assert np.isnan(score_of_pairs(np.array([0.1, np.nan, 0.3]), np.array([0.1, 0.2, 0.3]), ties))


def test_pairs_that_are_all_alike_have_no_rank_correlation():
    assert np.isnan(score_of_pairs(np.full(6, 0.5), np.arange(6) / 10))


@pytest.mark.parametrize("pairs", [0, 1])
def test_two_frames_and_one_have_no_rank_correlation(pairs):
    assert np.isnan(score_of_pairs(np.full(pairs, 0.5), np.full(pairs, 0.2)))


def test_sides_of_other_frames_are_refused():
    with pytest.raises(ValueError, match="3 pairs of frames of the model, 6 of the area"):
        score_of_pairs(np.arange(3) / 3, np.arange(6) / 6)


vectors = arrays(np.float64, 15, elements=st.integers(-8, 8).map(lambda value: value / 8))


@given(values=vectors)
def test_average_ranks_are_those_of_scipy(values):
    assert_array_equal(ranks.average_ranks(values), rankdata(values))


@given(values=vectors, chosen=arrays(np.bool_, 15))
def test_pairs_are_ranked_among_themselves_from_their_ranks_among_more(values, chosen):
    result = ranks.doubled_ranks_among(ranks.doubled_ranks(values)[chosen])
    assert_array_equal(result, 2 * rankdata(values[chosen]))


@given(values=vectors, ties=st.sampled_from(["average", "ordinal"]))
def test_doubled_ranks_hold_what_ranks_hold(values, ties):
    assert_array_equal(ranks.doubled_ranks(values, ties), 2 * ranks.ranks(values, ties))
    assert_allclose(ranks.unit(ranks.doubled_ranks(values, ties)), ranks.unit_ranks(values, ties), atol=1e-15)


def test_doubled_ranks_of_undefined_pairs_have_no_score():
    undefined = ranks.doubled_ranks(np.array([0.1, np.nan, 0.3]))
    assert np.isnan(ranks.unit(undefined)).all()
    assert np.isnan(ranks.unit(ranks.doubled_ranks_among(undefined[:2]))).all()
    assert ranks.unit(undefined[:0]).tolist() == []


@given(model=vectors, area=vectors)
def test_the_score_is_scipys_spearman(model, area):
    if np.ptp(model) and np.ptp(area):
        assert score_of_pairs(model, area) == pytest.approx(spearmanr(model, area).statistic, abs=1e-12)


@given(model=vectors, area=vectors)
def test_the_score_is_symmetric(model, area):
    assert_array_equal(score_of_pairs(model, area), score_of_pairs(area, model))


@given(model=vectors)
def test_a_side_scores_one_with_itself_and_minus_one_with_its_distance(model):
    if np.ptp(model):
        assert score_of_pairs(model, model) == pytest.approx(1)
        assert score_of_pairs(model, 1 - model) == pytest.approx(-1)


@given(x=counts, y=counts, units=st.permutations(range(7)), scale=st.integers(1, 9))
def test_order_of_units_scale_and_a_frames_baseline_do_not_move_the_score(x, y, units, scale):
    moved = scale * x[:, units] + np.arange(6)[:, None]
    assert_allclose(score(moved, y), score(x, y), atol=1e-12)


@given(x=counts, y=counts, frames=st.permutations(range(6)))
def test_the_same_order_of_frames_on_both_sides_does_not_move_the_score(x, y, frames):
    assert_allclose(score(x[frames], y[frames]), score(x, y), atol=1e-12)


@given(x=counts)
def test_spearman_of_frames_is_that_of_scipy(x):
    varying = x[np.ptp(x, axis=1) > 0]
    if len(varying) > 2:
        assert_allclose(tsrsa.spearman(varying), spearmanr(varying, axis=1).statistic, atol=1e-12)


def test_spearman_of_a_constant_frame_is_undefined():
    assert np.isnan(tsrsa.spearman(np.array([[1.5, 1.5, 1.5], [0, 1, 2]]))[0]).all()


@given(st.lists(st.sampled_from([-1, -0.5, 1e-12, 1.4e-12, 1 / 3, 0.25, 1]), max_size=40), st.sampled_from([1, 1e6]))
def test_one_sort_of_whole_numbers_ranks_as_scipy_does(values, factor):
    correlations = factor * np.array(
        values, np.float64
    )  # far beyond 1 the integers pass 64 bits, and the slow way ranks
    expected = 2 * rankdata(np.round(correlations, ranks.DECIMALS))
    assert_array_equal(ranks.doubled_ranks(correlations), expected)
