"""The newest verdict of one monitor about one subject in one window."""

from dataclasses import dataclass

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
        margin: How far the threshold is from what is usual, negative for a lower limit; None where
            the limit has no scale, such as "no column may be missing".
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
    margin: float | None = None
    lower: float | None = None
    upper: float | None = None
    reason: str = ""
    baseline: str = ""

    @property
    def excess(self) -> float:
        """Return how far the score is beyond the threshold, in margins; negative before it."""
        if self.score is None or self.threshold is None or not self.margin:
            return 0.0
        return (self.score - self.threshold) / self.margin

    @property
    def has_recovered(self) -> bool:
        """Return whether an open incident may count this as ok: well before the threshold."""
        if self.status is not Status.OK:
            return False
        if self.score is None or self.recovery is None or not self.margin:
            return True
        return (self.recovery - self.score) / self.margin >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one check came to in one window, over all its subjects.

    Attributes:
        is_judged: Whether anything was judged, and nothing went wrong: then a subject that it
            does not mention is ok.
        unjudged: Why nothing was judged, empty where something was.
    """

    check: str
    window: Window
    is_judged: bool
    unjudged: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The newest verdicts of a model: all that incidents depend on.

    Attributes:
        verdicts: Those of every subject that was ever bad; the others cannot be incidents.
        coverage: Those of every check, in short.
    """

    verdicts: tuple[Verdict, ...]
    coverage: tuple[Coverage, ...]
