"""The views of the schema `dash` as an overview; a role that may read nothing else is enough."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from monitoring_assets.application.overview import (
    DriftedColumn,
    History,
    ModelNow,
    OpenIncident,
    Overview,
    Pipeline,
)
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Status
from monitoring_assets.stores.engine import transaction

_FLEET = """
SELECT *, label_coverage_share AS label_coverage FROM dash.fleet
ORDER BY is_stale OR coalesce(level, 0) >= 3 DESC, tier, level DESC NULLS LAST, model
"""
_COLUMNS = """
SELECT * FROM (
  SELECT *, row_number() OVER (
    PARTITION BY model ORDER BY ratio DESC NULLS LAST, column_name) AS rank
  FROM dash.drift_now WHERE value IS NOT NULL) ranked
WHERE rank <= :columns ORDER BY model, rank
"""
_INCIDENTS = """
SELECT id, model, severity, state, subject, first_window, last_window, reason FROM dash.incident
WHERE is_open ORDER BY severity_rank DESC, opened_at, id
"""
_RUNS = """
SELECT status, count(*) AS n FROM dash.pipeline_run
WHERE started_at > now() - interval '1 day' GROUP BY status
"""
# Of a whole history of steps only the newest run of each model is looked at.
_LAST_RUNS = """
SELECT m.model, date_part('epoch', max(s.ended_at) - min(s.run_started_at)) AS seconds
FROM dash.model m
CROSS JOIN LATERAL (
  SELECT run_id FROM dash.pipeline_step
  WHERE model = m.model AND asset = 'alert_decision' AND ended_at IS NOT NULL
  ORDER BY started_at DESC LIMIT 1) newest
JOIN dash.pipeline_step s ON s.run_id = newest.run_id AND s.model = m.model
GROUP BY m.model
"""
_DELIVERY = "SELECT oldest_waiting_seconds, waiting, dead FROM dash.delivery"
_HISTORY = """
SELECT m.model, d.rows, d.label_coverage_share AS label_coverage, d.drifted_share, d.worst_ratio,
  d.performance
FROM dash.model m
CROSS JOIN LATERAL (
  SELECT * FROM dash.model_day
  WHERE model = m.model ORDER BY window_start DESC LIMIT :windows) d
ORDER BY m.model, d.window_start
"""
_PLAIN = {f.name for f in fields(ModelNow)} - {"status", "worst_columns"}
_SERIES = [f.name for f in fields(History)]


class PostgresOverview:
    """The `Overviews` in Postgres."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def now(self, *, columns: int) -> Overview:
        """Return how all models are doing, each with so many of its worst columns.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        with transaction(self._engine) as connection:
            worst = _worst_columns(connection, columns)
            fleet = connection.execute(sa.text(_FLEET)).all()
            return Overview(
                models=tuple(_model(row, tuple(worst[row.model])) for row in fleet),
                incidents=tuple(map(_incident, connection.execute(sa.text(_INCIDENTS)))),
                pipeline=_pipeline(connection),
            )

    def history(self, windows: int) -> Mapping[str, History]:
        """Return the newest windows of every model.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        rows = defaultdict(list)
        with transaction(self._engine) as connection:
            for row in connection.execute(sa.text(_HISTORY), {"windows": windows}):
                rows[row.model].append(row)
        return {
            model: History(**{name: tuple(getattr(r, name) for r in found) for name in _SERIES})
            for model, found in rows.items()
        }


def _worst_columns(connection: sa.Connection, columns: int) -> dict[str, list[DriftedColumn]]:
    worst = defaultdict(list)
    for row in connection.execute(sa.text(_COLUMNS), {"columns": columns}):
        worst[row.model].append(
            DriftedColumn(
                column=row.column_name,
                method=row.method,
                value=row.value,
                threshold=row.threshold,
                ratio=row.ratio,
                status=Status(row.status),
            )
        )
    return worst


def _model(row: sa.Row[Any], worst: tuple[DriftedColumn, ...]) -> ModelNow:
    plain = {n: v for n, v in row._mapping.items() if n in _PLAIN and v is not None}  # noqa: SLF001
    status = None if row.status is None else Status(row.status)
    return ModelNow(**plain, status=status, worst_columns=worst)


def _incident(row: sa.Row[Any]) -> OpenIncident:
    found = dict(row._mapping)  # noqa: SLF001
    return OpenIncident(**found | {"severity": Severity(row.severity)})


def _pipeline(connection: sa.Connection) -> Pipeline:
    delivery = connection.execute(sa.text(_DELIVERY)).one()
    last_runs = connection.execute(sa.text(_LAST_RUNS))
    return Pipeline(
        last_run_seconds={row.model: row.seconds for row in last_runs},
        runs={row.status: row.n for row in connection.execute(sa.text(_RUNS))},
        oldest_waiting_seconds=delivery.oldest_waiting_seconds,
        waiting=delivery.waiting,
        dead=delivery.dead,
    )
