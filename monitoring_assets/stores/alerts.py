"""The tables of alerts in Postgres: verdicts, incidents, groups, events, silences, audit.

A decision is one transaction under a lock per model: verdicts, what follows from them, and the
acts that wait in the outbox are stored together or not at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from monitoring_assets.alerting.notification import Outcome, Spent
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.decision import AuditEntry, Decision, TimedEvent
from monitoring_assets.domain.incident import Group, Incident, Silence
from monitoring_assets.domain.message import Act, Step
from monitoring_assets.domain.verdict import Coverage, History, Subject, Verdict
from monitoring_assets.domain.window import Window
from monitoring_assets.stores import alert_rows as rows
from monitoring_assets.stores import schema
from monitoring_assets.stores.engine import lock, transaction
from monitoring_assets.stores.outbox import enqueue
from monitoring_assets.stores.text import storable, storable_key

_KEY = ("model", "check_name", "column_name", "segment", "window_start")
_NUMBERS = ("score", "threshold", "recovery", "margin", "lower", "upper", "n")
_SAID = ("kind", "metric", "status", *_NUMBERS, "reason", "baseline")

_NEWEST_RUN = sa.text("""
SELECT max(run_started_at) FROM monitoring.verdict
WHERE model = :model AND (window_start = :window_start OR window_key = :window_key)
""")

# Of a subject that was never bad no verdict is needed: 60 series a day would be read for nothing.
_SUSPECTS = sa.text("""
SELECT * FROM monitoring.verdict v
WHERE model = :model AND EXISTS (
  SELECT FROM monitoring.verdict bad
  WHERE bad.model = v.model AND bad.check_name = v.check_name
    AND bad.column_name = v.column_name AND bad.segment = v.segment
    AND bad.status IN ('bad', 'error'))
ORDER BY check_name, column_name, segment, window_start
""")

_COVERAGE = sa.text("""
SELECT check_name, window_start, window_end, window_key,
  bool_or(status IN ('ok', 'warn', 'bad')) AND NOT bool_or(status = 'error') AS is_judged,
  CASE WHEN bool_and(status = 'unjudged') THEN max(reason) ELSE '' END AS unjudged
FROM monitoring.verdict WHERE model = :model
GROUP BY check_name, window_start, window_end, window_key
ORDER BY check_name, window_start
""")

_JUDGED_WINDOWS = sa.text("""
SELECT count(DISTINCT window_start) FROM monitoring.verdict
WHERE model = :model AND baseline = :baseline AND status IN ('ok', 'warn', 'bad')
""")

# Times are those of the events, in the caller's time, so that a rehearsal of the past is one.
_TOLD = """
FROM monitoring.alert_event e
JOIN monitoring.outbox o ON o.group_id = e.group_id AND o.seq = e.seq
"""
_REPLIES = sa.text(f"""
SELECT count(DISTINCT e.seq) {_TOLD}
WHERE e.group_id = :group_id AND o.act = 'reply' AND e.at > :since
""")
_PAGED = sa.text(f"""
SELECT max(e.at) {_TOLD}
WHERE e.model = :model AND o.act = 'open' AND o.destination LIKE 'pagerduty%'
""")
_MESSAGES = sa.text(f"""
SELECT o.destination, count(DISTINCT (o.group_id, o.seq)) {_TOLD}
WHERE o.act IN ('open', 'reply') AND e.at > :since GROUP BY o.destination
""")


class PostgresAlerts:
    """The `AlertStore` in Postgres."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @contextmanager
    def book(self, model: str) -> Iterator["PostgresBook"]:
        """Open the alerts of a model; what was done is stored when the block ends, or nothing.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        with transaction(self._engine) as connection:
            lock(connection, "alerts", model)
            yield PostgresBook(connection, model)

    def decided_keys(self, model: str, windows: Sequence[Window]) -> set[str]:
        """Return the keys of those windows that were decided."""
        table = schema.decision.c
        starts = [window.start for window in windows]
        query = sa.select(table.window_key).where(
            table.model == model, table.window_start.in_(starts)
        )
        with transaction(self._engine) as connection:
            return set(connection.scalars(query))

    def last_decided(self, model: str) -> Window | None:
        """Return the newest window that was decided."""
        table = schema.decision
        query = sa.select(table).where(table.c.model == model)
        found = self._all(query.order_by(table.c.window_start.desc()).limit(1))
        return rows.window_of(found[0]) if found else None

    def decision(self, model: str, window_key: str) -> Decision | None:
        """Return what was decided about a window."""
        table = schema.decision
        query = sa.select(table).where(table.c.model == model, table.c.window_key == window_key)
        found = self._all(query)
        return rows.decision_of(found[0]) if found else None

    def find(self, model: str = "", incident_id: str = "") -> list[Incident]:
        """Return incidents: of a model, or those whose id begins so; all without either."""
        query = sa.select(schema.incident)
        if model:
            query = query.where(schema.incident.c.model == model)
        if incident_id:
            query = query.where(schema.incident.c.id.startswith(incident_id, autoescape=True))
        return _in_order(self._all(query))

    def group_of(self, group_id: str) -> Group | None:
        """Return a group, open or not."""
        found = self._all(sa.select(schema.alert_group).where(schema.alert_group.c.id == group_id))
        return rows.group_of(found[0]) if found else None

    def events(
        self, *, incident_id: str = "", group_id: str = "", digest: str = ""
    ) -> list[TimedEvent]:
        """Return what happened to an incident, in a group, or is told in a digest, in order."""
        table = schema.alert_event.c
        query = sa.select(schema.alert_event).order_by(table.id)
        for column, wanted in (
            (table.incident_id, incident_id),
            (table.group_id, group_id),
            (table.digest, digest),
        ):
            if wanted:
                query = query.where(column == wanted)
        return [rows.event_of(row) for row in self._all(query)]

    def verdicts(self, model: str, subject: Subject) -> list[Verdict]:
        """Return the newest verdicts about a subject, in order of time."""
        table = schema.verdict.c
        query = sa.select(schema.verdict).where(
            table.model == model,
            table.check_name == subject.check,
            table.column_name == storable_key(subject.column),
            table.segment == storable_key(subject.segment),
        )
        return [rows.verdict_of(row) for row in self._all(query.order_by(table.window_start))]

    def verdicts_of_window(self, model: str, window_key: str) -> list[Verdict]:
        """Return the newest verdicts of a window."""
        table = schema.verdict.c
        query = sa.select(schema.verdict).where(
            table.model == model, table.window_key == window_key
        )
        found = self._all(query.order_by(table.check_name, table.column_name, table.segment))
        return [rows.verdict_of(row) for row in found]

    def digest(self, models: Mapping[str, str], now: datetime) -> list[str]:
        """Put what waits for the digest into one message per destination; return their names.

        A digest that was sent is not sent again; what comes later waits for the next one.
        """
        del now
        table, sent = schema.alert_event.c, []
        waiting = sa.select(table.destination, table.model).distinct()
        waiting = waiting.where(table.digest == "", table.destination != "", table.seq.is_(None))
        with transaction(self._engine) as connection:
            lock(connection, "digest")
            for destination, model in connection.execute(waiting.order_by(table.destination)):
                if model not in models:
                    continue
                name = f"digest/{destination}/{models[model]}"
                if name not in sent and _is_enqueued(connection, name):
                    continue
                connection.execute(
                    sa.update(schema.alert_event)
                    .where(table.digest == "", table.destination == destination)
                    .where(table.model == model, table.seq.is_(None))
                    .values(digest=name)
                )
                enqueue(connection, name, destination, [Step(seq=1, act=Act.DIGEST)])
                sent.append(name)
        return list(dict.fromkeys(sent))

    def silence(self, silence: Silence, entry: AuditEntry) -> None:
        """Store a silence, or its new end."""
        row = rows.silence_row(silence)
        with transaction(self._engine) as connection:
            connection.execute(_upsert(schema.silence, ["id"]), row)
            connection.execute(sa.insert(schema.audit), rows.audit_row(entry))

    def silences(self) -> list[Silence]:
        """Return all silences, the newest first."""
        query = sa.select(schema.silence).order_by(schema.silence.c.starts_at.desc())
        return [rows.silence_of(row) for row in self._all(query)]

    def audit(self, subject: str = "") -> list[AuditEntry]:
        """Return who did what, the newest last; only about one subject if given."""
        query = sa.select(schema.audit).order_by(schema.audit.c.id)
        if subject:
            query = query.where(schema.audit.c.subject == subject)
        return [rows.audit_of(row) for row in self._all(query)]

    def note(self, entry: AuditEntry) -> None:
        """Add a line to the audit."""
        with transaction(self._engine) as connection:
            connection.execute(sa.insert(schema.audit), rows.audit_row(entry))

    def _all(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with transaction(self._engine) as connection:
            return connection.execute(query).all()


class PostgresBook:
    """The `AlertBook` in Postgres: one model, one transaction."""

    def __init__(self, connection: sa.Connection, model: str) -> None:
        self._connection = connection
        self._model = model
        self._loaded: dict[str, Incident] = {}

    def judge(
        self, window: Window, verdicts: Sequence[Verdict], run: RunInfo, *, is_whole: bool
    ) -> bool:
        """Store the verdicts of a window; return False if a run that began later judged it."""
        where = {"model": self._model, "window_start": window.start, "window_key": window.key}
        newest = self._connection.execute(_NEWEST_RUN, where).scalar_one()
        if newest is not None and newest > run.began:
            return False
        before = {_key(row): row for row in self._of_window(window)}
        now = {_key(row): row for v in verdicts if (row := rows.verdict_row(self._model, v, run))}
        gone = [key for key in before if key not in now] if is_whole else []
        changed = {key: row for key, row in now.items() if not _same(before.get(key), row)}
        self._keep_history([before[k] for k in (*gone, *changed) if k in before])
        self._delete(gone)
        new = [
            row | {"revision": before[key]["revision"] + 1 if key in before else 0}
            for key, row in changed.items()
        ]
        if new:
            self._connection.execute(_upsert(schema.verdict, list(_KEY)), new)
        if before:
            self._touch(window, run)
        return True

    def history(self) -> History:
        """Return what incidents depend on."""
        model = {"model": self._model}
        return History(
            verdicts=tuple(
                rows.verdict_of(row) for row in self._connection.execute(_SUSPECTS, model)
            ),
            coverage=tuple(
                Coverage(
                    check=row.check_name,
                    window=rows.window_of(row),
                    is_judged=row.is_judged,
                    unjudged=row.unjudged,
                )
                for row in self._connection.execute(_COVERAGE, model)
            ),
        )

    def incidents(self) -> list[Incident]:
        """Return all incidents, in order of opening."""
        query = sa.select(schema.incident).where(schema.incident.c.model == self._model)
        found = _in_order(self._connection.execute(query).all())
        self._loaded = {incident.id: incident for incident in found}
        return found

    def group(self) -> Group | None:
        """Return the open group."""
        table = schema.alert_group.c
        query = sa.select(schema.alert_group)
        query = query.where(table.model == self._model, table.resolved_at.is_(None))
        row = self._connection.execute(query).one_or_none()
        return None if row is None else rows.group_of(row)

    def silences(self) -> list[Silence]:
        """Return the silences that may concern this model."""
        query = sa.select(schema.silence).where(schema.silence.c.model.in_(["", self._model]))
        return [rows.silence_of(row) for row in self._connection.execute(query)]

    def judged_windows(self, baseline: str) -> int:
        """Return how many windows were judged with a version of the reference."""
        values = {"model": self._model, "baseline": storable(baseline)}
        return int(self._connection.execute(_JUDGED_WINDOWS, values).scalar_one())

    def spent(self, group: Group | None, now: datetime) -> Spent:
        """Return what was told lately."""
        run = self._connection.execute
        replies = 0
        if group is not None:
            day = {"group_id": group.id, "since": now - timedelta(days=1)}
            replies = int(run(_REPLIES, day).scalar_one())
        week = run(_MESSAGES, {"since": now - timedelta(days=7)})
        return Spent(
            replies=replies,
            paged_at=run(_PAGED, {"model": self._model}).scalar_one(),
            messages={destination: n for destination, n in week},  # noqa: C416
        )

    def record(self, decision: Decision, run: RunInfo) -> None:
        """Store what was decided about a window."""
        table, window = schema.decision, decision.window
        same = (table.c.window_start == window.start) | (table.c.window_key == window.key)
        self._connection.execute(sa.delete(table).where(table.c.model == decision.model, same))
        self._connection.execute(sa.insert(table), _decision_row(decision, run))

    def save(self, outcome: Outcome, now: datetime) -> None:
        """Store incidents, group and events, and enqueue the acts."""
        changed = [i for i in outcome.incidents if self._loaded.get(i.id) != i]
        # Of one subject one may end and the next begin: no two are open at any moment.
        for incident in sorted(changed, key=lambda i: i.is_open):
            self._connection.execute(_upsert(schema.incident, ["id"]), rows.incident_row(incident))
        if outcome.group is not None:
            row = rows.group_row(outcome.group)
            self._connection.execute(_upsert(schema.alert_group, ["id"]), row)
            for destination, step in outcome.steps:
                enqueue(self._connection, outcome.group.id, destination, [step])
        if outcome.events:
            told = [rows.event_row(self._model, event, now) for event in outcome.events]
            self._connection.execute(sa.insert(schema.alert_event), told)

    def note(self, entry: AuditEntry) -> None:
        """Add a line to the audit."""
        self._connection.execute(sa.insert(schema.audit), rows.audit_row(entry))

    def _of_window(self, window: Window) -> list[dict[str, Any]]:
        table = schema.verdict.c
        # A day that became an hour, or moved with its time zone, keeps its start or its key.
        same = (table.window_start == window.start) | (table.window_key == window.key)
        query = sa.select(schema.verdict).where(table.model == self._model, same)
        found = self._connection.execute(query).mappings()
        return [{str(name): value for name, value in row.items()} for row in found]

    def _keep_history(self, replaced: Sequence[Mapping[str, Any]]) -> None:
        if replaced:
            self._connection.execute(sa.insert(schema.verdict_history), list(replaced))

    def _delete(self, keys: Sequence[tuple[Any, ...]]) -> None:
        table = schema.verdict
        for key in keys:
            same = [table.c[name] == value for name, value in zip(_KEY, key, strict=True)]
            self._connection.execute(sa.delete(table).where(*same))

    def _touch(self, window: Window, run: RunInfo) -> None:
        """Record the newest run also for verdicts that it did not change."""
        table = schema.verdict
        self._connection.execute(
            sa.update(table)
            .where(table.c.model == self._model, table.c.window_start == window.start)
            .values(run_id=run.run_id, run_started_at=run.began, judged_at=run.computed_at)
        )


def _in_order(found: Sequence[sa.Row[Any]]) -> list[Incident]:
    incidents = [rows.incident_of(row) for row in found]
    return sorted(incidents, key=lambda i: (i.episode.opened, i.episode.subject, i.id))


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _same(before: Mapping[str, Any] | None, row: Mapping[str, Any]) -> bool:
    return before is not None and all(before[name] == row[name] for name in _SAID)


def _upsert(table: sa.Table, key: Sequence[str]) -> Any:
    statement = insert(table)
    values = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=values)


def _is_enqueued(connection: sa.Connection, group_id: str) -> bool:
    query = sa.select(schema.outbox.c.id).where(schema.outbox.c.group_id == group_id)
    return connection.execute(query.limit(1)).first() is not None


def _decision_row(decision: Decision, run: RunInfo) -> dict[str, object]:
    return {
        "model": decision.model,
        "window_start": decision.window.start,
        "window_end": decision.window.end,
        "window_key": decision.window.key,
        "status": decision.status,
        "reason": storable(decision.reason),
        "failing": [storable(line) for line in decision.failing],
        "told": [storable(line) for line in decision.told],
        "run_id": run.run_id,
        "decided_at": run.computed_at,
    }
