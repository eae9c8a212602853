"""All queries can be written in the SQL of every engine; which of them run is tested elsewhere."""

import ibis
import pyarrow as pa
import pytest
from ibis.backends.sql import compilers

from monitoring_assets.engines.categories import categories_query
from monitoring_assets.engines.conformance import WINDOW
from monitoring_assets.engines.moments import Moments
from monitoring_assets.engines.numeric import (
    Bins,
    Totals,
    bins_query,
    few_query,
    lookups_of,
    totals_query,
)
from monitoring_assets.engines.rows import Segments, rows_of, within
from monitoring_assets.profiles.building import empty_profile
from monitoring_assets.profiles.layout import layout_of

DIALECTS = ("BigQuery", "ClickHouse", "Databricks", "DuckDB", "Postgres", "Snowflake", "Trino")
REFERENCE = pa.table({"x": [1.0, 2.0], "n": [1, 2], "c": ["a", "b"]})
LAYOUT = layout_of(REFERENCE, ["x", "n"], ["c"])
LOG = {"ts": "timestamp", "x": "float64", "n": "int64", "b": "boolean", "c": "string"}


def queries():
    log = within(ibis.table(LOG, name="log"), "ts", WINDOW, None)
    segments = Segments(
        column="c", texts=["a", "b"], stored=pa.array(["a", "b"]), parts=pa.array([0, 1])
    )
    rows = rows_of(log, LAYOUT, segments)
    nothing = empty_profile(LAYOUT).numeric
    empty = {
        (part, name): Bins(
            negative_infinite=0,
            positive_infinite=0,
            counts=one.counts,
            sums=one.sums,
            low=one.low,
            high=one.high,
            atoms={},
        )
        for part in rows.parts
        for name, one in nothing.items()
    }
    totals = {part: Totals(rows=1, numbers={"x": 0, "n": 0}) for part in rows.parts}
    moments = Moments(layout=LAYOUT, totals=totals, bins=empty)
    return {
        "totals": totals_query(rows),
        "bins": bins_query(rows, LAYOUT, lookups_of(LAYOUT)),
        "few values": few_query(rows, "x"),
        "moments": next(iter(moments.queries(rows))),
        "categories": categories_query(rows, "c"),
        "undivided": totals_query(rows_of(log, LAYOUT)),
    }


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", queries())
def test_a_query_can_be_written_in_a_dialect(name, dialect):
    compiler = getattr(compilers, f"{dialect}Compiler")()
    written = compiler.to_sqlglot(queries()[name]).sql(dialect=compiler.dialect)
    assert written.upper().startswith(("SELECT", "WITH"))
    assert "2026" in written  # the bounds of the window
