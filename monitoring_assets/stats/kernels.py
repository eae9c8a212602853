"""Whether two numeric samples differ in their characteristic function or kernel mean.

Both are tests of whole distributions that return a p-value; `stats.two_sample` has cheaper ones.
"""

import numpy as np

from monitoring_assets.stats.binning import has_more_distinct_values
from monitoring_assets.stats.samples import Floats, NumericSample

# All pairs of values are compared: 2,000 a side are 16 million of them, 128 MB.
MOST_VALUES = 2000
PERMUTATIONS = 100
_FEWEST = 5


def epps_singleton(reference: NumericSample, current: NumericSample) -> float | None:
    """Return the p-value of the test of Epps and Singleton 1986.

    None with fewer than five values on a side, or fewer than five distinct ones, whose four
    moments depend on each other, or where the middle half of all values is one.
    """
    from scipy.stats import epps_singleton_2samp

    is_small = min(reference.n, current.n) < _FEWEST
    if is_small or not has_more_distinct_values(_FEWEST - 1, reference, current):
        return None
    both = np.concatenate([reference.values, current.values])
    if np.subtract(*np.quantile(both, [0.75, 0.25])) == 0:
        return None
    return float(epps_singleton_2samp(reference.values, current.values).pvalue)


def maximum_mean_discrepancy(
    reference: NumericSample, current: NumericSample, generator: np.random.Generator
) -> float | None:
    """Return the share of random divisions of all values whose discrepancy is at least as large.

    Gretton et al. 2012, with a Gaussian kernel whose width comes from the median distance in the
    reference, as in Evidently. None with one value or more than `MOST_VALUES` on a side.
    """
    n, m = reference.n, current.n
    if min(n, m) < 2 or max(n, m) > MOST_VALUES:  # noqa: PLR2004 - a pair takes two
        return None
    values = np.concatenate([reference.values, current.values])
    kernel = np.exp(-_squared_distances(values) / (2 * _width(reference.values) ** 2))
    np.fill_diagonal(kernel, 0.0)
    observed = _discrepancy(kernel, n, np.arange(n + m))
    drawn = [_discrepancy(kernel, n, generator.permutation(n + m)) for _ in range(PERMUTATIONS)]
    return float(np.mean(np.array(drawn) >= observed))


def _squared_distances(values: Floats) -> Floats:
    found: Floats = (values[:, np.newaxis] - values) ** 2
    return found


def _width(values: Floats) -> float:
    middle = np.percentile(_squared_distances(values), 50, method="nearest")
    return float(np.sqrt(0.5 * (middle or 1.0)))


def _discrepancy(kernel: Floats, n: int, order: np.ndarray) -> float:
    """Return the unbiased squared discrepancy of the first `n` values in order and the rest."""
    is_first = np.zeros(len(order))
    is_first[order[:n]] = 1.0
    m = len(order) - n
    rows = kernel @ is_first
    first, cross = float(is_first @ rows), float((1 - is_first) @ rows)
    rest = float(kernel.sum()) - first - 2 * cross
    return first / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * cross / (n * m)
