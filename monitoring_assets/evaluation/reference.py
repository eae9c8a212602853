"""What windows are compared with: the active reference, whole or by weekday, and its volume.

Everything is computed when it is first asked for, and what is costly is kept in a cache. Reading
and storing a reference belong to `application.monitor`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from statistics import median
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.window import Cadence, Every, Window
from monitoring_assets.evaluation.performance import outcomes
from monitoring_assets.metrics.performance import performance
from monitoring_assets.profiles.cache import MemoryCache, ReferenceCache
from monitoring_assets.profiles.exact import PreparedReference, prepare
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.stats.samples import CategorySample, Estimate

# A weekday with fewer rows says less than all days together.
FEWEST_MATCHED_ROWS = 200
ALL_DAYS = "all"

Rows = Callable[[Sequence[str] | None], pa.Table]


class Reference:
    """One version of the data that windows are compared with."""

    def __init__(
        self,
        config: ModelConfig,
        version: str,
        rows: Rows,
        stored_columns: frozenset[str],
        cache: ReferenceCache | None = None,
    ) -> None:
        """Take rows that keep the contract.

        Args:
            config: The model.
            version: The name of the version.
            rows: Returns the valid rows, some or all columns of them: those of the contract, the
                label's column among them.
            stored_columns: All columns that the user stores, monitored or not.
            cache: Where prepared parts are kept, memory by default.
        """
        self.config = config
        self.version = version
        self.stored_columns = stored_columns
        self._read = rows
        self._cache = cache or MemoryCache()
        self._performance: dict[str, Mapping[str, Estimate]] = {}

    @property
    def rows(self) -> pa.Table:
        """Return all columns of all rows."""
        return self._read(None)

    @cached_property
    def whole(self) -> PreparedReference:
        """Return the whole reference, ready to be compared with."""
        return self._cache.part(ALL_DAYS, lambda: self._prepared(ALL_DAYS, None))

    @property
    def layout(self) -> Layout:
        """Return what is kept of all windows that are compared with this reference."""
        return self.whole.layout

    def on(self, layout: Layout) -> PreparedReference:
        """Return the whole reference on the grid of another one."""
        return self._prepared(ALL_DAYS, layout)

    def baseline(self, window: Window) -> PreparedReference:
        """Return the part of the reference that a window is compared with."""
        return self._part(self._day_of(window))

    def part_of(self, window: Window) -> str:
        """Return the name of the part that a window is compared with: `all` or a weekday."""
        day = self._day_of(window)
        return ALL_DAYS if self._part(day) is self.whole else day

    def performance(self, part: str = ALL_DAYS) -> Mapping[str, Estimate]:
        """Return the metrics of a part of the reference, none where there are no labels."""
        if part not in self._performance:
            c = self.config.columns
            wanted = (c.timestamp, c.prediction, c.score, self.config.label_column)
            rows = self._rows_of(part, list(dict.fromkeys(filter(None, wanted))))
            found = outcomes(self.config, rows, self.config.label_column)
            metrics = {} if found is None else performance(self.config.task, found)
            self._performance[part] = metrics
        return self._performance[part]

    @cached_property
    def seen_categories(self) -> dict[str, frozenset[str]]:
        """Return the categories of every categorical feature."""
        return {
            name: frozenset(sample.counts)
            for name, sample in self.whole.samples.items()
            if isinstance(sample, CategorySample) and name in self.config.features
        }

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

    def _day_of(self, window: Window) -> str:
        if self.config.reference.match == ALL_DAYS:
            return ALL_DAYS
        return f"weekday-{_local(window, self.config.cadence.windows.zone).weekday()}"

    def _part(self, day: str) -> PreparedReference:
        if day == ALL_DAYS:
            return self.whole
        part = self._cache.part(day, lambda: self._prepared(day, self.layout))
        return part if part.profile.rows >= FEWEST_MATCHED_ROWS else self.whole

    def _prepared(self, day: str, layout: Layout | None) -> PreparedReference:
        config = self.config
        numeric = [name for name in config.drift_columns if config.is_numeric(name)]
        return prepare(
            self._rows_of(day, None),
            numeric,
            [name for name in config.drift_columns if name not in numeric],
            correlated=config.numeric_features,
            segments=config.segments,
            layout=layout,
        )

    def _rows_of(self, day: str, columns: Sequence[str] | None) -> pa.Table:
        rows = self._read(columns)
        if day == ALL_DAYS:
            return rows
        stamps = rows.column(self.config.columns.timestamp)
        local = stamps.cast(pa.timestamp("us", tz=self.config.cadence.timezone))
        return rows.filter(pc.equal(pc.day_of_week(local), int(day.rpartition("-")[2])))

    @cached_property
    def _rates(self) -> dict[tuple[int, int], list[float]]:
        """Return rows per hour of the reference's whole windows, by weekday and hour."""
        cadence, timestamp = self.config.cadence.windows, self.config.columns.timestamp
        stamps = pc.drop_null(self._read([timestamp]).column(timestamp))
        # Days begin at quarter hours in every zone.
        quarters = pc.value_counts(pc.floor_temporal(stamps, multiple=15, unit="minute"))
        counts: dict[Window, int] = defaultdict(int)
        for moment, n in zip(*(part.to_pylist() for part in quarters.flatten()), strict=True):
            counts[cadence.containing(moment)] += n
        rates: dict[tuple[int, int], list[float]] = defaultdict(list)
        for window in sorted(counts)[1:-1]:  # the first and the last may be cut off
            rates[_season(window, cadence)].append(counts[window] / window.hours)
        return rates


def _local(window: Window, zone: ZoneInfo) -> datetime:
    return window.start.astimezone(zone)


def _season(window: Window, cadence: Cadence) -> tuple[int, int]:
    local = _local(window, cadence.zone)
    return local.weekday(), local.hour if cadence.every is Every.HOUR else 0


def _usual_hours(cadence: Cadence) -> float:
    return 1.0 if cadence.every is Every.HOUR else 24.0
