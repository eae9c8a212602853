"""The table `source_state`: which state of predictions and labels was last monitored."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from monitoring_assets.domain.window import Window
from monitoring_assets.stores.engine import transaction
from monitoring_assets.stores.schema import source_state
from monitoring_assets.stores.text import storable

_PUT = sa.text("""
INSERT INTO monitoring.source_state
  (model, source, window_start, window_key, fingerprint, recorded_at)
VALUES (:model, :source, :window_start, :window_key, :fingerprint, :recorded_at)
ON CONFLICT (model, source, window_start) DO UPDATE SET
  window_key = excluded.window_key,
  fingerprint = excluded.fingerprint,
  recorded_at = excluded.recorded_at
""")


class PostgresSourceStates:
    """The `SourceStates` in Postgres."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def get(self, model: str, source: str, keys: Iterable[str]) -> dict[str, str]:
        """Return the recorded fingerprint by window key; windows never recorded are left out.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        c = source_state.c
        query = (
            sa.select(c.window_key, c.fingerprint)
            .where(c.model == model, c.source == source, c.window_key.in_(list(keys)))
            .order_by(c.recorded_at)  # should a key occur twice, the newest one counts
        )
        with transaction(self._engine) as connection:
            return {key: fingerprint for key, fingerprint in connection.execute(query)}  # noqa: C416

    def put(
        self, model: str, source: str, window: Window, fingerprint: str, recorded_at: datetime
    ) -> None:
        """Record that this state of the window's rows was monitored.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        row = {
            "model": model,
            "source": source,
            "window_start": window.start,
            "window_key": window.key,
            "fingerprint": storable(fingerprint),
            "recorded_at": recorded_at,
        }
        with transaction(self._engine) as connection:
            connection.execute(_PUT, row)
