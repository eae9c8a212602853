"""What was decided about a window, and what people did about incidents."""

from dataclasses import dataclass
from datetime import datetime

from monitoring_assets.domain.incident import Event
from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one window, and why somebody is told or not.

    Attributes:
        status: The worst status of the window's checks.
        reason: One sentence: who was told what, or why nobody was.
        failing: `check: reason` of every failing check.
        told: One line per incident that was told.
        is_superseded: Whether a later run had judged the window; then nothing was changed.
    """

    model: str
    window: Window
    status: str
    reason: str
    failing: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    is_superseded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedEvent:
    """An event, of which model and when."""

    at: datetime
    model: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to what.

    Attributes:
        actor: A person, or the name of an automated response.
        action: `ack`, `snooze`, `silence`, `resolve`, …
        subject: The id of an incident or silence, or a window's key.
        undo: The command that takes it back, empty where nothing does.
        expires_at: When it ends by itself.
    """

    at: datetime
    actor: str
    action: str
    model: str
    subject: str
    detail: str = ""
    undo: str = ""
    expires_at: datetime | None = None
