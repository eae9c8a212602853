"""The rows of one window as an Ibis table with the columns that a profile needs.

Numbers become floats by the rules of `profiles.columns.floats`; categories stay as they are
stored, since their canonical texts are made of the few that come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.window import Window
from monitoring_assets.engines.cells import LARGEST, exact, whole
from monitoring_assets.profiles.columns import as_text, int_array
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.segments import largest_values

PART = "part"
REST = -1  # the part of rows that are in no segment with a profile of its own
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The rows of one window, divided into parts.

    Attributes:
        table: The Ibis table, with the column `PART` and those that are named here.
        parts: The parts that rows may be in.
        numeric: By column of the layout the one in the table, a float.
        categorical: By column of the layout the one in the table, as it is stored.
    """

    table: Any
    parts: Sequence[int]
    numeric: Mapping[str, str]
    categorical: Mapping[str, str]

    def aggregated(self, table: Any, *by: str, **wanted: Any) -> Any:
        """Return aggregates of a table for each part and each value of some columns.

        Where there is one part it is no group: sums without groups take half the time.
        """
        if len(self.parts) > 1:
            return table.group_by(PART, *by).agg(**wanted)
        found = table.group_by(*by).agg(**wanted) if by else table.agg(**wanted)
        return found.mutate(**{PART: whole(self.parts[0])})


def rows_of(window: Any, layout: Layout, segments: "Segments | None" = None) -> Rows:
    """Return the rows of a window; a column that is not there has no values.

    Args:
        window: The Ibis table of the window's rows.
        layout: What is kept of them.
        segments: What divides them; by default they are all of one part.
    """
    import ibis

    numeric = {name: f"number_{k}" for k, name in enumerate(layout.grids)}
    categorical = {name: f"category_{k}" for k, name in enumerate(layout.categories)}
    stored = window.columns
    columns = {
        short: _number(window[name]) if name in stored else ibis.null("float64")
        for name, short in numeric.items()
    }
    columns |= {
        short: window[name] if name in stored else ibis.null("string")
        for name, short in categorical.items()
    }
    if segments is None:
        table, parts = window.select(**{PART: whole(0)}, **columns), [0]
    else:
        table = segments.divided(window, columns)
        parts = [*range(len(segments.texts)), REST]
    return Rows(table=table, parts=parts, numeric=numeric, categorical=categorical)


def _number(column: Any) -> Any:
    """Return a column as floats, null where a value is missing, NaN or unreadable."""
    import ibis

    kind = column.type()
    if kind.is_boolean():
        return column.cast("int32").cast("float64")
    if kind.is_integer():
        return column.cast("float64")
    if kind.is_numeric():
        number = column.cast("float64")
    elif kind.is_string():
        number = column.try_cast("float64")
    else:
        return ibis.null("float64")
    return number.isnan().ifelse(ibis.null("float64"), number)


def is_finite(number: Any) -> Any:
    """Return whether a number is neither missing nor infinite."""
    return number.between(exact(-LARGEST), exact(LARGEST))


# -- segments ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """The largest values of one column.

    Attributes:
        column: The column.
        texts: Their canonical texts, the largest first; each is the part of its position.
        stored: The values as they are stored, shape `(n,)`.
        parts: The part of each of them, shape `(n,)`.
    """

    column: str
    texts: Sequence[str]
    stored: pa.Array
    parts: pa.Array

    @classmethod
    def of(cls, window: Any, column: str, most: int) -> "Segments":
        """Ask for the values of a column of a window, and keep the `most` largest."""
        counted = window.group_by(value=window[column]).agg(n=window.count()).to_pyarrow()
        values = counted.column("value").combine_chunks()
        names = as_text(values).to_pylist()
        counts = _counts(names, counted.column("n").to_pylist())
        texts = largest_values(counts, most)
        kept = [k for k, name in enumerate(names) if name in texts]
        return cls(
            column=column,
            texts=texts,
            stored=values.take(int_array(kept)),
            parts=int_array([texts.index(names[k] or "") for k in kept]),
        )

    def divided(self, window: Any, columns: Mapping[str, Any]) -> Any:
        """Return columns of a window and the part of each row."""
        import ibis

        rows = window.select(segment=window[self.column], **columns)
        if not self.texts:
            return rows.drop("segment").mutate(**{PART: whole(REST)})
        known = ibis.memtable(pa.table({"value": self.stored, PART: self.parts}))
        found = rows.left_join(known, rows.segment == known.value)
        part = found[PART].fill_null(REST).cast("int32")
        return found.select(*columns, **{PART: part})


def _counts(names: Sequence[str | None], numbers: Sequence[int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, n in zip(names, numbers, strict=True):
        if name is not None:
            counts[name] = counts.get(name, 0) + n
    return counts


# -- windows -------------------------------------------------------------------------------------


def within(table: Any, timestamp: str, window: Window, zone: ZoneInfo | None) -> Any:
    """Return the rows with `start <= timestamp < end`.

    Bounds are written in the column's own form, so that an engine can skip what lies outside.

    Args:
        table: The Ibis table of the log.
        timestamp: The column of the event time: a timestamp or a date.
        window: The window.
        zone: The zone of times that carry none; None is UTC.

    Raises:
        SourceError: If there is no such column, or it cannot be compared with a moment.
    """
    if timestamp not in table.columns:
        raise SourceError(
            f"there is no column {timestamp!r}, so that rows belong to no window; there are "
            f"{', '.join(table.columns)}. Correct `columns.timestamp`."
        )
    column = table[timestamp]
    start, end = (_bound(column, moment, zone) for moment in (window.start, window.end))
    return table.filter(column >= start, column < end)


def _bound(column: Any, moment: datetime, zone: ZoneInfo | None) -> Any:
    """Return a value so that exactly the times at or after the moment are not less than it."""
    import ibis

    kind = column.type()
    if kind.is_timestamp() and kind.timezone is not None:
        return ibis.literal(moment.astimezone(UTC), type='timestamp("UTC")')
    local = _local(moment, zone)
    if kind.is_timestamp():
        return ibis.literal(local, type="timestamp")
    if kind.is_date():
        return ibis.literal(_day(local))
    raise SourceError(
        f"column {column.get_name()!r} is {kind}, which cannot be compared with a time where it "
        "lies: name a view that casts it to a timestamp, or use `engine: {name: local}`"
    )


def _local(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """Return the smallest local time that stands for the moment or a later one.

    The offset just before the moment decides: when clocks go back, a local time that occurs twice
    stands for its first occurrence, and when they go forward, one that does not occur stands for
    the end of the gap.
    """
    offset = (moment - _MOMENT).astimezone(zone or UTC).utcoffset()
    return moment.astimezone(UTC).replace(tzinfo=None) + (offset or timedelta())


def _day(local: datetime) -> date:
    return local.date() if local.time() == time() else local.date() + timedelta(days=1)
