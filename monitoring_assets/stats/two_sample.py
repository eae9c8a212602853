"""Whether two samples could come from one distribution: tests that return a p-value.

Every function takes two samples of the same kind, neither empty. A p-value shrinks with the
number of rows; how large a difference is belongs to `stats.distances`.
"""

import math
import warnings

import numpy as np

from monitoring_assets.stats.binning import (
    Counts,
    aligned_counts,
    count_at_most,
    has_more_distinct_values,
    pooled_values,
    value_counts,
)
from monitoring_assets.stats.samples import Floats, NumericSample, Sample


def kolmogorov_smirnov(reference: NumericSample, current: NumericSample) -> float:
    """Return the two-sided p-value: exact up to 10,000 values a side, else asymptotic."""
    values = pooled_values(reference, current)
    r, c = (count_at_most(sample, values) / sample.n for sample in (reference, current))
    return kolmogorov_smirnov_p_value(float(np.abs(r - c).max()), reference.n, current.n)


_LARGEST_EXACT = 10_000  # from here on, scipy's default is asymptotic
# Where scipy.stats.kstwo takes 2 P(D⁺ ≥ x), and below 1,000 its sum over all n is fast enough.
_FEWEST_VALUES_IN_STEPS, _TAIL, _END_OF_TAIL = 1000, 2.2, 370.0


def kolmogorov_smirnov_p_value(distance: float, n: int, m: int) -> float:
    """Return the p-value of the largest |F - G| of `n` and `m` values, as `ks_2samp` of scipy.

    >>> round(kolmogorov_smirnov_p_value(0.003, 1_000_000, 1_000_000), 6)
    0.000246
    """
    size = round(n * m / (n + m))
    if max(n, m) <= _LARGEST_EXACT:
        return _exact_p_value(distance, n, m)
    if size > _FEWEST_VALUES_IN_STEPS and _TAIL <= size * distance**2 < _END_OF_TAIL:
        return 2 * _one_sided_tail(distance, size)
    from scipy.stats import kstwo

    return min(max(float(kstwo.sf(distance, size)), 0.0), 1.0)


def _exact_p_value(distance: float, n: int, m: int) -> float:
    """Return the exact p-value of two samples of zeros and ones that are this far apart.

    It depends on the distance alone. r/n - c/m is it where r m' - c n' = h, all in units of the
    least common multiple.
    """
    from scipy.stats import ks_2samp

    shared = math.gcd(n, m)
    n_step, m_step = n // shared, m // shared
    height = round(distance * n * m_step)
    r = height * pow(m_step, -1, n_step) % n_step
    r += max(0, math.ceil((height - r * m_step) / (n_step * m_step))) * n_step
    c = (r * m_step - height) // n_step
    sides = (np.repeat([0.0, 1.0], [zeros, k - zeros]) for zeros, k in ((r, n), (c, m)))
    with warnings.catch_warnings():  # it says when it falls back to the asymptotic p-value
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(ks_2samp(*sides).pvalue)


def _one_sided_tail(x: float, n: int) -> float:
    """Return P(D⁺ ≥ x) of `n` values (Smirnov 1944) to 1e-12, in 0.1 ms instead of 500 for 1e6.

    It is x Σ C(n, j) (x + j/n)^(j-1) (1 - x - j/n)^(n-j) over all j below n (1 - x). The terms
    are smooth and vanish at both ends, so that 512 of them stand for all.
    """
    share = (np.arange(512) + 0.5) / 512 * (1 - x)
    j = n * share
    exponent = j * np.log1p(x / share) + (n - j) * np.log1p(-x / (1 - share))
    exponent += _stirling(n) - _stirling(j) - _stirling(n - j)
    terms = np.exp(exponent) * np.sqrt(n / (2 * np.pi * j * (n - j))) / (x + share)
    return x * float(terms.mean()) * n * (1 - x)


def _stirling(k: Floats | int) -> Floats | float:
    """Return what log k! is above (k + ½) log k - k + ½ log 2π."""
    return (1 / 12 - (1 / 360 - 1 / 1260 / k**2) / k**2) / k


def cramer_von_mises(reference: NumericSample, current: NumericSample) -> float | None:
    """Return the p-value: exact up to 20 values a side; None with one value on a side."""
    from scipy.stats import cramervonmises_2samp

    if reference.n == 1 or current.n == 1:
        return None
    if not has_more_distinct_values(1, reference, current):
        return 1.0
    return float(cramervonmises_2samp(reference.values, current.values).pvalue)


_FEWEST_VALUES = 4
# Scholz and Stephens 1987, table 2: coefficients of the critical values by significance level.
_SIGNIFICANCE = np.array([0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001])
_CRITICAL_2_SAMPLES = (
    np.array([0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085])
    + np.array([-0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615])
    + np.array([-0.105, -0.305, -0.362, -0.391, -0.396, -0.345, -0.154])
)


def anderson_darling(reference: NumericSample, current: NumericSample) -> float | None:
    """Return the p-value of the midrank test, interpolated in a table from 0.001 to 0.25.

    1 where all values are equal, None with fewer than four values, whose variance is undefined.
    """
    if reference.n + current.n < _FEWEST_VALUES:
        return None
    if not has_more_distinct_values(1, reference, current):
        return 1.0
    statistic = (_anderson_darling_sum(reference, current) - 1) / _anderson_darling_sd(
        reference.n, current.n
    )
    within_table = np.clip(statistic, _CRITICAL_2_SAMPLES[0], _CRITICAL_2_SAMPLES[-1])
    if within_table != statistic:
        return float(_SIGNIFICANCE[0 if statistic < within_table else -1])
    curve = np.polyfit(_CRITICAL_2_SAMPLES, np.log(_SIGNIFICANCE), 2)
    return math.exp(np.polyval(curve, statistic))


def _anderson_darling_sum(reference: NumericSample, current: NumericSample) -> float:
    """Return A²akN, equation 7 of Scholz and Stephens."""
    values = pooled_values(reference, current)
    n = reference.n + current.n
    below = [count_at_most(sample, values) for sample in (reference, current)]
    ties = np.diff(below[0] + below[1], prepend=0)
    middle = below[0] + below[1] - ties / 2
    weight = ties / n / (middle * (n - middle) - n * ties / 4)
    total = 0.0
    for count in below:
        own_middle = count - np.diff(count, prepend=0) / 2
        size = int(count[-1])
        total += float((weight * (n * own_middle - middle * size) ** 2).sum()) / size
    return total * (n - 1) / n


def _anderson_darling_sd(n_reference: int, n_current: int) -> float:
    """Return the standard deviation of A²akN for two samples, equation 4 of the same paper."""
    n = n_reference + n_current
    inverse = 1 / n_reference + 1 / n_current
    harmonic = np.cumsum(1 / np.arange(n - 1, 1, -1))
    h = float(harmonic[-1]) + 1
    g = float((harmonic / np.arange(2, n)).sum())
    a = (4 * g - 6) + (10 - 6 * g) * inverse
    b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6
    c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h
    d = (2 * h + 6) * 4 - 8 * h
    return math.sqrt((a * n**3 + b * n**2 + c * n + d) / ((n - 1.0) * (n - 2.0) * (n - 3.0)))


def chi_square(reference: Sample, current: Sample) -> float:
    """Return the p-value of Pearson's test of homogeneity, both samples being random.

    1 where both hold the same single value.
    """
    r, c = (counts.astype(np.float64) for counts in aligned_counts(reference, current))
    ratio = math.sqrt(c.sum() / r.sum())
    return _chi_square_tail((r * ratio - c / ratio) ** 2 / (r + c))


def chi_square_of_fit(reference: Sample, current: Sample) -> float:
    """Return the p-value of Evidently's test, which takes the reference's shares as exact.

    0 where a value is new, however rare; 1 where both samples hold the same single value. With a
    small reference it rejects too often; `chi_square` does not.
    """
    r, c = aligned_counts(reference, current)
    expected = r * (c.sum() / r.sum())
    with np.errstate(divide="ignore"):
        return _chi_square_tail((c - expected) ** 2 / expected)


def g_test(reference: Sample, current: Sample) -> float:
    """Return the p-value of the likelihood ratio test that takes the reference's shares as exact.

    0 where a value is new, 1 where both samples hold the same single value. Evidently compares
    counts without scaling them to one size, which fails for samples of different sizes.
    """
    r, c = aligned_counts(reference, current)
    expected = r * (c.sum() / r.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        return _chi_square_tail(np.where(c > 0, 2 * c * np.log(c / expected), 0.0))


def fisher_exact(reference: Sample, current: Sample) -> float | None:
    """Return the two-sided p-value of Fisher's exact test that two shares are equal.

    1 where both samples hold the same single value, None with more than two values. Evidently
    wants samples of one size; the test does not.
    """
    from scipy.stats import fisher_exact as exact

    r, c = value_counts(reference, current)
    if len(r) == 1:
        return 1.0
    return float(exact(np.array([r, c])).pvalue) if len(r) == 2 else None  # noqa: PLR2004


def _chi_square_tail(terms: Floats) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(len(terms) - 1, terms.sum())) if len(terms) > 1 else 1.0


def z_test(reference: Sample, current: Sample) -> float:
    """Return the two-sided p-value that the share of the first value in order is the same.

    1 where both samples hold the same single value. The share's standard error is pooled.
    """
    r, c = value_counts(reference, current)
    if len(r) == 1:
        return 1.0
    n, m = int(r.sum()), int(c.sum())
    pooled = float(r[0] + c[0]) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return math.erfc(abs(r[0] / n - c[0] / m) / error / math.sqrt(2))


def total_variation_permutation(
    reference: Sample,
    current: Sample,
    generator: np.random.Generator,
    permutations: int = 1000,
) -> float:
    """Return the share of random divisions of all rows that differ at least as much.

    The difference is the total variation distance, compared in whole numbers so that ties count.
    A division is drawn from the counts, which is the same as shuffling the rows.
    """
    r, c = value_counts(reference, current)
    pooled, n, total = r + c, int(r.sum()), int(r.sum() + c.sum())
    observed = _scaled_difference(r, pooled * n, total)
    at_least = sum(
        observed <= _scaled_difference(draw, pooled * n, total)
        for draw in (
            generator.multivariate_hypergeometric(pooled, n, method="marginals")
            for _ in range(permutations)
        )
    )
    return at_least / permutations


def _scaled_difference(part: Counts, expected: Counts, total: int) -> int:
    return int(np.abs(part * total - expected).sum())
