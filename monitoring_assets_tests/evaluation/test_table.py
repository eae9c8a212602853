from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.evaluation.table import (
    as_numbers,
    as_text,
    groups,
    repeated_rows,
    texts,
)

ONE = [
    pa.array([1], pa.int8()),
    pa.array([1], pa.uint64()),
    pa.array([1.0], pa.float32()),
    pa.array([1.0], pa.float64()),
    pa.array([True]),
    pa.array([Decimal("1.00")]),
    pa.array(["1"]),
    pa.array(["1"], pa.large_string()),
    pa.array(["1"]).dictionary_encode(),
    pa.chunked_array([["1"]]),
]


@pytest.mark.parametrize("column", ONE, ids=lambda column: str(column.type))
def test_one_is_the_same_class_in_every_type(column):
    assert as_text(column).to_pylist() == ["1"]


@pytest.mark.parametrize("column", ONE, ids=lambda column: str(column.type))
def test_one_is_the_same_number_in_every_type(column):
    values, unreadable = as_numbers(column)
    assert (values.to_pylist(), unreadable.tolist()) == ([1.0], [False])


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (pa.array([-0.0]), "0"),
        (pa.array([0.5]), "0.5"),
        (pa.array([2.0**60]), "1.152921504606847e+18"),
        (pa.array([float("nan")]), None),
        (pa.array([float("inf")]), None),
        (pa.array([None], pa.null()), None),
        (pa.array([""]), ""),
        (pa.array([[1, 2]]), "[1, 2]"),
        (pa.array([{"a": 1}]), "{'a': 1}"),
        (pa.array([b"\xff"]), "b'\\xff'"),
        (pa.array([datetime(2026, 1, 1, tzinfo=UTC)]), "2026-01-01 00:00:00.000000Z"),
    ],
    ids=str,
)
def test_every_value_has_a_text_or_none(stored, text):
    assert as_text(stored).to_pylist() == [text]


@pytest.mark.parametrize(
    ("stored", "number", "is_unreadable"),
    [
        (pa.array([" 2.5 ", "x"]), 2.5, False),
        (pa.array(["-1e3", "x"]), -1000.0, False),
        (pa.array(["3,5"]), None, True),
        (pa.array(["NaN", "x"]), None, False),
        (pa.array(["", "x"]), None, False),
        (pa.array([None, "x"]), None, False),
        (pa.array([float("nan")]), None, False),
        (pa.array([float("-inf")]), float("-inf"), False),
        (pa.array([None], pa.null()), None, False),
        (pa.array([False]), 0.0, False),
        (pa.array([[1]]), None, True),
        (pa.array([datetime(2026, 1, 1, tzinfo=UTC)]), None, True),
    ],
    ids=str,
)
def test_a_number_is_read_missing_or_unreadable(stored, number, is_unreadable):
    values, unreadable = as_numbers(stored)
    assert (values[0].as_py(), bool(unreadable[0])) == (number, is_unreadable)


def test_texts_are_objects_with_none_where_missing():
    found = texts(pa.table({"c": pa.array(["a", None, "a"])}), "c")
    assert found.tolist() == ["a", None, "a"]
    assert (found.dtype, found[0] is found[2]) == (np.dtype(object), True)


def test_texts_of_a_column_without_values_are_none():
    assert texts(pa.table({"c": pa.nulls(2, pa.string())}), "c").tolist() == [None, None]


def test_the_largest_groups_come_one_by_one_and_the_rest_together():
    rows = pa.table({"c": ["b", "a", "b", "c", "d"]})
    found = [(value, part.num_rows) for value, part in groups(rows, "c", 2)]
    assert found == [("b", 2), ("a", 1), ("other", 2)]


def test_as_many_groups_as_allowed_leave_no_rest():
    rows = pa.table({"c": ["b", "a", "b", None]})
    assert [value for value, _ in groups(rows, "c", 2)] == ["b", "a"]


def test_rows_repeat_if_they_are_equal_in_every_column():
    rows = pa.table({"a": [1, 1, 1, None, None], "b": ["x", "x", "y", "z", "z"]})
    assert repeated_rows(rows) == 2


def test_decimals_are_the_numbers_that_a_csv_would_hold():
    cents = [Decimal(n) / 100 for n in range(2000)]
    assert as_numbers(pa.array(cents))[0].to_pylist() == [float(str(c)) for c in cents]
    assert as_text(pa.array(cents)).to_pylist() == as_text(pa.array(map(float, cents))).to_pylist()
