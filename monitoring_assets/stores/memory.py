"""The stores in memory, for tests and for backtests that must not touch a database.

They keep the same promises as those in Postgres; `stores.conformance` holds both to them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa

from monitoring_assets.application.dispatch import Delivery
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.decision import Decision, Notice
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.artifacts import checked_path

LEASE = timedelta(minutes=1)


class MemoryMeasurements:
    """The `MeasurementStore` in memory."""

    def __init__(self) -> None:
        self._evaluations: dict[tuple[str, str, str], Evaluation] = {}

    def replace(self, evaluation: Evaluation, run: RunInfo) -> None:
        """Replace everything that this asset wrote for this window."""
        del run
        model, asset, window = evaluation.model, evaluation.asset, evaluation.window
        self._evaluations = {
            key: kept
            for key, kept in self._evaluations.items()
            if key[:2] != (model, asset)
            or (kept.window.start != window.start and kept.window.key != window.key)
        }
        if evaluation.measurements:
            self._evaluations[model, asset, window.key] = evaluation

    def of_window(self, model: str, window_key: str) -> tuple[Evaluation, ...]:
        """Return what is stored for one window, one evaluation per asset, sorted by name."""
        found = [
            e for e in self._evaluations.values() if (e.model, e.window.key) == (model, window_key)
        ]
        return tuple(sorted(found, key=lambda e: e.asset))


@dataclass(slots=True, kw_only=True)
class _Message:
    id: int
    notice: Notice
    state: str = "pending"
    delivered: Notice | None = None
    attempts: int = 0
    failures: int = 0
    first_attempt_at: datetime | None = None
    next_at: datetime | None = None
    provider_ref: str | None = None

    def is_due(self, now: datetime) -> bool:
        is_waiting = self.state in {"pending", "inflight"}
        return is_waiting and (self.next_at is None or self.next_at <= now)


class MemoryOutbox:
    """The `Outbox` in memory, for one sender at a time."""

    def __init__(self) -> None:
        self._messages: dict[tuple[str, str], _Message] = {}

    def enqueue(self, notice: Notice) -> bool:
        """Store a message; return whether it waits to be delivered."""
        key = (notice.model, notice.window_key)
        message = self._messages.get(key)
        if message is None:
            self._messages[key] = _Message(id=len(self._messages) + 1, notice=notice)
            return True
        message.notice = notice
        if message.state in {"sent", "dead"}:
            message.first_attempt_at = message.next_at = None
        if message.state != "inflight":
            message.state = "sent" if message.delivered == notice else "pending"
        return message.state != "sent"

    def claim(self, now: datetime) -> Delivery | None:
        """Take one message that is due, or that a sender left behind; None if there is none."""
        due = [m for m in self._messages.values() if m.is_due(now)]
        if not due:
            return None
        message = min(due, key=lambda m: (m.next_at is not None, m.next_at or now, m.id))
        message.failures += message.state == "inflight"
        message.attempts += 1
        message.first_attempt_at = message.first_attempt_at or now
        message.state, message.delivered, message.next_at = "inflight", None, now + LEASE
        return Delivery(
            id=message.id,
            delivery_id=str(uuid5(NAMESPACE_URL, f"{message.id}")),
            notice=message.notice,
            attempt=message.attempts,
            failures=message.failures,
            first_attempt_at=message.first_attempt_at,
            previous=message.provider_ref,
        )

    def mark_sent(self, delivery: Delivery, provider_ref: str, now: datetime) -> bool:
        """Record a delivery; return False if the lease had run out and another sender took it."""
        del now
        message = self._claimed(delivery)
        if message is None:
            return False
        message.state = "sent" if message.notice == delivery.notice else "pending"
        message.delivered, message.provider_ref = delivery.notice, provider_ref
        message.failures, message.next_at = 0, None
        return True

    def mark_failed(self, delivery: Delivery, error: str, retry_at: datetime | None) -> bool:
        """Let a message wait until `retry_at`, or give it up with None; False as `mark_sent`."""
        del error
        message = self._claimed(delivery)
        if message is None:
            return False
        is_dead = retry_at is None and message.notice == delivery.notice
        message.state = "dead" if is_dead else "pending"
        message.failures += 1
        message.next_at = retry_at
        return True

    def waiting(self) -> int:
        """Return how many messages are not delivered and not given up."""
        return sum(m.state in {"pending", "inflight"} for m in self._messages.values())

    def _claimed(self, delivery: Delivery) -> _Message | None:
        return next(
            (
                m
                for m in self._messages.values()
                if (m.id, m.attempts, m.state) == (delivery.id, delivery.attempt, "inflight")
            ),
            None,
        )


class MemoryDecisions:
    """The `DecisionStore` in memory; `decisions` holds what was recorded, newest per window."""

    def __init__(self, outbox: MemoryOutbox | None = None) -> None:
        self.outbox = outbox or MemoryOutbox()
        self.decisions: dict[tuple[str, str], Decision] = {}

    def record(self, decision: Decision, run: RunInfo) -> bool:
        """Store a decision and enqueue its notice; return whether it waits to be delivered."""
        del run
        self.decisions[decision.model, decision.window.key] = decision
        return decision.notice is not None and self.outbox.enqueue(decision.notice)

    def decided_keys(self, model: str, windows: Sequence[Window]) -> set[str]:
        """Return the keys of those windows that were decided."""
        return {w.key for w in windows if (model, w.key) in self.decisions}


class MemorySourceStates:
    """The `SourceStates` in memory."""

    def __init__(self) -> None:
        self._fingerprints: dict[tuple[str, str, str], str] = {}

    def get(self, model: str, source: str, keys: Iterable[str]) -> dict[str, str]:
        """Return the recorded fingerprint by window key; windows never recorded are left out."""
        found = {key: self._fingerprints.get((model, source, key)) for key in keys}
        return {key: fingerprint for key, fingerprint in found.items() if fingerprint is not None}

    def put(
        self, model: str, source: str, window: Window, fingerprint: str, recorded_at: datetime
    ) -> None:
        """Record that this state of the window's rows was monitored."""
        del recorded_at
        self._fingerprints[model, source, window.key] = fingerprint


class MemoryArtifacts:
    """The `ArtifactStore` in memory."""

    def __init__(self) -> None:
        self._tables: dict[str, pa.Table] = {}
        self._texts: dict[str, str] = {}

    def write_table(self, path: str, table: pa.Table) -> str:
        """Keep a table; return its address."""
        address = self.address(path)
        self._tables[path] = table
        return address

    def read_table(self, path: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """Return a table (only `columns` that exist), None where nothing was written."""
        table = self._tables.get(path)
        if table is None or columns is None:
            return table
        return table.select([c for c in columns if c in set(table.column_names)])

    def write_text(self, path: str, text: str) -> str:
        """Keep a text; return its address."""
        address = self.address(path)
        self._texts[path] = text
        return address

    def read_text(self, path: str) -> str | None:
        """Return a text, None where nothing was written."""
        return self._texts.get(path)

    def delete(self, path: str) -> None:
        """Remove a file if it is there."""
        self._tables.pop(path, None)
        self._texts.pop(path, None)

    def address(self, path: str) -> str:
        """Return the address of a path, which must be relative and plain."""
        return f"memory://{checked_path(path)}"
