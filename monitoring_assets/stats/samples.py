"""The two shapes in which a column's values reach a statistic.

How a table is turned into samples belongs to `evaluation.table`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NumericSample:
    """The finite values of a numeric column, sorted ascending, shape `(n,)`."""

    values: Floats

    @classmethod
    def of(cls, values: Floats) -> "NumericSample":
        """Return the sample of unsorted values; NaN and infinities are left out."""
        return cls(np.sort(values[np.isfinite(values)]) + 0.0)  # -0.0 becomes 0.0

    @property
    def n(self) -> int:
        """Return the number of values."""
        return len(self.values)

    def as_categories(self) -> "CategorySample":
        """Return how often each distinct value occurs, for columns with few of them."""
        distinct, counts = np.unique(self.values, return_counts=True)
        pairs = zip(distinct.tolist(), counts.tolist(), strict=True)
        return CategorySample({f"{value:.17g}": count for value, count in pairs})


@dataclass(frozen=True, slots=True, eq=False)
class CategorySample:
    """How often each category occurs; missing values are left out."""

    counts: Mapping[str, int]

    @property
    def n(self) -> int:
        """Return the number of values."""
        return sum(self.counts.values())


Sample = NumericSample | CategorySample


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A statistic with its 95 % interval and the number of rows behind it.

    Attributes:
        value: The statistic; None where it is not defined (one class only, no rows).
        lower: Lower end of the interval, None where there is none.
        upper: Upper end of the interval, None where there is none.
        n: The rows that it rests on.
    """

    value: float | None
    n: int
    lower: float | None = None
    upper: float | None = None
