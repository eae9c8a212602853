"""Time windows: the unit in which a model is monitored.

A window is half-open, aware and stored in UTC. Windows of a calendar day follow the model's time
zone, so a day lasts 23 or 25 hours when the clocks change; hourly windows are always UTC.
Partition keys are the ones Dagster gives to the same window.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
DAY_KEY = "%Y-%m-%d"
HOUR_KEY = "%Y-%m-%d-%H:%M"


class Every(StrEnum):
    """How long one window is."""

    DAY = "day"
    HOUR = "hour"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """One half-open interval of time `[start, end)` and its partition key."""

    start: datetime
    end: datetime
    key: str

    @property
    def hours(self) -> float:
        """Return the length in hours: 23 or 25 on days when the clocks change."""
        return (self.end - self.start) / HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """The sequence of windows of one model.

    Attributes:
        every: The length of a window.
        start: The first local day that is monitored.
        end: The last local day that is monitored, None while there is none.
        timezone: The IANA zone whose midnight divides days; hourly windows require `UTC`.
    """

    every: Every
    start: date
    timezone: str = "UTC"
    end: date | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone whose midnight divides days."""
        return ZoneInfo(self.timezone)

    def window(self, key: str) -> Window:
        """Return the window of a partition key.

        Raises:
            ValueError: If the key is not one of this cadence.

        >>> Cadence(every=Every.DAY, start=date(2026, 1, 1)).window("2026-01-02").hours
        24.0
        """
        is_hourly = self.every is Every.HOUR
        try:
            moment = datetime.strptime(key, HOUR_KEY if is_hourly else DAY_KEY).replace(tzinfo=UTC)
        except ValueError as error:
            example = "2026-01-31-23:00" if is_hourly else "2026-01-31"
            raise ValueError(f"{key!r} is no window; write it like {example}") from error
        return self._hour(moment) if is_hourly else self._day(moment.date())

    def containing(self, moment: datetime) -> Window:
        """Return the window that holds an aware moment."""
        if self.every is Every.HOUR:
            moment = moment.astimezone(UTC)
            return self._hour(moment.replace(minute=0, second=0, microsecond=0))
        return self._day(moment.astimezone(self.zone).date())

    def first(self) -> Window:
        """Return the first window."""
        return self.containing(datetime.combine(self.start, time(), self.zone))

    def between(self, first: Window, last: Window) -> Iterator[Window]:
        """Yield the windows from `first` to `last`, both included, oldest first."""
        window = first
        while window.start <= last.start:
            yield window
            window = self.containing(window.end)

    def last_complete(self, now: datetime) -> Window | None:
        """Return the newest window that ended at or before `now`, None before the first one."""
        if self.end is not None:
            after = datetime.combine(self.end + timedelta(days=1), time(), self.zone)
            now = min(now, after.astimezone(UTC))
        window = self.containing(self.containing(now).start - timedelta(microseconds=1))
        return window if window.start >= self.first().start else None

    def recent(self, now: datetime, look_back: timedelta) -> list[Window]:
        """Return the complete windows that ended within `look_back` before `now`."""
        last = self.last_complete(now)
        if last is None:
            return []
        earliest = max(self.first().start, now - look_back)
        windows = self.between(self.containing(earliest), last)
        return [w for w in windows if w.end > earliest]

    def _day(self, day: date) -> Window:
        start = datetime.combine(day, time(), self.zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time(), self.zone).astimezone(UTC)
        return Window(start, end, day.strftime(DAY_KEY))

    def _hour(self, start: datetime) -> Window:
        return Window(start, start + HOUR, start.strftime(HOUR_KEY))
