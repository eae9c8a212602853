"""Files: which rows a window gets, and what is told about damage."""

import os
from datetime import UTC, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from monitoring_assets.config.model import SourceSettings
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.window import Cadence, Every
from monitoring_assets.sources.registry import Request, open_source

DAYS = Cadence(every=Every.DAY, start=datetime(2026, 1, 1, tzinfo=UTC).date())
JAN_1 = datetime(2026, 1, 1, tzinfo=UTC)


def day(number):
    return DAYS.window(f"2026-01-{number:02}")


def source(path, columns=("ts", "x"), timestamp="ts", zone=None):
    settings = SourceSettings(path=str(path))
    request = Request(settings=settings, columns=columns, timestamp=timestamp, timestamp_zone=zone)
    return open_source(request, {})


def table(*moments, kind=None, **columns):
    times = pa.array(moments, kind or pa.timestamp("us", "UTC"))
    return pa.table({"ts": times, "x": pa.array(range(len(moments)), pa.int64()), **columns})


def write(rows, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, write_page_checksum=True)


def write_days(folder, n, rows_a_day=4):
    for i in range(n):
        moments = [JAN_1 + timedelta(days=i, hours=h) for h in range(rows_a_day)]
        write(table(*moments), folder / f"date={(JAN_1 + timedelta(days=i)).date()}" / "a.parquet")


def in_window(found, window):
    return found.read(window.start, window.end)


def told(reading):
    return [(p.problem, p.subject, p.n) for p in reading.problems]


# Which files


def test_a_folder_is_read_without_hidden_and_unknown_files(tmp_path):
    write_days(tmp_path, 2)
    write(table(JAN_1), tmp_path / "_temporary" / "a.parquet")
    write(table(JAN_1), tmp_path / ".b.parquet")
    (tmp_path / "notes.txt").write_text("not data")
    assert source(tmp_path).read().rows.num_rows == 8


@pytest.mark.parametrize(
    ("pattern", "n"),
    [
        ("date=*/*.parquet", 12),
        ("date=2026-01-0[12]/*.parquet", 8),
        ("date=2026-01-0[!1]/?.parquet", 8),
        ("**/a.parquet", 12),
        ("*.parquet", 0),
        ("date=2027*/*", 0),
    ],
)
def test_a_glob_chooses_files(tmp_path, pattern, n):
    write_days(tmp_path, 3)
    assert source(tmp_path / pattern).read().rows.num_rows == n


def test_a_file_url_is_read(tmp_path):
    write_days(tmp_path, 2)
    assert source(f"file://{tmp_path}/date=*/a.parquet").read().rows.num_rows == 8


def test_an_empty_folder_has_no_rows(tmp_path):
    found = source(tmp_path)
    assert found.read().rows.num_rows == 0
    assert found.fingerprint() == ""
    assert found.fingerprints([day(1)]) == {}


@pytest.mark.parametrize("path", ["missing", "missing/*.parquet", "missing.parquet"])
def test_a_missing_folder_is_an_error_that_says_what_to_do(tmp_path, path):
    with pytest.raises(SourceError, match="Correct `path`"):
        source(tmp_path / path).read()


def test_a_file_of_unknown_format_is_an_error_that_lists_formats(tmp_path):
    (tmp_path / "log.xlsx").write_text("")
    with pytest.raises(SourceError, match=r"\.parquet, \.csv"):
        source(tmp_path / "log.xlsx").read()


def test_an_unreachable_bucket_is_an_error_without_credentials():
    environ = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "hush-hush",
    }
    settings = SourceSettings(path="s3://bucket/log/*.parquet")
    found = open_source(Request(settings=settings, columns=("x",)), environ)
    with pytest.raises(SourceError, match="s3://bucket/log") as caught:
        found.read()
    assert "hush-hush" not in str(caught.value)


# Which rows


def test_only_files_that_overlap_are_opened(tmp_path):
    write_days(tmp_path, 3)
    found = source(tmp_path)
    found.fingerprints([day(1)])
    opened = []
    decode = found._decode
    found._decode = lambda file, *rest: opened.append(file.name) or decode(file, *rest)
    in_window(found, day(2))
    assert opened == ["date=2026-01-02/a.parquet"]


def test_only_row_groups_that_overlap_are_decoded(tmp_path):
    moments = [JAN_1 + timedelta(hours=h) for h in range(96)]
    pq.write_table(table(*moments), tmp_path / "a.parquet", row_group_size=24)
    found = source(tmp_path)
    groups = []
    decode = found._decode
    found._decode = lambda *given: groups.append(given[2]) or decode(*given)
    assert in_window(found, day(2)).rows.num_rows == 24
    assert groups == [[1]]


def test_rows_belong_to_the_window_of_their_time_and_not_of_their_folder(tmp_path):
    write(table(JAN_1, JAN_1 + timedelta(days=1)), tmp_path / "date=2026-01-01" / "a.parquet")
    assert in_window(source(tmp_path), day(2)).rows.column("x").to_pylist() == [1]


def test_folders_provide_columns_that_files_do_not_hold(tmp_path):
    write(table(JAN_1), tmp_path / "region=eu%20west" / "date=2026-01-01" / "a.parquet")
    write(table(JAN_1), tmp_path / "region=__HIVE_DEFAULT_PARTITION__" / "b.parquet")
    rows = source(tmp_path, ("ts", "x", "region")).read().rows
    assert set(rows.column("region").to_pylist()) == {"eu west", None}


def test_a_folder_may_provide_the_time(tmp_path):
    write(pa.table({"x": [1, 2]}), tmp_path / "day=20260102" / "a.parquet")
    found = source(tmp_path, ("x",), timestamp="day", zone=ZoneInfo("UTC"))
    assert in_window(found, day(2)).rows.num_rows == 2
    assert in_window(found, day(1)).rows.num_rows == 0


def test_labels_have_no_event_time_and_are_read_whole(tmp_path):
    pq.write_table(pa.table({"id": ["a", "b"], "label": [0, 1]}), tmp_path / "labels.parquet")
    found = source(tmp_path, ("id", "label"), timestamp=None)
    assert found.read().rows.to_pydict() == {"id": ["a", "b"], "label": [0, 1]}
    assert found.read().problems == ()
    assert found.fingerprints([day(1)]) == {day(1).key: found.fingerprint()}


def test_a_window_without_rows_still_has_its_columns(tmp_path):
    write_days(tmp_path, 1)
    rows = in_window(source(tmp_path), day(9)).rows
    assert rows.schema == pa.schema([("ts", pa.timestamp("us", "UTC")), ("x", pa.int64())])


# Fingerprints


def test_a_rewritten_file_changes_only_the_windows_that_it_touches(tmp_path):
    write_days(tmp_path, 3)
    found = source(tmp_path)
    windows = [day(1), day(2), day(3), day(4)]
    before = found.fingerprints(windows)
    write(table(JAN_1 + timedelta(days=1)), tmp_path / "date=2026-01-02" / "b.parquet")
    after = found.fingerprints(windows)
    assert set(before) == {day(1).key, day(2).key, day(3).key}
    assert {key for key in after if before[key] != after[key]} == {day(2).key}


def test_a_repaired_file_is_read_again(tmp_path):
    path = tmp_path / "date=2026-01-01" / "a.parquet"
    write_days(tmp_path, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    found = source(tmp_path)
    assert in_window(found, day(1)).rows.num_rows == 0
    broken = found.fingerprints([day(1)])
    path.write_bytes(whole)
    assert in_window(found, day(1)).rows.num_rows == 4
    assert found.fingerprints([day(1)]) != broken


# Damage


def flip(content):
    middle = content.index(b"MARKER") + 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("zero.parquet", b""),
        ("cut.parquet", None),
        ("nonsense.parquet", b"PAR1 this is no parquet file PAR1"),
        ("zero.csv", b""),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00"),
        ("zero.jsonl", b""),
        ("nonsense.jsonl", b"\x00\x01"),
        ("nonsense.feather", b"ARROW1"),
        ("list.jsonl", b"[1, 2]\n"),
    ],
)
def test_a_broken_file_is_told_and_the_others_are_read(tmp_path, name, content):
    write_days(tmp_path, 1)
    whole = (tmp_path / "date=2026-01-01" / "a.parquet").read_bytes()
    (tmp_path / "date=2026-01-01" / name).write_bytes(whole[:-50] if content is None else content)
    reading = in_window(source(tmp_path), day(1))
    assert told(reading) == [("corrupt_file", f"date=2026-01-01/{name}", 0)]
    assert reading.rows.num_rows == 4


def test_a_flipped_bit_is_noticed_by_the_checksum(tmp_path):
    path = tmp_path / "a.parquet"
    names = pa.array(["MARKER-one", "MARKER-two"])
    pq.write_table(
        table(JAN_1, JAN_1, name=names), path, write_page_checksum=True, compression="none"
    )
    path.write_bytes(flip(path.read_bytes()))
    reading = in_window(source(tmp_path, ("ts", "x", "name")), day(1))
    assert told(reading) == [("corrupt_file", "a.parquet", 0)]
    assert "CRC" in reading.problems[0].detail
    assert reading.rows.num_rows == 0


def test_a_broken_file_is_told_in_the_window_of_the_date_in_its_name(tmp_path):
    write_days(tmp_path, 3)
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "log-20260102.parquet").write_bytes(b"")
    found = source(tmp_path)
    assert [len(in_window(found, day(n)).problems) for n in (1, 2, 3)] == [0, 1, 0]
    assert found.fingerprints([day(2)]) != source(tmp_path / "date=*").fingerprints([day(2)])


def test_a_broken_file_without_a_date_is_told_in_the_window_in_which_it_was_written(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"")
    noon = (JAN_1 + timedelta(hours=12)).timestamp()
    os.utime(path, (noon, noon))
    found = source(tmp_path)
    assert [len(in_window(found, day(n)).problems) for n in (1, 2)] == [1, 0]


def test_a_single_broken_file_is_told_in_every_window(tmp_path):
    path = tmp_path / "log.parquet"
    path.write_bytes(b"")
    found = source(path)
    assert [len(in_window(found, day(n)).problems) for n in (1, 2)] == [1, 1]
    assert set(found.fingerprints([day(1), day(2)])) == {day(1).key, day(2).key}


def test_csv_lines_that_are_cut_off_are_counted_and_left_out(tmp_path):
    (tmp_path / "log.csv").write_text("ts,x\n2026-01-01T00:00Z,1\n2026-01-01T01:00Z\n")
    reading = in_window(source(tmp_path), day(1))
    assert told(reading) == [("corrupt_file", "log.csv", 1)]
    assert reading.rows.column("x").to_pylist() == [1]


def test_a_csv_file_without_a_single_whole_line_is_told(tmp_path):
    (tmp_path / "log-2026-01-02.csv").write_text("ts,x\n2026-01-02T01:00Z\n")
    assert told(in_window(source(tmp_path), day(2))) == [("corrupt_file", "log-2026-01-02.csv", 1)]


def test_json_lines_that_are_cut_off_are_counted_and_left_out(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"ts": "2026-01-01T00:00:00Z", "x": 1}\n{"ts": "20')
    reading = in_window(source(tmp_path), day(1))
    assert told(reading) == [("corrupt_file", "log.jsonl", 1)]
    assert reading.rows.column("x").to_pylist() == [1]


# Times


def test_times_without_a_zone_are_told_once(tmp_path):
    naive = [JAN_1.replace(tzinfo=None), JAN_1.replace(tzinfo=None)]
    write(table(*naive, kind=pa.timestamp("ns")), tmp_path / "a.parquet")
    write(table(*naive, kind=pa.timestamp("us")), tmp_path / "b.parquet")
    assert told(in_window(source(tmp_path), day(1))) == [("naive_timestamps", "ts", 4)]


def test_times_without_a_zone_are_not_told_where_one_is_declared(tmp_path):
    write(table(JAN_1.replace(tzinfo=None), kind=pa.timestamp("us")), tmp_path / "a.parquet")
    reading = source(tmp_path, zone=ZoneInfo("Europe/Berlin")).read()
    assert reading.problems == ()
    assert reading.rows.column("ts").to_pylist() == [JAN_1 - timedelta(hours=1)]


@pytest.mark.parametrize(("key", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.string()], ids=str)
def test_a_local_day_of_23_or_25_hours_is_read_whole(tmp_path, key, hours, kind):
    cadence = Cadence(every=Every.DAY, start=JAN_1.date(), timezone="Europe/Berlin")
    window = cadence.window(key)
    midnight = datetime.fromisoformat(key)
    local = [midnight + timedelta(minutes=30 * i) for i in range(-4, 52)]
    stored = pa.array(local, pa.timestamp("us")).cast(kind)
    write(pa.table({"ts": stored, "x": range(len(local))}), tmp_path / "a.parquet")
    found = source(tmp_path, zone=cadence.zone)
    assert in_window(found, window).rows.num_rows == 48
    assert window.hours == hours


def test_rows_without_a_readable_time_come_once_with_the_first_window_of_their_file(tmp_path):
    texts = ["2026-01-03T00:00Z", None, "2026-01-02T00:00Z", "soon"]
    write(table(*texts, kind=pa.string()), tmp_path / "a.parquet")
    found = source(tmp_path)
    readings = [in_window(found, day(n)) for n in (1, 2, 3)]
    assert [told(r) for r in readings] == [[], [("unreadable_timestamps", "ts", 2)], []]
    assert readings[1].rows.column("x").to_pylist() == [2, 1, 3]
    assert readings[2].rows.column("x").to_pylist() == [0]


def test_rows_without_any_readable_time_come_with_the_date_in_the_path(tmp_path):
    write(table(None, None), tmp_path / "2026" / "01" / "02" / "a.parquet")
    found = source(tmp_path)
    counts = [in_window(found, day(n)).rows.num_rows for n in (1, 2, 3)]
    assert counts == [0, 2, 0]
    assert set(found.fingerprints([day(1), day(2)])) == {day(2).key}


def test_a_missing_time_column_is_told_and_absent(tmp_path):
    write(pa.table({"x": [1]}), tmp_path / "date=2026-01-02" / "a.parquet")
    reading = in_window(source(tmp_path), day(2))
    assert reading.rows.column_names == ["x"]
    assert told(reading) == [("unreadable_timestamps", "ts", 1)]


# Types


def test_whole_numbers_and_fractions_become_fractions(tmp_path):
    write(table(JAN_1, y=pa.array([1])), tmp_path / "a.parquet")
    write(table(JAN_1, y=pa.array([1.5])), tmp_path / "b.parquet")
    write(table(JAN_1, y=pa.nulls(1)), tmp_path / "c.parquet")
    reading = source(tmp_path, ("ts", "y")).read()
    assert reading.rows.column("y").to_pylist() == [1.0, 1.5, None]
    assert reading.problems == ()


@pytest.mark.parametrize(
    "texts",
    [
        pa.array(["b"]).dictionary_encode(),
        pa.array(["b"], pa.large_string()),
        pa.array(["b"], pa.large_string()).dictionary_encode(),
    ],
    ids=lambda texts: str(texts.type),
)
def test_all_forms_of_text_are_text(tmp_path, texts):
    write(table(JAN_1, y=pa.array(["a"])), tmp_path / "a.parquet")
    write(table(JAN_1, y=texts), tmp_path / "b.parquet")
    reading = source(tmp_path, ("ts", "y")).read()
    assert reading.rows.schema.field("y").type == pa.string()
    assert reading.problems == ()


def test_types_that_do_not_fit_are_text_and_told(tmp_path):
    write(table(JAN_1, y=pa.array([1])), tmp_path / "a.parquet")
    write(table(JAN_1, y=pa.array(["one"])), tmp_path / "b.parquet")
    reading = source(tmp_path, ("ts", "y")).read()
    assert told(reading) == [("mixed_types", "y", 2)]
    assert "int64 in a.parquet, string in b.parquet" in reading.problems[0].detail
    assert reading.rows.column("y").to_pylist() == ["1", "one"]


def test_a_json_column_of_several_types_is_text_and_told(tmp_path):
    lines = ['{"ts": "2026-01-01T00:00:00Z", "x": 1}', '{"ts": "2026-01-02T00:00:00Z", "x": "a"}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    found = source(tmp_path)
    assert told(in_window(found, day(2))) == [("mixed_types", "x", 2)]
    assert found.read().rows.column("x").to_pylist() == ["1", "a"]


def test_a_column_may_be_missing_in_some_files(tmp_path):
    write(table(JAN_1), tmp_path / "a.parquet")
    write(table(JAN_1, y=pa.array([2])), tmp_path / "b.parquet")
    assert source(tmp_path, ("ts", "y")).read().rows.column("y").to_pylist() == [None, 2]


def test_a_column_that_no_file_has_is_absent(tmp_path):
    write(table(JAN_1), tmp_path / "a.parquet")
    assert source(tmp_path, ("ts", "y")).read().rows.column_names == ["ts"]


def test_columns_that_nobody_asked_for_are_named(tmp_path):
    write(table(JAN_1, y=pa.array([2])), tmp_path / "date=2026-01-01" / "a.parquet")
    assert source(tmp_path).read().unexpected_columns == ("y",)


def test_german_csv_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("ts;x\n2026-01-01T00:00Z;\n2026-01-01T01:00Z;2\n")
    assert source(tmp_path).read().rows.column("x").to_pylist() == [None, 2]


def test_a_csv_column_may_change_its_type_late_in_the_file(tmp_path):
    lines = ["ts,x", *["2026-01-01T00:00Z,1"] * 100_000, "2026-01-01T00:00Z,1.5"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    reading = source(tmp_path).read()
    assert reading.rows.column("x").to_pylist()[-1] == 1.5
    assert reading.problems == ()


def test_of_columns_with_the_same_name_the_first_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("ts,x,x\n2026-01-01T00:00Z,1,2\n")
    assert source(tmp_path).read().rows.column("x").to_pylist() == [1]


# Speed


def fastest(action, times=5):
    seconds = []
    for _ in range(times):
        start = perf_counter()
        action()
        seconds.append(perf_counter() - start)
    return min(seconds)


def test_one_day_of_a_year_of_files_is_read_in_30_milliseconds(tmp_path):
    write_days(tmp_path, 365, rows_a_day=24)
    found = source(tmp_path)
    window = DAYS.window("2026-07-01")
    in_window(found, window)
    assert fastest(lambda: in_window(found, window)) < 0.03


def test_a_year_of_windows_over_one_csv_takes_less_than_3_seconds(tmp_path):
    path = tmp_path / "log.csv"
    moments = [JAN_1 + timedelta(seconds=630 * i) for i in range(50_000)]
    columns = {f"f{i}": pa.array(range(50_000), pa.float64()) for i in range(10)}
    pyarrow.csv.write_csv(table(*moments, **columns), path)
    found = source(path, ("ts", "x", *columns))
    windows = list(DAYS.between(DAYS.window("2026-01-01"), DAYS.window("2026-12-31")))
    start = perf_counter()
    n = sum(in_window(found, window).rows.num_rows for window in windows)
    assert perf_counter() - start < 3
    assert n == sum(1 for moment in moments if moment < windows[-1].end)
