"""The tables `model` and `address`: what dashboards show beside the numbers."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.stores.engine import transaction
from monitoring_assets.stores.text import storable

_PUT = sa.text("""
INSERT INTO monitoring.model (
  model, owner, task, description, every, timezone, tier, starts_on, ends_on, deadline_seconds,
  look_back_seconds, reference_version, seen_at)
VALUES (
  :model, :owner, :task, :description, :every, :timezone, :tier, :starts_on, :ends_on,
  :deadline_seconds, :look_back_seconds, :reference_version, :seen_at)
ON CONFLICT (model) DO UPDATE SET
  owner = excluded.owner, task = excluded.task, description = excluded.description,
  every = excluded.every, timezone = excluded.timezone, tier = excluded.tier,
  starts_on = excluded.starts_on, ends_on = excluded.ends_on,
  deadline_seconds = excluded.deadline_seconds, look_back_seconds = excluded.look_back_seconds,
  reference_version = excluded.reference_version, seen_at = excluded.seen_at
""")

_PUT_ADDRESS = sa.text("""
INSERT INTO monitoring.address AS known (name, url) VALUES (:name, :url)
ON CONFLICT (name) DO UPDATE SET url = excluded.url WHERE known.url <> excluded.url
""")


def put_model(engine: sa.Engine, config: ModelConfig, seen_at: datetime) -> None:
    """Store what a model's YAML says now.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached or refuses.
    """
    cadence = config.cadence
    row = {
        "model": config.name,
        "owner": storable(config.owner),
        "task": config.task,
        "description": storable(config.description),
        "every": cadence.every,
        "timezone": cadence.timezone,
        "tier": config.tier,
        "starts_on": cadence.start,
        "ends_on": cadence.end,
        "deadline_seconds": int(cadence.deadline.total_seconds()),
        "look_back_seconds": int(cadence.look_back.total_seconds()),
        "reference_version": config.reference.active,
        "seen_at": seen_at,
    }
    with transaction(engine) as connection:
        connection.execute(_PUT, row)


def put_addresses(engine: sa.Engine, urls: Mapping[str, str]) -> None:
    """Store where links begin: `ui` and `reports`.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached or refuses.
    """
    rows = [{"name": name, "url": storable(url)} for name, url in sorted(urls.items())]
    with transaction(engine) as connection:
        connection.execute(_PUT_ADDRESS, rows)
