"""What was decided about a window, and the message that tells of it."""

from dataclasses import dataclass

from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message that waits to be delivered or was delivered: one per model and window.

    Attributes:
        title: One line: what failed where.
        lines: What failed and why, one line each, plain text.
        link: The address of the asset partition in the UI.
        channel: The Slack channel, empty for the default.
        severity: `page`, `ticket` or `info`.
    """

    model: str
    window_key: str
    severity: str
    title: str
    lines: tuple[str, ...]
    link: str
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one window, and why a message is sent or not.

    Attributes:
        status: The worst status of the window's checks.
        notice: The message, None where nobody is told.
        reason: One sentence: why somebody is told or not.
        failing: `check: reason` of every failing check.
    """

    model: str
    window: Window
    status: str
    reason: str
    failing: tuple[str, ...] = ()
    notice: Notice | None = None
