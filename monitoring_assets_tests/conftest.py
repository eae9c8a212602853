"""A real Postgres for all tests: one server per test process, a fresh database per test."""

import os
import shutil
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest


@pytest.fixture(scope="session")
def postgres_server():
    """Yield the URL of a Postgres server: the one in MLMON_TEST_DATABASE_URL or one of our own.

    Each pytest-xdist worker is a process with its own session, hence its own folder and server.
    """
    if url := os.environ.get("MLMON_TEST_DATABASE_URL"):
        yield url
        return
    from monitoring_assets.server.embedded_postgres import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="mlmon-test-"))
    folder.chmod(0o711)  # as root, the server runs under another account
    postgres = EmbeddedPostgres(folder / "postgres")
    try:
        yield postgres.start().url()
    finally:
        postgres.stop()
        shutil.rmtree(folder)


@pytest.fixture
def database_url(postgres_server):
    """Yield the `postgresql+psycopg://` URL of an empty database, which is dropped afterwards."""
    from sqlalchemy import create_engine, make_url, text

    server = make_url(postgres_server).set(drivername="postgresql+psycopg")
    name = f"test_{uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
