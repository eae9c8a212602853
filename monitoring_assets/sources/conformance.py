"""What every source must do, as checks that a new kind of source can run in its own tests.

    def test_it_is_a_source(tmp_path):
        check_source(lambda rows: MySource(write(rows, tmp_path), COLUMNS, TIMESTAMP))

`make` is given rows with the columns `COLUMNS` and one more. It stores them in place of whatever
it stored before and returns a source that asks for `COLUMNS`, with `TIMESTAMP` as event time.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from monitoring_assets.application.ports import Source
from monitoring_assets.domain.window import DAY_KEY, Window

Make = Callable[[pa.Table], Source]

TIMESTAMP = "ts"
COLUMNS = ("ts", "id", "amount", "colour")
NOT_ASKED_FOR = "note"
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def check_source(make: Make) -> None:
    """Run all checks.

    Raises:
        AssertionError: With what the source does and should not do, or the reverse.
    """
    for check in CHECKS:
        check(make)


def example_rows(*moments: datetime) -> pa.Table:
    """Return one row for each moment; every second value is missing."""
    n = len(moments)
    return pa.table(
        {
            "ts": pa.array(moments, pa.timestamp("us", tz="UTC")),
            "id": pa.array([f"p-{i}" for i in range(n)], pa.string()),
            "amount": pa.array([i + 0.5 if i % 2 else None for i in range(n)], pa.float64()),
            "colour": pa.array(["red" if i % 2 else None for i in range(n)], pa.string()),
            NOT_ASKED_FOR: pa.array(["x"] * n, pa.string()),
        }
    )


def windows_are_half_open(make: Make) -> None:
    """A row at the start of a window is in it, one at its end is in the next."""
    last = _day(1).end - timedelta(microseconds=1)
    source = make(example_rows(_FIRST, _day(1).start, last, _day(1).end))
    found = _moments(source, _day(1))
    _require(found == [_day(1).start, last], f"rows of {_day(1).key}: {found}")


def every_row_is_in_one_window(make: Make) -> None:
    """Windows that adjoin divide the rows: none is lost and none comes twice."""
    source = make(example_rows(*(_FIRST + timedelta(hours=7 * i) for i in range(12))))
    divided = [m for day in range(4) for m in _moments(source, _day(day))]
    _require(len(divided) == 12, f"12 rows were stored, {len(divided)} are in windows")  # noqa: PLR2004
    _require(source.read().rows.num_rows == 12, "a reading without bounds misses rows")  # noqa: PLR2004


def times_are_utc(make: Make) -> None:
    """Event times are `timestamp[us, UTC]`."""
    rows = make(example_rows(_FIRST)).read().rows
    kind = rows.schema.field(TIMESTAMP).type
    _require(kind == pa.timestamp("us", tz="UTC"), f"event times are {kind}")


def empty_is_no_error(make: Make) -> None:
    """A window without rows, and a place without any, are read as no rows."""
    empty = make(example_rows()).read(_day(0).start, _day(0).end)
    _require(empty.rows.num_rows == 0, "an empty place has rows")
    source = make(example_rows(_FIRST))
    reading = source.read(_day(5).start, _day(5).end)
    _require(reading.rows.num_rows == 0, "a window without rows has some")
    _require(not reading.problems, f"a window without rows has problems: {reading.problems}")
    found = source.fingerprints([_day(5)])
    _require(not found, f"a window without rows has a fingerprint: {found}")


def nulls_stay_null(make: Make) -> None:
    """Missing values are null, and the others are as they were stored."""
    rows = make(example_rows(_FIRST, _FIRST + _DAY)).read().rows.sort_by(TIMESTAMP)
    for column, expected in (("amount", [None, 1.5]), ("colour", [None, "red"])):
        found = rows.column(column).to_pylist()
        _require(found == expected, f"{column} is {found}, not {expected}")


def only_wanted_columns_are_read(make: Make) -> None:
    """Columns that were not asked for are named and not read."""
    reading = make(example_rows(_FIRST)).read()
    names = tuple(reading.rows.column_names)
    _require(names == COLUMNS, f"columns are {names}, not {COLUMNS}")
    unexpected = reading.unexpected_columns
    _require(unexpected == (NOT_ASKED_FOR,), f"unexpected columns are {unexpected}")


def fingerprints_are_stable(make: Make) -> None:
    """Asking twice gives the same answer when nothing changed."""
    source = make(example_rows(_FIRST, _FIRST + _DAY))
    windows = [_day(0), _day(1)]
    _require(
        source.fingerprints(windows) == source.fingerprints(windows)
        and source.fingerprint() == source.fingerprint(),
        "the fingerprint changes by itself",
    )
    _require(
        set(source.fingerprints(windows)) == {_day(0).key, _day(1).key}, "windows are missing"
    )


def late_rows_change_fingerprints(make: Make) -> None:
    """A row that arrives later changes the fingerprint of its window and of the whole."""
    moments = (_FIRST, _FIRST + _DAY)
    before = make(example_rows(*moments))
    old, old_whole = before.fingerprints([_day(0)]), before.fingerprint()
    after = make(example_rows(*moments, _FIRST + timedelta(hours=3)))
    new, new_whole = after.fingerprints([_day(0)]), after.fingerprint()
    _require(old != new, "a late row does not change the fingerprint of its window")
    _require(old_whole != new_whole, "a late row does not change the fingerprint of the whole")


CHECKS: tuple[Callable[[Make], None], ...] = (
    windows_are_half_open,
    every_row_is_in_one_window,
    times_are_utc,
    empty_is_no_error,
    nulls_stay_null,
    only_wanted_columns_are_read,
    fingerprints_are_stable,
    late_rows_change_fingerprints,
)


def _day(number: int) -> Window:
    start = _FIRST + number * _DAY
    return Window(start, start + _DAY, start.strftime(DAY_KEY))


def _moments(source: Source, window: Window) -> list[datetime]:
    found: list[datetime] = (
        source.read(window.start, window.end).rows.column(TIMESTAMP).to_pylist()
    )
    return sorted(found)


def _require(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not condition:
        raise AssertionError(otherwise)
