"""The sensor that notices new rows, late rows, late labels and windows that stay empty."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import dagster as dg

from monitoring_assets.application.arrivals import Due, Look, Sighting, look
from monitoring_assets.application.monitor import DECISION, LABELS, PERFORMANCE
from monitoring_assets.composition import Workspace
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.defs.partitions import WINDOWS_PER_RUN, range_tags

CURSOR_VERSION = 1
MINIMUM_INTERVAL_SECONDS = 30
# Asked for when only labels changed; everything else of the window stays as it is.
_LABEL_ASSETS = (LABELS, PERFORMANCE, DECISION)


def arrivals_sensor(
    model: LoadedModel,
    windows_job: Any,
    reference_job: Any,
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
        monitor = workspace.monitor(model)
        if not monitor.has_reference():
            return dg.SensorResult(run_requests=[_reference_request(model, reference_job.name)])
        seen = look(monitor, _read(context.cursor), datetime.now(UTC))
        requests = list(_requests(model, windows_job.name, seen.due))
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else _idle(seen),
            cursor=_written(seen.sighting),
        )

    return arrivals


def _reference_request(model: LoadedModel, job: str) -> dg.RunRequest:
    version = model.config.reference.active
    return dg.RunRequest(run_key=f"reference|{version}", job_name=job, partition_key=version)


def _requests(model: LoadedModel, job: str, due: Sequence[Due]) -> Iterator[dg.RunRequest]:
    """Yield one run per stretch of neighbouring windows, with at most `WINDOWS_PER_RUN` each.

    The run key names the windows and what their rows look like: a window that fails is not asked
    for again until its rows change.
    """
    for stretch in _stretches(model, due):
        first = stretch[0]
        prints = "|".join(d.fingerprint for d in stretch)
        yield dg.RunRequest(
            run_key=f"{first.cause}|{first.window.key}|{_short(prints)}",
            job_name=job,
            tags={"mlmon/cause": first.cause, **range_tags([d.window for d in stretch])},
            asset_selection=_selection(model.config.name, first),
        )


def _selection(name: str, due: Due) -> list[dg.AssetKey] | None:
    if due.cause != "new labels":
        return None
    return [dg.AssetKey([name, asset]) for asset in _LABEL_ASSETS]


def _stretches(model: LoadedModel, due: Sequence[Due]) -> Iterator[list[Due]]:
    cadence = model.config.cadence.windows
    first = cadence.first().start

    def place(item: tuple[int, Due]) -> tuple[str, float, int]:
        position, d = item
        steps = round((d.window.start - first) / (d.window.end - d.window.start))
        return d.cause, steps - position, 0

    ordered = sorted(due, key=lambda d: (d.cause, d.window.start))
    for _, group in groupby(enumerate(ordered), key=place):
        stretch = [d for _, d in group]
        for begin in range(0, len(stretch), WINDOWS_PER_RUN):
            yield stretch[begin : begin + WINDOWS_PER_RUN]


def _short(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _idle(seen: Look) -> str:
    if seen.settling:
        windows = ", ".join(seen.settling[:5])
        return f"rows of {windows} changed since the last look; waiting until they settle"
    return "nothing new"


def _read(cursor: str | None) -> Sighting:
    stored = json.loads(cursor) if cursor else {}
    if stored.get("version") != CURSOR_VERSION:
        return Sighting(rows={})
    return Sighting(rows=stored["rows"], labels=stored["labels"])


def _written(sighting: Sighting) -> str:
    return json.dumps(
        {"version": CURSOR_VERSION, "rows": dict(sighting.rows), "labels": sighting.labels}
    )
