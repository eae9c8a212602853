"""The table of numbers and Dagster's event log hold the same."""

import dagster as dg
import pytest
import sqlalchemy as sa

from monitoring_assets.cli.main import main
from monitoring_assets.composition import Workspace
from monitoring_assets.defs.backfill import backfill
from monitoring_assets.defs.rebuild import logged_evaluations

KEPT = ("measurement", "model_day", "event", "histogram")


@pytest.fixture
def monitored(world):
    """Return a world of which four windows were monitored, one of them twice with other rows."""
    windows = world.windows(4)
    world.land(windows[:3])  # the last one holds no rows
    world.label(windows[:2])
    workspace = Workspace(world.settings)
    backfill(workspace, world.name, windows, lambda _: None)
    world.land(windows[1:2], shift=60.0)
    backfill(workspace, world.name, windows[1:2], lambda _: None)
    return world


@pytest.fixture
def tables(environ):
    engine = sa.create_engine(environ["MLMON_DATABASE_URL"])

    def read(name):
        with engine.connect() as connection:
            rows = {}
            for table in KEPT:
                query = sa.text(f"SELECT t::text FROM monitoring.{table} t WHERE model = :m")  # noqa: S608
                rows[table] = sorted(connection.execute(query, {"m": name}).scalars())
            return rows

    def forget(name):
        with engine.begin() as connection:
            for table in ("measurement", "model_day", "event"):
                connection.execute(
                    sa.text(f"DELETE FROM monitoring.{table} WHERE model = :m"),  # noqa: S608
                    {"m": name},
                )

    read.forget = forget
    yield read
    engine.dispose()


def test_what_was_lost_is_rebuilt_to_the_last_digit(monitored, tables, capsys):
    before = tables(monitored.name)
    tables.forget(monitored.name)
    assert main(["rebuild-measurements", monitored.name]) == 0
    assert tables(monitored.name) == before
    assert len(before["measurement"]) > 100
    assert "20 evaluations written" in capsys.readouterr().out


def test_table_and_log_agree_after_monitoring(monitored, capsys):
    assert main(["rebuild-measurements", "--check"]) == 0
    assert f"{monitored.name}: 0 of 20 evaluations differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change", ["SET value = value + 1 WHERE metric = 'row_count'", "SET reason = 'other'"]
)
def test_a_row_that_was_changed_is_found(monitored, environ, capsys, change):
    engine = sa.create_engine(environ["MLMON_DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE monitoring.measurement {change}"))
    engine.dispose()
    assert main(["rebuild-measurements", monitored.name, "--check"]) == 1
    assert "prediction_log 2026-01-01" in capsys.readouterr().out


def test_the_newest_materialization_of_a_window_counts(monitored):
    second = monitored.windows(2)[1]
    with dg.DagsterInstance.get() as instance:
        found = list(logged_evaluations(instance, monitored.name))
        newest = instance.get_runs(limit=1)[0].run_id
    runs = {(e.asset, e.window.key): run.run_id for e, run in found}
    assert len(runs) == len(found)
    assert {runs[asset, second.key] for asset, key in runs if key == second.key} == {newest}


def test_a_model_is_described_where_it_is_monitored(monitored, environ):
    engine = sa.create_engine(environ["MLMON_DATABASE_URL"])
    with engine.connect() as connection:
        row = connection.execute(
            sa.text("SELECT owner, team, tier, every FROM dash.model WHERE model = :m"),
            {"m": monitored.name},
        ).one()
        steps = connection.execute(
            sa.text(
                "SELECT asset, windows FROM dash.pipeline_step "
                "WHERE model = :m AND status = 'succeeded' AND is_backfill"
            ),
            {"m": monitored.name},
        ).all()
    engine.dispose()
    assert row == ("team:risk", "risk", 2, "day")
    assert ("drift_report", 4) in steps
    assert ("alert_decision", 1) in steps
