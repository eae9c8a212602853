"""What a message looks like in Slack: blocks, fallback text and the metadata that names it.

All words are `plain_text` and escaped; the one piece of markup is our own links. How the message
gets there belongs to `notifiers.slack`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
    TextObject,
)
from slack_sdk.models.metadata import Metadata

from monitoring_assets.domain.message import Act, Message
from monitoring_assets.notifiers.marks import capped, links, mark
from monitoring_assets.notifiers.text import safe_text

EVENT_TYPE = "mlmon_alert"
ACKNOWLEDGE, SNOOZE = "mlmon_acknowledge", "mlmon_snooze"
# Slack rejects somewhere above 11,000 characters (bolt-js 2867) and was seen to post big messages
# twice. The numbers below add up to at most 20 blocks and 8,000 characters, the fallback included.
TITLE_LENGTH, TEXT_LENGTH = 150, 400
SUMMARY_LENGTH, NEXT_LENGTH = 900, 400
MOST_FACTS, FACT_LENGTH = 10, 240
MOST_HIDDEN, HIDDEN_LENGTH = 8, 160
MOST_LINKS, LINK_LENGTH, LABEL_LENGTH = 4, 450, 40
_REPEAT = "may be a repeat"


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


def render(
    message: Message, delivery_id: str, *, may_be_repeat: bool = False, has_buttons: bool = False
) -> SlackMessage:
    """Return the Slack message of a message.

    The metadata holds only ids: everyone in the workspace can read it.

    Args:
        message: What is said.
        delivery_id: Its name.
        may_be_repeat: Whether nobody could look if it is there already.
        has_buttons: Whether somebody listens to buttons.
    """
    title = f"{mark(message)} {safe_text(message.title, TITLE_LENGTH - 3) or message.act}"
    blocks = [HeaderBlock(text=_plain(title)), *_body(message)]
    if has_buttons and message.act in {Act.OPEN, Act.EDIT}:
        blocks.append(_buttons(message.group))
    blocks += _context(message, may_be_repeat=may_be_repeat)
    summary = safe_text(message.summary, TEXT_LENGTH - TITLE_LENGTH)
    return SlackMessage(
        text=f"{title}\n{summary}" if summary else title,
        blocks=tuple(blocks),
        metadata=Metadata(event_type=EVENT_TYPE, event_payload={"delivery_id": delivery_id}),
    )


def _body(message: Message) -> Iterator[Block]:
    if summary := safe_text(message.summary, SUMMARY_LENGTH):
        yield SectionBlock(text=_plain(summary))
    if facts := _facts(message):
        yield SectionBlock(fields=facts)
    if hides := _hides(message):
        yield ContextBlock(elements=hides)
    if next_step := safe_text(message.next_step, NEXT_LENGTH):
        yield SectionBlock(text=_plain(f"➡ {next_step}"))


def _facts(message: Message) -> list[TextObject]:
    facts = [
        f"{safe_text(name, 40)}:\n{safe_text(text, FACT_LENGTH - 42)}"
        for name, text in message.facts
        if name and text
    ]
    return [_plain(text) for text in capped(facts, MOST_FACTS)]


def _hides(message: Message) -> list[TextObject]:
    lines = [f"hides: {safe_text(line, HIDDEN_LENGTH - 7)}" for line in message.hides if line]
    return [_plain(text) for text in capped(lines, MOST_HIDDEN)]


def _context(message: Message, *, may_be_repeat: bool) -> Iterator[Block]:
    elements: list[TextObject] = []
    for link in links(message, MOST_LINKS):
        shown = link.url.replace("&", "&amp;")
        if len(shown) <= LINK_LENGTH:
            label = safe_text(link.label, LABEL_LENGTH).replace("|", "/") or "link"
            elements.append(MarkdownTextObject(text=f"<{shown}|{label}>", verbatim=True))
    if may_be_repeat:
        elements.append(_plain(_REPEAT))
    if elements:
        yield ContextBlock(elements=elements)


def _buttons(group: str) -> Block:
    return ActionsBlock(
        elements=[
            ButtonElement(text="Acknowledge", action_id=ACKNOWLEDGE, value=group, style="primary"),
            ButtonElement(text="Snooze for a day", action_id=SNOOZE, value=group),
        ]
    )


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)
