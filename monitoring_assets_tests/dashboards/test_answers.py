"""What Grafana cannot draw is noticed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from monitoring_assets_tests.dashboards.answers import Answer, faults

ONE, TWO = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
NAMED = ["time", "metric", "value"]


@pytest.mark.parametrize(
    ("columns", "rows", "fault"),
    [
        (["t", "v"], [(ONE, 1.0)], "not a time"),
        (["time", "v"], [("2026-03-02", 1.0)], "not a time"),
        (["time", "v"], [(TWO, 1.0), (ONE, 1.0)], "does not ascend"),
        (["time", "v"], [(ONE, 1.0), (ONE, 2.0)], "two values"),
        (NAMED, [(ONE, "a", 1.0), (ONE, "a", 2.0)], "two values"),
        (NAMED, [(ONE, f"s{n}", 1.0) for n in range(101)], "101 series"),
        (["time", "v"], [(ONE, Decimal(1))], "Decimal"),
        (["time", "v"], [(ONE, float("nan"))], "float"),
        (["time", "v"], [(ONE, [1])], "list"),
        (["time", "v"], [(ONE, 1.0)] * 20_001, "20001 rows"),
    ],
)
def test_a_fault_is_named(columns, rows, fault):
    assert fault in " ".join(faults(Answer(columns, rows, 0.0), "time_series"))


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (NAMED, [(ONE, "a", 1.0), (ONE, "b", None), (TWO, "a", 3)]),
        (["time", "limit", "value"], [(Decimal(0), None, 1.0), (Decimal(60), 0.5, 1.0)]),
    ],
)
def test_what_can_be_drawn_has_no_fault(columns, rows):
    assert faults(Answer(columns, rows, 0.0), "time_series") == []


def test_lines_are_counted_by_names_and_columns():
    named = Answer(NAMED, [(ONE, "a", 1.0), (ONE, "b", 1.0)], 0.0)
    wide = Answer(["time", "a", "b", "c"], [(ONE, 1.0, None, 2.0)], 0.0)
    assert (named.series, wide.series) == (2, 3)
