"""The files beside the dashboards: data source, folder, alert rules, contact points."""

import re

import pytest
import yaml

from monitoring_assets.dashboards.catalog import dashboards, panels
from monitoring_assets.dashboards.panels import POSTGRES
from monitoring_assets_tests.dashboards.rules import GRAFANA, RULES, each_rule

FILES = sorted([*GRAFANA.rglob("provisioning/**/*.yaml"), *GRAFANA.glob("optional/*.yaml")])
# Rule → the panel that shows the same.
SHOWN = {
    "mlmon-stale-model": "Stale models",
    "mlmon-slow-delivery": "Oldest message that waits",
    "mlmon-dead-message": "Messages given up",
    "mlmon-bad-model": "Bad",
}
_STATES = ("OK", "Alerting", "NoData", "Error")


def _read(name):
    return yaml.safe_load((GRAFANA / name).read_text(encoding="utf-8"))


def test_the_data_source_is_the_one_that_dashboards_name():
    (source,) = _read("provisioning/datasources/mlmon.yaml")["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == POSTGRES
    assert source["database"] == source["jsonData"]["database"]


def test_no_more_connections_are_opened_than_the_role_may_have():
    (source,) = _read("provisioning/datasources/mlmon.yaml")["datasources"]
    assert source["jsonData"]["maxOpenConns"] == 10


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_what_a_dollar_sign_begins_is_a_variable_of_the_environment(file):
    # Grafana replaces any other name by nothing, also in texts and templates.
    text = "\n".join(line.partition("#")[0] for line in file.read_text().splitlines())
    assert all(re.fullmatch(r"GF_MLMON_[A-Z_]+", n) for n in re.findall(r"\$(\w*)", text))


def test_no_file_holds_a_secret():
    for file in FILES:
        for value in re.findall(r"password: *(\S+)", file.read_text(encoding="utf-8")):
            assert value == "$GF_MLMON_PASSWORD"


def test_rules_and_dashboards_do_not_share_a_folder():
    (provider,) = _read("provisioning/dashboards/mlmon.yaml")["providers"]
    (group,) = _read("provisioning/alerting/mlmon.yaml")["groups"]
    assert provider["folder"] != group["folder"]


@each_rule
def test_a_rule_leads_to_the_panel_that_shows_the_same(rule):
    dashboard = next(d for d in dashboards() if d["uid"] == rule["dashboardUid"])
    panel = next(p for p in panels(dashboard) if p["id"] == rule["panelId"])
    assert panel["title"] == SHOWN[rule["uid"]]


@each_rule
def test_a_rule_says_what_happens_without_data_and_with_errors(rule):
    assert rule["noDataState"] in _STATES
    assert rule["execErrState"] in _STATES


@each_rule
def test_a_rule_goes_from_a_query_over_its_last_value_to_a_limit(rule):
    query, last, limit = rule["data"]
    assert query["datasourceUid"] == POSTGRES["uid"]
    assert query["model"]["format"] == "time_series"
    assert (last["model"]["type"], last["model"]["expression"]) == ("reduce", "A")
    assert (limit["model"]["type"], limit["model"]["expression"]) == ("threshold", "B")
    assert rule["condition"] == limit["refId"] == "C"
    assert all(part["refId"] == part["model"]["refId"] for part in rule["data"])


@each_rule
def test_labels_of_a_template_are_columns_of_the_query(rule):
    names = set(re.findall(r"\.Labels\.(\w+)", str(rule["annotations"])))
    sql = rule["data"][0]["model"]["rawSql"]
    assert all(re.search(rf", {name}\b", sql) for name in names)


def test_uids_of_rules_are_unique():
    assert len({rule["uid"] for rule in RULES}) == len(RULES) == len(SHOWN)
