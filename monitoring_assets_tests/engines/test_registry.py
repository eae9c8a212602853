"""A model's `engine:` opens the engine of that name, on the rows that are named."""

import sys
from typing import get_args

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from monitoring_assets.config.engine import EngineName, EngineSettings
from monitoring_assets.config.model import SourceSettings
from monitoring_assets.domain.errors import ConfigurationError, SourceError
from monitoring_assets.engines.conformance import TIMESTAMP, WINDOW
from monitoring_assets.engines.registry import ENGINES, EngineRequest, open_engine
from monitoring_assets.profiles.layout import layout_of

ROWS = pa.table({TIMESTAMP: [WINDOW.start] * 3, "x": [1.0, 2.0, 2.0], "c": ["a", "b", None]})
LAYOUT = layout_of(ROWS, ["x"], ["c"])


def engine(environ=None, predictions=None, **settings):
    request = EngineRequest(
        settings=EngineSettings(**settings),
        predictions=SourceSettings(**(predictions or {"path": "nowhere"})),
        timestamp=TIMESTAMP,
        timestamp_zone=None,
        most_segment_values=3,
    )
    return open_engine(request, environ or {})


def few(opened):
    return opened.profile(WINDOW, LAYOUT).whole.numeric["x"].few


def test_every_name_has_an_engine():
    assert set(ENGINES) == set(get_args(EngineName))


@pytest.mark.parametrize("path", ["", "*.parquet", "day=*/*.parquet", "day=1/rows.parquet"])
def test_duckdb_reads_a_file_a_folder_or_a_glob(path, tmp_path):
    for name in ("rows.parquet", "day=1/rows.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pq.write_table(ROWS, tmp_path / name)
    times = 2 if path == "" else 1
    opened = engine(name="duckdb", predictions={"path": str(tmp_path / path)})
    assert few(opened) == {1.0: times, 2.0: 2 * times}


def test_duckdb_reads_csv(tmp_path):
    pa.csv.write_csv(ROWS, tmp_path / "rows.csv")
    opened = engine(name="duckdb", predictions={"path": str(tmp_path / "rows.csv")})
    assert few(opened) == {1.0: 1, 2.0: 2}


def test_duckdb_reads_files_written_before_a_column_was_added(tmp_path):
    pq.write_table(ROWS, tmp_path / "1.parquet")
    pq.write_table(ROWS.drop(["x"]), tmp_path / "2.parquet")
    found = engine(name="duckdb", predictions={"path": str(tmp_path)}).profile(WINDOW, LAYOUT)
    assert (found.whole.rows, found.whole.numeric["x"].missing) == (6, 3)


@pytest.mark.parametrize("place", [{"table": "main.log"}, {"query": "SELECT * FROM log;"}])
def test_duckdb_reads_a_database_of_its_own(place, tmp_path):
    path = str(tmp_path / "log.duckdb")
    with duckdb.connect(path) as connection:
        rows = ROWS  # noqa: F841 - found by its name
        connection.execute("CREATE TABLE log AS SELECT * FROM rows")
    opened = engine({"LOG": path}, {"url_env": "LOG", **place}, name="duckdb")
    assert few(opened) == {1.0: 1, 2.0: 2}
    assert path not in opened.description


def test_ibis_asks_the_database_of_a_url(tmp_path):
    path = str(tmp_path / "log.duckdb")
    with duckdb.connect(path) as connection:
        rows = ROWS  # noqa: F841 - found by its name
        connection.execute("CREATE TABLE log AS SELECT * FROM rows")
    opened = engine({"LOG": f"duckdb://{path}"}, name="ibis", url_env="LOG", table="log")
    assert few(opened) == {1.0: 1, 2.0: 2}
    assert opened.description == "ibis over table log of the database in LOG"


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(ConfigurationError, match="WAREHOUSE_URL is not set"):
        engine(name="ibis", url_env="WAREHOUSE_URL", table="log")


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("s3://bucket/rows.parquet", ConfigurationError, "reads local files"),
        ("rows.feather", ConfigurationError, "does not read rows.feather"),
        (".", SourceError, "holds no file"),
        ("absent.parquet", SourceError, "cannot profile 2026-01-02"),
    ],
)
def test_files_that_duckdb_cannot_read_are_named(path, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        few(engine(name="duckdb", predictions={"path": path}))


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [("ibis", "duckdb", "duckdb"), ("pyspark", "spark", "spark"), ("ibis", "ibis", "trino")],
)
def test_what_is_not_installed_is_named(module, name, extra, monkeypatch):
    loaded = [key for key in sys.modules if key.partition(".")[0] == module]
    for key in {module, f"{module}.sql", *loaded}:
        monkeypatch.setitem(sys.modules, key, None)
    url = "trino://user@host/catalog"
    opened = engine({"URL": url}, name=name, url_env="URL", table="log")
    with pytest.raises(ConfigurationError, match=rf"pip install 'monitoring-assets\[{extra}\]'"):
        few(opened)


def test_no_message_tells_the_password():
    url = "postgres://me:hidden@127.0.0.1:1/db"
    opened = engine({"URL": url}, name="ibis", url_env="URL", table="log")
    with pytest.raises(SourceError) as caught:
        few(opened)
    assert "hidden" not in str(caught.value)
    assert "URL" in str(caught.value)


def test_wrong_bins_are_an_error_and_no_profile(monkeypatch, tmp_path):
    pq.write_table(ROWS, tmp_path / "rows.parquet")
    monkeypatch.setattr(
        "monitoring_assets.engines.cells.Cells.numbers", lambda _, values: (values * 0).astype(int)
    )
    with pytest.raises(SourceError, match="counted 3 numbers in 'x' and gave"):
        few(engine(name="duckdb", predictions={"path": str(tmp_path)}))
