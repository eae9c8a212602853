"""What every channel promises, as checks that run on one that delivers to a provider of its own.

A channel is ready when each check passes: call it with a `Provider`, a fresh one for each check;
a broken promise is an `AssertionError`. What only one channel promises is tested beside it.
"""
# ruff: noqa: S101

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from monitoring_assets.application.ports import Channel
from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Link, Message

GROUP = "6d1f6a0e-2b7c-4c57-8f0e-000000000001"
HOSTILE = "<!channel> <@U012345> *bold* `code` \u202e https://evil.example\r\nBcc: all@example.org"
MESSAGE = Message(
    act=Act.OPEN,
    group=GROUP,
    model="churn",
    severity=Severity.PAGE,
    title="churn: accuracy fell to 0.81",
    summary="Accuracy fell to 0.81 (0.79 to 0.83), expected at least 0.87.",
    facts=(("since", "2026-01-02"), ("predictions", "4,812"), ("likely cause", "amount drifted")),
    hides=("prediction_drift of score",),
    next_step="Look at amount, which comes from payments.",
    links=(Link(label="Dagster", url="http://127.0.0.1:3000/assets/churn?partition=2026-01-02"),),
)


class Provider(Protocol):
    """What a channel delivers to, seen from a test."""

    @property
    def channel(self) -> Channel:
        """Return the channel under test, set up to reach this provider."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown."""

    def arrived(self) -> list[str]:
        """Return what arrived, whole, one text for each message; repeats that it drops are not."""

    def fail_next(self, *, after: bool) -> None:
        """Let the next message fail without an answer, before or after it was accepted."""

    def refuse_next(self) -> None:
        """Let the next message be refused for now."""

    def lock_out(self) -> None:
        """Accept nothing from this channel until somebody repairs something."""


def sent(
    provider: Provider,
    message: Message = MESSAGE,
    name: str = "1",
    *,
    thread: str | None = None,
    is_retry: bool = False,
) -> str:
    """Send a message and return what the channel calls it."""
    return provider.channel.send(message, delivery_id=name, thread=thread, is_retry=is_retry)


def failed(provider: Provider, message: Message = MESSAGE) -> DeliveryError:
    """Send a message that is not accepted, and return the error."""
    try:
        sent(provider, message)
    except DeliveryError as error:
        return error
    raise AssertionError("the message was accepted")


def an_open_arrives_once(provider: Provider) -> None:
    """One call, one message, with its title and what changed."""
    assert sent(provider)
    (arrived,) = provider.arrived()
    assert "0.81" in arrived


def every_act_is_accepted(provider: Provider) -> None:
    """What a channel cannot do it leaves out; nothing that people do in a group is an error."""
    thread = sent(provider)
    for number, act in enumerate(Act, 2):
        if act is not Act.OPEN:
            sent(provider, replace(MESSAGE, act=act), str(number), thread=thread)


def every_act_is_accepted_without_its_thread(provider: Provider) -> None:
    """An open that was never delivered makes nothing that follows it an error."""
    for number, act in enumerate(Act, 1):
        sent(provider, replace(MESSAGE, act=act), str(number))


def a_lost_answer_is_an_unknown_outcome(provider: Provider) -> None:
    """Whoever does not hear whether it arrived says so."""
    for after in (False, True):
        provider.fail_next(after=after)
        assert failed(provider).fault is Fault.UNKNOWN


def a_message_whose_answer_was_lost_is_there_once_after_a_retry(provider: Provider) -> None:
    """A retry does not repeat what arrived."""
    provider.fail_next(after=True)
    with suppress(DeliveryError):
        sent(provider)
    sent(provider, is_retry=True)
    assert len(provider.arrived()) == 1


def a_message_that_did_not_arrive_is_there_after_a_retry(provider: Provider) -> None:
    """A retry makes up for what was lost."""
    provider.fail_next(after=False)
    with suppress(DeliveryError):
        sent(provider)
    sent(provider, is_retry=True)
    assert len(provider.arrived()) == 1


def a_busy_provider_is_asked_again(provider: Provider) -> None:
    """What is refused for now is neither given up nor of unknown outcome."""
    provider.refuse_next()
    assert failed(provider).fault is Fault.BUSY
    assert provider.arrived() == []


def a_locked_door_is_the_destinations_fault(provider: Provider) -> None:
    """A revoked key makes messages wait instead of giving them up."""
    provider.lock_out()
    assert failed(provider).fault is Fault.DESTINATION


def no_secret_is_shown(provider: Provider) -> None:
    """Neither a message nor an error holds what the environment keeps secret."""
    sent(provider)
    shown = provider.arrived()
    provider.fail_next(after=True)
    shown.append(str(failed(provider)))
    provider.lock_out()
    shown.append(str(failed(provider)))
    assert not any(secret in text for secret in provider.secrets for text in shown)


def hostile_names_are_delivered(provider: Provider) -> None:
    """Foreign text is no reason to lose a message, however long or strange it is."""
    facts = tuple((HOSTILE * 10, HOSTILE * 300) for _ in range(60))
    sent(
        provider,
        replace(
            MESSAGE,
            model=HOSTILE,
            title=HOSTILE * 20,
            summary=HOSTILE * 200,
            facts=facts,
            hides=(HOSTILE * 40,) * 60,
            next_step=HOSTILE * 50,
            links=(Link(label=HOSTILE, url="http://127.0.0.1/" + HOSTILE),) * 30,
        ),
    )
    assert len(provider.arrived()) == 1


def an_empty_message_is_delivered(provider: Provider) -> None:
    """A message without words still says that something is wrong."""
    bare = Message(
        act=Act.OPEN, group=GROUP, model="", severity=Severity.INFO, title="\u200b", summary=""
    )
    sent(provider, bare)
    assert len(provider.arrived()) == 1


CHANNEL_CHECKS: tuple[Callable[[Provider], None], ...] = (
    an_open_arrives_once,
    every_act_is_accepted,
    every_act_is_accepted_without_its_thread,
    a_lost_answer_is_an_unknown_outcome,
    a_message_whose_answer_was_lost_is_there_once_after_a_retry,
    a_message_that_did_not_arrive_is_there_after_a_retry,
    a_busy_provider_is_asked_again,
    a_locked_door_is_the_destinations_fault,
    no_secret_is_shown,
    hostile_names_are_delivered,
    an_empty_message_is_delivered,
)
