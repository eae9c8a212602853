"""The dashboards as such: what every one of them must have, and that the files are these."""

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import jsonschema
import pytest

from monitoring_assets.dashboards.__main__ import differences, files, main
from monitoring_assets.dashboards.catalog import dashboards, panels
from monitoring_assets_tests.docs.pages import ROOT

DASHBOARDS = {one["uid"]: one for one in dashboards()}
COMMITTED = ROOT / "grafana" / "dashboards"
SHAPE = json.loads((Path(__file__).parent / "dashboard.schema.json").read_text(encoding="utf-8"))
_USED = re.compile(r"\$\{(\w+)[.:}]|\$(\w+)")
_BUILT_IN = re.compile(r"__\w+")
each = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS.keys())


def _shown(dashboard):
    return [p for p in panels(dashboard) if p["type"] != "row"]


def _names(text):
    found = {first or second for first, second in _USED.findall(text)}
    return {name for name in found if not _BUILT_IN.fullmatch(name)}


def _links(dashboard):
    for panel in _shown(dashboard):
        properties = [p for o in panel["fieldConfig"]["overrides"] for p in o["properties"]]
        found = [link for p in properties if p["id"] == "links" for link in p["value"]]
        for link in [*panel["fieldConfig"]["defaults"].get("links", []), *found]:
            yield panel, link["url"]


def test_there_are_seven_and_their_names_last():
    assert sorted(DASHBOARDS) == [
        "mlmon-drift",
        "mlmon-fleet",
        "mlmon-incidents",
        "mlmon-model",
        "mlmon-performance",
        "mlmon-pipeline",
        "mlmon-quality",
    ]


@each
def test_a_dashboard_has_the_shape_that_grafana_reads(dashboard):
    jsonschema.Draft202012Validator(SHAPE).validate(dashboard)


@pytest.mark.parametrize(
    "change",
    [
        {"schemaVersion": 42},
        {"uid": "x" * 41},
        {"panles": []},
        {"panels": [{"type": "graph", "id": 1, "title": "old"}]},
    ],
)
def test_another_shape_is_noticed(change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SHAPE).validate(DASHBOARDS["mlmon-fleet"] | change)


@each
def test_ids_and_titles_of_panels_are_unique(dashboard):
    every = list(panels(dashboard))
    assert Counter(p["id"] for p in every).most_common(1)[0][1] == 1
    assert Counter(p["title"] for p in every).most_common(1)[0][1] == 1


@each
def test_panels_do_not_overlap_and_fit_the_page(dashboard):
    places = [p["gridPos"] for p in panels(dashboard)]
    assert all(p["x"] + p["w"] <= 24 for p in places)
    for a, b in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        assert beside or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]


@each
def test_the_first_row_answers_with_at_most_six_numbers(dashboard):
    first = [p for p in dashboard["panels"] if p["gridPos"]["y"] == 0]
    assert {p["type"] for p in first} == {"stat"}
    assert len(first) <= 6


@each
def test_no_more_than_twelve_panels_ask_at_once_below_the_first_row(dashboard):
    assert sum(p["gridPos"]["y"] > 0 and p["type"] != "row" for p in dashboard["panels"]) <= 12


@each
def test_every_panel_says_what_to_do(dashboard):
    assert [p["title"] for p in _shown(dashboard) if len(p["description"]) < 20] == []


@each
def test_variables_that_are_used_exist_and_those_that_exist_are_used(dashboard):
    known = {v["name"] for v in dashboard["templating"]["list"]}
    used = _names(json.dumps(dashboard))
    assert used == known


@each
def test_variables_in_sql_are_quoted_by_grafana(dashboard):
    sql = "\n".join(t["rawSql"] for p in _shown(dashboard) for t in p["targets"])
    written = re.findall(r"\$\{(\w+)(:?\w*)\}", sql)
    assert {form for _, form in written} <= {":sqlstring"}
    assert not re.search(r"\$(?!__|\{)\w", sql)


@each
def test_links_lead_to_dashboards_and_variables_that_exist(dashboard):
    for _, url in _links(dashboard):
        inside = re.fullmatch(r"/d/([\w-]+)\?(.*)", url)
        if not inside:
            assert url.startswith(("${ui:raw}/", "${reports:raw}/"))
            continue
        target = DASHBOARDS[inside[1]]
        names = set(re.findall(r"var-(\w+)=", inside[2]))
        assert names <= {v["name"] for v in target["templating"]["list"]}
        assert "${__url_time_range}" in inside[2]


@each
def test_links_of_a_row_use_columns_that_the_query_has(dashboard):
    for panel, url in _links(dashboard):
        sql = panel["targets"][0]["rawSql"]
        for name in re.findall(r"__data\.fields\.(\w+)", url):
            assert re.search(rf"\b{name}\b", sql), (panel["title"], name)


@each
def test_columns_with_looks_of_their_own_are_in_the_query(dashboard):
    for panel in (p for p in _shown(dashboard) if p["type"] == "table"):
        sql = panel["targets"][0]["rawSql"]
        for override in panel["fieldConfig"]["overrides"]:
            if override["matcher"]["id"] == "byName":
                assert re.search(rf"\b{re.escape(override['matcher']['options'])}\b", sql)


@each
def test_what_is_coloured_by_status_has_words_or_signs(dashboard):
    for panel in _shown(dashboard):
        if panel["type"] in ("status-history", "state-timeline"):
            texts = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
            assert len({option["text"] for option in texts.values()}) == 5


def test_other_dashboards_are_reached_with_model_and_time():
    for dashboard in DASHBOARDS.values():
        (link,) = dashboard["links"]
        assert (link["includeVars"], link["keepTime"], link["tags"]) == (True, True, ["mlmon"])


def test_the_files_in_the_repository_are_the_generated_ones():
    message = "run: python -m monitoring_assets.dashboards grafana/dashboards"
    assert differences(COMMITTED) == [], message


def test_files_are_the_same_in_every_run():
    assert files() == files()


def test_writing_replaces_and_removes_what_was_there(tmp_path):
    (tmp_path / "mlmon-fleet.json").write_text("{}")
    (tmp_path / "mlmon-gone.json").write_text("{}")
    assert main(["--check", str(tmp_path)]) == 1
    assert main([str(tmp_path)]) == 0
    assert sorted(f.stem for f in tmp_path.iterdir()) == sorted(DASHBOARDS)
    assert main(["--check", str(tmp_path)]) == 0
