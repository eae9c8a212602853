"""The bounds of a window in the form in which a database column holds its times.

Comparing in the column's own form lets the database use its index. What the rows hold is read
by `sources.timestamps`, as for files.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from monitoring_assets.domain.errors import SourceError
from monitoring_assets.sources.timestamps import epoch_factor

_MOMENT = timedelta(microseconds=1)
# Texts of one form sort by time as long as they carry no zone or UTC.
_SORTABLE_TEXT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:([T ])\d{2}:\d{2}(:\d{2}(?:\.\d+)?)?\s*(Z|UTC|\+00(?::?00)?)?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeForm:
    """How a column holds its times, known from one of its values.

    Attributes:
        column: The column.
        example: One of its values.
        zone: The zone of values that carry none; None is UTC.
    """

    column: str
    example: object
    zone: ZoneInfo | None

    def bound(self, moment: datetime) -> sa.ColumnElement[object]:
        """Return a value so that exactly the times at or after the moment are not less than it.

        Raises:
            SourceError: If the values of the column cannot be compared with a moment.
        """
        match self.example:
            case datetime(tzinfo=None):
                return sa.literal(self._local(moment), sa.DateTime())
            case datetime():
                return sa.literal(moment, sa.DateTime(timezone=True))
            case date():
                return sa.literal(self._local_day(moment), sa.Date())
            case bool():
                raise self._unusable()
            case int() | float() | Decimal():
                return sa.literal(_epoch(moment, self.example))
            case str():
                return sa.literal(self._text(moment, self.example))
            case _:
                raise self._unusable()

    def _local(self, moment: datetime) -> datetime:
        """Return the smallest local time that stands for the moment or a later one.

        The offset just before the moment decides: when clocks go back, a local time that occurs
        twice stands for its first occurrence, and when they go forward, one that does not occur
        stands for the end of the gap.
        """
        offset = (moment - _MOMENT).astimezone(self.zone or UTC).utcoffset()
        return moment.astimezone(UTC).replace(tzinfo=None) + (offset or timedelta())

    def _local_day(self, moment: datetime) -> date:
        local = self._local(moment)
        return local.date() if local.time() == time() else local.date() + timedelta(days=1)

    def _text(self, moment: datetime, example: str) -> str:
        form = _SORTABLE_TEXT.fullmatch(example.strip())
        if form is None:
            raise self._unusable()
        separator, seconds, zone = form.groups()
        if separator is None:
            return self._local_day(moment).isoformat()
        local = self._local(moment) if zone is None else moment.astimezone(UTC)
        return local.strftime(f"%Y-%m-%d{separator}%H:%M{':%S' if seconds else ''}")

    def _unusable(self) -> SourceError:
        return SourceError(
            f"column {self.column!r} holds {self.example!r}, which the database cannot compare "
            "with a time. Use `query` instead of `table` and cast the column to a timestamp there."
        )


def _epoch(moment: datetime, example: float | Decimal) -> int:
    return int(moment.timestamp()) * epoch_factor(float(example))
