import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.stats import intervals
from monitoring_assets.stats.samples import Estimate


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_shares_interval_is_scipys_wilson_interval(case):
    from scipy.stats import binomtest

    successes, n = case
    expected = binomtest(successes, n).proportion_ci(method="wilson")
    share = intervals.share(successes, n)
    assert (share.lower, share.upper) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_within_its_interval_and_within_0_and_1(case):
    share = intervals.share(*case)
    assert 0 <= share.lower <= share.value <= share.upper <= 1


def test_a_share_of_nothing_is_undefined():
    assert intervals.share(0, 0) == Estimate(value=None, n=0)


def test_the_mean_has_an_interval_of_two_standard_errors():
    values = np.array([1.0, 2.0, 3.0, 6.0])
    estimate = intervals.mean(values)
    half = 1.959964 * values.std(ddof=1) / 2
    assert (estimate.lower, estimate.upper) == pytest.approx((3 - half, 3 + half))


@pytest.mark.parametrize("values", [[4.0], [4.0, 4.0]])
def test_rows_without_spread_have_a_mean_and_no_interval(values):
    assert intervals.mean(np.array(values)) == Estimate(value=4.0, n=len(values))


def test_the_mean_of_nothing_is_undefined():
    assert intervals.mean(np.empty(0)) == Estimate(value=None, n=0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_undefined(value):
    assert intervals.normal(value, 1.0, 5) == Estimate(value=None, n=5)


def test_an_interval_ends_where_the_statistic_ends():
    estimate = intervals.normal(0.9, 0.2, 5, lowest=0.0, highest=1.0)
    assert estimate.upper == 1.0
