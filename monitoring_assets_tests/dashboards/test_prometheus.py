"""Prometheus' files, by promtool where it is installed (Debian's package prometheus)."""

import re
import shutil
import subprocess

import pytest
import yaml

from monitoring_assets.cli.exporter import DEFAULT_PORT
from monitoring_assets_tests.docs.pages import ROOT

FOLDER = ROOT / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "mlmon.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing")


def _promtool(*words):
    return subprocess.run(
        ["promtool", *words], cwd=FOLDER, capture_output=True, text=True, check=False
    )


@promtool
@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "mlmon.rules.yml"),
        ("test", "rules", "mlmon.rules.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(words):
    done = _promtool(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test():
    tests = yaml.safe_load((FOLDER / "mlmon.rules.test.yml").read_text())["tests"]
    fired = {t["alertname"] for test in tests for t in test["alert_rule_test"] if t["exp_alerts"]}
    assert fired == set(ALERTS)


def test_every_metric_of_a_rule_is_exported():
    exporter = (ROOT / "monitoring_assets/reports/prometheus.py").read_text()
    exporter = exporter.replace("ml_monitor_exporter_{name}", "")
    own = {f"ml_monitor_exporter_{n}" for n in ("scrape_success", "dropped_series")}
    named = {m for rule in RULES for m in re.findall(r"\bml_\w+", rule["expr"])}
    assert {m for m in named - own if f'"{m}"' not in exporter} == set()
    assert len(named) > 5


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
def test_an_alert_says_what_to_do_and_who_it_is_for(alert):
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert len(alert["annotations"]["description"]) > 20


def test_the_port_is_the_exporters():
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    (target,) = config["scrape_configs"][0]["static_configs"][0]["targets"]
    assert target == f"exporter:{DEFAULT_PORT}"
