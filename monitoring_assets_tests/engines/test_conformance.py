"""All engines keep the contract of the port: their profiles are those of this process."""

from itertools import count

import ibis
import pyarrow.parquet as pq
import pytest
from sqlalchemy import make_url

from monitoring_assets.config.engine import EngineSettings
from monitoring_assets.config.model import SourceSettings
from monitoring_assets.engines.conformance import (
    CHECKS,
    MOST_SEGMENT_VALUES,
    TIMESTAMP,
)
from monitoring_assets.engines.registry import EngineRequest, open_engine


def engine_over_files(name, folder, **environ):
    """Return what makes an engine over a Parquet file."""

    def make(rows):
        path = folder / f"rows-{len(list(folder.iterdir()))}.parquet"
        pq.write_table(rows, path)
        request = EngineRequest(
            settings=EngineSettings(name=name),
            predictions=SourceSettings(path=str(path)),
            timestamp=TIMESTAMP,
            timestamp_zone=None,
            most_segment_values=MOST_SEGMENT_VALUES,
        )
        return open_engine(request, environ)

    return make


def engine_over_postgres(url):
    """Return what makes an engine over a table of a Postgres database."""
    address = make_url(url).set(drivername="postgres").render_as_string(hide_password=False)

    tables = (f"predictions_{n}" for n in count())

    def make(rows):
        table, connection = next(tables), ibis.connect(address)
        connection.create_table(table, rows)
        connection.disconnect()
        request = EngineRequest(
            settings=EngineSettings(name="ibis"),
            predictions=SourceSettings(url_env="WAREHOUSE_URL", table=f"public.{table}"),
            timestamp=TIMESTAMP,
            timestamp_zone=None,
            most_segment_values=MOST_SEGMENT_VALUES,
        )
        return open_engine(request, {"WAREHOUSE_URL": url})

    return make


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ["arrow", "duckdb"])
def test_an_engine_over_files_keeps_the_contract(name, check, tmp_path):
    check(engine_over_files(name, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_spark_keeps_the_contract(check, spark, tmp_path):
    check(engine_over_files("spark", tmp_path))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_postgres_keeps_the_contract(check, database_url):
    check(engine_over_postgres(database_url))
