import fractions
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from scipy.stats import rankdata

from lorafb.artefacts.grams import raw, square
from lorafb.features import gram

torch.set_num_threads(1)
counts_of_any_size = arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 40)), elements=st.integers(0, 255))
floats_of_any_size = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 30)),
    elements=st.floats(-1e4, 1e4, width=32, allow_subnormal=False),
)


def in_blocks(responses, width):
    return list(torch.split(torch.from_numpy(responses), width, dim=1))


def true_products(responses):
    """Gram of centred frames in rational arithmetic."""
    rows = [[fractions.Fraction(float(value)) for value in row] for row in responses]
    means = [sum(row) / len(row) for row in rows]
    centred = [[value - mean for value in row] for row, mean in zip(rows, means, strict=True)]
    return [[sum(a * b for a, b in zip(t, u, strict=True)) for u in centred] for t in centred]


@given(counts=counts_of_any_size, width=st.integers(1, 41))
@settings(deadline=None)
def test_products_of_counts_are_those_of_int64_in_any_blocks(counts, width):
    made = gram.products(in_blocks(counts, width))
    exact = counts.astype(np.int64)
    assert made.products.dtype == np.int64
    assert_array_equal(square(made), exact @ exact.T)
    assert_array_equal(made.sums, exact.sum(axis=1))
    assert made.n_units == counts.shape[1]


@pytest.mark.parametrize(
    ("largest", "without_int8"), [(3, "float32"), (127, "float32"), (128, "float64"), (255, "float64")]
)
def test_every_exact_product_is_exact_at_its_largest_sums(largest, without_int8, monkeypatch):
    counts = np.full((140, 20000), largest, np.uint8)  # more frames than a tile, more units than a block
    counts[1::2, ::3] = 1
    exact = counts.astype(np.float64) @ counts.astype(np.float64).T  # below 2^53
    for fast in (True, False):
        monkeypatch.setattr(gram, "int8_is_fast", lambda fast=fast: fast)
        way = gram.exact_product(torch.device("cpu"), largest)
        assert way.name == ("int8" if fast and largest <= 127 and gram.int8_is_exact() else without_int8)
        assert_array_equal(square(gram.products([torch.from_numpy(counts)])), exact)
    monkeypatch.setattr(gram, "int8_is_fast", lambda: True)
    monkeypatch.setattr(gram, "int8_is_exact", lambda: False)
    assert gram.exact_product(torch.device("cpu"), largest).name == without_int8


@pytest.mark.parametrize(("int8", "floats"), [(0.001, 0.02), (0.02, 0.001)])
def test_the_faster_of_two_exact_products_is_taken(int8, floats, monkeypatch):
    monkeypatch.setattr(gram, "_int8_product", lambda *_: time.sleep(int8))
    monkeypatch.setattr(gram, "_matrix_product", lambda *_: time.sleep(floats))
    assert gram.int8_is_fast.__wrapped__() == (int8 < floats)


def test_the_bounds_of_the_ways_hold_the_largest_sum(monkeypatch):
    monkeypatch.setattr(gram, "int8_is_fast", lambda: True)
    for largest in range(1, 256):
        way = gram.exact_product(torch.device("cpu"), largest)
        assert way.columns * largest**2 < {"int8": 2**31, "float32": 2**24, "float64": 2**53}[way.name]
        assert way.name != "int8" or largest <= 127


def test_an_int8_product_that_saturates_is_found_and_not_used(monkeypatch):
    monkeypatch.setattr(gram, "int8_is_fast", lambda: True)
    monkeypatch.setattr(torch, "_int_mm", lambda a, b: (a.int() @ b.int()).clamp(max=32767))
    gram.int8_is_exact.cache_clear()
    try:
        assert not gram.int8_is_exact()
        counts = torch.full((2, 9000), 100, dtype=torch.uint8)
        assert gram.products([counts]).products.tolist() == [90_000_000] * 3
    finally:
        gram.int8_is_exact.cache_clear()


@given(responses=floats_of_any_size, width=st.integers(1, 31))
@settings(deadline=None)
def test_float_products_are_within_the_stated_error_of_the_rational_ones(responses, width):
    made = gram.products(in_blocks(responses, width))
    n = responses.shape[1]
    first = responses[:, :width].astype(np.float64)
    shifted = responses.astype(np.float64) - (first.sum(axis=1) / first.shape[1])[:, None]
    norms = np.linalg.norm(shifted, axis=1)
    true = true_products(responses)
    for t, row in enumerate(square(made)):
        for u, value in enumerate(row):
            error = abs(fractions.Fraction(float(value)) - true[t][u])
            assert error <= 4 * (n + 2) * 2.0**-53 * norms[t] * norms[u] * (1 + 1e-9)
    np.testing.assert_allclose(made.sums, responses.astype(np.float64).sum(axis=1), atol=1e-9 * np.abs(responses).sum())


def test_products_of_the_responses_themselves_follow_from_centred_ones():
    responses = np.random.default_rng(1).normal(3, 1, (6, 50)).astype(np.float32)
    expected = responses.astype(np.float64) @ responses.T.astype(np.float64)
    np.testing.assert_allclose(raw(gram.products([torch.from_numpy(responses)])), expected, rtol=1e-12)


def test_products_of_whole_multiples_are_divided_by_their_scale():
    counts = np.random.default_rng(1).integers(0, 5, (6, 50)).astype(np.uint8)
    assert_array_equal(raw(gram.products([torch.from_numpy(counts)], scale=4)), (counts / 4) @ (counts / 4).T)


def test_a_large_common_offset_costs_no_digits():
    random = np.random.default_rng(1)
    small = random.integers(-8, 9, (3, 500)).astype(np.float32) / 8
    with_offset = small + np.float32(4096)  # exact: 8 is 2^3, 4096 is 2^12, float32 holds 24 places
    reference = square(gram.products([torch.from_numpy(small)]))
    np.testing.assert_allclose(square(gram.products([torch.from_numpy(with_offset)])), reference, rtol=1e-13)


@given(
    value=st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False),
    n=st.integers(1, 70000),
    width=st.integers(1, 70000),
)
@settings(deadline=None, max_examples=30)
def test_a_constant_float_frame_has_products_of_exactly_zero(value, n, width):
    responses = np.full((1, n), value, np.float32)
    made = gram.products(in_blocks(responses, width) if width * 20 > n else [torch.from_numpy(responses)])
    assert made.products.tolist() == [0.0]


def test_ranked_blocks_are_the_centred_average_ranks_of_each_frame_over_units():
    random = np.random.default_rng(2)
    counts = random.integers(0, 4, (5, 700)).astype(np.uint8)
    counts[3] = 7
    for responses in (counts, random.normal(size=(5, 700)).astype(np.float32)):
        width = 300 if responses.dtype == np.uint8 else 700
        ranked = torch.cat(list(gram.ranked_blocks(lambda: in_blocks(responses, width))), dim=1).numpy()  # noqa: B023
        assert_array_equal(ranked, 2 * rankdata(responses, axis=1) - 701)


def test_counts_and_floats_do_not_mix():
    with pytest.raises(ValueError, match=r"after blocks of torch\.uint8"):
        gram.products([torch.zeros(2, 3, dtype=torch.uint8), torch.zeros(2, 3)])


def test_a_layer_without_units_is_refused():
    with pytest.raises(ValueError, match="without units"):
        gram.products([])
