"""What all evaluations share: a statistic becomes a measurement, and a limit a verdict."""

from collections.abc import Iterable

from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.stats.samples import Estimate


def measured(
    metric: str,
    kind: Kind,
    estimate: Estimate,
    *,
    check: str = "",
    column: str = "",
    segment: str = "",
    version: str = "",
) -> Measurement:
    """Return a statistic as a measurement that nobody judged yet."""
    return Measurement(
        metric=metric,
        kind=kind,
        check=check,
        column=column,
        segment=segment,
        version=version,
        value=estimate.value,
        lower=estimate.lower,
        upper=estimate.upper,
        n=estimate.n,
    )


def at_most(measurement: Measurement, limit: float, *, min_rows: int) -> Measurement:
    """Judge a number that should not exceed a limit; as much as the limit is allowed."""
    if measurement.n < min_rows:
        return unjudged(measurement, too_few(measurement.n, min_rows))
    if measurement.value is None:
        return unjudged(measurement, measurement.reason or "could not be computed")
    if measurement.value <= limit:
        return measurement.with_verdict(Status.OK, "", limit)
    name = f"{measurement.column}: " if measurement.column else ""
    reason = f"{name}{measurement.metric} {measurement.value:.4g} is above {limit:.4g}"
    return measurement.with_verdict(Status.BAD, reason, limit)


def unjudged(measurement: Measurement, reason: str) -> Measurement:
    """Return a number that should be judged and cannot be."""
    return measurement.with_verdict(Status.UNJUDGED, reason)


def unjudged_if(reason: str, measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """Return measurements without their verdicts where there is a reason not to trust any."""
    if not reason:
        return tuple(measurements)
    return tuple(m if m.status is Status.INFO else unjudged(m, reason) for m in measurements)


def too_few(n: int, min_rows: int) -> str:
    """Return why so few rows are not judged."""
    return f"{n:,} rows are fewer than min_rows {min_rows:,}"
