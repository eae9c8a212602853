import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.stats.binning import (
    aligned_counts,
    binned_counts,
    has_more_distinct_values,
    histogram,
    sturges_edges,
    value_counts,
)
from monitoring_assets.stats.samples import CategorySample, HashedCounts, NumericSample

numbers = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=60).map(
    np.array
)


@given(numbers, numbers)
def test_the_edges_are_those_of_numpys_sturges_rule(x, y):
    both = np.concatenate((x, y))
    edges = sturges_edges(both.min(), both.max(), len(both))
    if both.min() < both.max():
        assert edges.tolist() == np.histogram_bin_edges(both, "sturges").tolist()


@given(numbers)
def test_the_counts_of_a_sorted_sample_are_numpys_histogram(x):
    edges = np.linspace(-1e6, 1e6, 12)
    counts = histogram(NumericSample.of(x), edges)
    assert counts.tolist() == np.histogram(x, edges)[0].tolist()


@given(numbers, st.integers(0, 10))
def test_distinct_values_are_counted_up_to_a_limit(x, limit):
    sample = NumericSample.of(np.round(x, -5))
    assert has_more_distinct_values(limit, sample) == (len(np.unique(sample.values)) > limit)


def test_distinct_values_are_counted_over_both_samples():
    samples = CategorySample({"a": 3, "b": 1}), CategorySample({"b": 5, "c": 1})
    assert has_more_distinct_values(2, *samples)
    assert not has_more_distinct_values(3, *samples)


def test_negative_zero_is_the_same_value_as_zero():
    counts = value_counts(NumericSample(np.array([0.0])), NumericSample(np.array([-0.0])))
    assert [c.tolist() for c in counts] == [[1], [1]]


@given(numbers, numbers)
def test_no_value_is_lost_in_the_bins(x, y):
    counts = binned_counts(NumericSample.of(x), NumericSample.of(y))
    assert [int(c.sum()) for c in counts] == [len(x), len(y)]


@pytest.mark.parametrize(("distinct", "bins"), [(20, 20), (21, 8)])
def test_a_reference_of_more_than_20_values_is_cut_into_equal_bins(distinct, bins):
    sample = NumericSample.of(np.arange(100.0) % distinct)
    assert len(binned_counts(sample, sample)[0]) == bins + (distinct > 20)


def test_categories_of_one_side_count_zero_on_the_other():
    counts = value_counts(CategorySample({"b": 2, "a": 1}), CategorySample({"c": 4}))
    assert [c.tolist() for c in counts] == [[1, 2, 0], [0, 0, 4]]


@given(
    st.dictionaries(st.integers(0, 9), st.integers(1, 9)),
    st.dictionaries(st.integers(0, 9), st.integers(1, 9)),
)
def test_hashed_counts_are_brought_together_like_texts(x, y):
    by_text = [CategorySample({str(key): n for key, n in side.items()}) for side in (x, y)]
    by_hash = [CategorySample(hashed(side)) for side in (x, y)]
    pairs = sorted(zip(*(c.tolist() for c in aligned_counts(*by_hash)), strict=True))
    assert pairs == sorted(zip(*(c.tolist() for c in value_counts(*by_text)), strict=True))
    assert [dict(s.counts) for s in by_hash] == [dict(s.counts) for s in by_text]
    assert [s.n for s in by_hash] == [s.n for s in by_text]


def hashed(counts):
    """Return counts whose hashes are in no order."""
    keys = np.array(list(counts), dtype=np.uint64)
    return HashedCounts(
        keys * np.uint64(0x9E3779B97F4A7C15),
        np.array(list(counts.values()), dtype=np.int64),
        [str(key) for key in counts].copy,
    )


def test_numbers_and_categories_are_not_counted_together():
    with pytest.raises(TypeError, match="numbers cannot be counted together"):
        value_counts(NumericSample(np.array([1.0])), CategorySample({"1": 1}))
