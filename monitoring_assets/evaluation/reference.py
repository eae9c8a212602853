"""What windows are compared with: the active reference, whole or by weekday, and its volume.

Reading and storing a reference belong to `application.monitor`.
"""

from collections import defaultdict
from datetime import datetime
from functools import cached_property
from statistics import median
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.window import Cadence, Every, Window
from monitoring_assets.evaluation.profiles import Profile
from monitoring_assets.evaluation.table import category_counts

# A weekday with fewer rows says less than all days together.
FEWEST_MATCHED_ROWS = 200


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
        self.whole = Profile(config, rows)
        self._weekdays: dict[int, Profile] = {}

    def baseline(self, window: Window) -> Profile:
        """Return the part of the reference that a window is compared with."""
        if self.config.reference.match == "all":
            return self.whole
        weekday = _local(window, self.config.cadence.windows.zone).weekday()
        if weekday not in self._weekdays:
            rows = self.rows.filter(pc.equal(self._row_weekdays, weekday))
            is_enough = rows.num_rows >= FEWEST_MATCHED_ROWS
            self._weekdays[weekday] = Profile(self.config, rows) if is_enough else self.whole
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
        # Days begin at quarter hours in every zone.
        quarters = pc.value_counts(pc.floor_temporal(stamps, multiple=15, unit="minute"))
        counts: dict[Window, int] = defaultdict(int)
        for moment, n in zip(*(part.to_pylist() for part in quarters.flatten()), strict=True):
            counts[cadence.containing(moment)] += n
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
