"""An incident: one trouble of one subject that lasts from one window to another."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.verdict import Subject
from monitoring_assets.domain.window import Window


class Severity(StrEnum):
    """Who should learn of it, and how fast; the most serious one comes first."""

    PAGE = "page"
    TICKET = "ticket"
    INFO = "info"


class State(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"  # known, and nobody was told on their own: its note says why
    NOTIFIED = "notified"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """Why an incident is over."""

    RECOVERED = "recovered"
    VERDICT_REVISED = "verdict_revised"  # late data or labels: it never was one
    BASELINE_CHANGED = "baseline_changed"  # another reference or model version
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What verdicts alone say of one trouble: the same for every order in which they came.

    Attributes:
        first: The first bad window.
        opened: The window in which it had lasted long enough.
        last: The last bad window.
        resolved: The window that resolved it, None while it is open.
        score: The score in the last bad window.
        worst: How far beyond the threshold it ever was, in margins of the limit: at 1 it is
            twice as far from what is usual as the threshold is.
        bad: How many windows were bad.
        oks: How many windows in a row have been ok since.
        reason: What the last bad window says.
        baseline: The version of the reference that it was compared with.
    """

    subject: Subject
    kind: Kind
    first: Window
    opened: Window
    last: Window
    resolved: Window | None = None
    resolution: Resolution | None = None
    metric: str = ""
    score: float | None = None
    threshold: float | None = None
    margin: float | None = None
    lower: float | None = None
    upper: float | None = None
    n: int = 0
    worst: float = 0.0
    bad: int = 1
    oks: int = 0
    reason: str = ""
    baseline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An episode with an identity, and what people were told and did about it.

    Attributes:
        id: A UUID.
        group_id: The thread in which it was told, empty where it was not.
        severity: How serious it is by now.
        note: Why somebody was told, or nobody.
        hidden_by: Id of the incident that explains this one, empty where none does.
        told_at: When it was announced.
        told_bad: How many windows were bad when it was announced.
        told_worst: How bad it was when it was last told.
        snooze_until: Until when nobody wants to hear of it.
        snooze_worst: How bad it was when it was snoozed; worse than that ends the snooze.
    """

    id: str
    model: str
    episode: Episode
    severity: Severity
    state: State = State.OPEN
    resolution: Resolution | None = None
    note: str = ""
    group_id: str = ""
    hidden_by: str = ""
    opened_at: datetime
    told_at: datetime | None = None
    told_bad: int = 0
    told_worst: float = 0.0
    acked_by: str = ""
    acked_at: datetime | None = None
    snooze_until: datetime | None = None
    snooze_worst: float | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it lasts."""
        return self.state is not State.RESOLVED

    @property
    def was_told(self) -> bool:
        """Return whether somebody was told of it on its own."""
        return self.told_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What belongs to one thread and one page: everything of a model while anything is open.

    Attributes:
        id: The name of the thread; a later group of the same model has another one.
        severity: The most serious of its incidents so far.
        destinations: Where it was opened.
        last_seq: The newest act that was put into the outbox.
        reminded_at: When its thread was last spoken in.
    """

    id: str
    model: str
    severity: Severity
    opened_at: datetime
    destinations: tuple[str, ...] = ()
    last_seq: int = 0
    resolved_at: datetime | None = None
    reminded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A time in which nobody is told of what opens; what was told is still resolved.

    Attributes:
        model: The only model concerned, empty for all.
        kind: The only kind concerned, empty for all.
        column: The only column concerned, empty for all.
        segment: The only segment concerned, empty for all.
    """

    id: str
    starts_at: datetime
    ends_at: datetime
    created_by: str
    reason: str
    model: str = ""
    kind: str = ""
    column: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an incident, and where it is or will be told.

    Attributes:
        incident_id: The incident.
        window_key: The newest window at that time.
        what: `opened`, `quiet`, `worse`, `escalated`, `revised`, `resolved`, …
        line: One line for people, as it was then.
        severity: How serious it was then.
        group_id: The group in which it is told, empty where it is not.
        seq: The act of the group that tells it, None where none does.
        destination: Where a digest will tell it, empty where none will.
    """

    incident_id: str
    window_key: str
    what: str
    line: str
    severity: Severity
    group_id: str = ""
    seq: int | None = None
    destination: str = ""
