"""A database as the demo leaves it, read through the role that Grafana has."""

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from monitoring_assets.composition import DATABASE_URL, Workspace
from monitoring_assets.demo.calendar import load_calendar
from monitoring_assets.demo.history import write_history, write_model_file
from monitoring_assets.stores.engine import create_engine
from monitoring_assets.stores.reader import create_reader
from monitoring_assets.stores.schema import upgrade
from monitoring_assets_tests.dashboards.filling import add_what_the_demo_lacks, monitor_history
from monitoring_assets_tests.dashboards.grafana import View

DAYS = load_calendar().history_days
MODEL = "late_parcel"
READER = "dashboards_test_reader"


@pytest.fixture(scope="session")
def today():
    return datetime.combine(datetime.now(UTC).date(), time(), UTC)


@pytest.fixture(scope="session")
def view(today):
    """Return what somebody sees who chose nothing yet: the last 90 days, to now."""
    return View(since=today - timedelta(days=DAYS), until=datetime.now(UTC) + timedelta(days=1))


@pytest.fixture(scope="session")
def filled(postgres_server, tmp_path_factory, today):
    """Yield the URL of a database with the end of the demo's history, monitored."""
    server = sa.make_url(postgres_server).set(drivername="postgresql+psycopg")
    name = f"dashboards_{uuid4().hex}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    url = server.set(database=name)
    _fill(url, tmp_path_factory.mktemp("parcels"), today)
    yield url
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(sa.text(f"DROP ROLE {READER}"))
    admin.dispose()


def _fill(url, folder, today):
    first_day = today.date() - timedelta(days=DAYS)
    write_history(folder, first_day=first_day, days=DAYS, until=today, progress=lambda _: None)
    write_model_file(folder, folder / "models", first_day)
    workspace = Workspace(
        {
            DATABASE_URL: url.render_as_string(hide_password=False),
            "MLMON_HOME": str(folder / "home"),
            "MLMON_MODELS": str(folder / "models"),
        }
    )
    upgrade(workspace.engine)
    monitor_history(workspace, workspace.model(MODEL))
    add_what_the_demo_lacks(workspace.engine, MODEL)
    create_reader(workspace.engine, READER, "secret")
    workspace.engine.dispose()


@pytest.fixture(scope="session")
def reader(filled):
    """Yield an engine of the role that may only read the views."""
    url = filled.set(username=READER, password="secret").render_as_string(hide_password=False)
    engine = create_engine(url)
    yield engine
    engine.dispose()
