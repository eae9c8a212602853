"""The database and the settings that other processes need, made ready for a command."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING

from monitoring_assets.composition import DAGSTER_DATABASE_URL, DATABASE_URL, Settings
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres

if TYPE_CHECKING:  # a command that only parses its arguments does not wait for it
    import sqlalchemy as sa

_DAGSTER_SCHEMA = "dagster"
_SHIPPED_DAGSTER_YAML = Path(__file__).parents[1] / "server" / "dagster.yaml"


def embedded(environ: Mapping[str, str]) -> EmbeddedPostgres:
    """Return the embedded server of the settings' home."""
    return EmbeddedPostgres(Settings.from_environ(environ).home / "postgres")


@contextmanager
def ready_environment(environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the environment of everything that needs the database, with its tables made.

    The embedded server is started where no URL is set, and stopped afterwards if it was not
    running before.
    """
    if environ.get(DATABASE_URL):
        yield prepared(environ, environ[DATABASE_URL])
        return
    server = embedded(environ)
    was_running = server.status() is not None
    try:
        yield prepared(environ, server.start().url())
    finally:
        if not was_running:
            server.stop()


@contextmanager
def readable_engine(environ: Mapping[str, str]) -> "Iterator[sa.Engine]":
    """Yield an engine for a command that only reads, so that a role without rights is enough.

    Of a database that `MLMON_DATABASE_URL` names no table is made.
    """
    from monitoring_assets.stores.engine import create_engine

    with (
        nullcontext(environ) if environ.get(DATABASE_URL) else ready_environment(environ) as ready
    ):
        engine = create_engine(ready[DATABASE_URL])
        try:
            yield engine
        finally:
            engine.dispose()


def prepared(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the environment for a database, after making its tables and Dagster's home."""
    import sqlalchemy as sa

    from monitoring_assets.stores.engine import create_engine, transaction
    from monitoring_assets.stores.schema import upgrade

    engine = create_engine(url)
    upgrade(engine)
    with transaction(engine) as connection:
        connection.execute(sa.schema.CreateSchema(_DAGSTER_SCHEMA, if_not_exists=True))
    engine.dispose()
    ready = dict(environ) | settings_for(environ, url)
    home = Path(ready["DAGSTER_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        copyfile(_SHIPPED_DAGSTER_YAML, home / "dagster.yaml")
    os.environ.update(ready)  # Dagster reads `env:` of its YAML from the process
    return ready


def settings_for(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the variables that point Dagster and this project at a database."""
    settings = Settings.from_environ(environ)
    return {
        DATABASE_URL: url,
        DAGSTER_DATABASE_URL: environ.get(DAGSTER_DATABASE_URL) or _for_dagster(url),
        "MLMON_HOME": str(settings.home),
        "MLMON_MODELS": str(settings.models),
        "DAGSTER_HOME": environ.get("DAGSTER_HOME") or str(settings.home / "dagster"),
        # One commit for many events: a run of 30 windows writes more than a thousand.
        "DAGSTER_EVENT_BATCH_SIZE": environ.get("DAGSTER_EVENT_BATCH_SIZE", "200"),
    }


def _for_dagster(url: str) -> str:
    """Return the URL of Dagster's own tables: psycopg2, and a schema of their own.

    dagster-postgres sends a statement that psycopg 3 refuses, and SQLAlchemy 2.1 takes psycopg 3
    where the URL does not name the driver.

    Raises:
        ConfigurationError: If the URL is not one of Postgres.
    """
    from monitoring_assets.stores.engine import create_engine

    parsed = create_engine(url).url.set(drivername="postgresql+psycopg2")
    parsed = parsed.update_query_dict({"options": f"-csearch_path={_DAGSTER_SCHEMA}"})
    return parsed.render_as_string(hide_password=False)
