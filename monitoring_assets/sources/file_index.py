"""Which times the rows of a file cover, found without reading the file where that is possible.

The unit is a `Part`: a row group of a Parquet file whose statistics can be relied on, else a
whole file. Which rows of a part a window gets belongs to `sources.files`.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from threading import Lock
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.sources.listing import StoredFile
from monitoring_assets.sources.timed_rows import Bounds, TimedRows, as_microseconds
from monitoring_assets.sources.timestamps import instants, microseconds

_DATE_IN_NAME = re.compile(
    r"(?<!\d)(20\d\d)[-_/]?(?:month=|m=)?(\d\d)[-_/]?(?:day=|d=)?(\d\d)(?!\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a file that is decoded at once.

    Attributes:
        row_group: Its position in a Parquet file, None for the whole file.
        first: The earliest time in it, microseconds since 1970.
        last: The latest time in it.
    """

    file: StoredFile
    row_group: int | None = None
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """What is known about one version of one file.

    Attributes:
        stored: Its columns and their types; empty if it cannot be decoded.
        parts: Its parts that hold times.
        n_untimed: How many of its rows have no readable time.
        placed_at: The moment whose window gets what has no time of its own: rows without a
            readable time, and the news of damage. None if every window gets it.
        failure: Why it cannot be decoded, empty if it can.
        problems: Lines that were left out, columns of several types.
    """

    file: StoredFile
    stored: pa.Schema = field(default_factory=lambda: pa.schema([]))
    parts: tuple[Part, ...] = ()
    n_untimed: int = 0
    placed_at: int | None
    failure: str = ""
    problems: tuple[ReadProblem, ...] = ()

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Return the intervals, both ends included, in which the file matters."""
        has_more = self.n_untimed or self.failure or self.problems
        if has_more and not self.parts and self.placed_at is not None:
            return [(self.placed_at, self.placed_at)]
        return [(part.first, part.last) for part in self.parts]

    def concerns(self, bounds: Bounds) -> bool:
        """Return whether a reading of these bounds has to do with the file."""
        return self.placed_at is None or any(bounds.overlap(*span) for span in self.spans)

    def is_placed_in(self, bounds: Bounds) -> bool:
        """Return whether what has no time of its own belongs to these bounds."""
        return self.placed_at is None or bounds.overlap(self.placed_at, self.placed_at)

    def problems_in(self, bounds: Bounds) -> tuple[ReadProblem, ...]:
        """Return what is wrong with the file; lines that were left out are told once."""
        is_told = self.is_placed_in(bounds)
        return tuple(p for p in self.problems if is_told or p.problem != "corrupt_file")


class DecodedParts:
    """The parts that were decoded last, as many as fit into a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._parts: OrderedDict[tuple[StoredFile, int | None], TimedRows] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, file: StoredFile, row_group: int | None) -> TimedRows | None:
        """Return a part if it is still there."""
        with self._lock:
            found = self._parts.get((file, row_group))
            if found is not None:
                self._parts.move_to_end((file, row_group))
            return found

    def put(self, file: StoredFile, row_group: int | None, rows: TimedRows) -> None:
        """Keep a part, at the cost of those that were not asked for longest."""
        key = (file, row_group)
        with self._lock:
            if rows.size > self._most_bytes or key in self._parts:
                return
            self._parts[key] = rows
            self._size += rows.size
            while self._size > self._most_bytes:
                _, dropped = self._parts.popitem(last=False)
                self._size -= dropped.size


def place_of(file: StoredFile, earliest: int | None) -> int:
    """Return the moment to which rows of a file belong that have no readable time.

    It is the earliest readable time of the file, else noon of the date in its name, which is
    that day in nearly every zone, else the moment at which the file was written.
    """
    if earliest is not None:
        return earliest
    day = _date_in(file.name)
    if day is not None:
        return microseconds(datetime.combine(day, time(12), UTC))
    return file.mtime_ns // 1000


def _date_in(name: str) -> date | None:
    for year, month, day in reversed(_DATE_IN_NAME.findall(name)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def parts_from_statistics(
    file: StoredFile, parquet: pq.ParquetFile, timestamp: str, zone: ZoneInfo | None
) -> tuple[Part, ...] | None:
    """Return the row groups of a Parquet file, None where its statistics do not suffice.

    They suffice for a timestamp or date without a null in any row group: such statistics are
    exact, while those of text may be cut short and those of old writers (INT96) are missing.
    """
    metadata = parquet.metadata
    index = next(
        (i for i in range(metadata.num_columns) if parquet.schema.column(i).path == timestamp),
        None,
    )
    kind = None if index is None else _time_type(parquet.schema.column(index))
    if index is None or kind is None:
        return None
    ranges = list(_ranges(metadata, index))
    if None in ranges:
        return None
    flat = pa.array([raw for pair in ranges if pair is not None for raw in pair], _storage(kind))
    moments = as_microseconds(instants(pa.chunked_array([flat.cast(kind)]), zone).values)
    groups = [g for g in range(metadata.num_row_groups) if metadata.row_group(g).num_rows]
    return tuple(
        Part(file=file, row_group=group, first=int(first), last=int(last))
        for group, (first, last) in zip(groups, moments.reshape(-1, 2), strict=True)
    )


def _ranges(metadata: pq.FileMetaData, column: int) -> Iterator[tuple[int, int] | None]:
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        if not row_group.num_rows:
            continue
        found = row_group.column(column).statistics
        is_known = (
            found is not None
            and found.has_min_max
            and found.has_null_count
            and found.null_count == 0
        )
        yield (found.min_raw, found.max_raw) if is_known else None


def _storage(kind: pa.DataType) -> pa.DataType:
    return pa.int32() if kind == pa.date32() else pa.int64()


def _time_type(column: pq.ColumnSchema) -> pa.DataType | None:
    logical = json.loads(column.logical_type.to_json())
    match logical.get("Type"):
        case "Date":
            return pa.date32()
        case "Timestamp":
            unit = {"milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}
            zone = "UTC" if logical["isAdjustedToUTC"] else None
            return pa.timestamp(unit[logical["timeUnit"]], zone)
        case _:
            return None
