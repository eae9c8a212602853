"""What the views of the schema `dash` say; that each can be read is tested with the reader."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from monitoring_assets.stores.catalog import put_model
from monitoring_assets.stores.overview import PostgresOverview
from monitoring_assets_tests.docs.pages import ROOT
from monitoring_assets_tests.stores.seeded import HOSTILE, WINDOWS, seed


@pytest.fixture
def keys(engine, tmp_path):
    return seed(engine, tmp_path)


@pytest.fixture
def read(engine):
    def run(query):
        with engine.connect() as connection:
            return connection.execute(sa.text(query)).all()

    return run


def test_a_fleet_has_every_model_with_its_newest_window(keys, read):
    fleet = {row.model: row for row in read("SELECT * FROM dash.fleet")}
    assert {name: row.status for name, row in fleet.items()} == {
        "bad": "bad",
        "fine": "ok",
        "never": None,
        "stale": "ok",
    }
    assert {name: row.window_key for name, row in fleet.items() if name in keys} == {
        name: found[-1] for name, found in keys.items()
    }


def test_a_model_without_windows_for_long_is_stale_even_if_it_never_had_one(keys, read):
    found = read("SELECT model FROM dash.fleet WHERE is_stale ORDER BY 1")
    assert [row.model for row in found] == ["never", "stale"]


def test_the_newest_drift_is_that_of_the_newest_window_only(keys, read):
    found = read("SELECT model, window_key, column_name FROM dash.drift_now ORDER BY 1")
    assert found == [
        ("bad", keys["bad"][-1], HOSTILE),
        ("fine", keys["fine"][-1], "amount"),
        ("stale", keys["stale"][-1], "amount"),
    ]


def test_a_check_counts_what_fails(keys, read):
    (row,) = read("SELECT * FROM dash.check_result WHERE level >= 3")
    assert (row.model, row.check_name, row.failing, row.failing_columns) == (
        "bad",
        "feature_drift",
        1,
        HOSTILE,
    )


def test_addresses_have_defaults(engine, read):
    assert read("SELECT * FROM dash.address") == [
        ("http://127.0.0.1:3000", "http://127.0.0.1:3001")
    ]


def test_addresses_are_those_last_written(keys, read):
    assert read("SELECT * FROM dash.address") == [("http://ui", "http://reports")]


def model(every, timezone, start, end=None, look_back=timedelta(days=10)):
    """Return of a model's configuration what the catalogue reads."""
    cadence = SimpleNamespace(
        every=every,
        timezone=timezone,
        start=start,
        end=end,
        deadline=timedelta(hours=1),
        look_back=look_back,
    )
    return SimpleNamespace(
        name="m",
        owner="o",
        task="binary",
        description="",
        tier=2,
        cadence=cadence,
        reference=SimpleNamespace(active="v1"),
    )


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_a_day_that_nobody_decided_is_missing(engine, read, timezone):
    today = datetime.now(UTC).date()
    put_model(engine, model("day", timezone, today - timedelta(days=30)), datetime.now(UTC))
    found = read("SELECT * FROM dash.missing_window ORDER BY window_start")
    assert 9 <= len(found) <= 11
    for row in found:
        local = row.window_start.astimezone(_zone(timezone))
        assert (local.hour, local.minute) == (0, 0)
        assert row.window_key == f"{local:%Y-%m-%d}"
        assert row.late_seconds >= 0


def test_an_hour_that_nobody_decided_is_missing(engine, read):
    now = datetime.now(UTC)
    short = model("hour", "UTC", now.date() - timedelta(days=9), look_back=timedelta(hours=12))
    put_model(engine, short, now)
    found = read("SELECT * FROM dash.missing_window ORDER BY window_start")
    assert 11 <= len(found) <= 12
    assert found[0].window_key == f"{found[0].window_start.astimezone(UTC):%Y-%m-%d-%H:%M}"
    assert found[-1].window_end <= now - timedelta(hours=1)


def test_a_retired_model_misses_nothing_after_its_end(engine, read):
    end = datetime.now(UTC).date() - timedelta(days=6)
    put_model(engine, model("day", "UTC", date(2025, 1, 1), end), datetime.now(UTC))
    ((last,),) = read("SELECT max(window_key) FROM dash.missing_window")
    assert last == f"{end}"
    assert read("SELECT is_stale FROM dash.fleet") == [(False,)]


def test_an_overview_puts_first_what_needs_somebody(engine, keys):
    overview = PostgresOverview(engine).now(columns=1)
    assert {m.model for m in overview.models[:3]} == {"bad", "never", "stale"}
    assert [m.model for m in overview.models if not m.needs_attention] == ["fine"]


def test_an_overview_has_a_few_of_the_worst_columns(engine, keys):
    models = {m.model: m for m in PostgresOverview(engine).now(columns=1).models}
    (worst,) = models["bad"].worst_columns
    assert (worst.column, worst.value, worst.ratio) == (HOSTILE, 0.25, 2.5)


def test_an_overview_counts_runs_and_how_long_the_last_took(engine, keys):
    pipeline = PostgresOverview(engine).now(columns=1).pipeline
    assert pipeline.runs == {"succeeded": 3 * WINDOWS}
    assert set(pipeline.last_run_seconds) == set(keys)


def test_a_history_ends_with_the_newest_window(engine, keys):
    history = PostgresOverview(engine).history(3)
    assert history["bad"].drifted_share == (0.0, 0.0, 1.0)
    assert history["bad"].rows == (102, 103, 104)


def _zone(name):
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def test_every_column_of_every_view_is_in_the_documentation(engine):
    page = (ROOT / "docs/dashboards.md").read_text(encoding="utf-8")
    missing = []
    for view in sa.inspect(engine).get_view_names("dash"):
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `dash.{view}`")]
        columns = sa.inspect(engine).get_columns(view, "dash")
        missing += [f"{view}.{c['name']}" for c in columns if f"`{c['name']}`" not in row]
    assert missing == []
