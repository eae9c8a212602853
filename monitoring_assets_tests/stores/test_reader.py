"""The role of dashboards is refused everywhere but in the views."""

from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.stores import schema
from monitoring_assets.stores.engine import create_engine
from monitoring_assets.stores.overview import PostgresOverview
from monitoring_assets.stores.reader import create_reader

PASSWORD = 'it\'s a "secret" % \\ é'
REFUSED = [
    "SELECT * FROM monitoring.measurement",
    "SELECT * FROM monitoring.outbox",
    "SELECT said FROM monitoring.outbox",
    "SELECT * FROM monitoring.audit",
    "SELECT * FROM public.theirs",
    "SELECT * FROM dagster.theirs",
    "INSERT INTO monitoring.event VALUES ('m', 'k', 's', now())",
    "DELETE FROM dash.measurement",
    "UPDATE dash.model SET owner = 'me'",
    "CREATE TABLE dash.mine (n int)",
    "CREATE TABLE public.mine (n int)",
    "CREATE TEMP TABLE mine (n int)",
    "CREATE SCHEMA mine",
    "DROP VIEW dash.measurement",
    "TRUNCATE monitoring.measurement",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT * FROM pg_authid",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock(1)",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "CREATE ROLE other",
    "LOCK TABLE dash.model IN ACCESS EXCLUSIVE MODE",
    "CREATE FUNCTION dash.mine() RETURNS int LANGUAGE sql RETURN 1",
]


@pytest.fixture
def admin(bare_engine):
    schema.upgrade(bare_engine)
    with bare_engine.begin() as connection:
        for statement in (
            "CREATE TABLE public.theirs (n int)",
            "CREATE SCHEMA dagster",
            "CREATE TABLE dagster.theirs (n int)",
        ):
            connection.execute(sa.text(statement))
    return bare_engine


@pytest.fixture
def role(admin):
    name = f"reader {uuid4().hex}"
    create_reader(admin, name, PASSWORD)
    yield name
    with admin.begin() as connection:
        connection.execute(sa.text(f'DROP OWNED BY "{name}"'))
        connection.execute(sa.text(f'DROP ROLE "{name}"'))


@pytest.fixture
def reader(admin, role):
    engine = create_engine(
        admin.url.set(username=role, password=PASSWORD).render_as_string(hide_password=False)
    )
    yield engine
    engine.dispose()


def test_every_view_can_be_read(reader):
    with reader.connect() as connection:
        views = sa.inspect(connection).get_view_names("dash")
        for view in views:
            connection.execute(sa.text(f"SELECT * FROM dash.{view} LIMIT 1"))  # noqa: S608
    assert len(views) > 20


def test_a_view_that_is_made_later_can_be_read(admin, reader):
    with admin.begin() as connection:
        connection.execute(sa.text("CREATE VIEW dash.later AS SELECT 1 AS n"))
    with reader.connect() as connection:
        assert connection.execute(sa.text("SELECT n FROM dash.later")).scalar_one() == 1


def test_an_overview_needs_no_other_right(reader):
    overview = PostgresOverview(reader).now(columns=5)
    assert overview.models == ()


@pytest.mark.parametrize("statement", REFUSED)
def test_everything_else_is_refused(reader, statement):
    with reader.connect() as connection:
        connection.execute(sa.text("SET TRANSACTION READ WRITE"))
        with pytest.raises(sa.exc.DBAPIError) as refused:
            connection.execute(sa.text(statement))
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_it_reads_only_and_not_for_long(reader):
    with reader.connect() as connection:
        settings = [
            connection.execute(sa.text(f"SHOW {name}")).scalar_one()
            for name in ("default_transaction_read_only", "statement_timeout")
        ]
    assert settings == ["on", "15s"]


def test_making_it_again_changes_its_password(admin, role, reader):
    create_reader(admin, role, "another one")
    with pytest.raises(sa.exc.OperationalError, match="password"):
        reader.connect()


def test_our_own_role_is_not_made_a_reader(admin):
    with pytest.raises(ConfigurationError, match="another name"):
        create_reader(admin, admin.url.username, PASSWORD)


def test_a_role_that_may_not_make_roles_says_so(admin, reader):
    with pytest.raises(ConfigurationError, match="CREATEROLE"):
        create_reader(reader, "other", PASSWORD)


def test_our_own_role_can_still_take_locks(admin, role):
    with admin.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(1)"))
