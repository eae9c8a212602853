"""The numbers that say whether alerting itself is alive, for exporters, dashboards and people."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from monitoring_assets.stores.engine import transaction

_WAITING = """
SELECT
  coalesce(extract(epoch FROM clock_timestamp() - min(created_at)
    FILTER (WHERE state IN ('pending', 'inflight'))), 0) AS oldest,
  count(*) FILTER (WHERE state IN ('pending', 'inflight')) AS waiting,
  count(*) FILTER (WHERE state = 'dead') AS dead
FROM monitoring.outbox
"""
_DECIDED = """
SELECT model, extract(epoch FROM clock_timestamp() - max(decided_at)) AS age
FROM monitoring.decision GROUP BY model ORDER BY model
"""
_HOUR, _DAY = 3_600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How alerting is doing.

    Attributes:
        oldest_pending_seconds: How long the oldest message that is not delivered has waited; 0
            where none waits.
        waiting: How many messages are neither delivered nor given up.
        dead: How many messages were given up.
        last_decision_seconds: How long ago anything was decided about each model.
    """

    oldest_pending_seconds: float
    waiting: int
    dead: int
    last_decision_seconds: Mapping[str, float]

    def __str__(self) -> str:
        """Return the numbers in words."""
        models = self.last_decision_seconds.items()
        decided = ", ".join(f"{model} {_spoken(age)} ago" for model, age in models) or "none"
        return (
            f"oldest waiting {_spoken(self.oldest_pending_seconds)}, {self.dead} given up; "
            f"last decisions: {decided}"
        )


def watch(engine: sa.Engine) -> Watch:
    """Return how alerting is doing now, by the clock of Postgres.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached.
    """
    with transaction(engine) as connection:
        outbox = connection.execute(sa.text(_WAITING)).one()
        decided = connection.execute(sa.text(_DECIDED)).all()
    return Watch(
        oldest_pending_seconds=float(outbox.oldest),
        waiting=outbox.waiting,
        dead=outbox.dead,
        last_decision_seconds={row.model: float(row.age) for row in decided},
    )


def _spoken(seconds: float) -> str:
    if seconds < 2 * _HOUR:
        return f"{seconds:.0f} s"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"
