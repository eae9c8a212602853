"""How long what is only looked at is kept. Roll-ups, decisions and incidents stay for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitoring_assets.stores.engine import transaction


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
    """Delete what is older than so many days; return by table how many rows.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached or refuses.
    """
    deleted = {}
    for table, kept in TABLES.items():
        delete = sa.text(f"DELETE FROM monitoring.{table} WHERE {kept.time} < :before")  # noqa: S608
        before = {"before": now - timedelta(days=days[table])}
        with transaction(engine) as connection:  # of its own: nobody waits for old rows
            deleted[table] = connection.execute(delete, before).rowcount
    return deleted
