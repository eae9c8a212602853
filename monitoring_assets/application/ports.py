"""What the use cases need from the outside world.

Adapters in `sources`, `stores` and `notifiers` implement it, `composition` chooses them.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from monitoring_assets.alerting.notification import Outcome, Spent
from monitoring_assets.domain.decision import AuditEntry, Decision, TimedEvent
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.incident import Group, Incident, Silence
from monitoring_assets.domain.message import Act, Message, Step
from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.domain.verdict import History, Subject, Verdict
from monitoring_assets.domain.window import Window
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.segments import SegmentedProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Rows as the user stored them, and what was wrong with them.

    Attributes:
        rows: The requested columns that exist, under the user's own names and types. The
            timestamp column is `timestamp[us, UTC]`, null where it could not be read.
        problems: What a reader should know; never raised, since a data problem is a verdict.
        unexpected_columns: Columns that are stored and were not asked for.
    """

    rows: pa.Table
    problems: tuple[ReadProblem, ...] = ()
    unexpected_columns: tuple[str, ...] = ()


class Source(Protocol):
    """A place that holds rows: files or a database."""

    @property
    def description(self) -> str:
        """Return where the rows are, for people; it holds no secret."""

    def read(self, start: datetime | None = None, end: datetime | None = None) -> Reading:
        """Return the rows with `start <= timestamp < end`; all rows without bounds.

        Raises:
            SourceError: If the place cannot be reached.
        """

    def fingerprint(self) -> str:
        """Return a text that changes whenever anything stored here changes; '' if empty."""

    def fingerprints(self, windows: Sequence[Window]) -> dict[str, str]:
        """Return by window key a text that changes whenever the window's rows may have changed.

        Windows without rows are left out. It is cheap enough to be asked every minute.
        """


class ProfileEngine(Protocol):
    """What profiles a window: this process, or the database that holds the rows."""

    @property
    def description(self) -> str:
        """Return the engine and where the rows are, for people; it holds no secret."""

    def profile(
        self, window: Window, layout: Layout, segments: Sequence[str] = ()
    ) -> SegmentedProfile:
        """Return the profile of the rows with `start <= timestamp < end`, and of its segments.

        The same rows have the same profile in every engine: counts are equal, sums agree to
        1e-9. A column that is not there has no values.

        Raises:
            SourceError: If the engine cannot be reached, or cannot do what it is asked.
        """


class ArtifactStore(Protocol):
    """A folder or bucket for tables and reports, written whole or not at all."""

    def write_table(self, path: str, table: pa.Table) -> str:
        """Write a Parquet file with page checksums; return its full address."""

    def read_table(self, path: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """Return a table (only `columns` that exist), None where nothing was written."""

    def write_text(self, path: str, text: str) -> str:
        """Write a text file; return its full address."""

    def read_text(self, path: str) -> str | None:
        """Return a text file, None where nothing was written."""

    def delete(self, path: str) -> None:
        """Remove a file if it is there."""

    def address(self, path: str) -> str:
        """Return the full address of a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Which run writes something, recorded beside it.

    Attributes:
        computed_at: When the step that writes began.
        started_at: When the run began, which decides between two that judge the same window;
            None where nobody knows, then it is `computed_at`.
    """

    run_id: str
    computed_at: datetime
    started_at: datetime | None = None

    @property
    def began(self) -> datetime:
        """Return when the run began."""
        return self.started_at or self.computed_at


class MeasurementStore(Protocol):
    """The table `measurement`, one row per number."""

    def replace(self, evaluation: Evaluation, run: RunInfo) -> None:
        """Replace everything that this asset wrote for this window, in one transaction."""

    def of_window(self, model: str, window_key: str) -> tuple[Evaluation, ...]:
        """Return what is stored for one window, one evaluation per asset."""


class AlertBook(Protocol):
    """The alerts of one model in one transaction, which nobody else can change meanwhile."""

    def judge(
        self, window: Window, verdicts: Sequence[Verdict], run: RunInfo, *, is_whole: bool
    ) -> bool:
        """Store the verdicts of a window; return False if a run that began later judged it.

        What a verdict replaces is kept in the history of revisions.

        Args:
            window: The window.
            verdicts: Its verdicts.
            run: Who gives them.
            is_whole: Whether these are all; then subjects that they do not mention are removed.
        """

    def history(self) -> History:
        """Return what incidents depend on."""

    def incidents(self) -> list[Incident]:
        """Return all incidents, in order of opening."""

    def group(self) -> Group | None:
        """Return the open group."""

    def silences(self) -> list[Silence]:
        """Return the silences that are not over and may concern this model."""

    def judged_windows(self, baseline: str) -> int:
        """Return how many windows were judged with a version of the reference."""

    def spent(self, group: Group | None, now: datetime) -> Spent:
        """Return what was told lately."""

    def record(self, decision: Decision, run: RunInfo) -> None:
        """Store what was decided about a window."""

    def save(self, outcome: Outcome, now: datetime) -> None:
        """Store incidents, group and events, and enqueue the acts."""

    def note(self, entry: AuditEntry) -> None:
        """Add a line to the audit."""


class AlertStore(Protocol):
    """The tables of alerts; every method but `book` is a transaction of its own."""

    def book(self, model: str) -> AbstractContextManager[AlertBook]:
        """Open the alerts of a model; what was done is stored when the block ends, or nothing."""

    def decided_keys(self, model: str, windows: Sequence[Window]) -> set[str]:
        """Return the keys of those windows that were decided."""

    def last_decided(self, model: str) -> Window | None:
        """Return the newest window that was decided."""

    def decision(self, model: str, window_key: str) -> Decision | None:
        """Return what was decided about a window."""

    def find(self, model: str = "", incident_id: str = "") -> list[Incident]:
        """Return incidents: of a model, or those whose id begins so; all without either."""

    def group_of(self, group_id: str) -> Group | None:
        """Return a group, open or not."""

    def events(
        self, *, incident_id: str = "", group_id: str = "", digest: str = ""
    ) -> list[TimedEvent]:
        """Return what happened to an incident, in a group, or is told in a digest, in order."""

    def verdicts(self, model: str, subject: Subject) -> list[Verdict]:
        """Return the newest verdicts about a subject, in order of time."""

    def verdicts_of_window(self, model: str, window_key: str) -> list[Verdict]:
        """Return the newest verdicts of a window."""

    def digest(self, models: Mapping[str, str], now: datetime) -> list[str]:
        """Put what waits for the digest into one message per destination; return their names.

        Args:
            models: Which models' events are due, and the name of the time for which they are.
            now: The present.
        """

    def silence(self, silence: Silence, entry: AuditEntry) -> None:
        """Store a silence, or its new end."""

    def silences(self) -> list[Silence]:
        """Return all silences, the newest first."""

    def audit(self, subject: str = "") -> list[AuditEntry]:
        """Return who did what, the newest last; only about one subject if given."""

    def note(self, entry: AuditEntry) -> None:
        """Add a line to the audit."""


class Messages(Protocol):
    """What is said in one act of a group, composed at the moment when it is sent."""

    def message(
        self, group_id: str, act: Act, seq: int, *, destination: str, may_have_arrived: bool
    ) -> Message | None:
        """Return what is to be said now, None where nothing is left to say.

        An `open` whose group was resolved before any attempt says nothing; where an earlier
        attempt may have arrived it is always said. What follows an `open` that said nothing is
        the sender's to leave out.
        """


class Opening(StrEnum):
    """What became of the `open` of a group at a destination, for what follows it."""

    NONE = "none"  # there is none, or it still waits
    SENT = "sent"
    SILENT = "silent"  # nothing was left to say when it came to it
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message claimed by one sender.

    Attributes:
        id: The row it came from.
        delivery_id: The name of the message, the same in every attempt.
        attempt: The number of this claim; it fences out senders whose lease ran out.
        failures: Attempts that failed since the last success.
        may_have_arrived: Whether of an earlier attempt nobody knows if it arrived.
        opening: What became of the group's `open` at this destination.
        thread: What the channel called that `open`, None where it was not delivered.
        waited_seconds: How long ago it was put into the outbox.
        quiet_seconds: How long ago something else of its group was delivered here.
        said: What it says, of a message that stands for no incident; else it is composed.
    """

    id: int
    delivery_id: str
    group_id: str
    destination: str
    seq: int
    act: Act
    attempt: int
    failures: int
    may_have_arrived: bool
    opening: Opening
    thread: str | None
    waited_seconds: float
    quiet_seconds: float
    said: Message | None = None


class Outbox(Protocol):
    """The table `outbox`. All times are of its own clock; what it is told are durations.

    Within one group and destination the order of the steps is strict: a step is not claimed
    while an earlier one is neither delivered nor given up.
    """

    def enqueue(self, group_id: str, destination: str, steps: Sequence[Step]) -> None:
        """Let steps wait; one that is there already is left as it is.

        An `edit` is left out while another one waits: that one will show the newest state.
        """

    def say(self, message: Message, destination: str, seq: int = 1) -> None:
        """Let a message wait, once, that stands for no incident and says what it says."""

    def stand_in(self, delivery: Delivery, destination: str, message: Message) -> None:
        """Let another destination be told, once, what could not be delivered."""

    def due(self) -> tuple[str, ...]:
        """Return the destinations for which something can be claimed."""

    def claim(self, destination: str) -> Delivery | None:
        """Take the message that is due the longest, or that a sender left behind."""

    def mark_sent(self, delivery: Delivery, provider_ref: str) -> bool:
        """Record a delivery; return False if the lease had run out and another sender took it."""

    def leave_out(self, delivery: Delivery) -> bool:
        """Record that nothing was left to say; False as `mark_sent`."""

    def mark_failed(
        self,
        delivery: Delivery,
        error: str,
        *,
        retry_seconds: float | None,
        may_have_arrived: bool,
    ) -> bool:
        """Let a message wait so long, or give it up with None; False as `mark_sent`."""

    def hold(self, destination: str, seconds: float) -> None:
        """Let everything that waits for a destination wait at least so long."""

    def waiting(self) -> int:
        """Return how many messages are neither delivered nor given up."""


class Channel(Protocol):
    """A way to reach people: Slack, PagerDuty, a webhook, e-mail, the terminal."""

    @property
    def name(self) -> str:
        """Return what people call it."""

    @property
    def gap_seconds(self) -> float:
        """Return how long to wait between two messages of one group."""

    def send(
        self, message: Message, *, delivery_id: str, thread: str | None, is_retry: bool
    ) -> str:
        """Deliver a message; return what the channel calls it, for what follows in its group.

        What the act of the message asks for and the channel cannot do (a reply in a page, an
        edit of a mail) is no error: it is left out, or said in another way. On a retry the
        channel first looks whether it has a message of this `delivery_id`, if it can.

        Args:
            message: What to say.
            delivery_id: The name of the message, the same in every attempt.
            thread: What this returned for the `open` of the group, None where there is none.
            is_retry: Whether an earlier attempt may have arrived.

        Raises:
            DeliveryError: If it was not accepted, or if that is not known.
        """


class SourceStates(Protocol):
    """The table `source_state`: what each window looked like when it was last monitored."""

    def get(self, model: str, source: str, keys: Sequence[str]) -> dict[str, str]:
        """Return the recorded fingerprints by window key; windows never monitored are left out."""

    def put(
        self, model: str, source: str, window: Window, fingerprint: str, recorded_at: datetime
    ) -> None:
        """Record that a window was monitored with this fingerprint."""
