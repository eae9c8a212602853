"""The engine that profiles a window where its rows are: any that Ibis speaks to."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from monitoring_assets.domain.errors import MonitoringError, SourceError
from monitoring_assets.domain.window import Window
from monitoring_assets.engines.in_database import profile_in_database
from monitoring_assets.engines.numeric import Lookups, lookups_of
from monitoring_assets.engines.rows import within
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.segments import SegmentedProfile


class DatabaseEngine:
    """A `ProfileEngine` whose rows stay in a database, a warehouse or a cluster."""

    def __init__(
        self,
        *,
        description: str,
        table: Callable[[], Any],
        timestamp: str,
        timestamp_zone: ZoneInfo | None = None,
        most_segment_values: int = 12,
        secret: str = "",
    ) -> None:
        """Take what to ask; nothing is connected to before the first profile.

        Args:
            description: The engine and the place of the rows, for people.
            table: Opens the Ibis table of the log.
            timestamp: Its column of the event time.
            timestamp_zone: The zone of times that carry none, None is UTC.
            most_segment_values: How many values of a segment column have a profile of their own.
            secret: The URL of the database, which messages must not tell.
        """
        self.description = description
        self._open = table
        self._timestamp = timestamp
        self._zone = timestamp_zone
        self._most = most_segment_values
        self._secret = secret
        self._lookups: tuple[str, Lookups] | None = None

    def profile(
        self, window: Window, layout: Layout, segments: Sequence[str] = ()
    ) -> SegmentedProfile:
        """Return the profile of the rows of a window and those of its segments.

        Raises:
            SourceError: If the engine does not answer, or cannot do what it is asked.
        """
        try:
            return profile_in_database(
                within(self._table, self._timestamp, window, self._zone),
                layout,
                segments,
                most_segment_values=self._most,
                lookups=self._lookups_of(layout),
            )
        except MonitoringError:
            raise
        except Exception as error:  # noqa: BLE001 - every engine has errors of its own
            # The cause is not kept: its text and that of drivers may hold the URL.
            raise SourceError(
                f"{self.description} cannot profile {window.key}: {self._reason(error)}"
            ) from None

    @cached_property
    def _table(self) -> Any:
        return self._open()

    def _lookups_of(self, layout: Layout) -> Lookups:
        """Return the layout's lookups, which are uploaded once for many windows."""
        if self._lookups is None or self._lookups[0] != layout.key:
            self._lookups = (layout.key, lookups_of(layout))
        return self._lookups[1]

    def _reason(self, error: Exception) -> str:
        text = str(error).strip().partition("\n")[0]
        password = self._secret.partition("://")[2].rpartition("@")[0].partition(":")[2]
        for secret in filter(None, (self._secret, password)):
            text = text.replace(secret, "***")
        return text or type(error).__name__
