"""Event times in whatever form they are stored become instants in UTC.

Nothing raises here: what cannot be read is null and counted, what carries no zone is counted.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.sources.column_types import is_number

INSTANT = pa.timestamp("us", tz="UTC")
# The unit of an epoch number, by its size: 1e11 seconds are the year 5138, 1e11 milliseconds are
# March 1973, and so on by factors of a thousand.
_LARGEST_SECONDS, _LARGEST_MILLISECONDS, _LARGEST_MICROSECONDS = 1e11, 1e14, 1e17
_LARGEST_NANOSECONDS = 2.0**63
_ZONE = r"(?:[Zz]|UTC|[+-]\d{2}(?::?\d{2})?)\s*$"
# Text without a time of day ends in `-02`, which is no zone.
_DATE_ONLY = r"^\s*\d{4}(?:-?\d{2}){0,2}\s*$"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instants:
    """A column of event times.

    Attributes:
        values: `timestamp[us, UTC]`, null where the time could not be read.
        n_naive: How many values carried no zone and had to be taken as UTC.
    """

    values: pa.ChunkedArray
    n_naive: int = 0

    @property
    def n_unreadable(self) -> int:
        """Return how many values are missing or could not be read."""
        return int(self.values.null_count)


def instants(column: pa.ChunkedArray, zone: ZoneInfo | None) -> Instants:
    """Return a column of event times as instants.

    Timestamps, dates (midnight), ISO 8601 text, and seconds, milliseconds, microseconds or
    nanoseconds since 1970 are recognised.

    Args:
        column: The column as it is stored, of any type.
        zone: The zone of values that carry none; UTC where it is not declared. Of a local time
            that occurs twice the first counts; one that does not occur is the end of the gap.
    """
    kind = column.type
    if kinds.is_timestamp(kind) and kind.tz is not None:
        return Instants(values=column.cast(INSTANT, safe=False))
    if kinds.is_timestamp(kind) or kinds.is_date(kind):
        values = _localised(column, zone)
        return Instants(values=values, n_naive=0 if zone else len(values) - values.null_count)
    if is_number(kind):
        return Instants(values=_from_epoch(column))
    if kinds.is_string(kind):
        return _from_text(column, zone)
    return Instants(values=pa.chunked_array([pa.nulls(len(column), INSTANT)]))


def naive_timestamps(column: str, n: int) -> ReadProblem:
    """Return what is told when times carry no zone and none is declared."""
    detail = f"carries no time zone in {n:,} rows, taken as UTC; declare columns.timestamp_zone"
    return ReadProblem(problem="naive_timestamps", subject=column, detail=detail, n=n)


def unreadable_timestamps(column: str, n: int) -> ReadProblem:
    """Return what is told when rows have no event time that can be read."""
    detail = f"is missing or no ISO 8601 time in {n:,} rows"
    return ReadProblem(problem="unreadable_timestamps", subject=column, detail=detail, n=n)


def microseconds(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970, without the rounding of floats."""
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def epoch_factor(number: float) -> int:
    """Return how many units of an epoch number make a second: 1, 1e3, 1e6 or 1e9.

    >>> epoch_factor(1_767_225_600), epoch_factor(1_767_225_600_000)
    (1, 1000)
    """
    limits = (_LARGEST_SECONDS, _LARGEST_MILLISECONDS, _LARGEST_MICROSECONDS)
    size = sum(abs(number) >= limit for limit in limits)
    return (1, 1_000, 1_000_000, 1_000_000_000)[size]


def _localised(column: pa.ChunkedArray, zone: ZoneInfo | None) -> pa.ChunkedArray:
    local = column.cast(pa.timestamp("us"), safe=False)
    name = zone.key if zone is not None else "UTC"
    aware = pc.assume_timezone(local, name, ambiguous="earliest", nonexistent="latest")
    return aware.cast(INSTANT)


def _from_epoch(column: pa.ChunkedArray) -> pa.ChunkedArray:
    # float64 holds microseconds of today to within a quarter of one; integers stay exact.
    is_whole = kinds.is_integer(column.type) and column.type != pa.uint64()
    number = column.cast(pa.int64() if is_whole else pa.float64(), safe=False)
    size = pc.abs(number.cast(pa.float64(), safe=False))
    number = pc.if_else(pc.less(size, _LARGEST_NANOSECONDS), number, None)  # NaN, infinite: null
    scaled = pc.case_when(
        pc.make_struct(
            pc.less(size, _LARGEST_SECONDS),
            pc.less(size, _LARGEST_MILLISECONDS),
            pc.less(size, _LARGEST_MICROSECONDS),
        ),
        pc.multiply(number, pa.scalar(1_000_000, number.type)),
        pc.multiply(number, pa.scalar(1_000, number.type)),
        number,
        pc.divide(number, pa.scalar(1_000, number.type)),
    )
    if not is_whole:
        scaled = pc.round(scaled).cast(pa.int64(), safe=False)
    return _chunked(scaled.cast(INSTANT))


def _from_text(column: pa.ChunkedArray, zone: ZoneInfo | None) -> Instants:
    import pandas as pd

    parsed = pd.to_datetime(column.to_pandas(), format="ISO8601", errors="coerce", utc=True)
    as_utc = pa.chunked_array([pa.Array.from_pandas(parsed).cast(INSTANT, safe=False)])
    has_zone = pc.and_(
        pc.match_substring_regex(column, _ZONE),
        pc.invert(pc.match_substring_regex(column, _DATE_ONLY)),
    )
    is_naive = pc.and_(pc.is_valid(as_utc), pc.fill_null(pc.invert(has_zone), fill_value=False))
    if zone is None:
        return Instants(values=as_utc, n_naive=pc.sum(is_naive, min_count=0).as_py())
    local = _localised(as_utc.cast(pa.timestamp("us")), zone)
    return Instants(values=_chunked(pc.if_else(is_naive, local, as_utc)))


def _chunked(values: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
