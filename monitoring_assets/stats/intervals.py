"""Statistics with their 95 % interval: how far chance alone moves a number of n rows."""

import math

import numpy as np

from monitoring_assets.domain.measurement import finite
from monitoring_assets.stats.samples import Estimate, Floats

Z95 = 1.959963984540054  # the 97.5 % quantile of the normal distribution


def undefined(n: int = 0) -> Estimate:
    """Return the estimate of a statistic that does not exist for these rows."""
    return Estimate(value=None, n=n)


def share(successes: int, n: int) -> Estimate:
    """Return a share with Wilson's interval, which stays within 0 and 1 also at the ends.

    >>> share(0, 10).value, round(share(0, 10).upper, 3)
    (0.0, 0.278)
    """
    if n == 0:
        return undefined()
    p, z2 = successes / n, Z95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    lower, upper = max(0.0, middle - half), min(1.0, middle + half)
    return Estimate(value=p, n=n, lower=min(lower, p), upper=max(upper, p))


def normal(
    value: float,
    standard_error: float,
    n: int,
    *,
    lowest: float = -math.inf,
    highest: float = math.inf,
) -> Estimate:
    """Return a value ± 1.96 standard errors, cut to the range the statistic can have.

    Without a positive standard error there is no interval: chance cannot be judged from rows
    that are all alike.
    """
    if finite(value) is None:
        return undefined(n)
    if not 0 < standard_error < math.inf:
        return Estimate(value=float(value), n=n)
    return Estimate(
        value=float(value),
        n=n,
        lower=float(max(lowest, value - Z95 * standard_error)),
        upper=float(min(highest, value + Z95 * standard_error)),
    )


def mean(values: Floats, *, lowest: float = -math.inf) -> Estimate:
    """Return the mean of independent values; without an interval for a single one."""
    n = len(values)
    if n == 0:
        return undefined()
    error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    return normal(float(np.mean(values)), error, n, lowest=lowest)
