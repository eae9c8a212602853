"""Grafana's alert rules, those that are provisioned and the optional ones."""

import pytest
import yaml

from monitoring_assets_tests.docs.pages import ROOT

GRAFANA = ROOT / "grafana"
RULES = [
    rule
    for file in ("provisioning/alerting/mlmon.yaml", "optional/model-status.yaml")
    for group in yaml.safe_load((GRAFANA / file).read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda r: r["uid"])
