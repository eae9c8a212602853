"""How the stores reach Postgres: the address, the driver, and what a failure is called.

What is written belongs to the store of that table; the tables belong to `stores.schema`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from monitoring_assets.domain.errors import ConfigurationError, StoreUnavailableError

OLDEST_POSTGRES = 15
_DRIVERS = {"postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"}


def create_engine(url: str) -> sa.Engine:
    """Return an engine of psycopg 3 for a `postgresql://` URL; nothing is connected yet.

    Raises:
        ConfigurationError: If the URL is not one of Postgres.
    """
    engine = sa.create_engine(
        _normalised(url),
        pool_pre_ping=True,
        connect_args={
            "application_name": "monitoring_assets",
            "connect_timeout": 5,
            # A plan made while a table was empty stays a full scan for the whole of a backfill:
            # measured 54 ms instead of 0.4 ms for one DELETE. So nothing is prepared.
            "prepare_threshold": None,
        },
    )
    event.listen(engine, "connect", _require_version)
    return engine


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection whose work is committed at the end, or undone altogether.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached or refuses; the text names the place
            and what Postgres said, never the password or the rows.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, psycopg.Error) as error:
        raise StoreUnavailableError(
            f"Postgres at {place(engine)}: {_first_line(error)}. Nothing was written; check that "
            "the server runs and that the database URL is right, then run this again."
        ) from error


def lock(connection: sa.Connection, *parts: str) -> None:
    """Wait until no other transaction holds the lock of this name; hold it to the end of ours."""
    connection.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": "\x1f".join(("monitoring_assets", *parts))},
    )


def place(engine: sa.Engine) -> str:
    """Return host, port and database of an engine, without user and password."""
    url = engine.url
    host = url.host or url.query.get("host") or "localhost"
    return f"{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def _normalised(url: str) -> sa.URL:
    # What the parser says may quote a piece of the password, so it is neither shown nor chained.
    try:
        parsed = sa.make_url(url)
    except (SQLAlchemyError, ValueError):
        parsed = None
    if parsed is None or "@" in f"{parsed.host}{parsed.database}":
        raise ConfigurationError(
            "the database URL cannot be read; write postgresql://user:password@host:5432/database "
            "with %40 for an @ in the password"
        )
    if parsed.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"{parsed.drivername!r} is not supported; measurements are kept in Postgres "
            f"{OLDEST_POSTGRES} or newer: postgresql://user:password@host:5432/database"
        )
    return parsed.set(drivername="postgresql+psycopg")


def _require_version(connection: psycopg.Connection[Any], _record: object) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_POSTGRES:
        raise StoreUnavailableError(
            f"this server is Postgres {version}; version {OLDEST_POSTGRES} or newer is required"
        )


def _first_line(error: Exception) -> str:
    # The lines after the first one (DETAIL, parameters) may hold rows.
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
