"""Filling a database the way runs of Dagster do, in a quarter of the time."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from monitoring_assets.application.monitor import (
    DECISION,
    DRIFT,
    LABELS,
    LOG,
    PERFORMANCE,
    PROFILE,
    QUALITY,
)
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.stores.pipeline import Step, recorded

# The days of the strike and what follows; some days before are missing within the look-back.
WINDOWS = slice(60, 90)


def monitor_history(workspace, model):
    """Monitor the end of a history, step by step as the assets do."""
    monitor = workspace.monitor(model)
    monitor.take_reference(model.config.reference.active)
    workspace.describe(model, datetime.now(UTC))
    cadence = model.config.cadence.windows
    last = cadence.last_complete(datetime.now(UTC))
    for window in list(cadence.between(cadence.first(), last))[WINDOWS]:
        run = RunInfo(run_id=f"run-{window.key}", computed_at=window.end + timedelta(hours=2))
        for asset, step in _steps(monitor):
            about = Step(model=model.config.name, asset=asset, windows=[window], is_backfill=True)
            with recorded(workspace.engine, about, run):
                step(window, run)


def _steps(monitor):
    return (
        (LOG, monitor.take_log),
        (LABELS, monitor.take_labels),
        (PROFILE, lambda window, _run: monitor.take_profile(window)),
        (QUALITY, monitor.measure_quality),
        (DRIFT, monitor.measure_drift),
        (PERFORMANCE, monitor.measure_performance),
        (DECISION, lambda window, run: monitor.decide([window], run, is_backfill=True)),
    )


def add_what_the_demo_lacks(engine, model):
    """Add a retraining and a silence, of which the demo has none."""
    now = datetime.now(UTC)
    values = {"model": model, "before": now - timedelta(days=9), "now": now}
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO monitoring.event (model, kind, subject, starts_at)"
            " VALUES (:model, 'deployment', '2', :before), (:model, 'reference', 'v2', :before)",
            "INSERT INTO monitoring.silence (id, model, kind, column_name, segment, starts_at,"
            " ends_at, created_by, reason)"
            " VALUES ('s', :model, '', '', '', :before, :now, 'ada', 'moving the warehouse')",
        ):
            connection.execute(sa.text(statement), values)
