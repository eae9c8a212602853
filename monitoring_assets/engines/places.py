"""How each engine opens the table of a log.

An engine's library is imported when it is first used; one that is not installed is a named error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitoring_assets.domain.errors import ConfigurationError, SourceError

# What an engine reads in place, by the ending of the file: the name of Ibis's method.
_READERS = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".csv.gz": "read_csv",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an engine finds the rows.

    Attributes:
        path: A file, a folder or a glob, absolute or a URL, None for a database.
        url: The address of the database, cluster or DuckDB file, empty where none is needed.
        table: A table or view, with its schema if needed.
        query: A SELECT statement instead of a table.
    """

    path: str | None = None
    url: str = field(default="", repr=False)
    table: str | None = None
    query: str | None = None


def duckdb_table(place: Place) -> Any:
    """Return the table of a DuckDB file, or of files that DuckDB reads where they lie.

    Raises:
        ConfigurationError: If DuckDB is not installed, or does not read such files.
    """
    with _installed("duckdb"):
        import ibis

        if place.path is None or place.table:
            name = place.url.removeprefix("duckdb://")
            return _stored(ibis.duckdb.connect(name, read_only=True), place)
        if "://" in place.path:
            raise ConfigurationError(
                f"engine duckdb reads local files, and {place.path} is none: "
                "use `engine: {name: spark}` or `engine: {name: local}`"
            )
        connection = ibis.duckdb.connect()
        method, path = _reader(place.path)
        # Files of one log may have been written before a column was added.
        options = {} if method == "read_json" else {"union_by_name": True}
        return getattr(connection, method)(path, **options)


def spark_table(place: Place) -> Any:
    """Return the table of Spark's catalogue, or of files that Spark reads where they lie.

    The session is the one that runs, or a new one: on the Spark Connect server (`sc://…`) or the
    master (`local[4]`, `spark://…`, `yarn`) in the URL, by default that of Spark's configuration.

    Raises:
        ConfigurationError: If Spark is not installed, or does not read such files.
    """
    with _installed("spark"):
        import ibis
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("monitoring_assets")
        if place.url.startswith("sc://"):
            builder = builder.remote(place.url)
        elif place.url:
            builder = builder.master(place.url)
        # Times without a zone are compared as they stand; those with one are shown in this zone.
        session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
        # The lookup of the bins is some 100,000 rows, which pickle takes seconds for.
        session.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")
        connection = ibis.pyspark.connect(session)
        if place.path is None or place.table:
            return _stored(connection, place)
        method, path = _reader(place.path)
        options = {"header": True, "inferSchema": True} if method == "read_csv" else {}
        return getattr(connection, method)(path, **options)


def ibis_table(place: Place) -> Any:
    """Return a table of any database whose URL Ibis knows.

    Raises:
        ConfigurationError: If the database's driver is not installed.
    """
    # SQLAlchemy's URLs name a driver as well, which Ibis chooses itself.
    scheme, separator, rest = place.url.partition("://")
    name = scheme.partition("+")[0]
    backend = {"postgresql": "postgres"}.get(name, name)
    with _installed(backend):
        import ibis

        return _stored(ibis.connect(f"{backend}{separator}{rest}"), place)


@contextmanager
def _installed(extra: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            f"the engine needs what is not installed ({error.name or error}): "
            f"pip install 'monitoring-assets[{extra}]'"
        ) from None


def _stored(connection: Any, place: Place) -> Any:
    if place.query is not None:
        return connection.sql(place.query.strip().rstrip(";"))
    *database, name = (place.table or "").split(".")
    return connection.table(name, database=tuple(database) or None)


def _reader(path: str) -> tuple[str, str]:
    """Return how files are read, and a path or glob of all of them.

    Raises:
        ConfigurationError: If the engine does not read files with such an ending.
        SourceError: If a folder holds none that it reads.
    """
    for ending, method in _READERS.items():
        if path.endswith(ending):
            return method, path
    folder = Path(path)
    if not folder.is_dir():
        raise ConfigurationError(
            f"the engine does not read {path}; it reads files and folders of "
            f"{', '.join(_READERS)}. Use `engine: {{name: local}}` for others."
        )
    for ending, method in _READERS.items():
        if next(folder.rglob(f"*{ending}"), None) is not None:
            return method, f"{path.rstrip('/')}/**/*{ending}"
    raise SourceError(f"{path} holds no file of {', '.join(_READERS)}")
