"""The table `outbox`: messages that wait to be delivered, claimed row by row under a lease.

A claim is committed before anything is sent, and `attempts` fences it: a sender that was frozen
past its lease can no longer change the row. All times are Postgres's, so that a worker with a
wrong clock can neither take a message out of another's hands nor hold one back. Sending belongs
to `application.dispatch`.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid5

import psycopg
import sqlalchemy as sa

from monitoring_assets.application.ports import Delivery, Opening
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Link, Message, Step
from monitoring_assets.stores.engine import transaction
from monitoring_assets.stores.text import storable

# Longer than a delivery may take (10 s) and a pause before it (3 s). With a sweep every 20 s
# what a killed sender left behind is delivered within 45 s.
LEASE_SECONDS = 15.0
CHANNEL = "mlmon_outbox"
_NAMESPACE = UUID("5b0a9d56-6f0c-5c5e-9f4e-0d7a3f8f3c11")

_WAITS = """
  (o.state = 'pending' AND (o.next_at IS NULL OR o.next_at <= :now)
   OR o.state = 'inflight' AND o.lease_until < :now)
  AND NOT EXISTS (
    SELECT FROM monitoring.outbox earlier
    WHERE earlier.group_id = o.group_id AND earlier.destination = o.destination
      AND earlier.seq < o.seq AND earlier.state IN ('pending', 'inflight'))
"""

_DUE = f"SELECT DISTINCT o.destination FROM monitoring.outbox o WHERE {_WAITS} ORDER BY 1"  # noqa: S608

_CLAIM = f"""
WITH due AS (
  SELECT o.id FROM monitoring.outbox o
  WHERE o.destination = :destination AND {_WAITS}
  ORDER BY o.next_at NULLS FIRST, o.id
  LIMIT 1
  FOR UPDATE SKIP LOCKED
)
UPDATE monitoring.outbox o SET
  state = 'inflight',
  attempts = attempts + 1,
  failures = failures + (state = 'inflight')::int,
  may_have_arrived = may_have_arrived OR state = 'inflight',
  first_attempt_at = coalesce(first_attempt_at, :now),
  lease_until = :now + make_interval(secs => :lease)
FROM due WHERE o.id = due.id
RETURNING o.*,
  extract(epoch FROM :now - o.created_at) AS waited_seconds,
  extract(epoch FROM :now - (
    SELECT max(sent_at) FROM monitoring.outbox other
    WHERE other.group_id = o.group_id AND other.destination = o.destination)) AS quiet_seconds
"""  # noqa: S608

_OPENING = """
SELECT state, provider_ref FROM monitoring.outbox
WHERE group_id = :group_id AND destination = :destination AND act = 'open' AND seq < :seq
ORDER BY seq DESC LIMIT 1
"""

_MARK_SENT = """
UPDATE monitoring.outbox SET
  state = 'sent', provider_ref = :provider_ref, failures = 0, next_at = NULL, lease_until = NULL,
  last_error = NULL, sent_at = :now
WHERE id = :id AND attempts = :attempts AND state = 'inflight'
"""

_MARK_FAILED = """
UPDATE monitoring.outbox SET
  state = CASE WHEN CAST(:retry AS float8) IS NULL THEN 'dead' ELSE 'pending' END,
  failures = failures + 1,
  may_have_arrived = may_have_arrived OR :may_have_arrived,
  next_at = :now + make_interval(secs => CAST(:retry AS float8)),
  lease_until = NULL,
  last_error = :error
WHERE id = :id AND attempts = :attempts AND state = 'inflight'
"""

_HOLD = """
UPDATE monitoring.outbox SET
  next_at = greatest(coalesce(next_at, :now), :now + make_interval(secs => :seconds))
WHERE destination = :destination AND state = 'pending'
"""

_INSERT = """
INSERT INTO monitoring.outbox
  (delivery_id, group_id, destination, seq, act, state, said, created_at)
VALUES
  (:delivery_id, :group_id, :destination, :seq, :act, 'pending', CAST(:said AS jsonb), :now)
ON CONFLICT DO NOTHING
"""

# The lock makes a claim wait for us, or us for the claim: an edit that was claimed shows a state
# that did not know of ours.
_WAITING_EDIT = """
SELECT id FROM monitoring.outbox
WHERE group_id = :group_id AND destination = :destination AND act = 'edit' AND state = 'pending'
FOR UPDATE
"""


def enqueue(
    connection: sa.Connection, group_id: str, destination: str, steps: Sequence[Step]
) -> None:
    """Let steps of a group wait, in the caller's transaction; see `Outbox.enqueue`."""
    _insert(connection, "clock_timestamp()", group_id, destination, steps)


def delivery_id(group_id: str, destination: str, seq: int) -> str:
    """Return the name of a message: the same one however often it is decided or sent."""
    return str(uuid5(_NAMESPACE, f"{group_id}\x1f{destination}\x1f{seq}"))


class PostgresOutbox:
    """The `Outbox` in Postgres."""

    def __init__(
        self, engine: sa.Engine, *, lease_seconds: float = LEASE_SECONDS, ahead_seconds: float = 0
    ) -> None:
        """Prepare to use the table.

        Args:
            engine: The database.
            lease_seconds: How long a claim is respected.
            ahead_seconds: How far the clock is ahead of Postgres's, for rehearsals of long
                outages.
        """
        self._engine = engine
        self._lease_seconds = lease_seconds
        self.ahead_seconds = ahead_seconds

    def enqueue(self, group_id: str, destination: str, steps: Sequence[Step]) -> None:
        """Let steps wait; one that is there already is left as it is."""
        with transaction(self._engine) as connection:
            _insert(connection, self._now, group_id, destination, steps)

    def say(self, message: Message, destination: str, seq: int = 1) -> None:
        """Let a message wait that stands for no incident and says what it says."""
        with transaction(self._engine) as connection:
            _put(connection, self._now, message, destination, seq)

    def stand_in(self, delivery: Delivery, destination: str, message: Message) -> None:
        """Let another destination be told, once, what could not be delivered."""
        text = asdict(message) | {"group": f"instead-of-{delivery.delivery_id}"}
        self.say(_message(text), destination)

    def due(self) -> tuple[str, ...]:
        """Return the destinations for which something can be claimed."""
        with transaction(self._engine) as connection:
            return tuple(connection.scalars(self._sql(_DUE)))

    def claim(self, destination: str) -> Delivery | None:
        """Take the message that is due the longest, or that a sender left behind."""
        values = {"destination": destination, "lease": self._lease_seconds}
        with transaction(self._engine) as connection:
            row = connection.execute(self._sql(_CLAIM), values).one_or_none()
            if row is None:
                return None
            which = {"group_id": row.group_id, "destination": destination, "seq": row.seq}
            opening = connection.execute(sa.text(_OPENING), which).one_or_none()
        return _delivery(row, opening)

    def mark_sent(self, delivery: Delivery, provider_ref: str) -> bool:
        """Record a delivery; return False if the lease had run out and another sender took it."""
        return self._mark(_MARK_SENT, delivery, provider_ref=storable(provider_ref))

    def leave_out(self, delivery: Delivery) -> bool:
        """Record that nothing was left to say; False as `mark_sent`."""
        return self._mark(_MARK_SENT, delivery, provider_ref=None)

    def mark_failed(
        self,
        delivery: Delivery,
        error: str,
        *,
        retry_seconds: float | None,
        may_have_arrived: bool,
    ) -> bool:
        """Let a message wait so long, or give it up with None; False as `mark_sent`."""
        return self._mark(
            _MARK_FAILED,
            delivery,
            error=storable(error),
            retry=retry_seconds,
            may_have_arrived=may_have_arrived,
        )

    def hold(self, destination: str, seconds: float) -> None:
        """Let everything that waits for a destination wait at least so long."""
        values = {"destination": destination, "seconds": seconds}
        with transaction(self._engine) as connection:
            connection.execute(self._sql(_HOLD), values)

    def waiting(self) -> int:
        """Return how many messages are neither delivered nor given up."""
        query = "SELECT count(*) FROM monitoring.outbox WHERE state IN ('pending', 'inflight')"
        with transaction(self._engine) as connection:
            return int(connection.execute(sa.text(query)).scalar_one())

    @contextmanager
    def signals(self) -> Iterator["Signals"]:
        """Yield what hears of messages that begin to wait, as long as the connection lasts."""
        signals = Signals(self._engine)
        try:
            yield signals
        finally:
            signals.close()

    @property
    def _now(self) -> str:
        if not self.ahead_seconds:
            return "clock_timestamp()"
        return f"(clock_timestamp() + make_interval(secs => {float(self.ahead_seconds)}))"

    def _sql(self, statement: str) -> sa.TextClause:
        return sa.text(statement.replace(":now", self._now))

    def _mark(self, statement: str, delivery: Delivery, **values: object) -> bool:
        mine = {"id": delivery.id, "attempts": delivery.attempt}
        with transaction(self._engine) as connection:
            return bool(connection.execute(self._sql(statement), mine | values).rowcount)


class Signals:
    """A connection that hears of messages; it is only a hint, so that losing it loses nothing."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.PoolProxiedConnection | None = None

    def wait(self, seconds: float) -> None:
        """Return when a message begins to wait, at the latest after so many seconds."""
        try:
            if self._connection is None:
                self._connection = self._engine.raw_connection()
                driver = self._driver()
                driver.autocommit = True
                driver.execute(f"LISTEN {CHANNEL}")
            for _ in self._driver().notifies(timeout=seconds, stop_after=1):
                pass
        except (psycopg.Error, sa.exc.SQLAlchemyError):
            self.close()
            time.sleep(seconds)

    def close(self) -> None:
        """Give the connection back; it is not used by anything else, since it still listens."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None

    def _driver(self) -> psycopg.Connection[Any]:
        assert self._connection is not None  # noqa: S101
        return self._connection.driver_connection  # type: ignore[return-value]


def _insert(
    connection: sa.Connection,
    now: str,
    group_id: str,
    destination: str,
    steps: Sequence[Step],
) -> None:
    where = {"group_id": group_id, "destination": destination}
    for step in steps:
        if step.act is Act.EDIT and connection.execute(sa.text(_WAITING_EDIT), where).first():
            continue
        _put_row(connection, now, where, step, None)
    connection.execute(sa.text(f"NOTIFY {CHANNEL}"))


def _put(
    connection: sa.Connection, now: str, message: Message, destination: str, seq: int
) -> None:
    where = {"group_id": message.group, "destination": destination}
    said = json.dumps(_storable(asdict(message)))
    _put_row(connection, now, where, Step(seq=seq, act=message.act), said)
    connection.execute(sa.text(f"NOTIFY {CHANNEL}"))


def _put_row(
    connection: sa.Connection, now: str, where: dict[str, str], step: Step, said: str | None
) -> None:
    values = where | {
        "delivery_id": delivery_id(where["group_id"], where["destination"], step.seq),
        "seq": step.seq,
        "act": step.act,
        "said": said,
    }
    connection.execute(sa.text(_INSERT.replace(":now", now)), values)


def _delivery(row: sa.Row[Any], opening: sa.Row[Any] | None) -> Delivery:
    return Delivery(
        id=row.id,
        delivery_id=str(row.delivery_id),
        group_id=row.group_id,
        destination=row.destination,
        seq=row.seq,
        act=Act(row.act),
        attempt=row.attempts,
        failures=row.failures,
        may_have_arrived=row.may_have_arrived,
        opening=_opening(opening),
        thread=opening.provider_ref if opening is not None else None,
        waited_seconds=float(row.waited_seconds),
        quiet_seconds=float("inf") if row.quiet_seconds is None else float(row.quiet_seconds),
        said=None if row.said is None else _message(row.said),
    )


def _opening(row: sa.Row[Any] | None) -> Opening:
    if row is None or row.state in {"pending", "inflight"}:
        return Opening.NONE
    if row.state == "dead":
        return Opening.DEAD
    return Opening.SENT if row.provider_ref is not None else Opening.SILENT


def _message(text: dict[str, Any]) -> Message:
    return Message(
        **text
        | {
            "act": Act(text["act"]),
            "severity": Severity(text["severity"]),
            "facts": tuple((name, fact) for name, fact in text["facts"]),
            "hides": tuple(text["hides"]),
            "links": tuple(Link(**link) for link in text["links"]),
        }
    )


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {name: _storable(one) for name, one in value.items()}
        case list() | tuple():
            return [_storable(one) for one in value]
    return value
