"""`mlmon db` and `mlmon env`: the embedded Postgres by hand, and the settings for other tools."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitoring_assets.cli.main import main

SHOW = "import os; print(os.environ['MLMON_DATABASE_URL'], os.environ['DAGSTER_HOME'], sep='|')"


@pytest.fixture
def home(monkeypatch):
    """Yield a home with a space in its name, without a server afterwards."""
    parent = Path(tempfile.mkdtemp(prefix="mlmon-test-"))
    parent.chmod(0o711)  # as root, the server runs under another account
    monkeypatch.setenv("MLMON_HOME", str(parent / "a home"))
    monkeypatch.delenv("MLMON_DATABASE_URL", raising=False)
    yield parent / "a home"
    main(["db", "stop"])
    shutil.rmtree(parent)


@pytest.fixture
def own_database(monkeypatch, tmp_path, database_url):
    monkeypatch.setenv("MLMON_HOME", str(tmp_path))
    monkeypatch.setenv("MLMON_DATABASE_URL", database_url)
    return database_url


def tables(url):
    engine = sa.create_engine(url)
    found = sa.inspect(engine)
    schemas = set(found.get_schema_names())
    names = set(found.get_table_names("monitoring")) if "monitoring" in schemas else set()
    engine.dispose()
    return schemas, names


def test_a_server_is_started_shown_and_stopped(home, mlmon):
    assert (mlmon("db", "status").code, mlmon("env").code) == (1, 1)
    started = mlmon("db", "start")
    assert started.code == 0
    assert started.out.startswith("the embedded Postgres listens on 127.0.0.1:")
    assert mlmon("db", "status") == started
    assert mlmon("db", "stop").code == 0
    assert mlmon("db", "status").code == 1


@pytest.mark.parametrize("evaluated", ['eval "$(mlmon_env)"', "eval $(mlmon_env)"])
def test_the_settings_are_for_a_shell(home, mlmon, evaluated):
    mlmon("db", "start")
    shell = f"mlmon_env() {{ '{sys.executable}' -m monitoring_assets.cli.main env; }}\n"
    show = f"{evaluated} && '{sys.executable}' -c \"{SHOW}\""
    done = subprocess.run(
        ["sh", "-euc", shell + show], capture_output=True, text=True, check=True, env=os.environ
    )
    url, dagster_home = done.stdout.strip().split("|")
    assert dagster_home == str(home / "dagster")
    schemas, names = tables(sa.make_url(url).set(drivername="postgresql+psycopg"))
    assert "dagster" in schemas
    assert {"measurement", "decision", "outbox"} <= names


def test_tables_are_made_without_leaving_a_server_behind(home, mlmon):
    assert mlmon("db", "upgrade").code == 0
    assert mlmon("db", "status").code == 1


def test_a_server_that_was_running_stays(home, mlmon):
    mlmon("db", "start")
    assert mlmon("db", "upgrade").code == 0
    assert mlmon("db", "status").code == 0


def test_tables_are_made_in_a_database_of_ones_own(own_database, mlmon):
    assert mlmon("db", "upgrade").code == 0
    assert "measurement" in tables(own_database)[1]
    assert mlmon("db", "upgrade").code == 0


def test_a_database_of_ones_own_is_neither_started_nor_stopped(own_database, mlmon):
    assert mlmon("db", "start").code == 1
    assert mlmon("db", "stop").code == 1
    status = mlmon("db", "status")
    assert (status.code, "your own Postgres" in status.out) == (0, True)


def test_dagster_gets_a_schema_of_its_own_in_the_same_database(own_database, mlmon):
    out = mlmon("env").out
    line = next(line for line in out.splitlines() if "MLMON_DAGSTER_DATABASE_URL" in line)
    assert "postgresql+psycopg2://" in line
    assert "search_path%3Ddagster" in line
