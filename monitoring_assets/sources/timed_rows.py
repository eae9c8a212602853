"""Rows in the order of their event time, and the part of them that a window gets."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring_assets.sources.timestamps import instants, microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A half-open interval in microseconds since 1970; an end that is None is open."""

    start: int | None = None
    end: int | None = None

    @classmethod
    def of(cls, start: datetime | None, end: datetime | None) -> "Bounds":
        """Return the bounds between two aware moments."""
        return cls(
            start=None if start is None else microseconds(start),
            end=None if end is None else microseconds(end),
        )

    def overlap(self, first: int, last: int) -> bool:
        """Return whether anything from `first` to `last`, both included, lies within."""
        return (self.start is None or last >= self.start) and (
            self.end is None or first < self.end
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimedRows:
    """The decoded rows of a part, ordered by time, those without one at the end.

    Attributes:
        rows: All columns that were asked for; the event time is `timestamp[us, UTC]`.
        moments: The times that could be read, microseconds since 1970, shape `(n,)`.
        has_naive: Whether some times carry no zone and were taken as UTC.
    """

    rows: pa.Table
    moments: NDArray[np.int64]
    has_naive: bool = False

    @classmethod
    def of(cls, rows: pa.Table, timestamp: str, zone: ZoneInfo | None) -> "TimedRows":
        """Return rows in the order of a column, which may be missing."""
        if timestamp in rows.column_names:
            found = instants(rows.column(timestamp), zone)
            position = rows.column_names.index(timestamp)
            rows = rows.set_column(position, timestamp, found.values)
            return cls._ordered(rows, found.values, has_naive=found.n_naive > 0)
        return cls(rows=rows, moments=np.empty(0, dtype=np.int64))

    @classmethod
    def _ordered(cls, rows: pa.Table, times: pa.ChunkedArray, *, has_naive: bool) -> "TimedRows":
        moments = as_microseconds(times)
        if times.null_count or np.any(moments[1:] < moments[:-1]):
            order = pc.sort_indices(times)  # nulls go to the end
            rows = rows.take(order)
            moments = as_microseconds(times.take(order))
        return cls(rows=rows, moments=moments, has_naive=has_naive)

    @property
    def n_untimed(self) -> int:
        """Return how many rows have no readable time."""
        return int(self.rows.num_rows) - len(self.moments)

    @property
    def size(self) -> int:
        """Return how many bytes of memory the rows take."""
        return int(self.rows.nbytes) + self.moments.nbytes

    def within(self, bounds: Bounds) -> pa.Table:
        """Return the rows with `start <= time < end`, without copying them."""
        n = len(self.moments)
        first = 0 if bounds.start is None else int(np.searchsorted(self.moments, bounds.start))
        end = n if bounds.end is None else int(np.searchsorted(self.moments, bounds.end))
        return self.rows.slice(first, max(end - first, 0))

    def untimed(self) -> pa.Table:
        """Return the rows without a readable time."""
        return self.rows.slice(len(self.moments))


def as_microseconds(times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return the instants that are not null as microseconds since 1970, shape `(n,)`."""
    numbers = times.drop_null().cast(pa.int64())
    return np.asarray(numbers.to_numpy(), dtype=np.int64)
