"""The table `pipeline_step`: which asset of a run took how long over which windows, and failed.

Dagster records the same in tables of its own, whose form is private and which may lie elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import sqlalchemy as sa

from monitoring_assets.alerting.failed_run import first_line
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.errors import StoreUnavailableError
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.engine import transaction
from monitoring_assets.stores.text import storable

_START = sa.text("""
INSERT INTO monitoring.pipeline_step (
  run_id, model, asset, first_window, last_window, first_window_start, last_window_end, windows,
  is_backfill, status, run_started_at, started_at, ended_at, error)
VALUES (
  :run_id, :model, :asset, :first_window, :last_window, :first_window_start, :last_window_end,
  :windows, :is_backfill, 'started', :run_started_at, clock_timestamp(), NULL, '')
ON CONFLICT (run_id, model, asset) DO UPDATE SET
  status = 'started', started_at = excluded.started_at, ended_at = NULL, error = ''
""")

_END = sa.text("""
UPDATE monitoring.pipeline_step
SET status = :status, ended_at = clock_timestamp(), error = :error
WHERE run_id = :run_id AND model = :model AND asset = :asset
""")

# A process that was killed could not say so itself.
_FAIL = sa.text("""
UPDATE monitoring.pipeline_step
SET status = 'failed', ended_at = clock_timestamp(), error = :error
WHERE run_id = :run_id AND model = :model AND status = 'started'
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One asset of one run.

    Attributes:
        windows: The windows that it is about, in order of time.
        is_backfill: Whether the run makes up for history.
    """

    model: str
    asset: str
    windows: Sequence[Window]
    is_backfill: bool


@contextmanager
def recorded(engine: sa.Engine, step: Step, run: RunInfo) -> Iterator[None]:
    """Record when a step begins and ends, and what made it fail.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached or refuses.
    """
    key = {"run_id": run.run_id, "model": step.model, "asset": step.asset}
    _write(engine, _START, key | _about(step) | {"run_started_at": run.began})
    try:
        yield
    except BaseException as error:
        said = storable(first_line(f"{type(error).__name__}: {error}"))
        with suppress(StoreUnavailableError):  # what made the step fail is what should be read
            _write(engine, _END, key | {"status": "failed", "error": said})
        raise
    _write(engine, _END, key | {"status": "succeeded", "error": ""})


def record_failure(engine: sa.Engine, model: str, run_id: str, error: str) -> None:
    """Record that a run failed whose steps could not say so themselves.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached or refuses.
    """
    _write(engine, _FAIL, {"run_id": run_id, "model": model, "error": storable(error)})


def _about(step: Step) -> dict[str, object]:
    first, last = (step.windows[0], step.windows[-1]) if step.windows else (None, None)
    return {
        "first_window": first.key if first else "",
        "last_window": last.key if last else "",
        "first_window_start": first and first.start,
        "last_window_end": last and last.end,
        "windows": len(step.windows),
        "is_backfill": step.is_backfill,
    }


def _write(engine: sa.Engine, statement: sa.TextClause, values: Mapping[str, object]) -> None:
    with transaction(engine) as connection:
        connection.execute(statement, values)
