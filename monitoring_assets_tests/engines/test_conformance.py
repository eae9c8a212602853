"""All engines keep the contract of the port: their profiles are those of this process."""

import pyarrow.parquet as pq
import pytest

from monitoring_assets.config.engine import EngineSettings
from monitoring_assets.config.model import SourceSettings
from monitoring_assets.engines.conformance import (
    CHECKS,
    MOST_SEGMENT_VALUES,
    TIMESTAMP,
)
from monitoring_assets.engines.registry import Request, open_engine
from monitoring_assets.sources.files import FileSource


def engine_over_files(name, folder, **environ):
    """Return what makes an engine over a Parquet file."""

    def make(rows):
        path = folder / f"rows-{len(list(folder.iterdir()))}.parquet"
        pq.write_table(rows, path)
        columns = tuple(rows.column_names)
        source = FileSource(path=str(path), columns=columns, timestamp=TIMESTAMP, environ={})
        request = Request(
            settings=EngineSettings(name=name),
            predictions=SourceSettings(path=str(path)),
            source=source,
            timestamp=TIMESTAMP,
            timestamp_zone=None,
            most_segment_values=MOST_SEGMENT_VALUES,
        )
        return open_engine(request, environ)

    return make


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ["local", "duckdb"])
def test_an_engine_over_files_keeps_the_contract(name, check, tmp_path):
    check(engine_over_files(name, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_spark_keeps_the_contract(check, spark, tmp_path):
    check(engine_over_files("spark", tmp_path))
