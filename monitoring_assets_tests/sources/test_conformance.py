"""Both kinds of sources keep the contract of the port."""

import gzip
import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
import sqlalchemy as sa

from monitoring_assets.config.model import SourceSettings
from monitoring_assets.sources.conformance import CHECKS, COLUMNS, TIMESTAMP, check_source
from monitoring_assets.sources.registry import Request, open_source


def write_json_lines(rows, path):
    lines = [json.dumps(row, default=str) for row in rows.to_pylist()]
    path.write_text("\n".join(lines) + "\n" if lines else "\n")


def write_csv_gz(rows, path):
    with gzip.open(path, "wb") as file:
        pyarrow.csv.write_csv(rows, file)


def write_text_parquet(rows, path):
    texts = rows.column(TIMESTAMP).cast(pa.string())
    pyarrow.parquet.write_table(rows.set_column(0, TIMESTAMP, texts), path)


def write_row_groups(rows, path):
    pyarrow.parquet.write_table(rows, path, row_group_size=2)


def write_epochs(rows, path):
    micros = rows.column(TIMESTAMP).cast(pa.int64())
    pyarrow.parquet.write_table(rows.set_column(0, TIMESTAMP, micros), path)


FORMATS = {
    "parquet": ("rows.parquet", pyarrow.parquet.write_table),
    "parquet in row groups": ("rows.parquet", write_row_groups),
    "parquet with times as text": ("rows.parquet", write_text_parquet),
    "parquet with epoch times": ("rows.parquet", write_epochs),
    "csv": ("rows.csv", pyarrow.csv.write_csv),
    "csv.gz": ("rows.csv.gz", write_csv_gz),
    "feather": ("rows.feather", pyarrow.feather.write_feather),
    "json lines": ("rows.jsonl", write_json_lines),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", FORMATS)
def test_files_keep_the_contract(kind, check, tmp_path):
    name, write = FORMATS[kind]

    def make(rows):
        for file in tmp_path.iterdir():
            file.unlink()
        if rows.num_rows:
            write(rows, tmp_path / name)
        settings = SourceSettings(path=str(tmp_path))
        return open_source(Request(settings=settings, columns=COLUMNS, timestamp=TIMESTAMP), {})

    check(make)


def table_source(url, rows, time_type, as_stored, zone=None):
    """Store rows in a table whose event time has a given type, and open it."""
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    table = sa.Table(
        "log",
        metadata,
        sa.Column("ts", time_type),
        sa.Column("id", sa.String),
        sa.Column("amount", sa.Float),
        sa.Column("colour", sa.String),
        sa.Column("note", sa.String),
    )
    metadata.drop_all(engine)
    metadata.create_all(engine)
    if rows.num_rows:
        stored = [row | {"ts": as_stored(row["ts"])} for row in rows.to_pylist()]
        with engine.begin() as connection:
            connection.execute(sa.insert(table), stored)
    engine.dispose()
    settings = SourceSettings(url_env="LOG_URL", table="log")
    request = Request(settings=settings, columns=COLUMNS, timestamp=TIMESTAMP, timestamp_zone=zone)
    return open_source(request, {"LOG_URL": url})


SQLITE_TIMES = {
    "datetimes": (sa.DateTime(), lambda ts: ts.replace(tzinfo=None), ZoneInfo("UTC")),
    "text with T and Z": (sa.String(), lambda ts: ts.isoformat().replace("+00:00", "Z"), None),
    "epoch seconds": (sa.Float(), lambda ts: ts.timestamp(), None),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", SQLITE_TIMES)
def test_sqlite_keeps_the_contract(kind, check, tmp_path):
    time_type, as_stored, zone = SQLITE_TIMES[kind]
    url = f"sqlite:///{tmp_path}/log.db"
    check(lambda rows: table_source(url, rows, time_type, as_stored, zone))


POSTGRES_TIMES = {
    "timestamptz": (sa.DateTime(timezone=True), lambda ts: ts, None),
    "timestamp": (sa.DateTime(), lambda ts: ts.replace(tzinfo=None), ZoneInfo("UTC")),
    "local timestamp": (
        sa.DateTime(),
        lambda ts: ts.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None),
        ZoneInfo("Europe/Berlin"),
    ),
    "epoch microseconds": (sa.BigInteger(), lambda ts: round(ts.timestamp() * 1e6), None),
}


@pytest.mark.parametrize("kind", POSTGRES_TIMES)
def test_postgres_keeps_the_contract(kind, database_url):
    time_type, as_stored, zone = POSTGRES_TIMES[kind]
    check_source(lambda rows: table_source(database_url, rows, time_type, as_stored, zone))


class ForgetsLateRows:
    """A source that returns no row of the last second of a window."""

    def __init__(self, inner):
        self.inner = inner

    def read(self, start=None, end=None):
        return self.inner.read(start, end - timedelta(seconds=1) if end else None)

    def __getattr__(self, name):
        return getattr(self.inner, name)


def test_the_suite_finds_a_source_that_loses_rows(tmp_path):
    def make(rows):
        pyarrow.parquet.write_table(rows, tmp_path / "rows.parquet")
        settings = SourceSettings(path=str(tmp_path))
        request = Request(settings=settings, columns=COLUMNS, timestamp=TIMESTAMP)
        return ForgetsLateRows(open_source(request, {}))

    with pytest.raises(AssertionError, match="rows of 2026-01-02"):
        check_source(make)
