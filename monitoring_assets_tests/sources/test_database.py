"""Databases: what is asked of them, what they hold, and what their errors say."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from monitoring_assets.config.model import SourceSettings
from monitoring_assets.domain.errors import ConfigurationError, SourceError
from monitoring_assets.domain.window import Cadence, Every
from monitoring_assets.sources.registry import Request, open_source

DAYS = Cadence(every=Every.DAY, start=date(2026, 1, 1))
JAN_1 = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def day(number):
    return DAYS.window(f"2026-01-{number:02}")


def create(url, *statements):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def create_log(url, times):
    """Create a table of the given times (as text) and x = 0, 1, 2, …."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE log (ts TEXT, x INTEGER)"))
        rows = [{"ts": time, "x": x} for x, time in enumerate(times)]
        connection.execute(sa.text("INSERT INTO log VALUES (:ts, :x)"), rows)
    engine.dispose()


def source(url, columns=("ts", "x"), timestamp="ts", zone=None, **place):
    settings = SourceSettings(url_env="LOG_URL", **(place or {"table": "log"}))
    request = Request(settings=settings, columns=columns, timestamp=timestamp, timestamp_zone=zone)
    return open_source(request, {"LOG_URL": url})


def in_window(found, window):
    return found.read(window.start, window.end)


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/log.db"
    create_log(url, [f"{JAN_1 + timedelta(hours=12 * i):%Y-%m-%d %H:%M:%S}" for i in range(6)])
    return url


def test_a_query_is_read_like_a_table(url):
    query = "SELECT ts, x, '12:30' AS clock, x % 2 AS odd FROM log WHERE x <> 2;"
    found = source(url, ("ts", "x", "clock", "odd"), query=query)
    rows = in_window(found, day(2)).rows
    assert rows.select(["x", "clock", "odd"]).to_pylist() == [{"x": 3, "clock": "12:30", "odd": 1}]


def test_all_windows_are_asked_for_in_one_statement(url):
    found = source(url)
    statements = []
    sa.event.listen(
        found._engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    windows = list(DAYS.between(day(1), DAYS.window("2026-06-30")))
    assert set(found.fingerprints(windows)) == {day(1).key, day(2).key, day(3).key}
    assert sum("GROUP BY" in statement for statement in statements) == 1
    assert len(statements) == 3  # the columns, one value, the counts


def test_more_windows_than_one_statement_takes_are_divided(url):
    windows = list(DAYS.between(day(1), DAYS.window("2026-12-31")))
    assert set(source(url).fingerprints(windows)) == {day(1).key, day(2).key, day(3).key}


def test_windows_with_gaps_between_them_count_their_own_rows_only(url):
    found = source(url)
    together = found.fingerprints([day(1), day(2), day(3)])
    assert found.fingerprints([day(1), day(3)]) == {
        key: together[key] for key in (day(1).key, day(3).key)
    }


def test_a_label_that_is_filled_in_changes_the_fingerprint(url):
    create(url, "UPDATE log SET x = NULL WHERE x = 1")
    found = source(url)
    before = found.fingerprints([day(1), day(2)])
    create(url, "UPDATE log SET x = 1 WHERE x IS NULL")
    after = found.fingerprints([day(1), day(2)])
    assert before[day(1).key] != after[day(1).key]
    assert before[day(2).key] == after[day(2).key]


def test_a_corrected_label_changes_the_fingerprint_of_labels(tmp_path):
    url = f"sqlite:///{tmp_path}/labels.db"
    create(
        url,
        "CREATE TABLE log (id TEXT, label INTEGER, known_at TEXT)",
        "INSERT INTO log VALUES ('a', 0, '2026-01-01')",
    )
    found = source(url, ("id", "label", "known_at"), timestamp=None)
    before = found.fingerprint()
    create(url, "UPDATE log SET label = 1, known_at = '2026-01-02'")
    assert found.fingerprint() != before


def test_an_empty_table_has_no_rows_and_no_fingerprint(tmp_path):
    url = f"sqlite:///{tmp_path}/log.db"
    create(url, "CREATE TABLE log (ts TEXT, x INTEGER)")
    found = source(url)
    assert in_window(found, day(1)).rows.num_rows == 0
    assert (found.fingerprint(), found.fingerprints([day(1)])) == ("", {})
    assert found.earliest() is None


def test_a_column_of_several_types_is_text_and_told(url):
    create(url, "INSERT INTO log VALUES ('2026-01-01 01:00:00', 'many')")
    reading = in_window(source(url), day(1))
    assert ("mixed_types", "x") in [(p.problem, p.subject) for p in reading.problems]
    assert "many" in reading.rows.column("x").to_pylist()


def test_times_without_a_zone_are_told(url):
    found = [(p.problem, p.subject, p.n) for p in in_window(source(url), day(1)).problems]
    assert found == [("naive_timestamps", "ts", 2)]
    assert in_window(source(url, zone=BERLIN), day(1)).problems == ()


def test_rows_without_a_time_are_in_no_window_and_in_the_whole(url):
    create(url, "INSERT INTO log VALUES (NULL, 7)")
    found = source(url)
    assert sum(in_window(found, day(n)).rows.num_rows for n in range(1, 10)) == 6
    reading = found.read()
    assert reading.rows.num_rows == 7
    assert "unreadable_timestamps" in {p.problem for p in reading.problems}


def test_dates_are_midnight(tmp_path):
    url = f"sqlite:///{tmp_path}/log.db"
    create_log(url, ["2026-01-01", "2026-01-02", "2026-01-03"])
    cadence = Cadence(every=Every.DAY, start=date(2026, 1, 1), timezone="Europe/Berlin")
    found = source(url, zone=BERLIN)
    window = cadence.window("2026-01-02")
    assert in_window(found, window).rows.column("x").to_pylist() == [1]
    assert set(found.fingerprints([window])) == {"2026-01-02"}


def test_every_local_hour_around_a_change_of_clocks_is_in_one_window(tmp_path):
    url = f"sqlite:///{tmp_path}/log.db"
    local = [datetime(2026, 10, 24, 22) + timedelta(minutes=30 * i) for i in range(16)]  # noqa: DTZ001
    create_log(url, map(str, local))
    hours = Cadence(every=Every.HOUR, start=date(2026, 10, 24))
    first, last = hours.window("2026-10-24-18:00"), hours.window("2026-10-25-06:00")
    windows = list(hours.between(first, last))
    found = source(url, zone=BERLIN)
    filled = {w.key: in_window(found, w).rows.num_rows for w in windows}
    assert sum(filled.values()) == 16
    assert set(found.fingerprints(windows)) == {key for key, n in filled.items() if n}


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00+02:00", "01/02/2026", "soon"])
def test_texts_that_do_not_sort_by_time_are_an_error_that_says_what_to_do(tmp_path, text):
    url = f"sqlite:///{tmp_path}/log.db"
    create_log(url, [text])
    with pytest.raises(SourceError, match="cast the column"):
        in_window(source(url), day(1))


def test_a_missing_time_column_is_an_error_that_lists_the_columns(url):
    with pytest.raises(SourceError, match="ts, x"):
        in_window(source(url, timestamp="when"), day(1))


def test_a_missing_table_is_an_error_that_says_what_to_check(url):
    with pytest.raises(SourceError, match="name and rights of the table"):
        source(url, table="logs").read()


def test_a_variable_that_is_not_set_is_named():
    request = Request(settings=SourceSettings(url_env="NOT_SET", table="log"), columns=("x",))
    with pytest.raises(ConfigurationError, match="NOT_SET"):
        open_source(request, {})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql//user:hush-hush@host/db",
        "nosuch://user:hush-hush@host/db",
        "postgresql+nosuch://user:hush-hush@host/db",
        "postgresql://user:hush-hush@127.0.0.1:9/db",
    ],
)
def test_no_error_shows_the_password(url):
    with pytest.raises((ConfigurationError, SourceError), match="LOG_URL") as caught:
        source(url).read()
    error = caught.value
    assert "hush-hush" not in str(error)
    assert error.__suppress_context__


def test_the_description_shows_no_url():
    found = source("postgresql://user:hush-hush@host/db", table="scoring.log")
    assert found.description == "table scoring.log of the database in LOG_URL"


def test_postgres_types_become_plain_columns(database_url):
    create(
        database_url,
        "CREATE SCHEMA scoring",
        'CREATE TABLE scoring."Log" (ts timestamptz, id uuid, amount numeric, ok boolean, '
        "tags text[], day date)",
        "INSERT INTO scoring.\"Log\" VALUES ('2026-01-01 01:00+01', "
        "'00000000-0000-0000-0000-000000000001', 1.5, true, '{a}', '2026-01-01')",
    )
    plain_url = database_url.replace("postgresql+psycopg://", "postgresql://")
    columns = ("ts", "id", "amount", "ok", "tags", "day")
    found = source(plain_url, columns, table="scoring.Log")
    assert in_window(found, day(1)).rows.to_pylist() == [
        {
            "ts": JAN_1,
            "id": "00000000-0000-0000-0000-000000000001",
            "amount": 1.5,
            "ok": True,
            "tags": ["a"],
            "day": date(2026, 1, 1),
        }
    ]
    assert found.fingerprint()
    assert found.earliest() == JAN_1


def test_large_tables_are_fetched_in_chunks(database_url, monkeypatch):
    monkeypatch.setattr("monitoring_assets.sources.database._CHUNK_ROWS", 100)
    create(
        database_url,
        "CREATE TABLE log AS SELECT timestamptz '2026-01-01 00:00Z' + i * interval '1 minute' "
        "AS ts, CASE WHEN i > 100 THEN i END AS x FROM generate_series(0, 1439) AS i",
    )
    rows = in_window(source(database_url), day(1)).rows
    assert rows.num_rows == 1440
    assert rows.column("x").null_count == 101
    assert len(source(database_url).sample(50)) == 50
