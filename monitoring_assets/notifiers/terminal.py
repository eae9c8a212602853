"""Show a notice in the terminal, where there is no Slack."""

from typing import TextIO

from monitoring_assets.domain.decision import Notice
from monitoring_assets.domain.errors import DeliveryError
from monitoring_assets.notifiers.text import printable


class TerminalNotifier:
    """The `Notifier` that prints to a stream."""

    name = "terminal"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(
        self, notice: Notice, *, delivery_id: str, previous: str | None, is_retry: bool
    ) -> str:
        """Print a notice; an edit is printed again and says so.

        Raises:
            DeliveryError: If the stream cannot be written.
        """
        del delivery_id, is_retry
        try:
            print(render(notice, is_update=previous is not None), file=self._stream, flush=True)
        except (OSError, ValueError) as error:
            raise DeliveryError(
                f"the terminal cannot be written ({type(error).__name__})", is_permanent=False
            ) from None
        return self.name


def render(notice: Notice, *, is_update: bool = False) -> str:
    """Return a notice as readable lines, without characters that could move the cursor."""
    update = " (updated)" if is_update else ""
    lines = [f"  - {printable(line)}" for line in notice.lines]
    first = f"[{printable(notice.severity)}] {printable(notice.title)}{update}"
    link = [f"  {printable(notice.link)}"] if notice.link else []
    return "\n".join([first, *lines, *link])
