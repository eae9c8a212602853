"""How all models are doing now, in a few numbers: what `mlmon status` and the exporter show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftedColumn:
    """How far one column drifted in a model's newest window.

    Attributes:
        value: The distance or p-value.
        ratio: How far it is beyond its threshold, whatever the method: above 1 it is drift.
    """

    column: str
    method: str
    value: float
    threshold: float | None
    ratio: float | None
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNow:
    """The newest window of one model, and what is open.

    Attributes:
        tier: How much depends on it, 1 most.
        window_seconds: The length of a window.
        window_key: The newest window, empty where none was monitored.
        is_stale: Whether two windows and the deadline have passed without a new one.
        status: The worst status of that window's checks, None where there is no window.
        failing_checks: How many of its checks fail.
        rows: Rows of the log in that window.
        label_coverage: Share of them that are labelled.
        drifted_share: Share of the judged features that drifted.
        performance_metric: The metric that stands for performance, in the newest window in which
            it was judged; empty where none was.
        performance_baseline: Its value on the reference.
        decided_at: When the newest window was decided.
        open_incidents: How many are open.
        worst_columns: Those that drifted most, the worst first.
    """

    model: str
    owner: str
    tier: int
    window_seconds: int
    ends_on: date | None = None
    window_key: str = ""
    window_end: datetime | None = None
    is_stale: bool = False
    status: Status | None = None
    failing_checks: int = 0
    rows: int | None = None
    label_coverage: float | None = None
    drifted_share: float | None = None
    performance_metric: str = ""
    performance: float | None = None
    performance_threshold: float | None = None
    performance_baseline: float | None = None
    decided_at: datetime | None = None
    open_incidents: int = 0
    worst_columns: tuple[DriftedColumn, ...] = ()

    @property
    def needs_attention(self) -> bool:
        """Return whether somebody should look at it."""
        is_bad = self.status in {Status.BAD, Status.ERROR}
        return is_bad or self.is_stale or self.open_incidents > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """An incident that lasts."""

    id: str
    model: str
    severity: Severity
    state: str
    subject: str
    first_window: str
    last_window: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """How runs are doing.

    Attributes:
        last_run_seconds: How long the last finished run of each model took.
        runs: Runs that began within a day, by status.
        oldest_waiting_seconds: How long the oldest undelivered message has waited, 0 for none.
        waiting: Messages that are neither delivered nor given up.
        dead: Messages that were given up.
    """

    last_run_seconds: Mapping[str, float]
    runs: Mapping[str, int]
    oldest_waiting_seconds: float
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything at one moment."""

    models: tuple[ModelNow, ...]
    incidents: tuple[OpenIncident, ...]
    pipeline: Pipeline


# One value per window, oldest first; None where there is none.
Series = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The newest windows of one model, oldest first."""

    rows: Series
    label_coverage: Series
    drifted_share: Series
    worst_ratio: Series
    performance: Series


class Overviews(Protocol):
    """The views that hold it."""

    def now(self, *, columns: int) -> Overview:
        """Return how all models are doing, each with so many of its worst columns."""

    def history(self, windows: int) -> Mapping[str, History]:
        """Return the newest windows of every model."""
