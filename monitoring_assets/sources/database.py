"""Rows in a database: any that SQLAlchemy speaks to, as a table or a query.

The URL comes from the environment and appears in no text. A row whose event time is NULL belongs
to no window; only a reading without bounds returns it. An UPDATE that replaces one value by
another changes no fingerprint; one that fills in a NULL (a label that arrives) does.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from monitoring_assets.application.ports import Reading
from monitoring_assets.config.model import SourceSettings
from monitoring_assets.domain.errors import ConfigurationError, SourceError
from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.domain.window import Window
from monitoring_assets.sources.column_types import Piece, array, combined, plain
from monitoring_assets.sources.database_times import TimeForm
from monitoring_assets.sources.timed_rows import Bounds, TimedRows
from monitoring_assets.sources.timestamps import (
    instants,
    naive_timestamps,
    unreadable_timestamps,
)

_CHUNK_ROWS = 50_000
# Databases limit the parameters of a statement; each window takes two of them.
_WINDOWS_AT_ONCE = 200
_WINDOW = "mlmon_window"


class DatabaseSource:
    """A table, a view or a query of a database."""

    def __init__(
        self,
        *,
        settings: SourceSettings,
        columns: Sequence[str],
        timestamp: str | None = None,
        timestamp_zone: ZoneInfo | None = None,
        environ: Mapping[str, str],
    ) -> None:
        """Take what to read; see `sources.registry.Request`. Nothing is connected to yet.

        Raises:
            ConfigurationError: If the environment variable is not set or holds no database URL.
        """
        self._variable = settings.url_env or ""
        self._engine = _engine(self._variable, environ)
        self._rows = _from(settings)
        self._what = f"table {settings.table}" if settings.table else "the query"
        added = () if timestamp is None or timestamp in columns else (timestamp,)
        self._columns = tuple(dict.fromkeys((*added, *columns)))
        self._timestamp = timestamp
        self._zone = timestamp_zone

    @property
    def description(self) -> str:
        """Return the table and the variable that names the database."""
        return f"{self._what} of the database in {self._variable}"

    def read(self, start: datetime | None = None, end: datetime | None = None) -> Reading:
        """Return the rows of the bounds, which do not count where rows have no event time.

        Raises:
            SourceError: If the database does not answer or refuses.
        """
        with self._connected() as connection:
            stored = self._stored(connection)
            wanted = [name for name in self._columns if name in stored]
            statement = self._select(*map(sa.column, wanted))
            if self._timestamp is not None and (start is not None or end is not None):
                statement = statement.where(*self._between(connection, stored, start, end))
            pieces, problems = _fetched(connection, statement, wanted)
        rows, mixed = combined(pieces, self._columns)
        rows, untimed = self._timed(rows, Bounds.of(start, end))
        unexpected = tuple(name for name in stored if name not in self._columns)
        return Reading(
            rows=rows, problems=(*problems, *mixed, *untimed), unexpected_columns=unexpected
        )

    def fingerprint(self) -> str:
        """Return a hash of the number of rows and of values, and of the largest values."""
        with self._connected() as connection:
            stored = [name for name in self._stored(connection) if name in self._columns]
            columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in stored]
            # As text, since not every type has an order: booleans have none in Postgres.
            largest = [sa.func.max(sa.cast(column, sa.String)) for column in columns]
            statement = self._select(sa.func.count(), *map(sa.func.count, columns), *largest)
            row = connection.execute(statement).one()
        return _hash(row) if row[0] else ""

    def fingerprints(self, windows: Sequence[Window]) -> dict[str, str]:
        """Return by window a hash of the number of rows and values, first and last time."""
        if self._timestamp is None:
            whole = self.fingerprint()
            return {window.key: whole for window in windows} if whole else {}
        ordered = sorted(windows)
        found: dict[str, str] = {}
        with self._connected() as connection:
            stored = self._stored(connection)
            form = self._form(connection, stored)
            for first in range(0, len(ordered) if form else 0, _WINDOWS_AT_ONCE):
                some = ordered[first : first + _WINDOWS_AT_ONCE]
                statement = self._grouped(some, form, stored)  # type: ignore[arg-type]
                for position, *numbers in connection.execute(statement):
                    if position >= 0:
                        found[some[position].key] = _hash(numbers)
        return found

    def earliest(self) -> datetime | None:
        """Return the earliest event time, None where there is none."""
        return self._extreme(sa.func.min)

    def latest(self) -> datetime | None:
        """Return the latest event time, None where there is none."""
        return self._extreme(sa.func.max)

    def _extreme(self, aggregate: Any) -> datetime | None:
        with self._connected() as connection:
            column = self._time_column(self._stored(connection))
            value = connection.execute(self._select(aggregate(column))).scalar()
        values: list[datetime | None] = self._instants([value]).to_pylist()
        return values[0]

    def sample(self, rows: int) -> pa.Table:
        """Return up to `rows` rows with all columns, in the order of the database."""
        with self._connected() as connection:
            stored = self._stored(connection)
            statement = self._select(*map(sa.column, stored)).limit(rows)
            pieces, _ = _fetched(connection, statement, stored)
        return combined(pieces, stored)[0]

    # Statements

    def _select(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        return sa.select(*columns).select_from(self._rows)

    def _stored(self, connection: sa.Connection) -> list[str]:
        everything = sa.select(sa.text("*")).select_from(self._rows).where(sa.false())
        return list(connection.execute(everything).keys())

    def _time_column(self, stored: Sequence[str]) -> sa.ColumnClause[Any]:
        if self._timestamp is None or self._timestamp not in stored:
            raise SourceError(
                f"{self.description} has no column {self._timestamp!r}, so that its rows belong "
                f"to no window; it has {', '.join(stored)}. Correct `columns.timestamp`."
            )
        return sa.column(self._timestamp)

    def _form(self, connection: sa.Connection, stored: Sequence[str]) -> TimeForm | None:
        """Return how times are held, None where there is not one."""
        column = self._time_column(stored)
        example = connection.execute(
            self._select(column).where(column.is_not(None)).limit(1)
        ).scalar()
        if example is None:
            return None
        return TimeForm(column=column.name, example=example, zone=self._zone)

    def _between(
        self,
        connection: sa.Connection,
        stored: Sequence[str],
        start: datetime | None,
        end: datetime | None,
    ) -> list[sa.ColumnElement[bool]]:
        form, column = self._form(connection, stored), self._time_column(stored)
        if form is None:
            return [sa.false()]
        bounds = [column >= form.bound(start)] if start is not None else []
        return bounds + ([column < form.bound(end)] if end is not None else [])

    def _grouped(
        self, windows: Sequence[Window], form: TimeForm, stored: Sequence[str]
    ) -> sa.Select[Any]:
        """Return one statement that counts the rows and values of all windows, given by time.

        One pass over the rows, each assigned to the first window that it is not behind; windows
        do not overlap.
        """
        time = self._time_column(stored)
        others: list[sa.ColumnClause[Any]]
        others = [
            sa.column(name) for name in self._columns if name in stored and name != time.name
        ]
        inside = self._select(_window_number(time, windows, form).label(_WINDOW), time, *others)
        inside = inside.where(
            time >= form.bound(windows[0].start), time < form.bound(windows[-1].end)
        )
        rows = inside.subquery("rows_of_windows")
        counted = [sa.func.count(rows.c[column.name]) for column in others]
        moment = rows.c[time.name]
        return sa.select(
            rows.c[_WINDOW], sa.func.count(), sa.func.min(moment), sa.func.max(moment), *counted
        ).group_by(rows.c[_WINDOW])

    # Rows

    def _timed(self, rows: pa.Table, bounds: Bounds) -> tuple[pa.Table, tuple[ReadProblem, ...]]:
        """Return the rows that lie within the bounds or have no readable time."""
        if self._timestamp is None or self._timestamp not in rows.column_names:
            return rows, ()
        timed = TimedRows.of(rows, self._timestamp, self._zone)
        within = timed.within(bounds)
        problems = []
        if timed.has_naive and within.num_rows:
            problems.append(naive_timestamps(self._timestamp, within.num_rows))
        if timed.n_untimed:
            problems.append(unreadable_timestamps(self._timestamp, timed.n_untimed))
        return pa.concat_tables([within, timed.untimed()]), tuple(problems)

    def _instants(self, values: Sequence[object]) -> pa.ChunkedArray:
        return instants(pa.chunked_array([array(values)[0]]), self._zone).values

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            # The cause is not kept: its text and that of drivers may hold the URL.
            raise SourceError(
                f"{self.description} cannot be read: {self._reason(error)}. Check the URL in "
                f"{self._variable}, that the database runs, and the name and rights of the table."
            ) from None

    def _reason(self, error: SQLAlchemyError) -> str:
        text = str(error.orig if isinstance(error, DBAPIError) else error)
        password = self._engine.url.password
        return (text.replace(password, "***") if password else text).strip().partition("\n")[0]


def _engine(variable: str, environ: Mapping[str, str]) -> sa.Engine:
    text = environ.get(variable, "")
    if not text:
        raise ConfigurationError(
            f"the environment variable {variable} is not set; put the URL of the database into it."
        )
    try:
        url = sa.make_url(text)
        if url.drivername in {"postgres", "postgresql"}:
            url = url.set(drivername="postgresql+psycopg")
        timeout = {"connect_timeout": 10} if url.get_backend_name() == "postgresql" else {}
        return sa.create_engine(url, poolclass=NullPool, connect_args=timeout)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        # The cause is not kept: it may hold the URL.
        reason = str(error) if isinstance(error, ImportError) else type(error).__name__
        raise ConfigurationError(
            f"the environment variable {variable} holds no URL of a known database ({reason}); "
            "write for instance postgresql://user:password@host/database, and install the "
            "driver of a database other than Postgres or SQLite."
        ) from None


def _from(settings: SourceSettings) -> sa.FromClause | sa.TextClause:
    if settings.table is not None:
        schema, _, name = settings.table.rpartition(".")
        return sa.table(name, schema=schema or None)
    query = (settings.query or "").strip().rstrip(";")
    # A colon would begin a parameter, and the query has none.
    return sa.text("({}) AS source_rows".format(query.replace(":", r"\:")))


def _window_number(
    time: sa.ColumnElement[Any], windows: Sequence[Window], form: TimeForm
) -> sa.Case[Any]:
    """Return which of the windows a row belongs to, -1 for gaps between them."""
    whens: list[tuple[sa.ColumnElement[bool], sa.ColumnElement[Any]]] = []
    previous_end = windows[0].start
    for number, window in enumerate(windows):
        if window.start > previous_end:
            whens.append((time < form.bound(window.start), sa.literal_column("-1")))
        whens.append((time < form.bound(window.end), sa.literal_column(str(number))))
        previous_end = window.end
    return sa.case(*whens, else_=sa.literal_column("-1"))


def _fetched(
    connection: sa.Connection, statement: sa.Select[Any], names: Sequence[str]
) -> tuple[list[Piece], list[ReadProblem]]:
    """Return the rows of a statement, fetched in chunks, and the columns of several types."""
    streaming = connection.execution_options(stream_results=True, yield_per=_CHUNK_ROWS)
    pieces: list[Piece] = []
    mixed: set[str] = set()
    for chunk in streaming.execute(statement).partitions(_CHUNK_ROWS):
        columns = [array(values) for values in zip(*chunk, strict=True)]
        mixed |= {name for name, (_, is_text) in zip(names, columns, strict=True) if is_text}
        rows = pa.Table.from_arrays([values for values, _ in columns], names=list(names))
        pieces.append(Piece(origin=f"chunk {len(pieces) + 1}", rows=plain(rows)))
    n = sum(piece.rows.num_rows for piece in pieces)
    empty = Piece(origin="no rows", rows=pa.table({name: pa.nulls(0) for name in names}))
    return pieces or [empty], [_mixed(name, n) for name in names if name in mixed]


def _mixed(column: str, n: int) -> ReadProblem:
    detail = "holds values of several types; it is read as text"
    return ReadProblem(problem="mixed_types", subject=column, detail=detail, n=n)


def _hash(numbers: Sequence[object]) -> str:
    return hashlib.sha256(repr([str(n) for n in numbers]).encode()).hexdigest()[:32]
