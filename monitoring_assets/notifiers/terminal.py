"""Show a message in the terminal, where there is no Slack."""

from collections.abc import Iterator
from typing import TextIO

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.message import Act, Message
from monitoring_assets.notifiers.text import printable


class TerminalChannel:
    """The `Channel` that prints to a stream."""

    name = "terminal"
    gap_seconds = 0.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(
        self, message: Message, *, delivery_id: str, thread: str | None, is_retry: bool
    ) -> str:
        """Print a message; an edit of what was printed is left out.

        Raises:
            DeliveryError: If the stream cannot be written.
        """
        del delivery_id, thread, is_retry
        if message.act is Act.EDIT:
            return self.name
        try:
            print(render(message), file=self._stream, flush=True)
        except (OSError, ValueError) as error:
            raise DeliveryError(
                f"the terminal cannot be written ({type(error).__name__})", Fault.DESTINATION
            ) from None
        return self.name


def render(message: Message) -> str:
    """Return a message as readable lines, without characters that could move the cursor."""
    return "\n".join(map(_line, _lines(message)))


def _lines(message: Message) -> Iterator[tuple[str, str]]:
    word = message.severity if message.act is Act.OPEN else message.act
    yield "", f"[{word}] {message.title}"
    if message.summary:
        yield "  ", message.summary
    for name, fact in message.facts:
        yield "  - ", f"{name}: {fact}"
    for hidden in message.hides:
        yield "  - ", f"hides: {hidden}"
    if message.next_step:
        yield "  ", f"next: {message.next_step}"
    for link in message.links:
        yield "  ", f"{link.label}: {link.url}"


def _line(line: tuple[str, str]) -> str:
    indent, text = line
    return indent + printable(text)
