"""How numeric columns move together.

Correlations that are undefined (a constant column, too few common rows) are NaN and are never
compared.
"""

import numpy as np
from numpy.typing import NDArray

from monitoring_assets.stats.samples import Floats

# Below this share of its column's variance, a column is constant in the rows that a pair has in
# common; what is left is rounding.
_CONSTANT = 1e-12


def correlation_matrix(values: Floats) -> Floats:
    """Return Pearson's correlations of the columns of `values`, shape `(n, k)` to `(k, k)`.

    NaN and infinite values are missing; each pair of columns uses the rows in which both are
    there. The diagonal is 1, NaN for columns without variance.
    """
    present = np.isfinite(values)
    if len(values) == 0:
        return np.full((values.shape[1],) * 2, np.nan)
    centred = _from_first_value(values, present)
    return _complete(centred) if present.all() else _pairwise(centred, present)


def _from_first_value(values: Floats, present: NDArray[np.bool_]) -> Floats:
    """Return values minus the first one of their column, 0 where missing.

    Large offsets (seconds since 1970) would cost digits. Columns without a spread beyond
    rounding become 0 throughout.
    """
    first = values[present.argmax(axis=0), np.arange(values.shape[1])]
    with np.errstate(invalid="ignore"):
        centred = np.where(present, values - first, 0.0)
    is_constant = np.abs(centred).max(axis=0) <= 4 * np.spacing(np.abs(first))
    return np.where(is_constant, 0.0, centred)


def _complete(values: Floats) -> Floats:
    standard = _standardised(values, values.mean(axis=0), values.std(axis=0))
    return _bounded(standard.T @ standard / len(values))


def _pairwise(values: Floats, present: NDArray[np.bool_]) -> Floats:
    """Return the correlations from five sums over the rows that each pair has in common.

    Columns are standardised first, or the differences of large sums would lose all digits.
    """
    there = present.astype(np.float64)
    rows = np.maximum(there.sum(axis=0), 1.0)
    mean = values.sum(axis=0) / rows
    deviation = np.sqrt(((values - mean) ** 2 * there).sum(axis=0) / rows)
    standard = _standardised(values, mean, deviation) * there
    n = there.T @ there
    sums = standard.T @ there
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (standard**2).T @ there / n - (sums / n) ** 2
        covariance = standard.T @ standard / n - (sums / n) * (sums / n).T
        variance[variance < _CONSTANT] = np.nan
        return _bounded(covariance / np.sqrt(variance * variance.T))


def _standardised(values: Floats, mean: Floats, deviation: Floats) -> Floats:
    standard: Floats = (values - mean) / np.where(deviation > 0, deviation, np.nan)
    return standard


def _bounded(correlations: Floats) -> Floats:
    return np.clip(correlations, -1.0, 1.0)
