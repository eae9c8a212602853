"""A database of our own tables, and models of their own names in it."""

import os
from contextlib import contextmanager
from unittest import mock
from uuid import uuid4

import pytest

from monitoring_assets_tests.defs.world import World


@pytest.fixture(scope="module")
def database(postgres_server):
    """Yield the URL of a database for all tests of a module: making Dagster's tables takes 2 s."""
    from sqlalchemy import create_engine, make_url, text

    server = make_url(postgres_server).set(drivername="postgresql+psycopg")
    admin, name = create_engine(server, isolation_level="AUTOCOMMIT"), f"test_{uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@contextmanager
def process_environment(database, folder, **variables):
    """Yield the environment of a database with all tables; the process has its own after."""
    from monitoring_assets.cli.database import prepared

    with mock.patch.dict(os.environ, variables):
        os.environ.pop("DAGSTER_HOME", None)
        home = {"MLMON_HOME": str(folder / "home"), "MLMON_MODELS": str(folder / "models")}
        yield prepared({**os.environ, **home}, database)


@pytest.fixture
def environ(database, tmp_path):
    with process_environment(database, tmp_path) as ready:
        yield ready


@pytest.fixture
def make_world(environ, tmp_path):
    """Return what makes models of their own names, so that tests of a module share the tables."""

    def make(**settings):
        name = f"m{uuid4().hex[:8]}"
        return World(folder=tmp_path, name=name, environ=environ, **settings).create()

    return make


@pytest.fixture
def world(make_world):
    return make_world()
