"""What stands in for Grafana does as Grafana does."""

from datetime import UTC, datetime

import pytest

from monitoring_assets_tests.dashboards.grafana import GrafanaError, View

VIEW = View(
    since=datetime(2026, 3, 2, tzinfo=UTC),
    until=datetime(2026, 3, 9, 12, tzinfo=UTC),
    chosen={"model": "o'brien", "feature": ["a", "b'c"], "none": []},
    many=frozenset({"feature", "segment"}),
    interval="1d",
)


@pytest.mark.parametrize(
    ("raw", "sql"),
    [
        ("${model:sqlstring}", "'o''brien'"),
        ("'$model'", "'o''brien'"),
        ("IN ($feature)", "IN ('a','b''c')"),
        ("ARRAY[${feature:sqlstring}]::text[]", "ARRAY['a','b''c']::text[]"),
        ("ARRAY[${none:sqlstring}]::text[]", "ARRAY[]::text[]"),
        ("$unknown", "$unknown"),
        ("$__timeFrom()", "'2026-03-02T00:00:00Z'"),
        ("$__timeFilter(t)", "t BETWEEN '2026-03-02T00:00:00Z' AND '2026-03-09T12:00:00Z'"),
        ("$__timeGroup(t,'1h') AS x", "floor(extract(epoch from t)/3600)*3600 AS x"),
        ("$__timeGroup(t,$__interval) ", "floor(extract(epoch from t)/86400)*86400 "),
        ("$__timeGroup(t,'1d'), v", 'floor(extract(epoch from t)/86400)*86400 AS "time", v'),
    ],
)
def test_a_query_becomes_what_grafana_makes_of_it(raw, sql):
    assert VIEW.sql(raw) == sql


@pytest.mark.parametrize("raw", ["$__nonsense(t)", "${model:csv}"])
def test_what_grafana_does_not_know_is_an_error(raw):
    with pytest.raises(GrafanaError):
        VIEW.sql(raw)


def test_the_arguments_of_a_macro_end_at_the_first_parenthesis():
    assert VIEW.sql("$__timeFilter(coalesce(a, b))").startswith("coalesce(a BETWEEN")
