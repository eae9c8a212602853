"""Which engine profiles which model; the only place that knows all of them.

A new engine is one row in `ENGINES`, and a test that runs `engines.conformance.check_engine`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from monitoring_assets.application.ports import ProfileEngine
from monitoring_assets.config.engine import EngineName, EngineSettings
from monitoring_assets.config.model import SourceSettings
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.engines.arrow import ArrowEngine
from monitoring_assets.engines.database import DatabaseEngine
from monitoring_assets.engines.places import Place, duckdb_table, ibis_table, spark_table


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """What is profiled by which engine.

    Attributes:
        settings: The engine.
        predictions: Where the log is; `path` is absolute or a URL.
        timestamp: The column that holds the event time.
        timestamp_zone: The zone of times that carry none, None where it is not declared.
        most_segment_values: How many values of a segment column have a profile of their own.
    """

    settings: EngineSettings
    predictions: SourceSettings
    timestamp: str
    timestamp_zone: ZoneInfo | None
    most_segment_values: int


Opener = Callable[[EngineRequest, Mapping[str, str]], ProfileEngine]


def open_engine(request: EngineRequest, environ: Mapping[str, str]) -> ProfileEngine | None:
    """Return the engine of a request; nothing is connected to before the first profile.

    It is None for `local`, whose rows are copied and profiled by `application.monitor`.

    Args:
        request: What is profiled by which engine.
        environ: The environment, which holds the URLs of databases.

    Raises:
        ConfigurationError: If the environment variable of a database is not set.
    """
    opener = ENGINES[request.settings.name]
    return None if opener is None else opener(request, environ)


def _arrow(request: EngineRequest, environ: Mapping[str, str]) -> ProfileEngine:
    del environ
    if request.predictions.path is None:
        raise ConfigurationError(
            "engine arrow streams Parquet files, and `predictions` names none: use "
            "`engine: {name: ibis}` for a table or a query"
        )
    return ArrowEngine(
        request.predictions.path,
        request.timestamp,
        timestamp_zone=request.timestamp_zone,
        most_segment_values=request.most_segment_values,
    )


def _in_database(table: Callable[[Place], Any]) -> Opener:
    def opened(request: EngineRequest, environ: Mapping[str, str]) -> ProfileEngine:
        place = _place(request, environ)
        return DatabaseEngine(
            description=_description(request),
            table=lambda: table(place),
            timestamp=request.timestamp,
            timestamp_zone=request.timestamp_zone,
            most_segment_values=request.most_segment_values,
            secret=place.url,
        )

    return opened


ENGINES: Mapping[EngineName, Opener | None] = {
    "local": None,
    "arrow": _arrow,
    "duckdb": _in_database(duckdb_table),
    "spark": _in_database(spark_table),
    "ibis": _in_database(ibis_table),
}


def _place(request: EngineRequest, environ: Mapping[str, str]) -> Place:
    settings, rows = request.settings, request.predictions
    variable = settings.url_env or rows.url_env
    url = environ.get(variable, "") if variable else ""
    if variable and not url:
        raise ConfigurationError(
            f"the environment variable {variable} is not set; put the URL of the engine "
            f"{settings.name} into it."
        )
    return Place(
        path=None if settings.table else rows.path,
        url=url,
        table=settings.table or rows.table,
        query=None if settings.table else rows.query,
    )


def _description(request: EngineRequest) -> str:
    settings, rows = request.settings, request.predictions
    table = settings.table or rows.table
    what = rows.path or "the query" if table is None else f"table {table}"
    variable = settings.url_env or rows.url_env
    return f"{settings.name} over {what}" + (f" of the database in {variable}" if variable else "")
