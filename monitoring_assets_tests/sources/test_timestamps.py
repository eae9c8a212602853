"""Event times in whatever form they are stored."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from monitoring_assets.sources.timestamps import INSTANT, instants

BERLIN = ZoneInfo("Europe/Berlin")


def read(value, kind=None, zone=None):
    return instants(pa.chunked_array([pa.array([value], kind)]), zone)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (datetime(2026, 1, 2, 3, tzinfo=UTC), pa.timestamp("ns", "UTC")),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), pa.timestamp("s", "America/New_York")),
        (datetime.fromisoformat("2026-01-02T03:00"), pa.timestamp("ms")),
        (1_767_322_800, pa.int64()),
        (1_767_322_800, pa.int32()),
        (1_767_322_800_000, pa.int64()),
        (1_767_322_800_000_000, pa.int64()),
        (1_767_322_800_000_000_000, pa.int64()),
        (1_767_322_800.0, pa.float64()),
        (Decimal(1_767_322_800), pa.decimal128(12)),
        ("2026-01-02T03:00:00Z", pa.string()),
        ("2026-01-02 03:00", pa.string()),
        ("2026-01-02T05:00:00.000+02:00", pa.string()),
        ("2026-01-01 21:30:00-0530", pa.string()),
    ],
)
def test_a_time_is_recognised(value, kind):
    found = read(value, kind)
    assert found.values.type == INSTANT
    assert found.values.to_pylist() == [datetime(2026, 1, 2, 3, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [(date(2026, 1, 2), pa.date32()), ("2026-01-02", pa.string()), ("20260102", pa.string())],
)
def test_a_date_is_midnight(value, kind):
    assert read(value, kind, BERLIN).values.to_pylist() == [datetime(2026, 1, 1, 23, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, pa.timestamp("us")),
        (None, pa.null()),
        ("", pa.string()),
        ("yesterday", pa.string()),
        ("02/01/2026", pa.string()),
        ("2026-02-30", pa.string()),
        (float("nan"), pa.float64()),
        (float("inf"), pa.float64()),
        (2**64 - 1, pa.uint64()),
        (True, pa.bool_()),
        ([1], pa.list_(pa.int64())),
    ],
)
def test_what_is_no_time_is_null_and_counted(value, kind):
    found = read(value, kind)
    assert found.values.type == INSTANT
    assert found.n_unreadable == 1


@pytest.mark.parametrize(
    ("local", "utc_hour", "minute"),
    [
        ("2026-03-29 01:59", 0, 59),
        ("2026-03-29 02:30", 1, 0),  # does not occur: the end of the gap
        ("2026-03-29 03:00", 1, 0),
        ("2026-10-25 02:30", 0, 30),  # occurs twice: the first
        ("2026-10-25 03:00", 2, 0),
        ("2026-10-25 02:30+01:00", 1, 30),
    ],
)
def test_local_times_around_a_change_of_clocks_are_settled(local, utc_hour, minute):
    found = read(local, pa.string(), BERLIN).values.to_pylist()[0]
    assert (found.hour, found.minute) == (utc_hour, minute)


def test_times_with_and_without_zone_may_stand_side_by_side():
    texts = pa.chunked_array([pa.array(["2026-01-02T00:00Z", "2026-01-02 01:00", "2026-01-03"])])
    assert instants(texts, None).n_naive == 2
    assert instants(texts, BERLIN).n_naive == 0
    assert len(set(instants(texts, BERLIN).values.to_pylist()[:2])) == 1


def test_a_column_without_rows_has_no_times():
    assert len(instants(pa.chunked_array([], pa.string()), None).values) == 0
