"""What the demo's monitoring found, beside what its calendar says happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitoring_assets.demo.calendar import Event, EventKind, load_calendar
from monitoring_assets.domain.incident import Incident, Severity
from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One event of the calendar and the incidents that opened during it.

    Attributes:
        windows: The keys of its first and its last window.
        found: The incidents.
    """

    event: Event
    windows: tuple[str, str]
    found: tuple[Incident, ...]

    @property
    def is_as_expected(self) -> bool:
        """Return whether every expected kind was found, and nothing where nothing should be."""
        kinds = {incident.episode.kind for incident in self.found}
        if self.event.kind is EventKind.HARMLESS:
            return all(incident.severity is Severity.INFO for incident in self.found)
        return {expected.kind for expected in self.event.expected} <= kinds


def chapters(windows: Sequence[Window], incidents: Sequence[Incident]) -> Iterator[Chapter]:
    """Yield the events that began within the windows, the first of which is day 0."""
    days = {window.key: day for day, window in enumerate(windows)}
    for event in load_calendar().events:
        inside = [day for day in event.windows if day < len(windows)]
        if not inside:
            continue
        found = tuple(i for i in incidents if days.get(i.episode.opened.key, -1) in inside)
        yield Chapter(
            event=event,
            windows=(windows[inside[0]].key, windows[inside[-1]].key),
            found=found,
        )


def surprises(
    windows: Sequence[Window], incidents: Sequence[Incident], told: Sequence[Chapter]
) -> list[Incident]:
    """Return the incidents that somebody is told of and no event explains."""
    explained = [incident for chapter in told for incident in chapter.found]
    keys = {window.key for window in windows}
    return [
        i
        for i in incidents
        if i not in explained and i.episode.opened.key in keys and i.severity is not Severity.INFO
    ]
