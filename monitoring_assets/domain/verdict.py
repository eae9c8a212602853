"""The newest verdict of one monitor about one subject in one window, and which run gave it."""

from dataclasses import dataclass
from datetime import datetime

from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Subject:
    """What a verdict is about; with the model it names one series of verdicts.

    Attributes:
        check: The monitor: the name of the asset check.
        column: The column, empty for the whole window.
        segment: `column=value` of the rows, empty for all of them.
    """

    check: str
    column: str = ""
    segment: str = ""

    def __str__(self) -> str:
        """Return the parts that are there, for people."""
        return " ".join(filter(None, (self.check, self.column, self.segment)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a monitor says of a subject in a window.

    Attributes:
        score: The number that was judged, None where there is none.
        threshold: The limit it was judged against.
        recovery: Where an open incident counts as recovered: below the threshold where that is
            an upper limit, above it where it is a lower one; None where `ok` says it all.
        lower: Lower end of the score's 95 % interval.
        upper: Upper end of the score's 95 % interval.
        n: How many rows the score rests on.
        baseline: Version of the reference, and of the model, that it was compared with.
    """

    subject: Subject
    window: Window
    kind: Kind
    status: Status
    n: int = 0
    metric: str = ""
    score: float | None = None
    threshold: float | None = None
    recovery: float | None = None
    lower: float | None = None
    upper: float | None = None
    reason: str = ""
    baseline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict as it is stored.

    Attributes:
        run_started_at: When its run began; a run that began earlier cannot replace it.
        revision: How often the verdict of this subject and window has changed.
    """

    verdict: Verdict
    run_id: str
    run_started_at: datetime
    revision: int = 0
