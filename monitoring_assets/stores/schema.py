"""The tables of the schema `monitoring`, and how a database is brought to their newest version.

Key columns are never null: an absent column, segment or version is the empty text.
"""

from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

from monitoring_assets.domain.errors import StoreUnavailableError
from monitoring_assets.stores.engine import lock, place, transaction

SCHEMA = "monitoring"
VERSION_TABLE = "schema_version"
MIGRATIONS = "monitoring_assets.stores:migrations"
_NUMBERS = ("value", "lower", "upper", "threshold")

# Compared byte by byte: 355 rows are inserted in 8 ms instead of 12 ms, the order is Python's, and
# an upgrade of the operating system's locales cannot make an index wrong.
BYTES_IN_ORDER = sa.Text(collation="C")

metadata = sa.MetaData(schema=SCHEMA)


def _text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, BYTES_IN_ORDER, nullable=False, **options)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


# NaN is greater than infinity in Postgres, so one comparison on each side excludes all three.
measurement = sa.Table(
    "measurement",
    metadata,
    _text("model", primary_key=True),
    sa.Column("window_start", TIMESTAMP(timezone=True), primary_key=True),
    _text("asset", primary_key=True),
    _text("metric", primary_key=True),
    _text("column_name", primary_key=True),
    _text("segment", primary_key=True),
    _text("model_version", primary_key=True),
    _moment("window_end"),
    _text("window_key"),
    _text("reference_version"),
    _text("method"),
    _text("kind"),
    _text("check_name"),
    *(sa.Column(name, sa.Double) for name in _NUMBERS),
    sa.Column("n", sa.BigInteger, nullable=False),
    _text("status"),
    _text("reason"),
    _text("run_id"),
    _moment("computed_at"),
    *(
        sa.CheckConstraint(
            f"{name} > '-Infinity' AND {name} < 'Infinity'", name=f"measurement_{name}_is_finite"
        )
        for name in _NUMBERS
    ),
    sa.Index("measurement_model_metric_window", "model", "metric", "window_start"),
    sa.Index("measurement_model_window_key", "model", "window_key"),
    sa.Index("measurement_window", "window_start"),
)

decision = sa.Table(
    "decision",
    metadata,
    _text("model", primary_key=True),
    sa.Column("window_start", TIMESTAMP(timezone=True), primary_key=True),
    _moment("window_end"),
    _text("window_key"),
    _text("status"),
    _text("reason"),
    sa.Column("failing", JSONB, nullable=False),
    _text("run_id"),
    _moment("decided_at"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("delivery_id", UUID(as_uuid=True), nullable=False),
    _text("model"),
    _text("window_key"),
    _text("destination"),
    sa.Column("payload", JSONB, nullable=False),
    _text("payload_digest"),
    sa.Column("delivered_digest", BYTES_IN_ORDER),
    _text("state"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    _moment("first_attempt_at", nullable=True),
    _moment("next_at", nullable=True),
    _moment("lease_until", nullable=True),
    sa.Column("provider_ref", BYTES_IN_ORDER),
    sa.Column("last_error", BYTES_IN_ORDER),
    _moment("created_at"),
    _moment("sent_at", nullable=True),
    sa.UniqueConstraint("delivery_id", name="outbox_delivery"),
    sa.UniqueConstraint("model", "window_key", "destination", name="outbox_one_per_window"),
    sa.CheckConstraint(
        "state IN ('pending', 'inflight', 'sent', 'dead')", name="outbox_state_is_known"
    ),
    sa.Index(
        "outbox_waiting",
        "destination",
        "next_at",
        postgresql_where=sa.text("state IN ('pending', 'inflight')"),
    ),
)

source_state = sa.Table(
    "source_state",
    metadata,
    _text("model", primary_key=True),
    _text("source", primary_key=True),
    sa.Column("window_start", TIMESTAMP(timezone=True), primary_key=True),
    _text("window_key"),
    _text("fingerprint"),
    _moment("recorded_at"),
)


def upgrade(engine: sa.Engine) -> None:
    """Bring the schema to the newest version; of two starters at once only one works.

    Raises:
        StoreUnavailableError: If Postgres refuses, or if a running query holds a table for more
            than two seconds; nothing is changed then.
    """
    current = current_revision(engine)
    if current == newest_revision():
        return
    if current is not None and current not in _known_revisions():
        raise StoreUnavailableError(
            f"the schema {SCHEMA} at {place(engine)} has version {current}, which is not "
            "known here: a newer monitoring-assets made it; install that one"
        )
    with transaction(engine) as connection:
        # The second starter waits here until the first has committed, and then finds no work.
        lock(connection, "upgrade")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        if not sa.inspect(connection).has_schema(SCHEMA):
            connection.execute(sa.schema.CreateSchema(SCHEMA))
        config = _alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current_revision(engine: sa.Engine) -> str | None:
    """Return the version of a database's schema, None where it was never created."""
    with transaction(engine) as connection:
        return MigrationContext.configure(
            connection, opts=context_options()
        ).get_current_revision()


def newest_revision() -> str | None:
    """Return the version that this package works with."""
    return ScriptDirectory.from_config(_alembic_config()).get_current_head()


def _known_revisions() -> set[str]:
    return {s.revision for s in ScriptDirectory.from_config(_alembic_config()).walk_revisions()}


def context_options() -> dict[str, Any]:
    """Return how Alembic compares and records versions: only inside our own schema."""
    return {
        "target_metadata": metadata,
        "version_table": VERSION_TABLE,
        "version_table_schema": SCHEMA,
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
    }


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    return config
