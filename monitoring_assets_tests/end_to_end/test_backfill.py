"""History of a real stream through Dagster into Postgres: the embedded one, and one's own."""

import json
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitoring_assets.server import embedded_postgres
from monitoring_assets.server.binaries import DISTRIBUTION, Binaries
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres
from monitoring_assets_tests.end_to_end.conftest import DATA, Home, new_folder
from monitoring_assets_tests.end_to_end.test_public_data import write_model

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the public data sets are not here; MLMON_SHARED_DATA names them"
)

# The values of the cars change on the 31st of March.
FIRST, LAST, DAYS = "2019-03-27", "2019-04-05", 10
BACKFILL = ("backfill", "car_loan", FIRST, LAST)


@pytest.fixture(scope="module")
def replay(home):
    """Write the model, and yield its replayed windows by key."""
    write_model(home.folder, "car_loan")
    out = home.folder / "replay.json"
    done = home.run("backtest", "car_loan", "--from", FIRST, "--to", LAST, "--json", out)
    assert done.returncode == 0, done.stderr
    return {w["window"]: w for w in json.loads(out.read_text())["windows"]}


@pytest.fixture(scope="module")
def embedded(home, replay):
    """Monitor the windows with the embedded server, and yield its URL."""
    done = home.run(*BACKFILL)
    assert done.returncode == 0, done.stderr
    assert f"{DAYS} windows monitored" in done.stdout
    assert home.processes() == {}
    server = EmbeddedPostgres(home.folder / "postgres")
    yield server.start().url()
    server.stop()


@pytest.fixture(scope="module")
def own_server():
    """Yield the URL of a server that `mlmon` did not start, of Postgres 15 where that is there."""
    parent = new_folder()
    fifteen = DISTRIBUTION / "15" / "bin"
    server = EmbeddedPostgres(parent / "own")
    try:
        with pytest.MonkeyPatch.context() as patched:
            if fifteen.is_dir():
                binaries = Binaries(folder=fifteen, major=15)
                patched.setattr(embedded_postgres, "binaries_for", lambda _: binaries)
            url = server.start().url("postgresql")
        yield url
    finally:
        server.stop()
        shutil.rmtree(parent)


@pytest.fixture(scope="module")
def external(home, replay, own_server):
    """Monitor the windows in a database of one's own, and yield its URL."""
    own = Home(
        home.folder / "external",
        {"MLMON_DATABASE_URL": own_server, "MLMON_MODELS": str(home.folder / "models")},
    )
    own.folder.mkdir()
    done = own.run(*BACKFILL)
    assert done.returncode == 0, done.stderr
    assert not (own.folder / "postgres").exists()
    return own_server.replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture(params=["embedded", "external"])
def rows(request):
    """Return what asks the database."""
    engine = sa.create_engine(request.getfixturevalue(request.param))

    def ask(query, **values):
        with engine.connect() as connection:
            return connection.execute(sa.text(query), values).all()

    yield ask
    engine.dispose()


def test_every_window_is_decided(rows):
    found = rows("SELECT count(*), min(window_key), max(window_key) FROM monitoring.decision")
    assert found == [(DAYS, FIRST, LAST)]


def test_a_window_in_postgres_holds_what_the_backtest_says(rows, replay):
    query = """
        SELECT asset, metric, column_name, segment, value, threshold, status, n
        FROM monitoring.measurement WHERE model = 'car_loan' AND window_key = :window
    """
    told = replay[LAST]["measurements"]
    expected = {(m["asset"], m["metric"], m["column"], m["segment"]): m for m in told}
    found = {tuple(row[:4]): row[4:] for row in rows(query, window=LAST)}
    assert set(found) == set(expected)
    for key, (value, threshold, status, n) in found.items():
        m = expected[key]
        assert (value, threshold) == pytest.approx((m["value"], m["threshold"])), key
        assert (status, n) == (m["status"], m["n"]), key


def test_the_drift_is_there_from_the_day_on_which_it_began(rows):
    query = """
        SELECT window_key FROM monitoring.measurement
        WHERE metric = 'drift' AND column_name = 'car_value' AND segment = '' AND status = 'bad'
        ORDER BY window_start
    """
    assert [key for (key,) in rows(query)] == [
        *("2019-03-31", "2019-04-01", "2019-04-02", "2019-04-03", "2019-04-04", LAST)
    ]


def test_nobody_is_told_of_history(rows):
    assert rows("SELECT count(*) FROM monitoring.outbox") == [(0,)]


def test_dagster_knows_every_partition(rows):
    query = """
        SELECT count(DISTINCT partition) FROM dagster.event_logs
        WHERE dagster_event_type = 'ASSET_MATERIALIZATION'
          AND asset_key = '["car_loan", "alert_decision"]'
    """
    assert rows(query) == [(DAYS,)]


def test_the_own_server_is_another_version(external):
    if not Path(DISTRIBUTION / "15" / "bin").is_dir():
        pytest.skip("there is no Postgres 15 here, so the own server is of the embedded version")
    engine = sa.create_engine(external)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SHOW server_version")).startswith("15.")
    engine.dispose()
