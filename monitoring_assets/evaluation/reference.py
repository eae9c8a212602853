"""What windows are compared with: the active reference and its statistics, computed once.

A `Baseline` is the part of a reference that one window is compared with: all of it, or the rows
of the same weekday. Reading and storing a reference belong to `application.references`.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.window import Cadence, Every, Window
from monitoring_assets.evaluation.performance import outcomes
from monitoring_assets.evaluation.table import category_counts, numbers, sample
from monitoring_assets.metrics.performance import performance
from monitoring_assets.stats.correlation import correlation_matrix
from monitoring_assets.stats.samples import Estimate, Floats, NumericSample, Sample

# A weekday with fewer rows says less than all days together.
FEWEST_MATCHED_ROWS = 200


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


class Baseline:
    """The statistics of one set of reference rows; each is computed once, when first asked for."""

    def __init__(self, config: ModelConfig, rows: pa.Table) -> None:
        self._config = config
        self._rows = rows
        self._samples: dict[str, Sample] = {}
        self._ranges: dict[str, NumericRange | None] = {}
        self._segments: dict[tuple[str, str], Baseline] = {}

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self._rows.num_rows)

    def sample(self, column: str) -> Sample:
        """Return a column in the shape that drift methods take."""
        if column not in self._samples:
            is_numeric = self._config.is_numeric(column)
            self._samples[column] = sample(self._rows, column, is_numeric=is_numeric)
        return self._samples[column]

    def missing_share(self, column: str) -> float:
        """Return the share of rows without a value."""
        values = self._rows.column(column)
        if pa.types.is_floating(values.type):
            missing = int(np.isnan(numbers(self._rows, column)).sum())
        else:
            missing = values.null_count
        return missing / self.n if self.n else 0.0

    def range(self, column: str) -> NumericRange | None:
        """Return where a numeric column lies, None where it has no value."""
        if column not in self._ranges:
            values = self.sample(column)
            self._ranges[column] = _range(values) if isinstance(values, NumericSample) else None
        return self._ranges[column]

    @cached_property
    def correlation(self) -> Floats:
        """Return the correlation matrix of the numeric features, shape `(k, k)`."""
        return correlation_matrix(feature_matrix(self._config, self._rows))

    @cached_property
    def performance(self) -> Mapping[str, Estimate]:
        """Return every performance metric, none where the reference has no labels."""
        found = outcomes(self._config, self._rows, self._config.label_column)
        return {} if found is None else performance(self._config.task, found)

    def segment(self, column: str, value: str) -> "Baseline":
        """Return the statistics of the rows of one segment."""
        key = (column, value)
        if key not in self._segments:
            rows = self._rows.filter(pc.equal(self._rows.column(column), value))
            self._segments[key] = Baseline(self._config, rows)
        return self._segments[key]


def feature_matrix(config: ModelConfig, rows: pa.Table) -> Floats:
    """Return the numeric features, NaN where missing or infinite, shape `(n, k)`."""
    names = config.numeric_features
    if not names:
        return np.empty((rows.num_rows, 0))
    matrix = np.column_stack([numbers(rows, name) for name in names])
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix


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


class Reference:
    """One version of the data that windows are compared with."""

    def __init__(
        self, config: ModelConfig, version: str, rows: pa.Table, stored_columns: frozenset[str]
    ) -> None:
        """Take rows that keep the contract.

        Args:
            config: The model.
            version: The name of the version.
            rows: Valid rows: every column of the contract, the label's column among them.
            stored_columns: All columns that the user stores, monitored or not.
        """
        self.config = config
        self.version = version
        self.rows = rows
        self.stored_columns = stored_columns
        self.whole = Baseline(config, rows)
        self._weekdays: dict[int, Baseline] = {}

    def baseline(self, window: Window) -> Baseline:
        """Return the part of the reference that a window is compared with."""
        if self.config.reference.match == "all":
            return self.whole
        weekday = _local(window, self.config.cadence.windows.zone).weekday()
        if weekday not in self._weekdays:
            rows = self.rows.filter(pc.equal(self._row_weekdays, weekday))
            matched = Baseline(self.config, rows)
            self._weekdays[weekday] = (
                self.whole if rows.num_rows < FEWEST_MATCHED_ROWS else matched
            )
        return self._weekdays[weekday]

    @cached_property
    def seen_categories(self) -> dict[str, frozenset[str]]:
        """Return the categories of every categorical feature."""
        categorical = [n for n, f in self.config.features.items() if f.type == "categorical"]
        return {name: frozenset(category_counts(self.rows, name).counts) for name in categorical}

    def expected_rows(self, window: Window) -> float | None:
        """Return how many rows a window should have, None where nothing is known.

        It is what the YAML says, or the reference's median over windows of the same weekday (and
        hour), which needs at least two of them; days of 23 or 25 hours are scaled.
        """
        declared = self.config.quality.expected_rows
        if declared is not None:
            return declared * window.hours / _usual_hours(self.config.cadence.windows)
        rates = self._rates.get(_season(window, self.config.cadence.windows), [])
        return median(rates) * window.hours if len(rates) > 1 else None

    @cached_property
    def _rates(self) -> dict[tuple[int, int], list[float]]:
        """Return rows per hour of the reference's whole windows, by weekday and hour."""
        cadence = self.config.cadence.windows
        stamps = pc.drop_null(self.rows.column(self.config.columns.timestamp))
        per_hour = pc.value_counts(pc.floor_temporal(stamps, unit="hour"))
        counts: dict[Window, int] = defaultdict(int)
        for hour, n in zip(
            per_hour.field("values").to_pylist(), per_hour.field("counts").to_pylist(), strict=True
        ):
            counts[cadence.containing(hour)] += n
        rates: dict[tuple[int, int], list[float]] = defaultdict(list)
        for window in sorted(counts)[1:-1]:  # the first and the last may be cut off
            rates[_season(window, cadence)].append(counts[window] / window.hours)
        return rates

    @cached_property
    def _row_weekdays(self) -> pa.ChunkedArray:
        stamps = self.rows.column(self.config.columns.timestamp)
        zone = self.config.cadence.timezone
        return pc.day_of_week(stamps.cast(pa.timestamp("us", tz=zone)))


def _local(window: Window, zone: ZoneInfo) -> datetime:
    return window.start.astimezone(zone)


def _season(window: Window, cadence: Cadence) -> tuple[int, int]:
    local = _local(window, cadence.zone)
    return local.weekday(), local.hour if cadence.every is Every.HOUR else 0


def _usual_hours(cadence: Cadence) -> float:
    return 1.0 if cadence.every is Every.HOUR else 24.0
