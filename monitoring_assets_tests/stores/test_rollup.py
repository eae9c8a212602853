"""What is written beside numbers: one row per window, distributions, versions."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from monitoring_assets.domain.evaluation import Histogram
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.window import Window
from monitoring_assets.metrics.drift_methods import DRIFT_METHODS
from monitoring_assets.metrics.performance import PERFORMANCE_METRICS
from monitoring_assets.stores.conformance import DAY, LATER, NEXT_DAY, RUN, evaluation
from monitoring_assets.stores.measurements import PostgresMeasurements
from monitoring_assets.stores.rollup import HEADLINES

LEVELS = ["ok", "unjudged", "warn", "bad", "error"]


@pytest.fixture
def store(engine):
    return PostgresMeasurements(engine)


@pytest.fixture
def read(engine):
    def run(query, **values):
        with engine.connect() as connection:
            return connection.execute(sa.text(query), values).all()

    return run


def drift(column, value, *, status=Status.OK, method="wasserstein", threshold=0.1):
    return Measurement(
        metric="drift",
        kind=Kind.FEATURE_DRIFT,
        check="feature_drift",
        column=column,
        n=100,
        value=value,
        method=method,
        threshold=threshold,
        status=status,
    )


def performance(metric, value, *, status=Status.OK, threshold=0.5, **group):
    return Measurement(
        metric=metric,
        kind=Kind.PERFORMANCE,
        check="performance",
        n=90,
        value=value,
        lower=value - 0.1,
        upper=value + 0.1,
        threshold=threshold,
        status=status,
        **group,
    )


def count(n, version=""):
    check = "" if version else "has_rows"
    return Measurement(
        metric="row_count", kind=Kind.NO_DATA, check=check, version=version, n=n, value=n
    )


def test_a_window_has_one_row_whatever_assets_wrote(store, read):
    store.replace(evaluation(drift("amount", 0.2, status=Status.BAD)), RUN)
    store.replace(evaluation(performance("roc_auc", 0.7), asset="performance_metrics"), LATER)
    (row,) = read("SELECT * FROM monitoring.model_day")
    assert (row.status, row.drift_status, row.performance_status) == ("bad", "bad", "ok")
    assert (row.judged_checks, row.failing_checks, row.failing) == (2, 1, 1)
    assert (row.run_id, row.computed_at) == (LATER.run_id, LATER.computed_at)


def test_an_asset_that_wrote_nothing_has_no_status(store, read):
    store.replace(evaluation(drift("amount", 0.2)), RUN)
    ((status,),) = read("SELECT quality_status FROM monitoring.model_day")
    assert status is None


def test_what_is_only_shown_has_no_status(store, read):
    store.replace(evaluation(drift("amount", 0.2, status=Status.INFO)), RUN)
    ((status, area),) = read("SELECT status, drift_status FROM monitoring.model_day")
    assert (status, area) == ("unjudged", None)


def test_a_replaced_asset_changes_the_row(store, read):
    store.replace(evaluation(drift("amount", 0.2, status=Status.BAD)), RUN)
    store.replace(evaluation(drift("amount", 0.05)), LATER)
    assert read("SELECT status, failing FROM monitoring.model_day") == [("ok", 0)]


def test_an_asset_that_measured_nothing_leaves_no_row(store, read):
    store.replace(evaluation(drift("amount", 0.2)), RUN)
    store.replace(evaluation(), LATER)
    assert read("SELECT * FROM monitoring.model_day") == []


def test_a_moved_day_replaces_the_row_of_the_old_one(store, read):
    store.replace(evaluation(drift("amount", 0.2)), RUN)
    hours = timedelta(hours=5)
    moved = Window(DAY.start + hours, DAY.end + hours, DAY.key)
    store.replace(replace(evaluation(drift("amount", 0.2)), window=moved), LATER)
    assert read("SELECT window_start FROM monitoring.model_day") == [(moved.start,)]


def test_the_worst_column_is_the_one_furthest_beyond_its_own_limit(store, read):
    columns = [
        drift("near", 0.3, threshold=0.2, status=Status.BAD),
        drift("far", 1e-9, method="ks", threshold=0.05, status=Status.BAD),
    ]
    store.replace(evaluation(*columns), RUN)
    ((column, ratio),) = read("SELECT worst_column, worst_ratio FROM monitoring.model_day")
    assert column == "far"
    assert ratio > 6


@pytest.mark.parametrize("method", DRIFT_METHODS.values(), ids=lambda m: m.name)
@pytest.mark.parametrize("value", [0.0, 1e-12, 0.02, 0.04, 0.2, 0.99, 3.0])
def test_a_ratio_above_one_is_drift(read, method, value):
    query = "SELECT monitoring.drift_ratio(:method, :value, :threshold)"
    ((ratio,),) = read(query, method=method.name, value=value, threshold=method.threshold)
    assert (ratio > 1) == method.is_drift(value, method.threshold)


def test_levels_are_in_the_order_of_statuses(read):
    ((levels,),) = read(
        "SELECT array_agg(monitoring.level(s) ORDER BY i) "
        "FROM unnest(CAST(:statuses AS text[])) WITH ORDINALITY AS t (s, i)",
        statuses=[*LEVELS, "info"],
    )
    assert levels == [0, 1, 2, 3, 4, None]


def test_the_headline_is_a_judged_metric(store, read):
    shown = performance("log_loss", 0.4, status=Status.INFO, threshold=None)
    judged = performance("accuracy", 0.9, threshold=0.8)
    segment = performance("accuracy", 0.1, segment="country=DE")
    store.replace(evaluation(shown, judged, segment, asset="performance_metrics"), RUN)
    (row,) = read("SELECT * FROM monitoring.model_day")
    assert (row.performance_metric, row.performance, row.performance_threshold) == (
        "accuracy",
        0.9,
        0.8,
    )


def test_headlines_are_metrics():
    assert set(HEADLINES) <= set(PERFORMANCE_METRICS)


def test_rows_and_labels_are_those_of_the_whole_window(store, read):
    store.replace(
        evaluation(count(100), count(60, "v1"), count(40, "v2"), asset="prediction_log"), RUN
    )
    coverage = Measurement(
        metric="label_coverage", kind=Kind.NO_DATA, check="label_coverage", n=100, value=0.8
    )
    store.replace(evaluation(coverage, asset="labels"), RUN)
    assert read("SELECT rows, labelled FROM monitoring.model_day") == [(100, 80)]
    assert read("SELECT model_version, rows FROM dash.traffic ORDER BY 1") == [
        ("v1", 60),
        ("v2", 40),
    ]


def test_a_version_is_deployed_when_its_first_window_began(store, read):
    new, old = evaluation(count(1, "v2")), evaluation(count(1, "v1"))
    store.replace(replace(new, window=NEXT_DAY), RUN)
    store.replace(replace(old, window=NEXT_DAY), RUN)
    store.replace(old, LATER)
    found = read("SELECT subject, starts_at FROM monitoring.event WHERE kind = 'deployment'")
    assert set(found) == {("v1", DAY.start), ("v2", NEXT_DAY.start)}


def test_an_active_reference_is_an_event(store, read):
    store.replace(evaluation(count(1)), RUN)
    found = read("SELECT subject, starts_at FROM monitoring.event WHERE kind = 'reference'")
    assert found == [("2025-q4", DAY.start)]


def with_bars(*columns):
    bars = [
        Histogram(column=c, labels=("a", "b\0"), reference=(0.25, 0.75), current=(0.5, 0.5))
        for c in columns
    ]
    return replace(evaluation(drift("amount", 0.2)), histograms=tuple(bars))


def test_bars_are_read_one_by_one(store, read):
    store.replace(with_bars("amount"), RUN)
    found = read(
        "SELECT bar, label, reference_share, current_share FROM dash.histogram ORDER BY 1"
    )
    assert found == [(1, "a", 0.25, 0.5), (2, "b\ufffd", 0.75, 0.5)]


def test_distributions_are_replaced_by_the_asset_that_found_them(store, read):
    store.replace(with_bars("amount", "country"), RUN)
    store.replace(evaluation(count(1), asset="prediction_log"), RUN)
    assert len(read("SELECT * FROM monitoring.histogram")) == 2
    store.replace(with_bars("amount"), LATER)
    assert read("SELECT column_name FROM monitoring.histogram") == [("amount",)]


def test_restored_numbers_leave_distributions_alone(store, read):
    store.replace(with_bars("amount"), RUN)
    store.restore(evaluation(drift("amount", 0.3)), RUN)
    assert len(read("SELECT * FROM monitoring.histogram")) == 1
    assert read("SELECT value FROM monitoring.measurement") == [(0.3,)]


def test_assets_that_write_at_once_are_all_in_the_row(store, read):
    names = ["prediction_log", "quality_results", "drift_report", "labels", "performance_metrics"]

    def write(asset):
        for _ in range(5):
            store.replace(evaluation(drift("amount", 0.2), asset=asset), RUN)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(write, names))
    ((judged, n),) = read(
        "SELECT num_nonnulls(log_status, quality_status, drift_status, label_status, "
        "performance_status), count(*) OVER () FROM monitoring.model_day"
    )
    assert (judged, n) == (5, 1)
