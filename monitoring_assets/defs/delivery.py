"""Sensors around alerts: deliver what waits, and tell of runs that failed."""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg

from monitoring_assets.alerting.failed_run import first_line
from monitoring_assets.application.monitor import REFERENCE
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Workspace
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.defs.assets import window_keys
from monitoring_assets.defs.failures import first_failure
from monitoring_assets.defs.model import reference_job_name, windows_job_name
from monitoring_assets.defs.runs import WILL_RETRY, is_backfill, last_window
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.pipeline import record_failure
from monitoring_assets.stores.watcher import watch

# A sensor's tick may take 60 seconds in all.
BUDGET_SECONDS = 20.0


@dg.sensor(
    name="deliver_alerts",
    minimum_interval_seconds=20,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Delivers the messages that wait in the table `outbox`: to Slack where a token is "
    "set, else to the terminal, to PagerDuty, webhooks and by e-mail.",
)
def deliver_alerts(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[Workspace]
) -> dg.SkipReason:
    """Deliver what waits; the tick says what was done, and how alerting is doing."""
    done = workspace.dispatcher.sweep(BUDGET_SECONDS)
    trouble = workspace.keep_awake(datetime.now(UTC))
    for line in done.lines:
        context.log.info(line)
    told = [str(done), str(watch(workspace.engine)), trouble]
    return dg.SkipReason("; ".join(filter(None, told)))


@dg.run_failure_sensor(
    name="failed_runs",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Opens an incident of kind `pipeline` when a window could not be monitored.",
)
def failed_runs(
    context: dg.RunFailureSensorContext, workspace: dg.ResourceParam[Workspace]
) -> None:
    """Record it and do no more: a failure sensor that raises loses its event."""
    run, now = context.dagster_run, datetime.now(UTC)
    if run.tags.get(WILL_RETRY) == "true":
        return
    error = first_failure(context.get_step_failure_events())
    error = error or first_line(context.failure_event.message or "")
    for model in workspace.models.values():
        window = _window(model.config, run.tags, now) if _concerns(model.config, run) else None
        if window is None:
            continue
        workspace.incidents(model).fail(
            window,
            f"{error} (run {run.run_id[:8]})",
            RunInfo(run_id=run.run_id, computed_at=now, started_at=_began(context)),
            is_backfill=is_backfill(run.tags),
        )
        record_failure(workspace.engine, model.config.name, run.run_id, error)


def _began(context: dg.RunFailureSensorContext) -> datetime | None:
    record = context.instance.get_run_record_by_id(context.dagster_run.run_id)
    started = record.start_time if record else None
    return None if started is None else datetime.fromtimestamp(started, UTC)


def _concerns(config: ModelConfig, run: dg.DagsterRun) -> bool:
    """Return whether a run was to monitor a model, by its own jobs or asset by asset."""
    name = config.name
    if run.job_name in {windows_job_name(name), reference_job_name(name)}:
        return True
    monitored = {*window_keys(name), dg.AssetKey([name, REFERENCE])}
    return not monitored.isdisjoint(run.asset_selection or ())


def _window(config: ModelConfig, tags: Mapping[str, str], now: datetime) -> Window | None:
    """Return the newest window of a run.

    Without the reference it is the newest complete one that cannot be monitored.
    """
    key, cadence = last_window(tags), config.cadence.windows
    if key is None or key in config.reference.versions:
        return cadence.last_complete(now)
    return cadence.window(key)
