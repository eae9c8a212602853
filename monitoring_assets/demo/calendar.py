"""The demo's calendar: what happens when, and what monitoring should find.

It says *when* something happens; what that does to the parcels belongs to `demo.parcels`.
"""

from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitoring_assets.demo.parcels import Disturbance
from monitoring_assets.domain.measurement import Kind

DayIndex = Annotated[int, Field(ge=0)]


class EventKind(StrEnum):
    """Whether monitoring should find an event."""

    INCIDENT = "incident"
    HARMLESS = "harmless"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expectation(_Entry):
    """A finding that an event must lead to."""

    kind: Kind
    """The kind of the failing measurements."""
    columns: tuple[str, ...] = ()
    """The columns that must be among them; none for findings about whole windows."""
    segment: str = ""
    """`column=value` of the only rows concerned, empty for all rows."""


class Event(_Entry):
    """One thing that happens; days count from the first monitored day, day 0."""

    name: Disturbance
    """What happens to the world or to its records."""
    kind: EventKind
    """Whether it should be found."""
    first_day: DayIndex
    """The day on which it begins."""
    last_day: DayIndex
    """The last day on which it lasts; it may lie beyond the history."""
    first_window: DayIndex | None = None
    """The first window that it spoils, where that is before `first_day`."""
    expected: tuple[Expectation, ...] = ()
    """The least that must be found."""
    description: str
    """One or two sentences for people."""

    @model_validator(mode="after")
    def _days_and_kind_fit(self) -> Self:
        if not self.windows:
            raise ValueError(f"{self.name}: ends on day {self.last_day}, before it begins")
        if (self.kind is EventKind.INCIDENT) != bool(self.expected):
            raise ValueError(f"{self.name}: an incident, and only that, has `expected` findings")
        return self

    @property
    def days(self) -> range:
        """Return the days on which it lasts."""
        return range(self.first_day, self.last_day + 1)

    @property
    def windows(self) -> range:
        """Return the windows, by the index of their day, in which it may be found."""
        first = self.first_day if self.first_window is None else self.first_window
        return range(min(first, self.first_day), self.last_day + 1) if self.days else range(0)


class Calendar(_Entry):
    """All that happens in the demo, in order and without overlap."""

    history_days: Annotated[int, Field(gt=0)]
    """The monitored days that a default demo begins with."""
    reference_days: Annotated[int, Field(gt=0)]
    """The quiet days before the first monitored day that windows are compared with."""
    events: tuple[Event, ...]
    """The events, by time."""

    @model_validator(mode="after")
    def _events_follow_each_other(self) -> Self:
        for before, after in pairwise(self.events):
            if after.windows.start < before.windows.stop:
                raise ValueError(f"{after.name} must begin after {before.name} ended")
        return self

    def on(self, day_index: int) -> frozenset[Disturbance]:
        """Return what happens on a day; nothing ever happens before day 0."""
        return frozenset(event.name for event in self.events if day_index in event.days)


@cache
def load_calendar() -> Calendar:
    """Return the calendar that ships with the demo."""
    text = files("monitoring_assets.demo").joinpath("calendar.yaml").read_text(encoding="utf-8")
    return Calendar.model_validate(yaml.safe_load(text))
