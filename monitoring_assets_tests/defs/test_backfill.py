"""History in Postgres: as single runs would leave it, told to nobody, and quietly."""

from functools import partial

import dagster as dg
import pytest
import sqlalchemy as sa

from monitoring_assets.composition import Workspace
from monitoring_assets.defs.backfill import QUIET, backfill
from monitoring_assets.defs.runs import HISTORY, stretches
from monitoring_assets.domain.errors import MonitoringError

WRITTEN_BY = {"model", "run_id", "computed_at", "decided_at"}


@pytest.fixture
def table(environ):
    """Return what reads a table for one model, without what names the run that wrote it."""
    engine = sa.create_engine(environ["MLMON_DATABASE_URL"])

    def rows(name, world):
        query = sa.text(f"SELECT * FROM monitoring.{name} WHERE model = :model")  # noqa: S608
        with engine.connect() as connection:
            found = connection.execute(query, {"model": world.name}).mappings().all()
        kept = [{k: v for k, v in row.items() if k not in WRITTEN_BY} for row in found]
        return sorted(kept, key=lambda row: [str(value) for value in row.values()])

    yield rows
    engine.dispose()


def monitor_one_by_one(world, windows):
    definitions = world.definitions()
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(statement_timeout=0, pool_recycle=3600, max_overflow=20)
        for job, keys in (("reference", ["v1"]), ("windows", [w.key for w in windows])):
            for key in keys:
                assert definitions.resolve_job_def(f"{world.name}_{job}").execute_in_process(
                    instance=instance,
                    run_config=QUIET,
                    partition_key=key,
                    tags={HISTORY: "one by one"},
                )


def told(world, windows):
    lines = []
    backfill(Workspace(world.settings), world.name, windows, lines.append)
    return lines


def filled(world, n=5):
    """Land windows, of which the third drifted and the fourth is empty."""
    windows = world.windows(n)
    world.land([*windows[:3], *windows[4:]])
    world.land(windows[2:3], shift=60.0)
    world.label(windows[: n - 1])
    return windows


def test_chunks_leave_what_single_runs_leave(make_world, table, monkeypatch):
    chunked, single = make_world(), make_world()
    monkeypatch.setattr("monitoring_assets.defs.backfill.stretches", partial(stretches, most=3))
    windows = filled(chunked)
    assert len(told(chunked, windows)) == 3
    monitor_one_by_one(single, filled(single))
    for name in ("measurement", "decision"):
        assert table(name, chunked) == table(name, single)
    assert len(table("measurement", chunked)) > 5 * 30
    assert {row["status"] for row in table("decision", chunked)} >= {"ok", "bad"}


@pytest.fixture
def history(world):
    return filled(world, n=3)


def test_nobody_is_told(make_world, table):
    world = make_world(max_age="3650d")
    told(world, filled(world, n=4))
    decisions = table("decision", world)
    assert "a backfill tells nobody" in {row["reason"] for row in decisions}
    assert table("incident", world) != []
    assert table("alert_group", world) == []


def test_only_progress_is_told(world, history, capfd):
    lines = told(world, history)
    assert lines == ["reading reference v1 …", f"{history[0].key} … {history[-1].key}"]
    assert capfd.readouterr() == ("", "")


def test_windows_that_are_left_out_stay_so(world, history, table):
    told(world, [history[0], history[2]])
    assert [row["window_key"] for row in table("decision", world)] == [
        history[0].key,
        history[2].key,
    ]


def test_a_run_that_fails_says_why(world, history):
    (world.data / "reference.parquet").unlink()
    with pytest.raises(MonitoringError, match=r"reference_dataset v1: SourceError: .*reference"):
        told(world, history)


def test_what_failed_is_named_by_its_windows(world, history):
    told(world, history[:1])
    (world.data / "predictions").rename(world.data / "elsewhere")
    with pytest.raises(MonitoringError) as failed:
        told(world, history)
    named = f"{world.name} {history[0].key} … {history[2].key}: SourceError: "
    assert str(failed.value).startswith(named)
