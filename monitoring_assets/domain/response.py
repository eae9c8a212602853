"""Something that is done about an incident without asking."""

from dataclasses import dataclass
from datetime import datetime

from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response to one incident.

    Attributes:
        name: Which one: `re_pull`, `suspend_performance`, `quarantine` or `fallback`.
        window: The window concerned, None where it is the model.
        detail: What is done and why, in one sentence.
        expires_at: When it ends by itself.
    """

    name: str
    model: str
    incident_id: str
    detail: str
    expires_at: datetime
    window: Window | None = None

    @property
    def subject(self) -> str:
        """Return its name in the audit and for `mlmon responses --undo`."""
        return f"{self.name}:{self.incident_id[:8]}"
