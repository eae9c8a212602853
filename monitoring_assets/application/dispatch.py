"""Deliver the messages that wait: claim one, compose it, send it, record what came of it.

Each destination has a loop of its own, so that a slow one delays no other. A crash at any point
leaves a message claimed until its lease runs out; the next attempt knows that an earlier one may
have arrived, so that a channel can look first. What a channel does with a message belongs to
`notifiers`, where messages wait to `stores.outbox`, what they say to the port `Messages`.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random, SystemRandom

from monitoring_assets.application.ports import Channel, Delivery, Messages, Opening, Outbox
from monitoring_assets.domain.errors import DeliveryError, Fault, StoreUnavailableError
from monitoring_assets.domain.message import Act, Message

GIVE_UP_SECONDS = 72 * 3600.0
_MOST_THREADS = 32
_FOLLOWING = {Act.REPLY, Act.EDIT, Act.RESOLVE, Act.REMINDER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long everything may take, in seconds.

    Attributes:
        first_back_off: Doubled with every failure, and spread.
        shortest_back_off: A message may take some seconds to show up in the history that a retry
            looks into.
        longest_back_off: With a sweep every 20 s, what waits is delivered within a minute after
            an outage has ended.
        longest_pause: A process that was frozen this long between its claim and its sending must
            not send any more: its lease may run out.
        faults_in_a_row: So many are a fault of the destination, not of the messages.
    """

    first_back_off: float = 2.0
    shortest_back_off: float = 5.0
    longest_back_off: float = 25.0
    longest_pause: float = 3.0
    faults_in_a_row: int = 3

    def back_off(self, failures: int, jitter: Random) -> float:
        """Return how long to wait after this many failures.

        >>> [round(Pace().back_off(n, Random(0)), 1) for n in (1, 3, 20)]
        [5.0, 14.8, 23.1]
        """
        longest = min(self.longest_back_off, self.first_back_off * 2.0 ** min(failures, 20))
        return max(self.shortest_back_off, longest * jitter.uniform(0.5, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchReport:
    """What one pass over the outbox came to.

    Attributes:
        sent: Messages delivered, changed or closed.
        left_out: Messages of which nothing was left to say.
        failed: Attempts that failed and will be repeated.
        dead: Messages given up.
        waiting: Messages that are neither delivered nor given up, after the pass.
        lines: One line per attempt, for people.
    """

    sent: int
    left_out: int
    failed: int
    dead: int
    waiting: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        """Return the numbers in words, those that are zero only where they matter."""
        parts = [f"{self.sent} delivered", f"{self.failed} failed"]
        if self.left_out:
            parts.append(f"{self.left_out} had nothing left to say")
        return ", ".join([*parts, f"{self.dead} given up", f"{self.waiting} waiting"])


@dataclass(frozen=True, slots=True)
class _Attempt:
    outcome: str  # `sent`, `left out`, `failed`, `dead` or `lost`
    line: str
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Delivers what waits in an outbox; several of these may work at once, in any process.

    Attributes:
        outbox: Where messages wait.
        messages: What they say.
        channels: The channel of a destination's name; raises `DeliveryError` where there is none.
        fallback: The destination that learns what another one could not be told, None for none.
        jitter: Spreads repeated attempts over time.
        monotonic: A clock that only goes forward, in seconds.
        sleep: Waits some seconds.
        reached: Told of every point at which a crash would matter, for rehearsals.
    """

    outbox: Outbox
    messages: Messages
    channels: Callable[[str], Channel]
    fallback: Callable[[str], str | None] = lambda _destination: None
    pace: Pace = Pace()
    jitter: Random = field(default_factory=SystemRandom)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    reached: Callable[[str], None] = lambda _point: None

    def sweep(self, budget_seconds: float) -> DispatchReport:
        """Deliver what is due, until nothing is or the budget is used up.

        A channel's fault is a line of the report, never an exception.

        Args:
            budget_seconds: No attempt starts after this time.

        Raises:
            StoreUnavailableError: If the outbox cannot be reached.
        """
        destinations = self.outbox.due()
        if len(destinations) <= 1:
            done = [self._pass(destination, budget_seconds) for destination in destinations]
        else:
            with ThreadPoolExecutor(min(_MOST_THREADS, len(destinations))) as pool:
                done = list(pool.map(lambda d: self._pass(d, budget_seconds), destinations))
        return self._report(attempt for attempts in done for attempt in attempts)

    def run(
        self,
        *,
        wait: Callable[[], None],
        tell: Callable[[str], None],
        is_over: Callable[[], bool] = lambda: False,
        budget_seconds: float = 60.0,
    ) -> None:
        """Deliver what is due for ever; a destination that is slow holds up no other.

        Args:
            wait: Returns when something may be due; a missed signal must cost seconds only.
            tell: Takes one line per attempt.
            is_over: Asked between two looks.
            budget_seconds: After this time a destination's loop ends, and is started again.
        """
        running: dict[str, Future[list[_Attempt]]] = {}
        with ThreadPoolExecutor(_MOST_THREADS) as pool:
            while not is_over():
                for ended in [d for d, future in running.items() if future.done()]:
                    _tell_all(running.pop(ended), tell)
                try:
                    for destination in self.outbox.due():
                        if destination not in running:
                            running[destination] = pool.submit(
                                self._pass, destination, budget_seconds
                            )
                    wait()
                except StoreUnavailableError as error:
                    tell(str(error))
                    self.sleep(1.0)

    def _report(self, attempts: Iterable[_Attempt]) -> DispatchReport:
        attempts = list(attempts)
        outcomes = [attempt.outcome for attempt in attempts]
        return DispatchReport(
            sent=outcomes.count("sent"),
            left_out=outcomes.count("left out"),
            failed=outcomes.count("failed"),
            dead=outcomes.count("dead"),
            waiting=self.outbox.waiting(),
            lines=tuple(attempt.line for attempt in attempts),
        )

    def _pass(self, destination: str, budget_seconds: float) -> list[_Attempt]:
        return list(self._attempts(destination, budget_seconds))

    def _attempts(self, destination: str, budget_seconds: float) -> Iterator[_Attempt]:
        started, faults = self.monotonic(), 0
        while self.monotonic() - started < budget_seconds:
            claimed_at = self.monotonic()
            delivery = self.outbox.claim(destination)
            if delivery is None:
                return
            self.reached("claimed")
            attempt = self._attempt(delivery, claimed_at)
            yield attempt
            faults = faults + 1 if attempt.outcome == "failed" else 0
            if faults >= self.pace.faults_in_a_row:
                self.outbox.hold(destination, self.pace.back_off(faults, self.jitter))
                return
            if attempt.fault in {Fault.DESTINATION, Fault.BUSY} or attempt.outcome == "lost":
                return

    def _attempt(self, delivery: Delivery, claimed_at: float) -> _Attempt:
        message = self._composed(delivery)
        if message is None:
            self.outbox.leave_out(delivery)
            return _Attempt("left out", _line(delivery, "nothing is left to say"))
        try:
            reference = self._sent(delivery, message, claimed_at)
        except DeliveryError as error:
            return self._failed(delivery, message, error)
        except _FrozenError:
            return _Attempt("lost", _line(delivery, "not sent: this process was frozen"))
        except Exception as error:  # noqa: BLE001  a bug in a channel must not block the outbox
            text = f"{type(error).__name__} in the channel of {delivery.destination}"
            return self._failed(delivery, message, DeliveryError(text, Fault.UNKNOWN))
        self.reached("accepted")
        if not self.outbox.mark_sent(delivery, reference):
            return _Attempt("lost", _line(delivery, "sent late: another sender took it over"))
        self.reached("recorded")
        return _Attempt("sent", _line(delivery, "delivered"))

    def _composed(self, delivery: Delivery) -> Message | None:
        if delivery.said is not None:
            return delivery.said
        if _follows_nothing(delivery):
            return None
        return self.messages.message(
            delivery.group_id,
            delivery.act,
            delivery.seq,
            destination=delivery.destination,
            may_have_arrived=delivery.may_have_arrived,
        )

    def _sent(self, delivery: Delivery, message: Message, claimed_at: float) -> str:
        channel = self.channels(delivery.destination)
        pause = channel.gap_seconds - delivery.quiet_seconds
        if pause > 0:
            self.sleep(pause)
            claimed_at += pause
        self.reached("sending")
        if self.monotonic() - claimed_at > self.pace.longest_pause:
            raise _FrozenError
        return channel.send(
            message,
            delivery_id=delivery.delivery_id,
            thread=delivery.thread,
            is_retry=delivery.may_have_arrived,
        )

    def _failed(self, delivery: Delivery, message: Message, error: DeliveryError) -> _Attempt:
        is_dead = error.fault is Fault.MESSAGE or delivery.waited_seconds >= GIVE_UP_SECONDS
        wait = max(
            error.retry_after_seconds or 0.0,
            self.pace.back_off(delivery.failures + 1, self.jitter),
        )
        if is_dead or (error.fault is Fault.DESTINATION and delivery.act not in _FOLLOWING):
            self._tell_elsewhere(delivery, message, error)
        is_mine = self.outbox.mark_failed(
            delivery,
            f"{error.fault}: {error}",
            retry_seconds=None if is_dead else wait,
            may_have_arrived=error.fault is Fault.UNKNOWN,
        )
        if not is_mine:
            return _Attempt("lost", _line(delivery, "failed late: another sender took it over"))
        if is_dead:
            return _Attempt("dead", _line(delivery, f"given up: {error}"), error.fault)
        if error.fault in {Fault.DESTINATION, Fault.BUSY}:
            self.outbox.hold(delivery.destination, wait)
        return _Attempt("failed", _line(delivery, f"again in {wait:.0f} s: {error}"), error.fault)

    def _tell_elsewhere(self, delivery: Delivery, message: Message, error: DeliveryError) -> None:
        fallback = self.fallback(delivery.destination)
        if fallback is None or fallback == delivery.destination or delivery.said is not None:
            return
        undelivered = ("not delivered to", f"{delivery.destination}: {error}")
        facts = (undelivered, *message.facts)
        self.outbox.stand_in(delivery, fallback, replace(message, act=Act.OPEN, facts=facts))


class _FrozenError(Exception):
    """The process stood still for so long that somebody else may have the message."""


def _follows_nothing(delivery: Delivery) -> bool:
    """Return whether a message would refer to one that was never said."""
    return delivery.act in _FOLLOWING and delivery.opening is Opening.SILENT


def _tell_all(future: "Future[list[_Attempt]]", tell: Callable[[str], None]) -> None:
    try:
        for attempt in future.result():
            tell(attempt.line)
    except StoreUnavailableError as error:
        tell(str(error))


def _line(delivery: Delivery, what: str) -> str:
    return f"{delivery.destination}: {delivery.act} of {delivery.group_id}: {what}"
