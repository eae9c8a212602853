"""Which kind of source reads which kind of settings; the only place that knows all of them.

A new kind is one module, one case in `open_source`, and a test that runs
`sources.conformance.check_source`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from monitoring_assets.application.ports import Source
from monitoring_assets.config.model import SourceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is read from where.

    Attributes:
        settings: Where the rows are; `path` is absolute or a URL.
        columns: The columns that are asked for, under the user's own names.
        timestamp: The column that holds the event time, None where rows have none (labels).
        timestamp_zone: The zone of times that carry none, None where it is not declared.
    """

    settings: SourceSettings
    columns: tuple[str, ...]
    timestamp: str | None = None
    timestamp_zone: ZoneInfo | None = None


def open_source(request: Request, environ: Mapping[str, str]) -> Source:
    """Return the source of a request; nothing is connected to before it is first read.

    Args:
        request: What is read from where.
        environ: The environment, which holds database URLs and the credentials of buckets.

    Raises:
        ConfigurationError: If the environment variable of a database is not set or no URL.
    """
    if request.settings.path is not None:
        from monitoring_assets.sources.files import FileSource

        return FileSource(
            path=request.settings.path,
            columns=request.columns,
            timestamp=request.timestamp,
            timestamp_zone=request.timestamp_zone,
            environ=environ,
        )
    from monitoring_assets.sources.database import DatabaseSource

    return DatabaseSource(
        settings=request.settings,
        columns=request.columns,
        timestamp=request.timestamp,
        timestamp_zone=request.timestamp_zone,
        environ=environ,
    )
