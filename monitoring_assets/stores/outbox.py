"""The table `outbox`: messages that wait to be delivered, claimed row by row under a lease.

A claim is committed before anything is sent, and `attempts` fences it: a sender that was frozen
past its lease can no longer change the row. Leases are measured by the clock of Postgres, so that
a worker with a wrong clock cannot take a message out of another's hands; when to try again is in
the caller's time. Sending belongs to `application.dispatch`.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa

from monitoring_assets.application.dispatch import Delivery
from monitoring_assets.domain.decision import Notice
from monitoring_assets.stores.engine import transaction
from monitoring_assets.stores.text import storable

# Longer than the eight requests, at 5 s each, that one delivery to Slack can take.
LEASE_SECONDS = 60.0
_NAMESPACE = UUID("5b0a9d56-6f0c-5c5e-9f4e-0d7a3f8f3c11")

# The delivered text is unknown from a claim until its success: only then is it compared again.
_CLAIM = sa.text("""
WITH due AS (
  SELECT id FROM monitoring.outbox
  WHERE destination = :destination
    AND (state = 'pending' AND (next_at IS NULL OR next_at <= :now)
         OR state = 'inflight' AND lease_until < clock_timestamp())
  ORDER BY next_at NULLS FIRST, id
  LIMIT 1
  FOR UPDATE SKIP LOCKED
)
UPDATE monitoring.outbox o SET
  state = 'inflight',
  attempts = attempts + 1,
  failures = failures + (state = 'inflight')::int,
  first_attempt_at = coalesce(first_attempt_at, :now),
  delivered_digest = NULL,
  lease_until = clock_timestamp() + make_interval(secs => :lease)
FROM due WHERE o.id = due.id
RETURNING o.id, delivery_id, payload, attempts, failures, first_attempt_at, provider_ref
""")

_MARK_SENT = sa.text("""
UPDATE monitoring.outbox SET
  state = CASE WHEN payload_digest = :digest THEN 'sent' ELSE 'pending' END,
  delivered_digest = :digest,
  provider_ref = :provider_ref,
  failures = 0,
  next_at = NULL,
  lease_until = NULL,
  last_error = NULL,
  sent_at = :now
WHERE id = :id AND attempts = :attempts AND state = 'inflight'
""")

_MARK_FAILED = sa.text("""
UPDATE monitoring.outbox SET
  state = CASE WHEN :is_dead AND payload_digest = :digest THEN 'dead' ELSE 'pending' END,
  failures = failures + 1,
  next_at = :retry_at,
  lease_until = NULL,
  last_error = :error
WHERE id = :id AND attempts = :attempts AND state = 'inflight'
""")

# A message in flight stays so with its new text: `mark_sent` sees that it differs, and it waits.
_ENQUEUE = sa.text("""
INSERT INTO monitoring.outbox AS o
  (delivery_id, model, window_key, destination, payload, payload_digest, state, created_at)
VALUES
  (:delivery_id, :model, :window_key, :destination, :payload, :digest, 'pending', :now)
ON CONFLICT (model, window_key, destination) DO UPDATE SET
  payload = excluded.payload,
  payload_digest = excluded.payload_digest,
  state = CASE
    WHEN o.state = 'inflight' THEN 'inflight'
    WHEN o.delivered_digest = excluded.payload_digest THEN 'sent'
    ELSE 'pending' END,
  first_attempt_at = CASE WHEN o.state IN ('sent', 'dead') THEN NULL ELSE o.first_attempt_at END,
  next_at = CASE WHEN o.state IN ('sent', 'dead') THEN NULL ELSE o.next_at END
RETURNING state
""").bindparams(sa.bindparam("payload", type_=sa.JSON()))


def enqueue(connection: sa.Connection, notice: Notice, destination: str, now: datetime) -> bool:
    """Store a message in the caller's transaction; return whether it waits to be delivered."""
    values = {
        "delivery_id": delivery_id(notice, destination),
        "model": notice.model,
        "window_key": notice.window_key,
        "destination": destination,
        "payload": _payload(notice),
        "digest": _digest(notice),
        "now": now,
    }
    return connection.execute(_ENQUEUE, values).scalar_one() in {"pending", "inflight"}


def delivery_id(notice: Notice, destination: str) -> UUID:
    """Return the name of a message: the same one however often it is decided or sent."""
    return uuid5(_NAMESPACE, f"{notice.model}\x1f{notice.window_key}\x1f{destination}")


class PostgresOutbox:
    """The `Outbox` in Postgres, for one destination."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        destination: str = "slack",
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._engine = engine
        self._destination = destination
        self._lease_seconds = lease_seconds

    def claim(self, now: datetime) -> Delivery | None:
        """Take one message that is due, or that a sender left behind; None if there is none."""
        values = {"destination": self._destination, "now": now, "lease": self._lease_seconds}
        with transaction(self._engine) as connection:
            row = connection.execute(_CLAIM, values).one_or_none()
        return None if row is None else _delivery(row)

    def mark_sent(self, delivery: Delivery, provider_ref: str, now: datetime) -> bool:
        """Record a delivery; return False if the lease had run out and another sender took it."""
        return self._mark(_MARK_SENT, delivery, provider_ref=provider_ref, now=now)

    def mark_failed(self, delivery: Delivery, error: str, retry_at: datetime | None) -> bool:
        """Let a message wait until `retry_at`, or give it up with None; False as `mark_sent`."""
        is_dead = retry_at is None
        text = storable(error)
        return self._mark(_MARK_FAILED, delivery, error=text, retry_at=retry_at, is_dead=is_dead)

    def waiting(self) -> int:
        """Return how many messages are not delivered and not given up."""
        query = sa.text(
            "SELECT count(*) FROM monitoring.outbox "
            "WHERE destination = :destination AND state IN ('pending', 'inflight')"
        )
        with transaction(self._engine) as connection:
            return int(connection.execute(query, {"destination": self._destination}).scalar_one())

    def _mark(self, statement: sa.TextClause, delivery: Delivery, **values: object) -> bool:
        mine = {
            "id": delivery.id,
            "attempts": delivery.attempt,
            "digest": _digest(delivery.notice),
        }
        with transaction(self._engine) as connection:
            return bool(connection.execute(statement, mine | values).rowcount)


def _delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        delivery_id=str(row.delivery_id),
        notice=Notice(**row.payload | {"lines": tuple(row.payload["lines"])}),
        attempt=row.attempts,
        failures=row.failures,
        first_attempt_at=row.first_attempt_at.astimezone(UTC),
        previous=row.provider_ref,
    )


def _payload(notice: Notice) -> dict[str, Any]:
    return {
        name: storable(value) if isinstance(value, str) else [storable(line) for line in value]
        for name, value in asdict(notice).items()
    }


def _digest(notice: Notice) -> str:
    return sha256(json.dumps(_payload(notice), sort_keys=True).encode()).hexdigest()
