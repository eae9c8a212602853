import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring_assets.stats import two_sample
from monitoring_assets.stats.samples import CategorySample, NumericSample

samples = st.lists(st.integers(-9, 9), min_size=2, max_size=40).map(
    lambda v: NumericSample.of(np.array(v, dtype=float))
)
categories = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 99), min_size=2).map(
    CategorySample
)
OF_NUMBERS = [
    two_sample.kolmogorov_smirnov,
    two_sample.anderson_darling,
    two_sample.cramer_von_mises,
]
OF_CATEGORIES = [two_sample.chi_square, two_sample.chi_square_of_fit, two_sample.z_test]


@settings(deadline=None)
@given(samples, samples)
def test_the_k_s_p_value_of_few_values_is_scipys(x, y):
    from scipy.stats import ks_2samp

    expected = ks_2samp(x.values, y.values).pvalue
    assert two_sample.kolmogorov_smirnov(x, y) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(700, 20_000), (9_999, 9_000), (10_001, 10_001)])
@pytest.mark.parametrize("shift", [0.0, 0.05, 0.2])
def test_the_k_s_p_value_of_many_values_is_scipys(n, m, shift):
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(1)
    x, y = (NumericSample.of(rng.normal(s, 1, size)) for s, size in ((0, n), (shift, m)))
    expected = ks_2samp(x.values, y.values).pvalue
    assert two_sample.kolmogorov_smirnov(x, y) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", [1001, 1480, 30_000, 200_000])
@pytest.mark.parametrize("z2", [0.3, 2.19, 2.2, 5.0, 40.0, 300.0, 380.0])
def test_the_tail_of_the_k_s_distribution_is_scipys(size, z2):
    from scipy.stats import kstwo

    distance = np.sqrt(z2 / size)
    found = two_sample.kolmogorov_smirnov_p_value(distance, size, 10**12)
    assert found == pytest.approx(kstwo.sf(distance, size), rel=1e-9, abs=1e-300)


@settings(deadline=None)
@given(samples, samples)
def test_anderson_darling_is_scipys(x, y):
    from scipy.stats import anderson_ksamp

    if len(np.unique(np.concatenate((x.values, y.values)))) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = anderson_ksamp([x.values, y.values])[2]
        assert two_sample.anderson_darling(x, y) == pytest.approx(expected, rel=1e-9)


@given(categories, categories)
def test_the_chi_square_test_of_homogeneity_is_scipys(x, y):
    from scipy.stats import chi2_contingency

    keys = x.counts.keys() | y.counts.keys()
    table = [[s.counts.get(key, 0) for key in keys] for s in (x, y)]
    expected = chi2_contingency(table, correction=False).pvalue
    assert two_sample.chi_square(x, y) == pytest.approx(expected, rel=1e-8, abs=1e-300)


@given(categories, categories)
def test_the_test_of_homogeneity_is_symmetric(x, y):
    assert two_sample.chi_square(x, y) == pytest.approx(two_sample.chi_square(y, x), abs=1e-12)


def test_a_new_category_is_impossible_for_the_test_of_fit_and_not_for_homogeneity():
    x, y = CategorySample({"a": 50, "b": 50}), CategorySample({"a": 50, "b": 50, "new": 1})
    assert two_sample.chi_square_of_fit(x, y) == 0
    assert two_sample.chi_square(x, y) > 0.5


def test_the_z_test_is_the_chi_square_test_of_two_categories():
    x, y = CategorySample({"a": 40, "b": 60}), CategorySample({"a": 70, "b": 55})
    assert two_sample.z_test(x, y) == pytest.approx(two_sample.chi_square(x, y), rel=1e-9)


def test_the_z_test_keeps_its_digits_in_the_far_tail():
    x, y = CategorySample({"a": 4000, "b": 1}), CategorySample({"a": 1, "b": 4000})
    assert 0 <= two_sample.z_test(x, y) < 1e-300


@pytest.mark.parametrize("test", OF_NUMBERS)
def test_a_large_shift_is_improbable(test):
    rng = np.random.default_rng(0)
    x, y = (NumericSample.of(rng.normal(shift, 1, 200)) for shift in (0, 1))
    assert test(x, y) <= 0.001


@pytest.mark.parametrize("test", OF_NUMBERS)
def test_p_values_do_not_change_when_both_samples_move(test):
    rng = np.random.default_rng(0)
    x, y = (rng.normal(shift, 1, 64) for shift in (0, 0.3))
    p, moved = (test(NumericSample.of(x + s), NumericSample.of(y + s)) for s in (0, 4))
    assert moved == pytest.approx(p)


@pytest.mark.parametrize("test", OF_NUMBERS)
def test_two_equal_constants_are_certainly_alike(test):
    constant = NumericSample(np.full(30, 0.1))
    assert test(constant, constant) == 1


@pytest.mark.parametrize("test", OF_CATEGORIES)
def test_two_samples_of_one_category_are_certainly_alike(test):
    assert test(CategorySample({"a": 9}), CategorySample({"a": 4})) == 1


@pytest.mark.parametrize(
    ("test", "n", "m"),
    [
        (two_sample.anderson_darling, 1, 2),
        (two_sample.cramer_von_mises, 1, 50),
        (two_sample.cramer_von_mises, 50, 1),
    ],
)
def test_too_few_values_have_no_p_value(test, n, m):
    assert test(NumericSample(np.arange(n) * 1.0), NumericSample(np.arange(m) * 2.0)) is None


def test_the_permutation_p_value_of_equal_shares_is_one():
    x, y = CategorySample({"a": 30, "b": 60}), CategorySample({"a": 10, "b": 20})
    assert two_sample.total_variation_permutation(x, y, np.random.default_rng(0)) == 1


def test_the_permutation_p_value_is_that_of_fishers_exact_test_up_to_sampling_error():
    from scipy.stats import fisher_exact

    x, y = CategorySample({"a": 20, "b": 30}), CategorySample({"a": 28, "b": 22})
    p = two_sample.total_variation_permutation(x, y, np.random.default_rng(0), 4000)
    expected = fisher_exact([[20, 30], [28, 22]]).pvalue
    assert p == pytest.approx(expected, abs=5 * np.sqrt(expected / 4000))


@pytest.mark.parametrize("test", [two_sample.chi_square, two_sample.kolmogorov_smirnov])
def test_equal_distributions_are_rejected_as_often_as_stated(test):
    rng = np.random.default_rng(1)

    def draw():
        if test is two_sample.kolmogorov_smirnov:
            return NumericSample.of(rng.normal(size=300))
        counts = rng.multinomial(300, [0.1, 0.2, 0.3, 0.4])
        return CategorySample(dict(zip("abcd", counts.tolist(), strict=True)))

    rejected = sum(test(draw(), draw()) < 0.05 for _ in range(1000))
    assert 22 <= rejected <= 84  # binomial bounds of 1,000 at 0.05, both tails below 1e-5


def test_the_g_test_is_scipys_for_samples_of_one_size():
    from scipy import stats

    r, c = (
        CategorySample(dict(zip("abc", counts, strict=True)))
        for counts in ([50, 30, 20], [40, 35, 25])
    )
    expected = stats.power_divergence([40, 35, 25], [50, 30, 20], lambda_="log-likelihood").pvalue
    assert two_sample.g_test(r, c) == pytest.approx(expected, rel=1e-12)


def test_a_new_category_is_impossible_for_the_g_test():
    assert two_sample.g_test(CategorySample({"a": 9}), CategorySample({"a": 9, "b": 1})) == 0


def test_fishers_test_takes_samples_of_different_sizes():
    from scipy import stats

    r, c = CategorySample({"a": 30, "b": 10}), CategorySample({"a": 5, "b": 9})
    expected = stats.fisher_exact([[30, 10], [5, 9]]).pvalue
    assert two_sample.fisher_exact(r, c) == pytest.approx(expected, rel=1e-12)


def test_fishers_test_is_for_two_categories():
    three = CategorySample({"a": 1, "b": 2, "c": 3})
    assert two_sample.fisher_exact(three, three) is None
