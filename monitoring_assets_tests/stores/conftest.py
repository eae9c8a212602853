"""A Postgres database with the schema `monitoring`, migrated once and emptied for each test."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from monitoring_assets.stores import schema
from monitoring_assets.stores.engine import create_engine
from monitoring_assets_tests.notifiers.conftest import slack  # noqa: F401  a fixture


@pytest.fixture
def bare_engine(database_url):
    """Yield an engine for a database without our schema."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_engine(postgres_server):
    """Yield an engine for a database that all tests of this folder share."""
    server = sa.make_url(postgres_server).set(drivername="postgresql+psycopg")
    name = f"stores_{uuid4().hex}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    url = server.set(database=name).render_as_string(hide_password=False)
    engine = create_engine(url)
    schema.upgrade(engine)
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def engine(migrated_engine):
    """Yield the shared engine with empty tables."""
    with migrated_engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(sa.delete(table))
    return migrated_engine
