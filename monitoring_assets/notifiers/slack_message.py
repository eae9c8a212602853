"""What a notice looks like in Slack: blocks, fallback text and the metadata that names it.

All words are `plain_text` and escaped; the one piece of markup is our own link. How the message
gets there belongs to `notifiers.slack`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from urllib.parse import quote

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
    TextObject,
)
from slack_sdk.models.metadata import Metadata

from monitoring_assets.domain.decision import Notice
from monitoring_assets.notifiers.text import safe_text

EVENT_TYPE = "monitoring_notice"
# Slack rejects somewhere above 11,000 characters (bolt-js 2867) and was seen to post big messages
# twice. The numbers below add up to at most 20 blocks and 8,000 characters, the fallback included.
TITLE_LENGTH = 150
MOST_LINES = 17
LINE_LENGTH = 380
LINK_LENGTH = 1_000
_URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%~-._"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackMessage:
    """A message as it is posted."""

    text: str
    blocks: tuple[Block, ...]
    metadata: Metadata

    @property
    def plain(self) -> "SlackMessage":
        """Return the message without blocks, for a Slack that rejected them."""
        return replace(self, blocks=())


def render(notice: Notice, delivery_id: str, *, may_be_repeat: bool = False) -> SlackMessage:
    """Return the Slack message of a notice.

    The metadata holds only ids: everyone in the workspace can read it.
    """
    title = safe_text(notice.title, TITLE_LENGTH) or _about(notice)
    return SlackMessage(
        text=title,
        blocks=tuple(_blocks(notice, title, may_be_repeat=may_be_repeat)),
        metadata=Metadata(
            event_type=EVENT_TYPE,
            event_payload={"delivery_id": delivery_id, "text": digest(notice)},
        ),
    )


def digest(notice: Notice) -> str:
    """Return what tells the text of one notice from that of another."""
    return sha256(json.dumps(asdict(notice), sort_keys=True).encode()).hexdigest()[:16]


def _blocks(notice: Notice, title: str, *, may_be_repeat: bool) -> Iterator[Block]:
    yield HeaderBlock(text=_plain(title))
    lines = [text for line in notice.lines if (text := safe_text(line, LINE_LENGTH))]
    for line in lines[:MOST_LINES]:
        yield SectionBlock(text=_plain(line))
    rest = len(lines) - MOST_LINES
    if rest > 0:
        yield ContextBlock(elements=[_plain(f"and {rest} more")])
    yield ContextBlock(elements=_context(notice, may_be_repeat=may_be_repeat))


def _context(notice: Notice, *, may_be_repeat: bool) -> Sequence[TextObject]:
    about = _about(notice)
    elements: list[TextObject] = [_plain(safe_text(notice.severity))]
    link = _link(notice.link)
    elements.append(
        MarkdownTextObject(text=f"<{link}|{about}>", verbatim=True) if link else _plain(about)
    )
    if may_be_repeat:
        elements.append(_plain("may be a repeat"))
    return elements


def _about(notice: Notice) -> str:
    return safe_text(f"{notice.model} {notice.window_key}", 120)


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)


def _link(address: str) -> str:
    link = quote(address, safe=_URL_CHARACTERS).replace("&", "&amp;")
    is_web = link.startswith(("http://", "https://"))
    return link if is_web and len(link) <= LINK_LENGTH else ""
