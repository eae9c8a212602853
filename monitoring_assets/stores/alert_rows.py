"""Verdicts, incidents, groups and silences as rows, and back."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.decision import AuditEntry, Decision, TimedEvent
from monitoring_assets.domain.incident import (
    Episode,
    Event,
    Group,
    Incident,
    Resolution,
    Severity,
    Silence,
    State,
)
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.verdict import Subject, Verdict
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.text import storable, storable_key

# What of an incident is kept together, since nobody asks for it by itself.
_TOLD = ("told_at", "told_bad", "told_worst", "snooze_worst")


@cache
def _episodes() -> TypeAdapter[Episode]:
    return TypeAdapter(Episode)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def verdict_row(model: str, verdict: Verdict, run: RunInfo) -> dict[str, Any]:
    """Return the row of a verdict, without its revision."""
    v = verdict
    return {
        "model": model,
        "check_name": v.subject.check,
        "column_name": storable_key(v.subject.column),
        "segment": storable_key(v.subject.segment),
        "window_start": v.window.start,
        "window_end": v.window.end,
        "window_key": v.window.key,
        "kind": v.kind,
        "metric": v.metric,
        "status": v.status,
        "score": v.score,
        "threshold": v.threshold,
        "recovery": v.recovery,
        "margin": v.margin,
        "lower": v.lower,
        "upper": v.upper,
        "n": v.n,
        "reason": storable(v.reason),
        "baseline": storable(v.baseline),
        "run_id": run.run_id,
        "run_started_at": run.began,
        "judged_at": run.computed_at,
    }


def verdict_of(row: sa.Row[Any]) -> Verdict:
    """Return the verdict of a row."""
    return Verdict(
        subject=Subject(check=row.check_name, column=row.column_name, segment=row.segment),
        window=window_of(row),
        kind=Kind(row.kind),
        metric=row.metric,
        status=Status(row.status),
        score=row.score,
        threshold=row.threshold,
        recovery=row.recovery,
        margin=row.margin,
        lower=row.lower,
        upper=row.upper,
        n=row.n,
        reason=row.reason,
        baseline=row.baseline,
    )


def window_of(row: sa.Row[Any]) -> Window:
    """Return the window of a row."""
    return Window(row.window_start.astimezone(UTC), row.window_end.astimezone(UTC), row.window_key)


def incident_row(incident: Incident) -> dict[str, Any]:
    """Return the row of an incident."""
    i, episode = incident, incident.episode
    told = {name: getattr(i, name) for name in _TOLD}
    told["told_at"] = i.told_at and i.told_at.isoformat()
    return {
        "id": i.id,
        "model": i.model,
        "check_name": episode.subject.check,
        "column_name": episode.subject.column,
        "segment": episode.subject.segment,
        "kind": episode.kind,
        "state": i.state,
        "severity": i.severity,
        "first_window": episode.first.key,
        "opened_window": episode.opened.key,
        "last_window": episode.last.key,
        "resolved_window": episode.resolved and episode.resolved.key,
        "resolution": i.resolution,
        "note": storable(i.note),
        "group_id": i.group_id,
        "hidden_by": i.hidden_by,
        "episode": _episodes().dump_python(episode, mode="json"),
        "told": told,
        "opened_at": i.opened_at,
        "acked_by": storable(i.acked_by),
        "acked_at": i.acked_at,
        "snooze_until": i.snooze_until,
        "resolved_at": i.resolved_at,
    }


def incident_of(row: sa.Row[Any]) -> Incident:
    """Return the incident of a row."""
    told_at = row.told["told_at"]
    return Incident(
        id=row.id,
        model=row.model,
        episode=_episodes().validate_python(row.episode),
        severity=Severity(row.severity),
        state=State(row.state),
        resolution=Resolution(row.resolution) if row.resolution else None,
        note=row.note,
        group_id=row.group_id,
        hidden_by=row.hidden_by,
        opened_at=row.opened_at.astimezone(UTC),
        told_at=told_at and datetime.fromisoformat(told_at),
        told_bad=row.told["told_bad"],
        told_worst=row.told["told_worst"],
        acked_by=row.acked_by or "",
        acked_at=_utc(row.acked_at),
        snooze_until=_utc(row.snooze_until),
        snooze_worst=row.told["snooze_worst"],
        resolved_at=_utc(row.resolved_at),
    )


def group_row(group: Group) -> dict[str, Any]:
    """Return the row of a group."""
    row = {f.name: getattr(group, f.name) for f in fields(group)}
    return row | {"destinations": list(group.destinations)}


def group_of(row: sa.Row[Any]) -> Group:
    """Return the group of a row."""
    return Group(
        id=row.id,
        model=row.model,
        severity=Severity(row.severity),
        opened_at=row.opened_at.astimezone(UTC),
        destinations=tuple(row.destinations),
        last_seq=row.last_seq,
        resolved_at=_utc(row.resolved_at),
        reminded_at=_utc(row.reminded_at),
    )


def event_row(model: str, event: Event, now: datetime) -> dict[str, Any]:
    """Return the row of an event; what waits for a digest has a destination and no digest."""
    row = {f.name: getattr(event, f.name) for f in fields(event)}
    return row | {"at": now, "model": model, "line": storable(event.line), "digest": ""}


def event_of(row: sa.Row[Any]) -> TimedEvent:
    """Return the event of a row."""
    event = Event(
        incident_id=row.incident_id,
        window_key=row.window_key,
        what=row.what,
        line=row.line,
        severity=Severity(row.severity),
        group_id=row.group_id,
        seq=row.seq,
        destination=row.destination,
    )
    return TimedEvent(at=row.at.astimezone(UTC), model=row.model, event=event)


def silence_row(silence: Silence) -> dict[str, Any]:
    """Return the row of a silence."""
    row: dict[str, Any] = {f.name: getattr(silence, f.name) for f in fields(silence)}
    row["column_name"] = row.pop("column")
    return row | {k: storable(v) for k, v in row.items() if isinstance(v, str)}


def silence_of(row: sa.Row[Any]) -> Silence:
    """Return the silence of a row."""
    return Silence(
        id=row.id,
        starts_at=row.starts_at.astimezone(UTC),
        ends_at=row.ends_at.astimezone(UTC),
        created_by=row.created_by,
        reason=row.reason,
        model=row.model,
        kind=row.kind,
        column=row.column_name,
        segment=row.segment,
    )


def audit_row(entry: AuditEntry) -> dict[str, Any]:
    """Return the row of an audit entry."""
    row = {f.name: getattr(entry, f.name) for f in fields(entry)}
    return row | {k: storable(v) for k, v in row.items() if isinstance(v, str)}


def audit_of(row: sa.Row[Any]) -> AuditEntry:
    """Return the audit entry of a row."""
    entry = AuditEntry(**{f.name: getattr(row, f.name) for f in fields(AuditEntry)})
    return replace(entry, at=row.at.astimezone(UTC), expires_at=_utc(row.expires_at))


def decision_of(row: sa.Row[Any]) -> Decision:
    """Return the decision of a row."""
    return Decision(
        model=row.model,
        window=window_of(row),
        status=row.status,
        reason=row.reason,
        failing=tuple(row.failing),
        told=tuple(row.told),
    )
