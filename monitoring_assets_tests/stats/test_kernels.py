import numpy as np
import pytest
from scipy import stats

from monitoring_assets.stats.kernels import (
    MOST_VALUES,
    epps_singleton,
    maximum_mean_discrepancy,
)
from monitoring_assets.stats.samples import NumericSample


def sample(seed, n=200, shift=0.0, scale=1.0):
    return NumericSample.of(np.random.default_rng(seed).normal(shift, scale, n))


def test_the_characteristic_functions_are_compared_as_in_scipy():
    a, b = sample(0), sample(1, 90, 0.2)
    expected = stats.epps_singleton_2samp(a.values, b.values).pvalue
    assert epps_singleton(a, b) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "values", [np.arange(4.0), np.repeat([0.0, 1.0], 50), np.append(np.zeros(90), np.arange(9))]
)
def test_samples_without_four_moments_of_their_own_are_not_compared(values):
    assert epps_singleton(NumericSample.of(values), NumericSample.of(values)) is None


def discrepancy(a, b):
    return maximum_mean_discrepancy(a, b, np.random.default_rng(0))


def test_a_shift_is_a_discrepancy():
    assert discrepancy(sample(0), sample(1, 150, 1.0)) == 0


def test_a_spread_is_a_discrepancy():
    assert discrepancy(sample(0), sample(1, 150, 0.0, 3.0)) == 0


def test_equal_distributions_are_rejected_as_often_as_stated():
    p = [discrepancy(sample(2 * k, 40), sample(2 * k + 1, 30)) for k in range(300)]
    assert 14 <= np.sum(np.array(p) < 0.1) <= 50  # 99.9 % of binomial(300, 0.1)


@pytest.mark.parametrize("n", [1, MOST_VALUES + 1])
def test_too_few_and_too_many_values_have_no_discrepancy(n):
    assert discrepancy(sample(0), sample(1, n)) is None
