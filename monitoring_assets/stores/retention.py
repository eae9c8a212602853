"""How long what is only looked at is kept. Roll-ups, decisions and incidents stay for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitoring_assets.stores.engine import transaction

# One transaction removes a month at most: 2.5 million rows took 4 s, and locks should be short.
_SLICE = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A table that is pruned.

    Attributes:
        time: The column that says how old a row is.
        days: How long a row is kept by default.
    """

    time: str
    days: int


TABLES: Mapping[str, Kept] = {
    "measurement": Kept(time="window_start", days=730),
    "histogram": Kept(time="window_start", days=180),
    "pipeline_step": Kept(time="started_at", days=180),
}


def outdated(engine: sa.Engine, days: Mapping[str, int], now: datetime) -> dict[str, int]:
    """Return by table how many rows are older than so many days.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached or refuses.
    """
    found = {}
    with transaction(engine) as connection:
        for table, kept in TABLES.items():
            query = sa.text(
                f"SELECT count(*) FROM monitoring.{table} WHERE {kept.time} < :before"  # noqa: S608
            )
            before = {"before": now - timedelta(days=days[table])}
            found[table] = int(connection.execute(query, before).scalar_one())
    return found


def prune(engine: sa.Engine, days: Mapping[str, int], now: datetime) -> dict[str, int]:
    """Delete what is older than so many days, the oldest first; return by table how many rows.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached or refuses; what was deleted is gone.
    """
    return {
        table: _prune(engine, table, kept.time, now - timedelta(days=days[table]))
        for table, kept in TABLES.items()
    }


def _prune(engine: sa.Engine, table: str, time: str, before: datetime) -> int:
    oldest = sa.text(f"SELECT min({time}) FROM monitoring.{table}")  # noqa: S608
    delete = sa.text(f"DELETE FROM monitoring.{table} WHERE {time} < :before")  # noqa: S608
    deleted = 0
    while True:
        with transaction(engine) as connection:
            start = connection.execute(oldest).scalar_one()
            if start is None or start >= before:
                return deleted
            until = {"before": min(before, start + _SLICE)}
            deleted += connection.execute(delete, until).rowcount
