"""The tables of the schema `monitoring`, and how a database is brought to their newest version.

Key columns are never null: an absent column, segment or version is the empty text.
"""

from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, UUID

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
    # Only for deleting what is old: with a B-tree all models were read to find the newest of one.
    sa.Index("measurement_window", "window_start", postgresql_using="brin"),
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
    sa.Column("told", JSONB, nullable=False, server_default="[]"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("delivery_id", UUID(as_uuid=True), nullable=False),
    _text("group_id"),
    _text("destination"),
    sa.Column("seq", sa.Integer, nullable=False),
    _text("act"),
    _text("state"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("may_have_arrived", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("said", JSONB),
    _moment("first_attempt_at", nullable=True),
    _moment("next_at", nullable=True),
    _moment("lease_until", nullable=True),
    sa.Column("provider_ref", BYTES_IN_ORDER),
    sa.Column("last_error", BYTES_IN_ORDER),
    _moment("created_at"),
    _moment("sent_at", nullable=True),
    sa.UniqueConstraint("delivery_id", name="outbox_delivery"),
    sa.UniqueConstraint("group_id", "destination", "seq", name="outbox_one_per_step"),
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


def _verdict_columns() -> list[Any]:
    """Return what the newest verdicts and those that they replaced have in common."""
    return [
        _text("kind"),
        _text("metric"),
        _text("status"),
        *(sa.Column(name, sa.Double) for name in ("score", "threshold", "recovery", "margin")),
        *(sa.Column(name, sa.Double) for name in ("lower", "upper")),
        sa.Column("n", sa.BigInteger, nullable=False),
        _text("reason"),
        _text("baseline"),
        _text("run_id"),
        _moment("run_started_at"),
        _moment("judged_at"),
    ]


verdict = sa.Table(
    "verdict",
    metadata,
    _text("model", primary_key=True),
    _text("check_name", primary_key=True),
    _text("column_name", primary_key=True),
    _text("segment", primary_key=True),
    sa.Column("window_start", TIMESTAMP(timezone=True), primary_key=True),
    _moment("window_end"),
    _text("window_key"),
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    *_verdict_columns(),
    sa.Index("verdict_model_window", "model", "window_start"),
)

verdict_history = sa.Table(
    "verdict_history",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    _text("model"),
    _text("check_name"),
    _text("column_name"),
    _text("segment"),
    _moment("window_start"),
    _moment("window_end"),
    _text("window_key"),
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    *_verdict_columns(),
    sa.Index("verdict_history_model_window", "model", "window_start"),
)

incident = sa.Table(
    "incident",
    metadata,
    sa.Column("id", BYTES_IN_ORDER, primary_key=True),
    _text("model"),
    _text("check_name"),
    _text("column_name"),
    _text("segment"),
    _text("kind"),
    _text("state"),
    _text("severity"),
    _text("first_window"),
    _text("opened_window"),
    _text("last_window"),
    sa.Column("resolved_window", BYTES_IN_ORDER),
    sa.Column("resolution", BYTES_IN_ORDER),
    _text("note"),
    _text("group_id"),
    _text("hidden_by"),
    sa.Column("episode", JSONB, nullable=False),
    sa.Column("told", JSONB, nullable=False),
    _moment("opened_at"),
    sa.Column("acked_by", BYTES_IN_ORDER),
    _moment("acked_at", nullable=True),
    _moment("snooze_until", nullable=True),
    _moment("resolved_at", nullable=True),
    # No two incidents of one subject are open at a time.
    sa.Index(
        "incident_one_open",
        "model",
        "check_name",
        "column_name",
        "segment",
        unique=True,
        postgresql_where=sa.text("state <> 'resolved'"),
    ),
    sa.Index("incident_group", "group_id"),
)

alert_group = sa.Table(
    "alert_group",
    metadata,
    sa.Column("id", BYTES_IN_ORDER, primary_key=True),
    _text("model"),
    _text("severity"),
    sa.Column("destinations", JSONB, nullable=False),
    sa.Column("last_seq", sa.Integer, nullable=False),
    _moment("opened_at"),
    _moment("reminded_at", nullable=True),
    _moment("resolved_at", nullable=True),
    sa.Index(
        "alert_group_one_open",
        "model",
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    ),
)

alert_event = sa.Table(
    "alert_event",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    _moment("at"),
    _text("model"),
    _text("window_key"),
    _text("incident_id"),
    _text("what"),
    _text("line"),
    _text("severity"),
    _text("group_id"),
    sa.Column("seq", sa.Integer),
    _text("digest"),
    _text("destination"),
    sa.Index("alert_event_group", "group_id", "seq"),
    sa.Index("alert_event_digest", "digest"),
    sa.Index("alert_event_incident", "incident_id"),
)

silence = sa.Table(
    "silence",
    metadata,
    sa.Column("id", BYTES_IN_ORDER, primary_key=True),
    _text("model"),
    _text("kind"),
    _text("column_name"),
    _text("segment"),
    _moment("starts_at"),
    _moment("ends_at"),
    _text("created_by"),
    _text("reason"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    _moment("at"),
    _text("actor"),
    _text("action"),
    _text("model"),
    _text("subject"),
    _text("detail"),
    _text("undo"),
    _moment("expires_at", nullable=True),
    sa.Index("audit_subject", "subject"),
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

model = sa.Table(
    "model",
    metadata,
    _text("model", primary_key=True),
    *(_text(name) for name in ("owner", "task", "description", "every", "timezone")),
    sa.Column("tier", sa.SmallInteger, nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date),
    sa.Column("deadline_seconds", sa.BigInteger, nullable=False),
    sa.Column("look_back_seconds", sa.BigInteger, nullable=False),
    _text("reference_version"),
    _moment("seen_at"),
)

address = sa.Table("address", metadata, _text("name", primary_key=True), _text("url"))

AREAS = ("log", "quality", "volume", "drift", "label", "performance")

model_day = sa.Table(
    "model_day",
    metadata,
    _text("model", primary_key=True),
    sa.Column("window_start", TIMESTAMP(timezone=True), primary_key=True),
    _moment("window_end"),
    *(_text(name) for name in ("window_key", "reference_version", "status")),
    *(sa.Column(f"{area}_status", BYTES_IN_ORDER) for area in AREAS),
    sa.Column("judged_checks", sa.BigInteger, nullable=False),
    sa.Column("failing_checks", sa.BigInteger, nullable=False),
    sa.Column("failing", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.BigInteger),
    sa.Column("labelled", sa.BigInteger),
    sa.Column("label_coverage", sa.Double),
    sa.Column("drifted_share", sa.Double),
    sa.Column("worst_column", BYTES_IN_ORDER),
    sa.Column("worst_ratio", sa.Double),
    sa.Column("performance_metric", BYTES_IN_ORDER),
    sa.Column("performance", sa.Double),
    *(sa.Column(f"performance_{name}", sa.Double) for name in ("lower", "upper", "threshold")),
    _text("run_id"),
    _moment("computed_at"),
    sa.Index("model_day_window", "window_start"),
)

histogram = sa.Table(
    "histogram",
    metadata,
    _text("model", primary_key=True),
    sa.Column("window_start", TIMESTAMP(timezone=True), primary_key=True),
    _text("column_name", primary_key=True),
    _text("window_key"),
    _text("asset"),
    sa.Column("labels", ARRAY(BYTES_IN_ORDER), nullable=False),
    sa.Column("reference", ARRAY(sa.REAL), nullable=False),
    sa.Column("current", ARRAY(sa.REAL), nullable=False),
)

event = sa.Table(
    "event",
    metadata,
    _text("model", primary_key=True),
    _text("kind", primary_key=True),
    _text("subject", primary_key=True),
    _moment("starts_at"),
)

pipeline_step = sa.Table(
    "pipeline_step",
    metadata,
    _text("run_id", primary_key=True),
    _text("model", primary_key=True),
    _text("asset", primary_key=True),
    _text("first_window"),
    _text("last_window"),
    _moment("first_window_start", nullable=True),
    _moment("last_window_end", nullable=True),
    sa.Column("windows", sa.Integer, nullable=False),
    sa.Column("is_backfill", sa.Boolean, nullable=False),
    _text("status"),
    _moment("run_started_at"),
    _moment("started_at"),
    _moment("ended_at", nullable=True),
    _text("error"),
    sa.CheckConstraint(
        "status IN ('started', 'succeeded', 'failed')", name="pipeline_step_status_is_known"
    ),
    sa.Index("pipeline_step_run_started", "run_started_at"),
    sa.Index("pipeline_step_started", "started_at"),
    sa.Index("pipeline_step_asset", "model", "asset", "started_at"),
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
