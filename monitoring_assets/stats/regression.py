"""How far predicted numbers are from true ones.

All functions take the truth and the prediction, finite floats of shape `(n,)`. An error is
prediction minus truth. No rows, or a zero denominator, give a value of None.
"""

import math

import numpy as np

from monitoring_assets.stats import intervals
from monitoring_assets.stats.samples import Estimate, Floats


def mae(truth: Floats, prediction: Floats) -> Estimate:
    """Return the mean absolute error, in the unit of the truth."""
    return intervals.mean(np.abs(prediction - truth), lowest=0.0)


def mean_error(truth: Floats, prediction: Floats) -> Estimate:
    """Return the mean error (bias), positive where predictions are too high."""
    return intervals.mean(prediction - truth)


def rmse(truth: Floats, prediction: Floats) -> Estimate:
    """Return the root mean squared error; the interval is the root of the mean square's."""
    square = intervals.mean((prediction - truth) ** 2, lowest=0.0)
    return Estimate(
        value=_root(square.value), n=square.n, lower=_root(square.lower), upper=_root(square.upper)
    )


def _root(square: float | None) -> float | None:
    return None if square is None else math.sqrt(square)


def mape(truth: Floats, prediction: Floats) -> Estimate:
    """Return the mean absolute error as a share of the truth, over rows whose truth is not 0."""
    nonzero = truth != 0
    with np.errstate(over="ignore"):
        relative = np.abs((prediction[nonzero] - truth[nonzero]) / truth[nonzero])
    return intervals.mean(relative, lowest=0.0)


def r2(truth: Floats, prediction: Floats) -> Estimate:
    """Return the share of the truth's variance that is explained; None for a constant truth.

    The standard error is that of the ratio of two means (delta method).
    """
    n = len(truth)
    if n == 0 or truth.min() == truth.max():
        return intervals.undefined(n)
    squared_errors = (prediction - truth) ** 2
    squared_deviations = (truth - truth.mean()) ** 2
    unexplained = float(squared_errors.mean() / squared_deviations.mean())
    influence = (squared_errors - unexplained * squared_deviations) / squared_deviations.mean()
    error = math.sqrt(float((influence**2).mean()) / n)
    return intervals.normal(1 - unexplained, error, n, highest=1.0)
