"""Create what dashboards need beside the numbers: roll-up, histograms, models, events, steps."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEMA = "monitoring"
TEXT = sa.Text(collation="C")
AREAS = ("log", "quality", "volume", "drift", "label", "performance")

# In the order of `domain.measurement`: the largest is the worst. Null where nothing is judged.
LEVEL = """
CREATE FUNCTION monitoring.level(status text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position(ARRAY['ok', 'unjudged', 'warn', 'bad', 'error'], status) - 1
"""
STATUS = """
CREATE FUNCTION monitoring.status(level int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['ok', 'unjudged', 'warn', 'bad', 'error'])[level + 1]
"""
# How far drift is beyond its threshold, whatever the method: above 1 it is drift. The logarithm of
# a p-value falls as a distance rises; below 1e-300 there is hardly any number.
DRIFT_RATIO = """
CREATE FUNCTION monitoring.drift_ratio(method text, value float8, threshold float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN threshold <= 0 THEN NULL
  WHEN method IN (
    'ks', 'anderson', 'cramer_von_mises', 't_test', 'mannw', 'es', 'empirical_mmd',
    'chisquare', 'chisquare_two_sample', 'z', 'g_test', 'fisher_exact', 'TVD'
  )
    THEN CASE WHEN threshold < 1 THEN ln(greatest(value, 1e-300)) / ln(threshold) END
  ELSE value / threshold END
"""


def upgrade() -> None:
    """Create the tables, and the functions that sort statuses and drift by how bad they are."""
    op.execute(LEVEL)
    op.execute(STATUS)
    op.execute(DRIFT_RATIO)
    op.drop_index("measurement_window", "measurement", schema=SCHEMA)
    _index("measurement_window", "measurement", "window_start", postgresql_using="brin")
    _model()
    op.create_table(
        "address", _text("name"), _text("url"), sa.PrimaryKeyConstraint("name"), schema=SCHEMA
    )
    _model_day()
    _histogram()
    _event()
    _pipeline_step()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def _maybe(name: str) -> sa.Column[str | None]:
    return sa.Column(name, TEXT)


def _number(name: str) -> sa.Column[float | None]:
    return sa.Column(name, sa.Double)


def _count(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _model() -> None:
    op.create_table(
        "model",
        _text("model"),
        *(_text(name) for name in ("owner", "task", "description", "every", "timezone")),
        sa.Column("tier", sa.SmallInteger, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date),
        _count("deadline_seconds"),
        _count("look_back_seconds"),
        _text("reference_version"),
        _moment("seen_at"),
        sa.PrimaryKeyConstraint("model"),
        schema=SCHEMA,
    )


def _model_day() -> None:
    op.create_table(
        "model_day",
        _text("model"),
        _moment("window_start"),
        _moment("window_end"),
        *(_text(name) for name in ("window_key", "reference_version", "status")),
        *(_maybe(f"{area}_status") for area in AREAS),
        *(_count(name) for name in ("judged_checks", "failing_checks", "failing")),
        _count("rows", nullable=True),
        _count("labelled", nullable=True),
        *(_number(name) for name in ("label_coverage", "drifted_share")),
        _maybe("worst_column"),
        _number("worst_ratio"),
        _maybe("performance_metric"),
        *(_number(f"performance{part}") for part in ("", "_lower", "_upper", "_threshold")),
        _text("run_id"),
        _moment("computed_at"),
        sa.PrimaryKeyConstraint("model", "window_start"),
        schema=SCHEMA,
    )
    _index("model_day_window", "model_day", "window_start")


def _histogram() -> None:
    op.create_table(
        "histogram",
        *(_text("model"), _moment("window_start"), _text("column_name")),
        *(_text("window_key"), _text("asset")),
        sa.Column("labels", ARRAY(TEXT), nullable=False),
        sa.Column("reference", ARRAY(sa.REAL), nullable=False),
        sa.Column("current", ARRAY(sa.REAL), nullable=False),
        sa.PrimaryKeyConstraint("model", "window_start", "column_name"),
        schema=SCHEMA,
    )


def _event() -> None:
    op.create_table(
        "event",
        *(_text("model"), _text("kind"), _text("subject"), _moment("starts_at")),
        sa.PrimaryKeyConstraint("model", "kind", "subject"),
        schema=SCHEMA,
    )


def _pipeline_step() -> None:
    op.create_table(
        "pipeline_step",
        *(_text("run_id"), _text("model"), _text("asset")),
        *(_text("first_window"), _text("last_window")),
        _moment("first_window_start", nullable=True),
        _moment("last_window_end", nullable=True),
        sa.Column("windows", sa.Integer, nullable=False),
        sa.Column("is_backfill", sa.Boolean, nullable=False),
        _text("status"),
        _moment("run_started_at"),
        _moment("started_at"),
        _moment("ended_at", nullable=True),
        _text("error"),
        sa.PrimaryKeyConstraint("run_id", "model", "asset"),
        sa.CheckConstraint(
            "status IN ('started', 'succeeded', 'failed')", name="pipeline_step_status_is_known"
        ),
        schema=SCHEMA,
    )
    _index("pipeline_step_run_started", "pipeline_step", "run_started_at")
    _index("pipeline_step_started", "pipeline_step", "started_at")
    _index("pipeline_step_asset", "pipeline_step", "model", "asset", "started_at")


def _index(name: str, table: str, *columns: str, **options: Any) -> None:
    op.create_index(name, table, list(columns), schema=SCHEMA, **options)
