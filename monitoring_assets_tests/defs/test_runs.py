from datetime import UTC, datetime, timedelta

import pytest

from monitoring_assets.defs.runs import is_backfill, last_window, stretches
from monitoring_assets.domain.window import Cadence, Every


def windows(n, cadence):
    return list(cadence.between(cadence.first(), cadence.last_complete(_after(n, cadence))))


def _after(n, cadence):
    step = timedelta(hours=1) if cadence.every is Every.HOUR else timedelta(days=1)
    return cadence.first().start + n * step + timedelta(minutes=90 * (step.days > 0))


def lengths(stretched):
    return [len(stretch) for stretch in stretched]


@pytest.mark.parametrize("day", ["2026-03-01", "2026-10-10"])
@pytest.mark.parametrize(
    ("every", "timezone"),
    [(Every.DAY, "UTC"), (Every.DAY, "Europe/Berlin"), (Every.HOUR, "UTC")],
)
def test_windows_of_a_cadence_are_neighbours(every, timezone, day):
    start = datetime.fromisoformat(day).replace(tzinfo=UTC).date()
    found = windows(40, Cadence(every=every, start=start, timezone=timezone))
    assert lengths(stretches(found, most=100)) == [40]


def test_a_window_that_is_left_out_divides():
    found = windows(10, Cadence(every=Every.DAY, start=datetime(2026, 1, 1, tzinfo=UTC).date()))
    assert lengths(stretches(found[:3] + found[4:])) == [3, 6]


def test_order_does_not_matter():
    found = windows(5, Cadence(every=Every.DAY, start=datetime(2026, 1, 1, tzinfo=UTC).date()))
    assert list(stretches(reversed(found))) == [found]


def test_no_stretch_is_longer_than_the_most():
    found = windows(65, Cadence(every=Every.DAY, start=datetime(2026, 1, 1, tzinfo=UTC).date()))
    assert lengths(stretches(found)) == [30, 30, 5]


def test_no_window_is_no_stretch():
    assert list(stretches([])) == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, False),
        ({"mlmon/history": "mlmon backfill"}, True),
        ({"dagster/backfill": "abc"}, True),
        ({"dagster/backfill": "abc", "dagster/from_automation_condition": "true"}, False),
    ],
)
def test_history_is_what_somebody_makes_up_for(tags, expected):
    assert is_backfill(tags) is expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, None),
        ({"dagster/partition": "2026-01-01"}, "2026-01-01"),
        (
            {
                "dagster/asset_partition_range_start": "2026-01-01",
                "dagster/asset_partition_range_end": "2026-01-09",
            },
            "2026-01-09",
        ),
    ],
)
def test_the_newest_window_of_a_run(tags, expected):
    assert last_window(tags) == expected
