"""The sensor that looks at the clock for alerts: digests, reminders, windows that are missing."""

import json
from datetime import UTC, datetime

import dagster as dg

from monitoring_assets.application.tending import tend
from monitoring_assets.composition import Workspace


@dg.sensor(
    name="tend_alerts",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Enqueues what only time makes due: the digest, reminders of pages that nobody "
    "took, what was snoozed or silenced until now, and windows that nobody monitored.",
)
def tend_alerts(
    context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[Workspace]
) -> dg.SensorResult:
    """Look after the alerts of all models; the tick says what was done."""
    now = datetime.now(UTC)
    for model in workspace.models.values():  # one that never ran is on the dashboards, too
        workspace.describe(model, now)
    missing = json.loads(context.cursor) if context.cursor else {}
    models = workspace.models.values()
    done = tend([workspace.incidents(m) for m in models], workspace.alerts, missing, now)
    responses = [line for m in models for line in workspace.responder(m).respond(now)]
    return dg.SensorResult(
        skip_reason="; ".join([*done.lines, *responses]) or "nothing is due",
        cursor=json.dumps(dict(done.missing)),
    )
