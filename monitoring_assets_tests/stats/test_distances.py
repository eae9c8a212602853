import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.stats import distances
from monitoring_assets.stats.samples import CategorySample, NumericSample

values = st.lists(st.integers(-1000, 1000), min_size=1, max_size=50)
samples = values.map(lambda v: NumericSample.of(np.array(v, dtype=float)))
categories = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 99), min_size=1).map(
    CategorySample
)
# Samples of a distribution and a shifted one, sizes without a common divisor.
RNG = np.random.default_rng(0)
X = NumericSample.of(RNG.normal(size=1009))
Y = NumericSample.of(RNG.normal(0.4, size=887))

SYMMETRIC = [
    distances.jensen_shannon,
    distances.psi,
    distances.hellinger,
    distances.total_variation,
]
OF_NUMBERS = [distances.wasserstein, distances.wasserstein_normed, distances.energy_distance]


@given(samples, samples)
def test_wasserstein_and_energy_are_scipys(x, y):
    from scipy import stats

    expected = stats.wasserstein_distance(x.values, y.values)
    assert distances.wasserstein(x, y) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    expected = stats.energy_distance(x.values, y.values)
    assert distances.energy_distance(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-7)


@given(samples)
def test_the_distance_of_a_numeric_sample_to_itself_is_zero(x):
    for distance in [*SYMMETRIC, *OF_NUMBERS, distances.kl_divergence]:
        assert distance(x, x) == 0


@given(categories)
def test_the_distance_of_categories_to_themselves_is_zero(x):
    for distance in [*SYMMETRIC, distances.kl_divergence]:
        assert distance(x, x) == 0


@given(categories, categories)
def test_distances_of_categories_are_symmetric(x, y):
    for distance in SYMMETRIC:
        assert distance(x, y) == pytest.approx(distance(y, x), abs=1e-12)


@given(samples, samples)
def test_wasserstein_and_energy_are_symmetric(x, y):
    for distance in (distances.wasserstein, distances.energy_distance):
        assert distance(x, y) == pytest.approx(distance(y, x), rel=1e-12)


@given(categories, categories)
def test_distances_of_categories_stay_within_their_bounds(x, y):
    assert 0 <= distances.jensen_shannon(x, y) <= math.sqrt(math.log(2)) + 1e-12
    assert 0 <= distances.hellinger(x, y) <= 1 + 1e-12
    assert 0 <= distances.total_variation(x, y) <= 1 + 1e-12
    assert distances.psi(x, y) >= 0
    assert distances.kl_divergence(x, y) >= -1e-12


def test_disjoint_categories_are_as_far_apart_as_possible():
    x, y = CategorySample({"a": 3}), CategorySample({"b": 5})
    assert distances.jensen_shannon(x, y) == pytest.approx(math.sqrt(math.log(2)))
    assert distances.hellinger(x, y) == distances.total_variation(x, y) == 1


@given(samples, samples, st.integers(-500, 500), st.sampled_from([0.5, 2.0, 4.0]))
def test_the_normed_wasserstein_distance_has_no_unit(x, y, shift, factor):
    moved = (NumericSample(s.values * factor + shift) for s in (x, y))
    expected = distances.wasserstein_normed(x, y)
    assert distances.wasserstein_normed(*moved) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-100, 1e-9, 1.0, 1e9, 1e100])
def test_a_shift_of_half_a_deviation_measures_a_half_at_every_scale(scale):
    moved = NumericSample((X.values + 0.5 * X.values.std()) * scale)
    assert distances.wasserstein_normed(NumericSample(X.values * scale), moved) == pytest.approx(
        0.5
    )


def test_a_constant_reference_is_measured_in_the_spread_of_both():
    constant = NumericSample(np.zeros(10))
    assert distances.wasserstein_normed(constant, NumericSample(np.full(7, 3.0))) == 2.0


def test_a_shift_moves_the_wasserstein_distance_by_itself():
    shifted = NumericSample(X.values + 3.25)
    assert distances.wasserstein(X, shifted) == pytest.approx(3.25)


def test_jensen_shannon_is_scipys_over_the_bins_of_numpy():
    from scipy.spatial.distance import jensenshannon

    edges = np.histogram_bin_edges(np.concatenate((X.values, Y.values)), "sturges")
    expected = jensenshannon(*(np.histogram(s.values, edges)[0] / s.n for s in (X, Y)))
    assert distances.jensen_shannon(X, Y) == pytest.approx(expected, rel=1e-12)


def test_kl_is_scipys_entropy_for_categories_without_gaps():
    from scipy.stats import entropy

    x, y = CategorySample({"a": 3, "b": 7}), CategorySample({"a": 5, "b": 5})
    assert distances.kl_divergence(x, y) == pytest.approx(entropy([0.3, 0.7], [0.5, 0.5]))


def test_psi_counts_an_empty_bin_as_one_in_ten_thousand():
    x, y = CategorySample({"a": 1}), CategorySample({"a": 1, "b": 1})
    filled = 0.5 * math.log(1 / 0.5) + (0.5 - 1e-4) * math.log(0.5 / 1e-4)
    assert distances.psi(x, y) == pytest.approx(filled)


def test_an_empty_bin_counts_less_than_the_rarest_category():
    x, y = CategorySample({"a": 99_999, "b": 1}), CategorySample({"a": 1, "b": 1, "c": 2})
    empty = 1e-5 / 1e6
    expected = sum(
        (p - q) * math.log(p / q) for p, q in [(0.99999, 0.25), (1e-5, 0.25), (empty, 0.5)]
    )
    assert distances.psi(x, y) == pytest.approx(expected)


def test_hellinger_tells_two_integers_apart():
    x, y = NumericSample(np.array([0.0, 0.0])), NumericSample(np.array([1.0]))
    assert distances.hellinger(x, y) == 1
