import numpy as np
import pytest
from scipy import stats

from monitoring_assets.stats.location import mann_whitney, t_test, t_test_of_moments
from monitoring_assets.stats.samples import NumericSample

RNG = np.random.default_rng(0)
PAIRS = {
    "equal": (RNG.normal(size=300), RNG.normal(size=211)),
    "shifted": (RNG.normal(size=300), RNG.normal(0.4, 1, 50)),
    "ties": (RNG.integers(0, 4, 200) * 1.0, RNG.integers(0, 5, 90) * 1.0),
    "far from zero": (1e9 + RNG.normal(size=100), 1e9 + RNG.normal(size=80)),
    "few": (RNG.normal(size=100), RNG.normal(size=4)),
}


@pytest.fixture(params=PAIRS)
def pair(request):
    return tuple(NumericSample.of(values) for values in PAIRS[request.param])


def test_the_t_test_is_scipys(pair):
    expected = stats.ttest_ind(*(sample.values for sample in pair)).pvalue
    assert t_test(*pair) == pytest.approx(expected, rel=1e-9)


def test_the_rank_test_is_scipys(pair):
    expected = stats.mannwhitneyu(*(sample.values for sample in pair)).pvalue
    assert mann_whitney(*pair) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("test", [t_test, mann_whitney])
def test_equal_constants_do_not_differ(test):
    constant = NumericSample(np.full(20, 3.0))
    assert test(constant, constant) == 1


def test_different_constants_differ():
    assert t_test(NumericSample(np.full(20, 3.0)), NumericSample(np.full(9, 4.0))) == 0


def test_two_values_have_no_variance():
    assert t_test_of_moments((1, 0.0, 0.0), (1, 1.0, 0.0)) is None


@pytest.mark.parametrize("test", [t_test, mann_whitney])
def test_a_fall_is_seen_as_well_as_a_rise(test):
    low, high = NumericSample.of(PAIRS["equal"][0]), NumericSample.of(PAIRS["equal"][0] + 1)
    assert test(low, high) == pytest.approx(test(high, low))
    assert test(low, high) < 1e-6


@pytest.mark.parametrize("test", [t_test, mann_whitney])
def test_equal_distributions_are_rejected_as_often_as_stated(test):
    draw = np.random.default_rng(3)
    p = [
        test(NumericSample.of(draw.normal(size=80)), NumericSample.of(draw.normal(size=60)))
        for _ in range(1000)
    ]
    assert 30 <= np.sum(np.array(p) < 0.05) <= 74  # 99.9 % of binomial(1000, 0.05)
