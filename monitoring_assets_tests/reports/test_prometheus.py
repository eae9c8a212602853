"""The metrics: names, units, number, and what is answered while the database is away."""

import shutil
import subprocess
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from monitoring_assets.application.overview import (
    DriftedColumn,
    ModelNow,
    OpenIncident,
    Overview,
    Pipeline,
)
from monitoring_assets.domain.errors import ConfigurationError, StoreUnavailableError
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Status
from monitoring_assets.reports.prometheus import OverviewCollector, serve

ALLOWED_LABELS = {"model", "tier", "metric", "feature", "method", "severity", "asset_group"}
ALLOWED_LABELS |= {"status", "version"}


def column(name, value=0.2):
    return DriftedColumn(
        column=name, method="psi", value=value, threshold=0.1, ratio=2, status=Status.BAD
    )


MODEL = ModelNow(
    model="churn",
    owner="team:risk",
    tier=1,
    window_seconds=86_400,
    window_key="2026-01-01",
    window_end=datetime(2026, 1, 2, tzinfo=UTC),
    status=Status.BAD,
    failing_checks=2,
    rows=1_000,
    label_coverage=0.5,
    drifted_share=0.25,
    performance_metric="roc_auc",
    performance=0.8,
    performance_baseline=0.9,
    decided_at=datetime(2026, 1, 2, 1, tzinfo=UTC),
    worst_columns=tuple(column(f"c{i}") for i in range(8)),
)
NEVER = ModelNow(model="new", owner="team:risk", tier=3, window_seconds=3_600)
INCIDENT = OpenIncident(
    id="1",
    model="churn",
    severity=Severity.PAGE,
    state="notified",
    subject="performance",
    first_window="a",
    last_window="b",
    reason="",
)
PIPELINE = Pipeline(
    last_run_seconds={"churn": 12.5},
    runs={"failed": 2},
    oldest_waiting_seconds=30.0,
    waiting=3,
    dead=1,
)
OVERVIEW = Overview(models=(MODEL, NEVER), incidents=(INCIDENT,), pipeline=PIPELINE)


def collector(read=lambda: OVERVIEW, **options):
    return OverviewCollector(read, **options)


def text(collected):
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collected)
    return generate_latest(registry).decode()


def samples(collected):
    return [s for f in text_string_to_metric_families(text(collected)) for s in f.samples]


def value(collected, name, **labels):
    found = [s.value for s in samples(collected) if s.name == name and s.labels == labels]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("ml_model_status", {"model": "churn", "tier": "1"}, 3),
        ("ml_model_drift_share_ratio", {"model": "churn"}, 0.25),
        ("ml_model_performance", {"model": "churn", "metric": "roc_auc"}, 0.8),
        ("ml_model_performance_baseline", {"model": "churn", "metric": "roc_auc"}, 0.9),
        ("ml_model_label_coverage_ratio", {"model": "churn"}, 0.5),
        ("ml_model_window_rows", {"model": "churn"}, 1_000),
        ("ml_model_window_seconds", {"model": "new"}, 3_600),
        ("ml_model_last_window_timestamp_seconds", {"model": "churn"}, 1_767_312_000),
        ("ml_incidents_open", {"severity": "page"}, 1),
        ("ml_incidents_open", {"severity": "info"}, 0),
        ("ml_pipeline_run_duration_seconds", {"asset_group": "churn"}, 12.5),
        ("ml_pipeline_runs_last_day", {"status": "failed"}, 2),
        ("ml_alerts_oldest_pending_seconds", {}, 30),
        ("ml_alerts_dead", {}, 1),
        ("ml_monitor_exporter_scrape_success", {}, 1),
    ],
)
def test_a_number_has_its_name_and_labels(name, labels, expected):
    assert value(collector(), name, **labels) == expected


def test_a_model_without_windows_has_no_invented_numbers():
    named = {s.name for s in samples(collector()) if s.labels.get("model") == "new"}
    assert named == {"ml_model_window_seconds", "ml_model_stale"}


def test_only_the_worst_columns_of_a_model_are_exported():
    found = [s for s in samples(collector()) if s.name == "ml_feature_drift_score"]
    assert [s.labels["feature"] for s in found] == ["c0", "c1", "c2", "c3", "c4"]


def test_a_model_has_at_most_fifteen_series_and_no_label_that_grows():
    own = [s for s in samples(collector()) if s.labels.get("model") == "churn"]
    assert len(own) <= 11 + 5
    assert set().union(*(s.labels for s in samples(collector()))) <= ALLOWED_LABELS


def test_a_hostile_name_is_one_label(tmp_path):
    hostile = replace(MODEL, worst_columns=(column('a"} 1\nml_evil{x="'),))
    read = collector(lambda: replace(OVERVIEW, models=(hostile,)))
    found = [s for s in samples(read) if s.name == "ml_feature_drift_score"]
    assert [s.labels["feature"] for s in found] == ['a"} 1\nml_evil{x="']
    assert not [s for s in samples(read) if s.name == "ml_evil"]


def test_above_the_budget_series_are_left_out_and_counted():
    many = replace(OVERVIEW, models=tuple(replace(MODEL, model=f"m{i}") for i in range(50)))
    limited = collector(lambda: many, most_series=100)
    dropped = value(limited, "ml_monitor_exporter_dropped_series")
    own = [s for s in samples(limited) if not s.name.startswith("ml_monitor")]
    everything = [s for s in samples(collector(lambda: many)) if not s.name.startswith("ml_mon")]
    assert len(own) == 100
    assert dropped == len(everything) - 100


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_scrapes_share_an_answer_for_some_seconds():
    reads, clock = [], Clock()

    def read():
        reads.append(clock.now)
        return OVERVIEW

    cached = collector(read, cache_seconds=15, clock=clock)
    for clock.now in (0.0, 14.0, 16.0):
        text(cached)
    assert reads == [0.0, 16.0]


def test_without_the_database_the_last_answer_is_given_and_said_to_be_old():
    answers = [OVERVIEW]

    def read():
        if not answers:
            raise StoreUnavailableError("away")
        return answers.pop()

    away = collector(read, cache_seconds=0)
    text(away)
    assert value(away, "ml_monitor_exporter_scrape_success") == 0
    assert value(away, "ml_model_window_rows", model="churn") == 1_000


def test_a_database_that_never_answered_gives_only_the_exporters_own_metrics():
    def read():
        raise StoreUnavailableError("away")

    names = {s.name for s in samples(collector(read))}
    assert all(name.startswith("ml_monitor_") for name in names)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_finds_nothing_wrong():
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text(collector()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_metrics_are_served_on_loopback():
    port = serve(collector(), "127.0.0.1", 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert b'ml_model_status{model="churn",tier="1"} 3.0' in answer.read()


def test_a_port_that_is_taken_is_said():
    port = serve(collector(), "127.0.0.1", 0)
    with pytest.raises(ConfigurationError, match="--port"):
        serve(collector(), "127.0.0.1", port)
