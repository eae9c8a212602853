"""Create verdicts, incidents, groups, silences and the audit; the outbox holds acts of groups.

Messages of the former outbox that still wait are not taken over: deliver them before.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = "monitoring"
TEXT = sa.Text(collation="C")


def upgrade() -> None:
    """Create the tables of alerts."""
    op.drop_table("outbox", schema=SCHEMA)
    told = sa.Column("told", JSONB, nullable=False, server_default="[]")
    op.add_column("decision", told, schema=SCHEMA)
    _outbox()
    _verdicts()
    _incident()
    _alert_group()
    _alert_event()
    _silence()
    _audit()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def _maybe(name: str) -> sa.Column[str | None]:
    return sa.Column(name, TEXT)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _subject() -> list[sa.Column[str]]:
    return [_text(name) for name in ("model", "check_name", "column_name", "segment")]


def _outbox() -> None:
    op.create_table(
        "outbox",
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
        _maybe("provider_ref"),
        _maybe("last_error"),
        _moment("created_at"),
        _moment("sent_at", nullable=True),
        sa.UniqueConstraint("delivery_id", name="outbox_delivery"),
        sa.UniqueConstraint("group_id", "destination", "seq", name="outbox_one_per_step"),
        sa.CheckConstraint(
            "state IN ('pending', 'inflight', 'sent', 'dead')", name="outbox_state_is_known"
        ),
        schema=SCHEMA,
    )
    waiting = sa.text("state IN ('pending', 'inflight')")
    _index("outbox_waiting", "outbox", "destination", "next_at", postgresql_where=waiting)


def _verdicts() -> None:
    op.create_table(
        "verdict",
        *_subject(),
        *_verdict_columns(),
        sa.PrimaryKeyConstraint("model", "check_name", "column_name", "segment", "window_start"),
        schema=SCHEMA,
    )
    _index("verdict_model_window", "verdict", "model", "window_start")
    op.create_table(
        "verdict_history",
        sa.Column("id", sa.BigInteger, primary_key=True),
        *_subject(),
        *_verdict_columns(),
        schema=SCHEMA,
    )
    _index("verdict_history_model_window", "verdict_history", "model", "window_start")


def _verdict_columns() -> list[sa.Column[Any]]:
    numbers = ("score", "threshold", "recovery", "margin", "lower", "upper")
    return [
        _moment("window_start"),
        _moment("window_end"),
        _text("window_key"),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
        *(_text(name) for name in ("kind", "metric", "status")),
        *(sa.Column(name, sa.Double) for name in numbers),
        sa.Column("n", sa.BigInteger, nullable=False),
        *(_text(name) for name in ("reason", "baseline", "run_id")),
        _moment("run_started_at"),
        _moment("judged_at"),
    ]


def _incident() -> None:
    op.create_table(
        "incident",
        sa.Column("id", TEXT, primary_key=True),
        *_subject(),
        *(_text(name) for name in ("kind", "state", "severity")),
        *(_text(name) for name in ("first_window", "opened_window", "last_window")),
        *(_maybe(name) for name in ("resolved_window", "resolution")),
        *(_text(name) for name in ("note", "group_id", "hidden_by")),
        sa.Column("episode", JSONB, nullable=False),
        sa.Column("told", JSONB, nullable=False),
        _moment("opened_at"),
        _maybe("acked_by"),
        _moment("acked_at", nullable=True),
        _moment("snooze_until", nullable=True),
        _moment("resolved_at", nullable=True),
        schema=SCHEMA,
    )
    op.create_index(
        "incident_one_open",
        "incident",
        ["model", "check_name", "column_name", "segment"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    _index("incident_group", "incident", "group_id")


def _alert_group() -> None:
    op.create_table(
        "alert_group",
        sa.Column("id", TEXT, primary_key=True),
        _text("model"),
        _text("severity"),
        sa.Column("destinations", JSONB, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        _moment("opened_at"),
        _moment("reminded_at", nullable=True),
        _moment("resolved_at", nullable=True),
        schema=SCHEMA,
    )
    op.create_index(
        "alert_group_one_open",
        "alert_group",
        ["model"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _alert_event() -> None:
    op.create_table(
        "alert_event",
        sa.Column("id", sa.BigInteger, primary_key=True),
        _moment("at"),
        *(_text(name) for name in ("model", "window_key", "incident_id", "what", "line")),
        *(_text(name) for name in ("severity", "group_id")),
        sa.Column("seq", sa.Integer),
        *(_text(name) for name in ("digest", "destination")),
        schema=SCHEMA,
    )
    _index("alert_event_group", "alert_event", "group_id", "seq")
    _index("alert_event_digest", "alert_event", "digest")
    _index("alert_event_incident", "alert_event", "incident_id")


def _silence() -> None:
    op.create_table(
        "silence",
        sa.Column("id", TEXT, primary_key=True),
        *(_text(name) for name in ("model", "kind", "column_name", "segment")),
        _moment("starts_at"),
        _moment("ends_at"),
        *(_text(name) for name in ("created_by", "reason")),
        schema=SCHEMA,
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger, primary_key=True),
        _moment("at"),
        *(_text(name) for name in ("actor", "action", "model", "subject", "detail", "undo")),
        _moment("expires_at", nullable=True),
        schema=SCHEMA,
    )
    _index("audit_subject", "audit", "subject")


def _index(name: str, table: str, *columns: str, **options: Any) -> None:
    op.create_index(name, table, list(columns), schema=SCHEMA, **options)
