"""Whether two numeric samples lie in the same place: tests that return a p-value.

They see a shift and little else: two samples of equal mean and different spread are the same to
both. Tests of whole distributions belong to `stats.two_sample`.
"""

import math

import numpy as np

from monitoring_assets.stats.binning import count_at_most, has_more_distinct_values, pooled_values
from monitoring_assets.stats.samples import NumericSample

MOST_EXACT = 8


def t_test(reference: NumericSample, current: NumericSample) -> float | None:
    """Return the two-sided p-value of Student's test that two means are equal.

    The variance is pooled, as in Evidently. 1 where all values are equal, None with fewer than
    three values in all.
    """
    return t_test_of_moments(*(_moments(sample) for sample in (reference, current)))


def _moments(sample: NumericSample) -> tuple[int, float, float]:
    mean = float(np.mean(sample.values))
    return sample.n, mean, float(((sample.values - mean) ** 2).sum())


def t_test_of_moments(
    reference: tuple[int, float, float], current: tuple[int, float, float]
) -> float | None:
    """Return the p-value of Student's test from n, mean and the sum of squares about the mean."""
    from scipy.special import stdtr

    (n, mean_n, squares_n), (m, mean_m, squares_m) = reference, current
    freedom = n + m - 2
    if freedom < 1:
        return None
    error = math.sqrt((squares_n + squares_m) / freedom * (1 / n + 1 / m))
    if error == 0:
        return 1.0 if mean_n == mean_m else 0.0
    return float(2 * stdtr(freedom, -abs(mean_n - mean_m) / error))


def mann_whitney(reference: NumericSample, current: NumericSample) -> float:
    """Return the two-sided p-value of the rank sum test (Mann and Whitney 1947).

    By its normal limit corrected for ties; exact with up to eight values on a side, as scipy has
    it. 1 where all values are equal. Evidently's `mannw` is one-sided: it sees values that grow
    and is blind to values that shrink.
    """
    if not has_more_distinct_values(1, reference, current):
        return 1.0
    if min(reference.n, current.n) <= MOST_EXACT:
        from scipy.stats import mannwhitneyu

        return float(mannwhitneyu(reference.values, current.values).pvalue)
    values = pooled_values(reference, current)
    below_n, below_m = (count_at_most(sample, values) for sample in (reference, current))
    n, m = reference.n, current.n
    total = n + m
    ties = np.diff(below_n + below_m, prepend=0).astype(np.float64)
    middle = below_n + below_m - (ties - 1) / 2
    ranks = float((middle * np.diff(below_n, prepend=0)).sum())
    u = ranks - n * (n + 1) / 2
    tied = float((ties**3 - ties).sum()) / (total * (total - 1))
    error = math.sqrt(n * m / 12 * (total + 1 - tied))
    distance = max(abs(u - n * m / 2) - 0.5, 0.0)  # the continuity correction
    return math.erfc(distance / error / math.sqrt(2))
