"""Which rows are in a window, in whatever form a table holds its times."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest

from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.window import Window
from monitoring_assets.engines.rows import within

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def window(start, hours):
    return Window(start, start + hours * HOUR, "w")


def found(times, of_window, zone=None):
    connection = ibis.duckdb.connect()
    table = connection.create_table("log", pa.table({"ts": times}))
    return within(table, "ts", of_window, zone).to_pyarrow().column("ts").to_pylist()


def naive(*texts):
    return [datetime.fromisoformat(text) for text in texts]


def test_times_with_a_zone_are_compared_as_instants():
    times = pa.array(
        [datetime(2026, 1, 1, 23, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)],
        pa.timestamp("us", tz="Europe/Berlin"),
    )
    assert len(found(times, window(datetime(2026, 1, 2, tzinfo=UTC), 24))) == 1


def test_times_without_a_zone_are_of_the_declared_one():
    times = naive("2026-01-01T23:30", "2026-01-02T00:00", "2026-01-02T23:59")
    berlin_day = window(datetime(2026, 1, 1, 23, tzinfo=UTC), 24)
    assert found(times, berlin_day, BERLIN) == times[1:]


def test_a_local_time_that_occurs_twice_is_its_first_occurrence():
    times = naive("2026-10-25T02:30", "2026-10-25T03:00")
    second = window(datetime(2026, 10, 25, 1, tzinfo=UTC), 1)  # the second 02:00 to 03:00
    assert found(times, second, BERLIN) == []
    first = window(datetime(2026, 10, 25, 0, tzinfo=UTC), 1)
    assert found(times, first, BERLIN) == times[:1]


def test_a_local_time_that_does_not_occur_is_the_end_of_the_gap():
    times = naive("2026-03-29T02:30")
    assert found(times, window(datetime(2026, 3, 29, 1, tzinfo=UTC), 1), BERLIN) == times


def test_dates_are_midnights():
    times = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)]
    assert found(times, window(datetime(2026, 1, 1, 12, tzinfo=UTC), 24)) == times[1:2]


@pytest.mark.parametrize("times", [["2026-01-02"], [1_767_312_000]])
def test_times_that_sql_cannot_compare_are_refused(times):
    with pytest.raises(SourceError, match="view that casts it"):
        found(times, window(datetime(2026, 1, 2, tzinfo=UTC), 24))


def test_a_log_without_the_column_is_refused():
    table = ibis.table({"x": "float64"}, name="log")
    with pytest.raises(SourceError, match=r"no column 'ts'.*there are x"):
        within(table, "ts", window(datetime(2026, 1, 2, tzinfo=UTC), 24), None)
