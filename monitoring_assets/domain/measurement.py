"""Measurements and the verdicts they carry.

One `Measurement` object is the only source of a number: the metadata of a Dagster
materialization, the row in Postgres, the asset check and the alert are all rendered from it.
A measurement that was not judged is never `ok`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Status(StrEnum):
    """What is known about a number."""

    INFO = "info"  # measured; nobody asked for a judgement
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNJUDGED = "unjudged"  # should be judged and could not: too few rows, no labels, no data
    ERROR = "error"  # the computation itself failed

    @property
    def is_failing(self) -> bool:
        """Return whether somebody should look at it."""
        return self in {Status.WARN, Status.BAD, Status.ERROR}


# From best to worst: what a group of measurements amounts to is the worst of them.
_ORDER = (Status.INFO, Status.OK, Status.UNJUDGED, Status.WARN, Status.BAD, Status.ERROR)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status, `unjudged` where there is none: no data is never ok.

    >>> worst([Status.OK, Status.BAD, Status.UNJUDGED])
    <Status.BAD: 'bad'>
    >>> worst([])
    <Status.UNJUDGED: 'unjudged'>
    """
    return max(statuses, key=_ORDER.index, default=Status.UNJUDGED)


class Kind(StrEnum):
    """What kind of trouble a failing measurement is."""

    NO_DATA = "no_data"
    SCHEMA = "schema"
    QUALITY = "quality"
    FEATURE_DRIFT = "feature_drift"
    PREDICTION_DRIFT = "prediction_drift"
    CORRELATION = "correlation"
    PERFORMANCE = "performance"
    ESTIMATED_PERFORMANCE = "estimated_performance"
    PIPELINE = "pipeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number about one window.

    Attributes:
        metric: What was measured; with column, segment and version it is unique in its asset.
        kind: The kind of incident it becomes when it fails.
        check: The asset check it counts towards, empty for numbers that are only shown.
        column: The column it is about, empty for the whole window.
        segment: `column=value` of the rows it is about, empty for all rows.
        version: The model version of the rows it is about, empty for all versions.
        value: The number; None where it could not be computed. Never NaN or infinite.
        lower: Lower end of the 95 % interval, None where there is none.
        upper: Upper end of the 95 % interval.
        n: How many rows the number rests on.
        threshold: The limit it was judged against, None where it was not judged.
        status: The verdict.
        reason: One sentence for a human: why it has this status.
        method: The statistical method, empty where the metric's name says it all.
    """

    metric: str
    kind: Kind
    n: int
    value: float | None
    check: str = ""
    column: str = ""
    segment: str = ""
    version: str = ""
    lower: float | None = None
    upper: float | None = None
    threshold: float | None = None
    status: Status = Status.INFO
    reason: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        for name in ("value", "lower", "upper", "threshold"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self.metric} {self.column}: {name} is {number}, use None")

    def with_verdict(
        self, status: Status, reason: str, threshold: float | None = None
    ) -> "Measurement":
        """Return the same number with a verdict and the limit that was in force."""
        return replace(self, status=status, reason=reason, threshold=threshold)


def finite(number: float) -> float | None:
    """Return a plain float, None for NaN and infinity, which no store may hold.

    >>> finite(float("nan")) is None, finite(2)
    (True, 2.0)
    """
    number = float(number)
    return number if math.isfinite(number) else None
