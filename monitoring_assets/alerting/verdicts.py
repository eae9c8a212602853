"""One verdict per subject of a window, from the measurements of its checks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.evaluation import CheckResult, Evaluation
from monitoring_assets.domain.measurement import Kind, Measurement, Status, worst
from monitoring_assets.domain.verdict import Coverage, History, Subject, Verdict
from monitoring_assets.domain.window import Window
from monitoring_assets.metrics.drift_methods import DRIFT_METHODS
from monitoring_assets.metrics.performance import PERFORMANCE_METRICS

PIPELINE = "pipeline"
BAD = frozenset({Status.BAD, Status.ERROR})
_JUDGED = frozenset({Status.OK, Status.WARN, Status.BAD})


def checks_of(evaluations: Iterable[Evaluation]) -> list[CheckResult]:
    """Return the verdict of every check of a window."""
    results = []
    for evaluation in evaluations:
        names = dict.fromkeys(m.check for m in evaluation.measurements if m.check)
        results += [evaluation.check(name) for name in names]
    return results


def verdicts_of(config: ModelConfig, evaluations: Iterable[Evaluation]) -> list[Verdict]:
    """Return the verdict about every subject of a window, each that of its worst number."""
    found = []
    for evaluation in evaluations:
        counting = [m for m in evaluation.measurements if m.check and m.status is not Status.INFO]
        for subject, group in groupby(sorted(counting, key=_subject), key=_subject):
            found.append(_verdict(config, evaluation, subject, list(group)))
    return found


def pipeline_verdict(window: Window, error: str = "") -> Verdict:
    """Return whether a window could be monitored at all; `error` is the first line of why not."""
    return Verdict(
        subject=Subject(check=PIPELINE),
        window=window,
        kind=Kind.PIPELINE,
        status=Status.ERROR if error else Status.OK,
        reason=error,
    )


def history_of(verdicts: Iterable[Verdict]) -> History:
    """Return what incidents depend on, from all newest verdicts of a model in any order."""
    ordered = sorted(verdicts, key=place)
    suspects = {v.subject for v in ordered if v.status in BAD}
    by_check: dict[tuple[str, Window], list[Verdict]] = {}
    for verdict in ordered:
        by_check.setdefault((verdict.subject.check, verdict.window), []).append(verdict)
    return History(
        verdicts=tuple(v for v in ordered if v.subject in suspects),
        coverage=tuple(_coverage(check, w, group) for (check, w), group in by_check.items()),
    )


def place(verdict: Verdict) -> tuple[str, str, str, datetime]:
    """Return what orders verdicts: subject by subject, in order of time."""
    # Plain texts: comparing the dataclasses took a third of a year's backfill.
    subject = verdict.subject
    return (subject.check, subject.column, subject.segment, verdict.window.start)


def _coverage(check: str, window: Window, verdicts: Sequence[Verdict]) -> Coverage:
    statuses = {v.status for v in verdicts}
    reasons = sorted(v.reason for v in verdicts if v.status is Status.UNJUDGED)
    return Coverage(
        check=check,
        window=window,
        is_judged=bool(statuses & _JUDGED) and Status.ERROR not in statuses,
        unjudged=reasons[-1] if statuses == {Status.UNJUDGED} else "",
    )


def _subject(measurement: Measurement) -> Subject:
    m = measurement
    return Subject(check=m.check, column=m.column, segment=m.segment)


def _verdict(
    config: ModelConfig, evaluation: Evaluation, subject: Subject, group: Sequence[Measurement]
) -> Verdict:
    status = worst(m.status for m in group)
    about = [_of_measurement(config, evaluation, subject, m) for m in group if m.status is status]
    # Of several numbers that are ok the one nearest to its limit says whether all recovered.
    return max(about, key=lambda v: v.excess)


def _of_measurement(
    config: ModelConfig, evaluation: Evaluation, subject: Subject, m: Measurement
) -> Verdict:
    margin = margin_of(config, m)
    recovery = None
    if margin is not None and m.threshold is not None:
        recovery = m.threshold - (1 - config.alerts.recovery) * margin
    return Verdict(
        subject=subject,
        window=evaluation.window,
        kind=m.kind,
        status=m.status,
        n=m.n,
        metric=m.metric,
        score=m.value,
        threshold=m.threshold,
        recovery=recovery,
        margin=margin,
        lower=m.lower,
        upper=m.upper,
        reason=m.reason,
        baseline=evaluation.reference_version,
    )


def margin_of(config: ModelConfig, m: Measurement) -> float | None:
    """Return how far a limit is from what is usual, negative for a lower limit.

    A limit on the difference from the reference (missing values, outliers, performance) has that
    difference as its margin; three quarters of the limit itself could lie beyond the reference.
    """
    limit = m.threshold
    if limit is None or m.value is None or m.metric == "row_count":
        return None
    if m.kind is Kind.PERFORMANCE:
        return _performance_margin(config, m.metric, limit)
    if m.metric == "volume_ratio":
        return limit - 1
    if m.metric == "label_coverage":
        return limit - 1 or None
    if m.metric == "missing_share":
        own = config.features[m.column].max_missing if m.column in config.features else None
        return (config.quality.missing if own is None else own) or None
    if m.metric == "outlier_share":
        return config.quality.outliers or None
    if m.method in DRIFT_METHODS and DRIFT_METHODS[m.method].is_p_value:
        return -limit or None
    return limit or None


def _performance_margin(config: ModelConfig, metric: str, limit: float) -> float | None:
    settings = config.performance
    if PERFORMANCE_METRICS[metric].higher_is_better:
        return -settings.max_drop or None
    return limit * settings.max_rise / (1 + settings.max_rise) or None
