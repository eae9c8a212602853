"""Every query of every panel, variable, annotation and rule, sent as Grafana would send it."""

import re

import pytest

from monitoring_assets.dashboards.catalog import dashboards, panels, queries
from monitoring_assets_tests.dashboards.answers import ask, faults
from monitoring_assets_tests.dashboards.conftest import MODEL
from monitoring_assets_tests.dashboards.grafana import View
from monitoring_assets_tests.dashboards.rules import each_rule

pytestmark = pytest.mark.slow

QUERIES = list(queries())
SECONDS = 1.0  # on a busy machine; the benchmark has the figures
MOST_LINES = 10
LINE_CHARTS = {
    (one["uid"], panel["title"])
    for one in dashboards()
    for panel in panels(one)
    if panel["type"] == "timeseries"
}
each_query = pytest.mark.parametrize(
    "query", QUERIES, ids=[f"{q.dashboard}: {q.panel}" for q in QUERIES]
)
AWKWARD = {"none": [], "one": ["age"], "quoted": ["o'brien", 'a "b"', "a)b", "$model"]}


@pytest.fixture(scope="module")
def views(view, reader):
    """Return the view of each dashboard as it opens: what its variables offer, first or all."""
    return {one["uid"]: _opened(one, view, reader) for one in dashboards()}


def _opened(dashboard, view, reader):
    chosen, many = {}, frozenset()
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        at_first = View(view.since, view.until, dict(chosen), many)
        offered = [row[-1] for row in ask(reader, at_first.sql(variable["query"])).rows]
        chosen[name] = offered if variable["multi"] else offered[0]
        many |= {name} if variable["includeAll"] else set()
    return View(view.since, view.until, chosen, many)


def _variables(dashboard, *, multi):
    found = dashboard["templating"]["list"]
    return {v["name"] for v in found if v["multi"] is multi and not v["hide"]}


@each_query
def test_a_query_answers_with_what_can_be_drawn(query, views, reader):
    answer = ask(reader, views[query.dashboard].sql(query.sql))
    assert faults(answer, query.form) == []
    assert answer.rows
    assert answer.seconds < SECONDS


@each_query
def test_every_variable_of_a_query_is_one_of_its_dashboard(query, views):
    assert "$" not in views[query.dashboard].sql(query.sql)


@pytest.mark.parametrize("choice", AWKWARD)
@each_query
def test_a_query_bears_any_choice(query, choice, views, reader):
    view = views[query.dashboard]
    one = next(d for d in dashboards() if d["uid"] == query.dashboard)
    values = AWKWARD[choice]
    awkward = dict.fromkeys(_variables(one, multi=True), values)
    if values:
        awkward |= dict.fromkeys(_variables(one, multi=False), values[0])
    answer = ask(
        reader, View(view.since, view.until, view.chosen | awkward, view.many).sql(query.sql)
    )
    assert faults(answer, query.form) == []


@pytest.mark.parametrize(
    "query",
    [q for q in QUERIES if (q.dashboard, q.panel) in LINE_CHARTS],
    ids=lambda q: f"{q.dashboard}: {q.panel}",
)
def test_a_chart_has_few_lines(query, views, reader):
    assert ask(reader, views[query.dashboard].sql(query.sql)).series <= MOST_LINES


@pytest.mark.parametrize(
    "query", [q for q in QUERIES if q.form == "time_series"], ids=lambda q: q.panel
)
def test_a_query_over_time_says_its_order(query):
    # Without it rows may come in order by chance, from an index, and not the next time.
    assert re.search(r"ORDER BY 1(, 2)?$", query.sql.strip())


@pytest.mark.parametrize(
    "query", [q for q in QUERIES if q.form == "time_series"], ids=lambda q: q.panel
)
def test_numbers_over_time_are_numbers_in_every_row(query, views, reader):
    answer = ask(reader, views[query.dashboard].sql(query.sql))
    values = [i for i in range(1, len(answer.columns)) if i not in answer.names]
    kinds = {type(row[i]) for row in answer.rows for i in values}
    assert kinds <= {int, float, type(None)}


@pytest.mark.parametrize(
    "query", [q for q in QUERIES if q.form == "time_series"], ids=lambda q: q.panel
)
def test_a_line_is_called_by_its_name_alone(query, views, reader):
    # Any other label would be drawn as `value {label="…"}`.
    answer = ask(reader, views[query.dashboard].sql(query.sql))
    assert not answer.names or answer.columns[1:] == ["metric", "value"]


@each_rule
def test_the_query_of_a_rule_gives_one_value_per_series(rule, reader):
    answer = ask(reader, rule["data"][0]["model"]["rawSql"])
    assert faults(answer, "time_series") == []
    assert len(answer.rows) == answer.series >= 1


def test_the_model_of_the_demo_is_what_opens(views):
    assert views["mlmon-model"].chosen["model"] == MODEL


def test_links_begin_where_the_settings_say(views):
    chosen = views["mlmon-model"].chosen
    assert (chosen["ui"], chosen["reports"]) == ("http://127.0.0.1:3000", "http://127.0.0.1:3001")


def test_all_kinds_of_queries_were_found():
    assert len(QUERIES) > 100
    assert {q.form for q in QUERIES} == {"table", "time_series"}
    assert sum(q.panel.startswith("annotation ") for q in QUERIES) > 10
