"""The statistics of one set of rows: a reference, the part of it for a weekday, or a window.

Each is computed once, when it is first asked for. What follows from two of them that differ
belongs to `evaluation.quality` and `evaluation.drift`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.evaluation.performance import outcomes
from monitoring_assets.evaluation.table import numbers, sample
from monitoring_assets.metrics.performance import performance
from monitoring_assets.stats.correlation import correlation_matrix
from monitoring_assets.stats.samples import Estimate, Floats, NumericSample, Sample

# Correlations of more rows rest on a random part: their standard error of 0.007 is a fortieth of
# the usual limit, and 100,000 rows of 25 columns would take longer than all other statistics.
MOST_CORRELATED_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericRange:
    """Where the values of a numeric column lie.

    Attributes:
        low: Smallest value.
        high: Largest value.
        fence_low: First quartile minus 1.5 interquartile ranges (Tukey 1977).
        fence_high: Third quartile plus 1.5 interquartile ranges.
        outlier_share: Share of the column's own values outside the fences.
    """

    low: float
    high: float
    fence_low: float
    fence_high: float
    outlier_share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correlations:
    """How the k numeric features move together.

    Attributes:
        matrix: Pearson's correlations, shape `(k, k)`, NaN where undefined.
        rows: How many rows each pair has in common, shape `(k, k)`.
    """

    matrix: Floats
    rows: Floats


class Profile:
    """The statistics of one set of valid rows.

    Attributes:
        rows: The rows: every column of the contract, and the truth if it is known.
    """

    def __init__(self, config: ModelConfig, rows: pa.Table) -> None:
        self._config = config
        self.rows = rows
        self._samples: dict[str, Sample] = {}
        self._ranges: dict[str, NumericRange | None] = {}
        self._segments: dict[tuple[str, str], Profile] = {}

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.rows.num_rows)

    def sample(self, column: str) -> Sample:
        """Return a column in the shape that drift methods take."""
        if column not in self._samples:
            is_numeric = self._config.is_numeric(column)
            self._samples[column] = sample(self.rows, column, is_numeric=is_numeric)
        return self._samples[column]

    def missing_share(self, column: str) -> float:
        """Return the share of rows without a value."""
        return int(self.rows.column(column).null_count) / self.n if self.n else 0.0

    def range(self, column: str) -> NumericRange | None:
        """Return where a numeric column lies, None where it has no value."""
        if column not in self._ranges:
            values = self.sample(column)
            self._ranges[column] = _range(values) if isinstance(values, NumericSample) else None
        return self._ranges[column]

    @cached_property
    def correlations(self) -> Correlations:
        """Return the correlations of the numeric features."""
        names = self._config.numeric_features
        values = _matrix(_at_most(self.rows.select(names), MOST_CORRELATED_ROWS))
        present = np.isfinite(values).astype(np.float64)
        return Correlations(matrix=correlation_matrix(values), rows=present.T @ present)

    @cached_property
    def performance(self) -> Mapping[str, Estimate]:
        """Return every performance metric, none where there are no labels."""
        found = outcomes(self._config, self.rows, self._config.label_column)
        return {} if found is None else performance(self._config.task, found)

    def segment(self, column: str, value: str) -> "Profile":
        """Return the statistics of the rows of one segment."""
        key = (column, value)
        if key not in self._segments:
            rows = self.rows.filter(pc.equal(self.rows.column(column), value))
            self._segments[key] = Profile(self._config, rows)
        return self._segments[key]


def _matrix(rows: pa.Table) -> Floats:
    """Return numeric columns side by side, NaN where missing or infinite, shape `(n, k)`."""
    matrix = np.empty((rows.num_rows, rows.num_columns))
    for position, name in enumerate(rows.column_names):
        matrix[:, position] = numbers(rows, name)
    matrix[np.isinf(matrix)] = np.nan
    return matrix


def _at_most(rows: pa.Table, most: int) -> pa.Table:
    if rows.num_rows <= most:
        return rows
    # The seed is fixed so that a window that is evaluated again gets the same verdict.
    chosen = np.random.default_rng(0).choice(rows.num_rows, most, replace=False, shuffle=False)
    return rows.take(pa.array(np.sort(chosen)))


def _range(values: NumericSample) -> NumericRange | None:
    if not values.n:
        return None
    q1, q3 = np.quantile(values.values, [0.25, 0.75])
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    inside = np.searchsorted(values.values, high, "right") - np.searchsorted(values.values, low)
    return NumericRange(
        low=float(values.values[0]),
        high=float(values.values[-1]),
        fence_low=float(low),
        fence_high=float(high),
        outlier_share=1 - int(inside) / values.n,
    )
