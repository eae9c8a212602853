"""What all channels show alike: the mark of a message, its links, and long lists cut short."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Link, Message

_SEVERITIES = {Severity.PAGE: "🔴", Severity.TICKET: "🟠", Severity.INFO: "🔵"}
_ACTS = {Act.RESOLVE: "✅", Act.DIGEST: "📋", Act.REMINDER: "⏰"}
_URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%~-._"
LINK_LENGTH = 1_000


def mark(message: Message) -> str:
    """Return one sign for what a message is."""
    return _ACTS.get(message.act) or _SEVERITIES[message.severity]


def links(message: Message, most: int) -> Iterator[Link]:
    """Yield the links of a message that lead to web pages, quoted, at most so many."""
    quoted = (
        Link(label=link.label, url=quote(link.url, safe=_URL_CHARACTERS)) for link in message.links
    )
    yield from [link for link in quoted if _is_web_page(link.url)][:most]


def capped(texts: Sequence[str], most: int) -> list[str]:
    """Return at most so many texts; where there are more, the last one counts the rest."""
    if len(texts) <= most:
        return list(texts)
    return [*texts[: most - 1], f"and {len(texts) - most + 1} more"]


def _is_web_page(url: str) -> bool:
    return url.startswith(("http://", "https://")) and len(url) <= LINK_LENGTH
