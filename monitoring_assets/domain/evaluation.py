"""What came out of evaluating one asset of one model over one window."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring_assets.domain.measurement import Kind, Measurement, Status, worst
from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The verdict of one asset check: the worst of the measurements that count towards it.

    Attributes:
        columns: The columns of the measurements that have this status.
        reason: What they say, empty where all is as it should be.
    """

    check: str
    kind: Kind
    status: Status
    columns: tuple[str, ...]
    n: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How one column is distributed in the reference and in the window, for people to look at.

    Attributes:
        labels: What each bar stands for: a category or the lower edge of a bin.
        reference: Share of the reference's values in each bar.
        current: Share of the window's values in each bar.
    """

    column: str
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All measurements of one asset (`quality_results`, `drift_report`, …) for one window."""

    model: str
    asset: str
    window: Window
    reference_version: str
    measurements: tuple[Measurement, ...]
    histograms: tuple[Histogram, ...] = ()

    def check(self, name: str) -> CheckResult:
        """Return the verdict of one asset check, `unjudged` where nothing counted towards it."""
        return summarise(name, [m for m in self.measurements if m.check == name])

    @property
    def failing(self) -> tuple[Measurement, ...]:
        """Return the measurements that somebody should look at, in their order."""
        return tuple(m for m in self.measurements if m.status.is_failing)


def summarise(check: str, measurements: Sequence[Measurement]) -> CheckResult:
    """Return the verdict that a group of measurements amounts to."""
    status = worst(m.status for m in measurements if m.status is not Status.INFO)
    deciding = [m for m in measurements if m.status is status]
    reasons = dict.fromkeys(m.reason for m in deciding or measurements if m.reason)
    return CheckResult(
        check=check,
        kind=deciding[0].kind if deciding else Kind.NO_DATA,
        status=status,
        columns=tuple(dict.fromkeys(m.column for m in deciding if m.column)),
        n=max((m.n for m in measurements), default=0),
        reason="; ".join(list(reasons)[:5]) if measurements else "nothing was measured",
    )
