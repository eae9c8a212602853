"""Create measurement, decision, outbox and source_state."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "monitoring"
TEXT = sa.Text(collation="C")
NUMBERS = ("value", "lower", "upper", "threshold")


def upgrade() -> None:
    """Create the first tables."""
    _measurement()
    _decision()
    _outbox()
    _source_state()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _measurement() -> None:
    op.create_table(
        "measurement",
        _text("model"),
        _moment("window_start"),
        _text("asset"),
        _text("metric"),
        _text("column_name"),
        _text("segment"),
        _text("model_version"),
        _moment("window_end"),
        _text("window_key"),
        _text("reference_version"),
        _text("method"),
        _text("kind"),
        _text("check_name"),
        *(sa.Column(name, sa.Double) for name in NUMBERS),
        sa.Column("n", sa.BigInteger, nullable=False),
        _text("status"),
        _text("reason"),
        _text("run_id"),
        _moment("computed_at"),
        sa.PrimaryKeyConstraint(
            "model",
            "window_start",
            "asset",
            "metric",
            "column_name",
            "segment",
            "model_version",
        ),
        *(
            sa.CheckConstraint(
                f"{name} > '-Infinity' AND {name} < 'Infinity'",
                name=f"measurement_{name}_is_finite",
            )
            for name in NUMBERS
        ),
        schema=SCHEMA,
    )
    _index("measurement_model_metric_window", "measurement", "model", "metric", "window_start")
    _index("measurement_model_window_key", "measurement", "model", "window_key")
    _index("measurement_window", "measurement", "window_start")


def _decision() -> None:
    op.create_table(
        "decision",
        _text("model"),
        _moment("window_start"),
        _moment("window_end"),
        _text("window_key"),
        _text("status"),
        _text("reason"),
        sa.Column("failing", JSONB, nullable=False),
        _text("run_id"),
        _moment("decided_at"),
        sa.PrimaryKeyConstraint("model", "window_start"),
        schema=SCHEMA,
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("delivery_id", UUID(as_uuid=True), nullable=False),
        _text("model"),
        _text("window_key"),
        _text("destination"),
        sa.Column("payload", JSONB, nullable=False),
        _text("payload_digest"),
        sa.Column("delivered_digest", TEXT),
        _text("state"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        _moment("first_attempt_at", nullable=True),
        _moment("next_at", nullable=True),
        _moment("lease_until", nullable=True),
        sa.Column("provider_ref", TEXT),
        sa.Column("last_error", TEXT),
        _moment("created_at"),
        _moment("sent_at", nullable=True),
        sa.UniqueConstraint("delivery_id", name="outbox_delivery"),
        sa.UniqueConstraint("model", "window_key", "destination", name="outbox_one_per_window"),
        sa.CheckConstraint(
            "state IN ('pending', 'inflight', 'sent', 'dead')", name="outbox_state_is_known"
        ),
        schema=SCHEMA,
    )
    waiting = sa.text("state IN ('pending', 'inflight')")
    _index("outbox_waiting", "outbox", "destination", "next_at", postgresql_where=waiting)


def _source_state() -> None:
    op.create_table(
        "source_state",
        _text("model"),
        _text("source"),
        _moment("window_start"),
        _text("window_key"),
        _text("fingerprint"),
        _moment("recorded_at"),
        sa.PrimaryKeyConstraint("model", "source", "window_start"),
        schema=SCHEMA,
    )


def _index(name: str, table: str, *columns: str, **options: Any) -> None:
    op.create_index(name, table, list(columns), schema=SCHEMA, **options)
