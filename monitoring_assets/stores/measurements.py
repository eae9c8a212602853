"""The table `measurement`: one row per number, replaced asset by asset and window by window.

What dashboards need beside the numbers is written with them, see `stores.rollup`.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.engine import lock, transaction
from monitoring_assets.stores.rollup import note_versions, replace_histograms, roll_up
from monitoring_assets.stores.schema import measurement
from monitoring_assets.stores.text import storable, storable_key

# A day that became an hour, or moved with its time zone, keeps its start or its key, not both.
_DELETE = sa.text("""
DELETE FROM monitoring.measurement
WHERE model = :model AND asset = :asset
  AND (window_start = :window_start OR window_key = :window_key)
""")

_COLUMNS = (
    "model, window_start, window_end, window_key, asset, reference_version, metric, column_name, "
    "segment, model_version, method, kind, check_name, value, lower, upper, threshold, n, status, "
    "reason, run_id, computed_at"
)
_STORED = sa.text(
    f"SELECT {_COLUMNS} FROM monitoring.measurement "  # noqa: S608
    "WHERE model = :model AND asset = :asset AND window_start = :window_start"
)
_COPY = f"COPY monitoring.measurement ({_COLUMNS}) FROM STDIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMeasurement:
    """One row of the table: a number, what it is about, and the run that wrote it."""

    model: str
    asset: str
    window: Window
    reference_version: str
    measurement: Measurement
    run: RunInfo


class PostgresMeasurements:
    """The `MeasurementStore` in Postgres."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def replace(self, evaluation: Evaluation, run: RunInfo) -> None:
        """Replace everything that this asset wrote for this window, in one transaction.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        with self._replacing(evaluation, run) as connection:
            replace_histograms(connection, evaluation)

    def restore(self, evaluation: Evaluation, run: RunInfo) -> None:
        """Replace the numbers only: what they were read from holds no distributions.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        with self._replacing(evaluation, run):
            pass

    def holds(self, evaluation: Evaluation, run: RunInfo) -> bool:
        """Return whether exactly these numbers are stored of this asset and window.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        key = {
            "model": evaluation.model,
            "asset": evaluation.asset,
            "window_start": evaluation.window.start,
        }
        with transaction(self._engine) as connection:
            stored = connection.execute(_STORED, key).all()
        return Counter(map(tuple, stored)) == Counter(_rows(evaluation, run))

    @contextmanager
    def _replacing(self, evaluation: Evaluation, run: RunInfo) -> Iterator[sa.Connection]:
        model, window = evaluation.model, evaluation.window
        key = {
            "model": model,
            "asset": evaluation.asset,
            "window_start": window.start,
            "window_key": window.key,
        }
        with transaction(self._engine) as connection:
            # Of the whole window: two assets at once would each roll up without the other's rows.
            lock(connection, model, window.key)
            connection.execute(_DELETE, key)
            # One COPY instead of many INSERTs: 355 rows take 8 ms instead of 24 ms.
            psycopg: Any = connection.connection.driver_connection
            with psycopg.cursor() as cursor, cursor.copy(_COPY) as copy:
                for row in _rows(evaluation, run):
                    copy.write_row(row)
            roll_up(connection, model, window)
            note_versions(connection, evaluation)
            yield connection

    def of_window(self, model: str, window_key: str) -> tuple[Evaluation, ...]:
        """Return what is stored for one window, one evaluation per asset, sorted by name.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        query = _select().where(
            measurement.c.model == model, measurement.c.window_key == window_key
        )
        with transaction(self._engine) as connection:
            rows = [_stored(row) for row in connection.execute(query)]
        by_asset = groupby(rows, key=lambda r: (r.asset, r.window, r.reference_version))
        return tuple(
            Evaluation(
                model=model,
                asset=asset,
                window=window,
                reference_version=reference,
                measurements=tuple(row.measurement for row in group),
            )
            for (asset, window, reference), group in by_asset
        )

    def rows(
        self, model: str | None = None, asset: str | None = None, since: datetime | None = None
    ) -> Iterator[StoredMeasurement]:
        """Yield the rows of windows that start at or after `since`, oldest window first.

        Raises:
            StoreUnavailableError: If Postgres cannot be reached or refuses.
        """
        table, query = measurement.c, _select()
        if model is not None:
            query = query.where(table.model == model)
        if asset is not None:
            query = query.where(table.asset == asset)
        if since is not None:
            query = query.where(table.window_start >= since)
        with transaction(self._engine) as connection:
            streamed = connection.execution_options(yield_per=2_000)
            for row in streamed.execute(query):
                yield _stored(row)


def _select() -> sa.Select[Any]:
    c = measurement.c
    names = (c.metric, c.column_name, c.segment, c.model_version)
    return sa.select(measurement).order_by(c.window_start, c.model, c.asset, c.check_name, *names)


def _rows(evaluation: Evaluation, run: RunInfo) -> Iterator[tuple[object, ...]]:
    window = evaluation.window
    about = (evaluation.model, window.start, window.end, window.key, evaluation.asset)
    for m in evaluation.measurements:
        yield (
            *about,
            storable(evaluation.reference_version),
            m.metric,
            storable_key(m.column),
            storable_key(m.segment),
            storable_key(m.version),
            m.method,
            m.kind.value,
            m.check,
            m.value,
            m.lower,
            m.upper,
            m.threshold,
            m.n,
            m.status.value,
            storable(m.reason),
            run.run_id,
            run.computed_at,
        )


def _stored(row: sa.Row[Any]) -> StoredMeasurement:
    start, end = row.window_start.astimezone(UTC), row.window_end.astimezone(UTC)
    return StoredMeasurement(
        model=row.model,
        asset=row.asset,
        window=Window(start, end, row.window_key),
        reference_version=row.reference_version,
        run=RunInfo(run_id=row.run_id, computed_at=row.computed_at.astimezone(UTC)),
        measurement=Measurement(
            metric=row.metric,
            kind=Kind(row.kind),
            check=row.check_name,
            column=row.column_name,
            segment=row.segment,
            version=row.model_version,
            value=row.value,
            lower=row.lower,
            upper=row.upper,
            n=row.n,
            threshold=row.threshold,
            status=Status(row.status),
            reason=row.reason,
            method=row.method,
        ),
    )
