"""An incident: one trouble of one model that lasts from one window to another."""

from dataclasses import dataclass
from enum import StrEnum

from monitoring_assets.domain.measurement import Kind


class Severity(StrEnum):
    """Who should learn of it, and how fast; the most serious one comes first."""

    PAGE = "page"
    TICKET = "ticket"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A trouble that opened in one window and lasts until it is resolved.

    Attributes:
        opened_window: Partition key of the window in which it opened.
        resolved_window: Partition key of the window that resolved it, None while it is open.
        columns: The columns concerned, those that failed at any time while it was open.
    """

    model: str
    kind: Kind
    severity: Severity
    opened_window: str
    resolved_window: str | None
    columns: tuple[str, ...]
    reason: str
