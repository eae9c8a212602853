"""The table `decision`, written together with the message that follows from it."""

from collections.abc import Sequence

import sqlalchemy as sa

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.decision import Decision
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.engine import lock, transaction
from monitoring_assets.stores.outbox import enqueue
from monitoring_assets.stores.schema import decision as table
from monitoring_assets.stores.text import storable


class PostgresDecisions:
    """The `DecisionStore` in Postgres; its messages go to one destination."""

    def __init__(self, engine: sa.Engine, *, destination: str = "slack") -> None:
        self._engine = engine
        self._destination = destination

    def record(self, decision: Decision, run: RunInfo) -> bool:
        """Store a decision and enqueue its notice in the same transaction.

        A notice that waits is not withdrawn by a later decision without one.

        Returns:
            Whether the notice waits to be delivered, for the first time or as an edit.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        window = decision.window
        with transaction(self._engine) as connection:
            lock(connection, decision.model, "decision", window.key)
            same = (table.c.window_start == window.start) | (table.c.window_key == window.key)
            connection.execute(sa.delete(table).where(table.c.model == decision.model, same))
            connection.execute(sa.insert(table), _row(decision, run))
            if decision.notice is None:
                return False
            return enqueue(connection, decision.notice, self._destination, run.computed_at)

    def decided_keys(self, model: str, windows: Sequence[Window]) -> set[str]:
        """Return the keys of those windows that were decided.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        starts = [window.start for window in windows]
        query = sa.select(table.c.window_key).where(
            table.c.model == model, table.c.window_start.in_(starts)
        )
        with transaction(self._engine) as connection:
            return set(connection.scalars(query))


def _row(decision: Decision, run: RunInfo) -> dict[str, object]:
    return {
        "model": decision.model,
        "window_start": decision.window.start,
        "window_end": decision.window.end,
        "window_key": decision.window.key,
        "status": decision.status,
        "reason": storable(decision.reason),
        "failing": [storable(line) for line in decision.failing],
        "run_id": run.run_id,
        "decided_at": run.computed_at,
    }
