"""Deliver the messages that wait: claim one, send it, record what came of it.

A crash at any point leaves the message claimed until its lease runs out; the next attempt is
marked as a retry, so that a channel can look whether it already has the message. What a channel
does with a message belongs to `notifiers`, where messages wait to `stores.outbox`.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random, SystemRandom
from typing import Protocol

from monitoring_assets.domain.decision import Notice
from monitoring_assets.domain.errors import DeliveryError

GIVE_UP_AFTER = timedelta(hours=72)
FIRST_BACK_OFF_SECONDS = 2.0
LONGEST_BACK_OFF_SECONDS = 300.0
# A message may take some seconds to show up in the history that a retry looks into.
SHORTEST_BACK_OFF_SECONDS = 5.0
# Three faults in a row are a fault of the channel, not of the messages: the rest waits.
FAULTS_IN_A_ROW = 3
# A process that was frozen this long after claiming must not send: its lease may run out.
LONGEST_PAUSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message claimed by one sender.

    Attributes:
        id: The row it came from.
        delivery_id: The name of the message, the same in every attempt and edit.
        attempt: The number of this claim; it fences out senders whose lease ran out.
        failures: Attempts since the last success, of which nobody knows whether they arrived.
        first_attempt_at: When this text was first attempted.
        previous: What the channel called the message when it was delivered before, if it was.
    """

    id: int
    delivery_id: str
    notice: Notice
    attempt: int
    failures: int
    first_attempt_at: datetime
    previous: str | None = None

    @property
    def is_retry(self) -> bool:
        """Return whether an earlier attempt may have arrived unnoticed."""
        return self.failures > 0


class Outbox(Protocol):
    """Where messages wait for one destination."""

    def claim(self, now: datetime) -> Delivery | None:
        """Take one message that is due, or that a sender left behind; None if there is none."""

    def mark_sent(self, delivery: Delivery, provider_ref: str, now: datetime) -> bool:
        """Record a delivery; return False if the lease had run out and another sender took it."""

    def mark_failed(self, delivery: Delivery, error: str, retry_at: datetime | None) -> bool:
        """Let a message wait until `retry_at`, or give it up with None; False as `mark_sent`."""

    def waiting(self) -> int:
        """Return how many messages are not delivered and not given up."""


class Notifier(Protocol):
    """A channel that messages go to."""

    @property
    def name(self) -> str:
        """Return what people call the channel."""

    def send(
        self, notice: Notice, *, delivery_id: str, previous: str | None, is_retry: bool
    ) -> str:
        """Deliver a message, or change the one called `previous`; return what it is called.

        On a retry the channel first looks whether it already has a message of this
        `delivery_id`, if it can.

        Raises:
            DeliveryError: If it was not accepted, or if that is not known.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchReport:
    """What one pass over the outbox came to.

    Attributes:
        sent: Messages delivered or edited.
        failed: Attempts that failed and will be repeated.
        dead: Messages given up.
        waiting: Messages that are neither delivered nor given up, after the pass.
        lines: One line per attempt, for people.
    """

    sent: int
    failed: int
    dead: int
    waiting: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Attempt:
    outcome: str  # `sent`, `failed`, `dead` or `lost`
    line: str
    is_channel_busy: bool = False


def dispatch(
    outbox: Outbox,
    notifier: Notifier,
    *,
    now: datetime,
    budget_seconds: float,
    jitter: Random | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> DispatchReport:
    """Deliver what is due, one after the other, until nothing is or the budget is used up.

    A channel's fault is a line of the report, never an exception. Several of these may run at
    once.

    Args:
        outbox: Where messages wait.
        notifier: The channel that they go to.
        now: The time at the start.
        budget_seconds: No attempt starts after this time.
        jitter: Spreads repeated attempts over time.
        monotonic: A clock that only goes forward, in seconds.

    Raises:
        StoreUnavailableError: If the outbox cannot be reached.
    """
    passage = _Pass(outbox=outbox, notifier=notifier, jitter=jitter or SystemRandom())
    attempts = list(passage.attempts(now, budget_seconds, monotonic))
    outcomes = [attempt.outcome for attempt in attempts]
    return DispatchReport(
        sent=outcomes.count("sent"),
        failed=outcomes.count("failed"),
        dead=outcomes.count("dead"),
        waiting=outbox.waiting(),
        lines=tuple(attempt.line for attempt in attempts),
    )


def back_off_seconds(failures: int, jitter: Random) -> float:
    """Return how long to wait after this many failures: doubling, at most 5 minutes, spread.

    >>> round(back_off_seconds(1, Random(0)), 1), round(back_off_seconds(20, Random(0)), 1)
    (5.0, 276.7)
    """
    doubled = FIRST_BACK_OFF_SECONDS * 2.0 ** min(failures, 20)
    longest = min(LONGEST_BACK_OFF_SECONDS, doubled)
    return max(SHORTEST_BACK_OFF_SECONDS, longest * jitter.uniform(0.5, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    outbox: Outbox
    notifier: Notifier
    jitter: Random

    def attempts(
        self, now: datetime, budget_seconds: float, monotonic: Callable[[], float]
    ) -> Iterator[_Attempt]:
        started = monotonic()
        faults = 0
        while (elapsed := monotonic() - started) < budget_seconds and faults < FAULTS_IN_A_ROW:
            moment = now + timedelta(seconds=elapsed)
            delivery = self.outbox.claim(moment)
            if delivery is None:
                return
            if monotonic() - started - elapsed > LONGEST_PAUSE_SECONDS:
                yield _Attempt("lost", _line(delivery, "not sent: this process was frozen"))
                return
            attempt = self.attempt(delivery, moment)
            yield attempt
            if attempt.is_channel_busy:
                return
            faults = faults + 1 if attempt.outcome == "failed" else 0

    def attempt(self, delivery: Delivery, now: datetime) -> _Attempt:
        channel = self.notifier.name
        try:
            reference = self.notifier.send(
                delivery.notice,
                delivery_id=delivery.delivery_id,
                previous=delivery.previous,
                is_retry=delivery.is_retry,
            )
        except DeliveryError as error:
            return self.failed(delivery, error, now)
        except Exception as error:  # noqa: BLE001  a bug in a channel must not block the outbox
            fault = DeliveryError(f"{type(error).__name__} in {channel}", is_permanent=False)
            return self.failed(delivery, fault, now)
        if not self.outbox.mark_sent(delivery, reference, now):
            return _Attempt("lost", _line(delivery, "sent late: another sender took it over"))
        verb = "sent" if delivery.previous is None else "edited"
        return _Attempt("sent", _line(delivery, f"{verb} by {channel}"))

    def failed(self, delivery: Delivery, error: DeliveryError, now: datetime) -> _Attempt:
        retry_at = _retry_at(delivery, error, now, self.jitter)
        if not self.outbox.mark_failed(delivery, str(error), retry_at):
            return _Attempt("lost", _line(delivery, "failed late: another sender took it over"))
        if retry_at is None:
            return _Attempt("dead", _line(delivery, f"given up: {error}"))
        wait = (retry_at - now).total_seconds()
        is_busy = error.retry_after_seconds is not None
        return _Attempt("failed", _line(delivery, f"again in {wait:.0f} s: {error}"), is_busy)


def _retry_at(
    delivery: Delivery, error: DeliveryError, now: datetime, jitter: Random
) -> datetime | None:
    if error.is_permanent or now - delivery.first_attempt_at >= GIVE_UP_AFTER:
        return None
    wait = error.retry_after_seconds or 0.0
    return now + timedelta(seconds=max(wait, back_off_seconds(delivery.failures + 1, jitter)))


def _line(delivery: Delivery, what: str) -> str:
    return f"{delivery.notice.model} {delivery.notice.window_key}: {what}"
