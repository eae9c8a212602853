import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring_assets.profiles.building import profile_of
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.profiles.profile import times
from monitoring_assets.profiles.sampling import multiplicity, profile_sampled
from monitoring_assets_tests.profiles.cases import assert_same
from monitoring_assets_tests.profiles.test_profile import LAYOUT, table, values


@settings(max_examples=100, deadline=None)
@given(values, st.integers(1, 1000))
def test_a_profile_times_k_is_that_of_rows_that_are_there_k_times(rows, k):
    assert_same(times(profile_of(table(rows), LAYOUT), k), profile_of(table(rows * k), LAYOUT))


@settings(max_examples=100, deadline=None)
@given(values, st.data())
def test_a_row_kept_at_a_rate_of_1_to_k_is_there_k_times(rows, data):
    drawn = st.lists(st.none() | st.integers(1, 9), min_size=len(rows), max_size=len(rows))
    weights = data.draw(drawn)
    rates = pa.array([None if k is None else 1 / k for k in weights], pa.float64())
    sampled = table(rows).append_column("sample_rate", rates)
    found = profile_sampled(sampled.to_batches(max_chunksize=7), LAYOUT, "sample_rate")
    repeated = [row for row, k in zip(rows, weights, strict=True) for _ in range(k or 1)]
    assert_same(found, profile_of(table(repeated), LAYOUT))


def test_no_rows_are_no_rows_at_any_rate():
    layout = layout_of(pa.table({"x": [1.0]}), ["x"], [])
    assert profile_sampled([], layout, "sample_rate").rows == 0


@pytest.mark.parametrize("rate", ["0", "-1", "2", "0.3", "nan"])
def test_a_rate_that_is_not_one_of_a_whole_number_is_refused(rate):
    with pytest.raises(ValueError, match=f"not {rate}"):
        multiplicity(rate)


@pytest.mark.parametrize(("rate", "k"), [("1", 1), ("0.5", 2), ("0.333", 3), ("0.0001", 10_000)])
def test_a_rate_of_1_to_k_stands_for_k_rows(rate, k):
    assert multiplicity(rate) == k
