"""What is told to people: one group per model while anything is open, in steps that keep an order.

A message is composed when it is sent, from the state of that moment; how it looks in a channel
belongs to `notifiers`, what it says to `alerting`.
"""

from dataclasses import dataclass
from enum import StrEnum

from monitoring_assets.domain.incident import Severity


class Act(StrEnum):
    """What a message does to the thread, or the page, of its group."""

    OPEN = "open"  # the root message, or the trigger of a page
    REPLY = "reply"  # in the thread: another incident opened, got worse, or was judged anew
    EDIT = "edit"  # the root message in place
    RESOLVE = "resolve"  # closes the page, replies in the thread, edits the root message
    REMINDER = "reminder"  # in the thread, never a page
    DIGEST = "digest"  # stands alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act of a group, as it is put into the outbox.

    Attributes:
        seq: Its place among the acts of its group, the same at every destination.
    """

    seq: int
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A place where a reader sees more."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said in one act.

    Attributes:
        group: The group's id: the thread in Slack, the `dedup_key` in PagerDuty.
        model: The model, empty in a digest of several.
        title: One line.
        summary: What changed: one sentence with number, interval and expected range.
        facts: Name and text: "since", "predictions", "segments", "likely cause", …
        hides: One line per incident that is a consequence of what is told.
        next_step: What to do now.
    """

    act: Act
    group: str
    model: str
    severity: Severity
    title: str
    summary: str
    facts: tuple[tuple[str, str], ...] = ()
    hides: tuple[str, ...] = ()
    next_step: str = ""
    links: tuple[Link, ...] = ()
