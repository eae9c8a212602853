"""The sensor that notices new rows, late rows, late labels and windows that stay empty.

What is due belongs to `application.arrivals`; here it becomes runs, and what was asked for is
remembered in the sensor's cursor.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import dagster as dg

from monitoring_assets.application.arrivals import Cause, Due, Look, Sighting, look
from monitoring_assets.application.monitor import DECISION, LABELS, PERFORMANCE, ModelMonitor
from monitoring_assets.composition import Workspace
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.defs.runs import CAUSE, HISTORY, range_tags, stretches

CURSOR_VERSION = 2
MINIMUM_INTERVAL_SECONDS = 30
# Asked for when only labels changed; everything else of the window stays as it is.
_LABEL_ASSETS = (LABELS, PERFORMANCE, DECISION)
# A chunk of `mlmon backfill` takes seconds; one that began longer ago was killed.
_LONGEST_HISTORY_RUN = timedelta(minutes=30)


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def arrivals_sensor(
    model: LoadedModel,
    windows_job: Any,
    reference_job: Any,
    clock: Callable[[], datetime] = utc_now,
) -> dg.SensorDefinition:
    """Return the sensor of one model; the jobs are those of `dg.define_asset_job`."""
    name = model.config.name

    @dg.sensor(
        name=f"{name}_arrivals",
        jobs=[windows_job, reference_job],
        minimum_interval_seconds=MINIMUM_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Requests the windows of {name} whose rows or labels are new or changed, "
        "and those that are empty after their deadline.",
    )
    def arrivals(
        context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.SensorResult | dg.SkipReason:
        monitor, now = workspace.monitor(model), clock()
        if not monitor.has_reference():
            return dg.SensorResult(run_requests=[_reference_request(monitor, reference_job.name)])
        if _is_history_running(context.instance, windows_job.name, now):
            return dg.SkipReason("history is being monitored; looking again when it is done")
        before = _Memory.read(context.cursor)
        seen = look(monitor, before.sighting, now)
        due = [d for d in seen.due if not before.has_requested(d)]
        requests = list(_requests(name, windows_job.name, due))
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else _idle(seen),
            cursor=before.after(seen, due, monitor, now).written(),
        )

    return arrivals


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """What is kept from one tick to the next.

    Attributes:
        sighting: What the sources looked like.
        requested: `cause window` → fingerprint of what was asked for. A window that fails, or
            whose run is not done yet, is not asked for again until its rows change, and does not
            take its neighbours down with it.
    """

    sighting: Sighting
    requested: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> "_Memory":
        stored = json.loads(cursor) if cursor else {}
        if stored.get("version") != CURSOR_VERSION:
            return cls(sighting=Sighting(rows={}))
        sighting = Sighting(rows=stored["rows"], labels=stored["labels"])
        return cls(sighting=sighting, requested=stored["requested"])

    def written(self) -> str:
        return json.dumps(
            {
                "version": CURSOR_VERSION,
                "rows": dict(self.sighting.rows),
                "labels": self.sighting.labels,
                "requested": dict(self.requested),
            }
        )

    def has_requested(self, due: Due) -> bool:
        return self.requested.get(_subject(due)) == due.fingerprint

    def after(
        self, seen: Look, due: Sequence[Due], monitor: ModelMonitor, now: datetime
    ) -> "_Memory":
        """Return what is kept after this tick; windows before the look-back are forgotten."""
        cadence = monitor.config.cadence
        recent = {window.key for window in cadence.windows.recent(now, cadence.look_back)}
        requested = {**self.requested, **{_subject(d): d.fingerprint for d in due}}
        kept = {s: f for s, f in requested.items() if s.rpartition(" ")[2] in recent}
        return _Memory(sighting=seen.sighting, requested=kept)


def _subject(due: Due) -> str:
    return f"{due.cause} {due.window.key}"


def _is_history_running(instance: dg.DagsterInstance, job: str, now: datetime) -> bool:
    """Return whether `mlmon backfill` is at work, which may come to what is new by itself."""
    history = dg.RunsFilter(
        job_name=job,
        tags={HISTORY: "mlmon backfill"},
        statuses=[dg.DagsterRunStatus.STARTED],
        created_after=now - _LONGEST_HISTORY_RUN,
    )
    return bool(instance.get_runs(filters=history, limit=1))


def _reference_request(monitor: ModelMonitor, job: str) -> dg.RunRequest:
    """Return the request of the active reference: once, and again when its source changed."""
    version = monitor.config.reference.active
    fingerprint = monitor.ports.references(version).fingerprint()
    key = f"reference|{version}|{_short(fingerprint)}"
    return dg.RunRequest(run_key=key, job_name=job, partition_key=version)


def _requests(name: str, job: str, due: Sequence[Due]) -> Iterator[dg.RunRequest]:
    """Yield one run per cause and stretch of neighbouring windows.

    The run key names the windows and what their rows look like, so that a tick that is repeated
    after a crash requests nothing twice.
    """
    for cause in Cause:
        fingerprints = {d.window: d.fingerprint for d in due if d.cause is cause}
        for windows in stretches(fingerprints):
            prints = "|".join(fingerprints[window] for window in windows)
            yield dg.RunRequest(
                run_key=f"{cause}|{windows[0].key}|{_short(prints)}",
                job_name=job,
                tags={CAUSE: cause.value, **range_tags(windows)},
                asset_selection=_selection(name, cause),
            )


def _selection(name: str, cause: Cause) -> list[dg.AssetKey] | None:
    if cause is not Cause.LABELS:
        return None
    return [dg.AssetKey([name, asset]) for asset in _LABEL_ASSETS]


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _idle(seen: Look) -> str:
    if seen.settling:
        windows = ", ".join(seen.settling[:5])
        return f"rows of {windows} changed since the last look; waiting until they settle"
    if seen.due:
        windows = ", ".join(d.window.key for d in seen.due[:5])
        return f"{windows} were asked for and are not done: their run goes on, or it failed"
    return "nothing new"
