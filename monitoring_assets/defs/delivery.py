"""Sensors around alerts: deliver what waits, and tell of runs that failed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import dagster as dg

from monitoring_assets.alerting.failed_run import failed_run, first_line
from monitoring_assets.application.dispatch import dispatch
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Workspace
from monitoring_assets.defs.model import windows_job_name
from monitoring_assets.defs.partitions import BACKFILL_TAG, HISTORY_TAG, RANGE_END
from monitoring_assets.domain.window import Window

# A sensor's tick may take 60 seconds in all.
BUDGET_SECONDS = 20
PARTITION_TAG, WILL_RETRY_TAG = "dagster/partition", "dagster/will_retry"


@dg.sensor(
    name="deliver_alerts",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Delivers the messages that wait in the table `outbox`: to Slack where a token is "
    "set, else to the terminal.",
)
def deliver_alerts(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[Workspace]
) -> dg.SkipReason:
    """Deliver what waits; the tick says what was done."""
    notifier = workspace.notifier
    done = dispatch(
        workspace.outbox, notifier, now=datetime.now(UTC), budget_seconds=BUDGET_SECONDS
    )
    for line in done.lines:
        context.log.info(line)
    return dg.SkipReason(
        f"{notifier.name}: {done.sent} delivered, {done.failed} failed, {done.dead} given up, "
        f"{done.waiting} waiting"
    )


@dg.run_failure_sensor(
    name="failed_runs",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Enqueues a message of kind `pipeline` when a window could not be monitored.",
)
def failed_runs(
    context: dg.RunFailureSensorContext, workspace: dg.ResourceParam[Workspace]
) -> None:
    """Enqueue a message and do no more: a failure sensor that raises loses its event."""
    run = context.dagster_run
    name = run.job_name.removesuffix(windows_job_name(""))
    if name not in workspace.models or run.tags.get(WILL_RETRY_TAG) == "true":
        return
    model = workspace.models[name]
    window = _window(model.config.cadence.windows.window, run.tags)
    if window is None:
        return
    decision = failed_run(
        model.config,
        window,
        first_line(context.failure_event.message or ""),
        f"{workspace.settings.ui_url}/runs/{run.run_id}",
        is_backfill=BACKFILL_TAG in run.tags or HISTORY_TAG in run.tags,
    )
    workspace.decisions.record(decision, RunInfo(run_id=run.run_id, computed_at=datetime.now(UTC)))


def _window(window_of: Callable[[str], Window], tags: Mapping[str, str]) -> Window | None:
    key = tags.get(RANGE_END) or tags.get(PARTITION_TAG)
    return None if key is None else window_of(key)
