"""The `Outbox` in memory, for tests and backtests, for one sender at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitoring_assets.application.ports import Delivery, Opening
from monitoring_assets.domain.message import Act, Message, Step

LEASE_SECONDS = 15.0
_WAITING = {"pending", "inflight"}


@dataclass(slots=True, kw_only=True)
class Row:
    """One message, and what became of it."""

    id: int
    group_id: str
    destination: str
    step: Step
    created_at: float
    said: Message | None = None
    state: str = "pending"
    attempts: int = 0
    failures: int = 0
    may_have_arrived: bool = False
    due_at: float = 0.0
    sent_at: float | None = None
    provider_ref: str | None = None
    last_error: str | None = None


class MemoryOutbox:
    """The `Outbox` in memory; `now` is its clock in seconds, `rows` what was ever enqueued."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rows: list[Row] = []

    def enqueue(self, group_id: str, destination: str, steps: Sequence[Step]) -> None:
        """Let steps wait; one that is there already is left as it is."""
        for step in steps:
            edits = [r for r in self._of(group_id, destination) if r.step.act is Act.EDIT]
            if step.act is Act.EDIT and any(r.state == "pending" for r in edits):
                continue
            self._put(group_id, destination, step, None)

    def say(self, message: Message, destination: str, seq: int = 1) -> None:
        """Let a message wait that stands for no incident and says what it says."""
        self._put(message.group, destination, Step(seq=seq, act=message.act), message)

    def stand_in(self, delivery: Delivery, destination: str, message: Message) -> None:
        """Let another destination be told, once, what could not be delivered."""
        self.say(replace(message, group=f"instead-of-{delivery.delivery_id}"), destination)

    def due(self) -> tuple[str, ...]:
        """Return the destinations for which something can be claimed."""
        return tuple(sorted({row.destination for row in self.rows if self._is_due(row)}))

    def claim(self, destination: str) -> Delivery | None:
        """Take the message that is due the longest, or that a sender left behind."""
        due = [r for r in self.rows if r.destination == destination and self._is_due(r)]
        if not due:
            return None
        row = min(due, key=lambda r: (r.due_at, r.id))
        was_left = row.state == "inflight"
        row.failures += was_left
        row.may_have_arrived |= was_left
        row.attempts += 1
        row.state, row.due_at = "inflight", self.now + LEASE_SECONDS
        return self._delivery(row)

    def mark_sent(self, delivery: Delivery, provider_ref: str) -> bool:
        """Record a delivery; return False if the lease had run out and another sender took it."""
        return self._mark(delivery, "sent", provider_ref)

    def leave_out(self, delivery: Delivery) -> bool:
        """Record that nothing was left to say; False as `mark_sent`."""
        return self._mark(delivery, "sent", None)

    def mark_failed(
        self,
        delivery: Delivery,
        error: str,
        *,
        retry_seconds: float | None,
        may_have_arrived: bool,
    ) -> bool:
        """Let a message wait so long, or give it up with None; False as `mark_sent`."""
        row = self._claimed(delivery)
        if row is None:
            return False
        row.state = "dead" if retry_seconds is None else "pending"
        row.failures += 1
        row.may_have_arrived |= may_have_arrived
        row.last_error = error
        row.due_at = self.now + (retry_seconds or 0.0)
        return True

    def hold(self, destination: str, seconds: float) -> None:
        """Let everything that waits for a destination wait at least so long."""
        for row in self.rows:
            if row.destination == destination and row.state == "pending":
                row.due_at = max(row.due_at, self.now + seconds)

    def waiting(self) -> int:
        """Return how many messages are neither delivered nor given up."""
        return sum(row.state in _WAITING for row in self.rows)

    def _put(self, group_id: str, destination: str, step: Step, said: Message | None) -> None:
        if any(row.step.seq == step.seq for row in self._of(group_id, destination)):
            return
        row = Row(
            id=len(self.rows) + 1,
            group_id=group_id,
            destination=destination,
            step=step,
            created_at=self.now,
            said=said,
        )
        self.rows.append(row)

    def _of(self, group_id: str, destination: str) -> list[Row]:
        where = (group_id, destination)
        return [row for row in self.rows if (row.group_id, row.destination) == where]

    def _is_due(self, row: Row) -> bool:
        return (
            row.state in _WAITING
            and row.due_at <= self.now
            and not any(
                other.step.seq < row.step.seq and other.state in _WAITING
                for other in self._of(row.group_id, row.destination)
            )
        )

    def _mark(self, delivery: Delivery, state: str, provider_ref: str | None) -> bool:
        row = self._claimed(delivery)
        if row is None:
            return False
        row.state, row.provider_ref, row.failures, row.sent_at = state, provider_ref, 0, self.now
        return True

    def _claimed(self, delivery: Delivery) -> Row | None:
        row = self.rows[delivery.id - 1]
        is_mine = (row.attempts, row.state) == (delivery.attempt, "inflight")
        return row if is_mine else None

    def _delivery(self, row: Row) -> Delivery:
        group = self._of(row.group_id, row.destination)
        opens = [r for r in group if r.step.act is Act.OPEN and r.step.seq < row.step.seq]
        sent = [r.sent_at for r in group if r.sent_at is not None]
        return Delivery(
            id=row.id,
            delivery_id=f"{row.group_id}/{row.destination}/{row.step.seq}",
            group_id=row.group_id,
            destination=row.destination,
            seq=row.step.seq,
            act=row.step.act,
            attempt=row.attempts,
            failures=row.failures,
            may_have_arrived=row.may_have_arrived,
            opening=_opening(opens[-1] if opens else None),
            thread=opens[-1].provider_ref if opens else None,
            waited_seconds=self.now - row.created_at,
            quiet_seconds=self.now - max(sent) if sent else float("inf"),
            said=row.said,
        )


def _opening(row: Row | None) -> Opening:
    if row is None or row.state in _WAITING:
        return Opening.NONE
    if row.state == "dead":
        return Opening.DEAD
    return Opening.SENT if row.provider_ref is not None else Opening.SILENT
