"""Incidents in words: one line each, with number, interval and expected range."""

from datetime import timedelta

from monitoring_assets.alerting.incidents import NOT_JUDGED
from monitoring_assets.alerting.verdicts import PIPELINE
from monitoring_assets.domain.incident import Episode, Incident, Resolution
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.evaluation.labels import LABELS
from monitoring_assets.evaluation.log import HAS_ROWS

_OVER = {
    Resolution.RECOVERED: "recovered",
    Resolution.VERDICT_REVISED: "was none: late data or labels changed the verdict",
    Resolution.BASELINE_CHANGED: "ended with a new reference",
    Resolution.MANUAL: "was closed by hand",
}
_NEXT = {
    Kind.NO_DATA: "See whether the service still logs, and whether its files or rows arrive.",
    Kind.SCHEMA: "Ask the producer of the log what was released; then correct log or YAML.",
    Kind.QUALITY: "Look at where the column comes from; correct it and land the window again.",
    Kind.FEATURE_DRIFT: "Compare the column with the reference; if the change is real, retrain.",
    Kind.CORRELATION: "See which of the two columns changed, and whether a join broke.",
    Kind.PREDICTION_DRIFT: "Look at the features that drifted; wait for labels before retraining.",
    Kind.PERFORMANCE: "Compare segments in the report; roll back, retrain or use the fallback.",
    Kind.ESTIMATED_PERFORMANCE: "Look at the features that drifted; ask for labels early.",
    Kind.PIPELINE: "Open the run, repair what its error names, and launch it again.",
}
# The names of these checks say what should be, and an incident is what should not.
_NAMES = {
    HAS_ROWS: "no rows",
    LABELS: "labels missing",
    NOT_JUDGED: "windows not judged",
    PIPELINE: "window not monitored",
}
_PERCENT = ("_share", "coverage")


def subject_of(episode: Episode) -> str:
    """Return what an incident is about, in a few words."""
    subject = episode.subject
    if subject.check in _NAMES:
        return _NAMES[subject.check]
    name = subject.check.replace("_", " ")
    column = f" of {subject.column}" if subject.column else ""
    segment = f" in {subject.segment}" if subject.segment else ""
    return f"{name}{column}{segment}"


def sentence(episode: Episode) -> str:
    """Return what is wrong: number, interval and expected range, or the reason it came with.

    >>> from datetime import UTC, datetime
    >>> from monitoring_assets.domain.verdict import Subject
    >>> from monitoring_assets.domain.window import Window
    >>> day = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), "d")
    >>> sentence(Episode(
    ...     subject=Subject(check="missing_values", column="age"), kind=Kind.QUALITY, first=day,
    ...     opened=day, last=day, metric="missing_share", score=0.132, threshold=0.05, margin=0.05,
    ...     lower=0.114, upper=0.151, n=1000))
    'missing share of age is 13.2 % (95 % interval 11.4 % to 15.1 %), expected at most 5 %'
    """
    e = episode
    if e.score is None or e.threshold is None or e.margin is None:
        return e.reason or "it fails"
    metric = e.metric.replace("_", " ")
    column = f" of {e.subject.column}" if e.subject.column else ""
    side = "at most" if e.margin > 0 else "at least"
    interval = ""
    if e.lower is not None and e.upper is not None:
        low, high = (number(e.metric, n) for n in (e.lower, e.upper))
        interval = f" (95 % interval {low} to {high})"
    score, limit = number(e.metric, e.score), number(e.metric, e.threshold)
    return f"{metric}{column} is {score}{interval}, expected {side} {limit}"


def number(metric: str, value: float) -> str:
    """Return a number as people read it.

    >>> number("missing_share", 0.05), number("roc_auc", 0.71234)
    ('5 %', '0.7123')
    """
    return f"{100 * value:.3g} %" if metric.endswith(_PERCENT) else f"{value:.4g}"


def line(incident: Incident) -> str:
    """Return an incident in one line."""
    e = incident.episode
    return sentence(e) if _has_numbers(e) else f"{subject_of(e)}: {sentence(e)}"


def _has_numbers(episode: Episode) -> bool:
    return None not in {episode.score, episode.threshold, episode.margin}


def ending(incident: Incident) -> str:
    """Return how an incident ended, in one line."""
    how = _OVER[incident.resolution or Resolution.RECOVERED]
    return f"{subject_of(incident.episode)} {how} after {lasted(incident.episode)}"


def lasted(episode: Episode) -> str:
    """Return from which window to which an episode was bad."""
    if episode.first == episode.last:
        return f"one window, {episode.first.key}"
    return f"{episode.bad} windows, {episode.first.key} to {episode.last.key}"


def next_step(kind: Kind) -> str:
    """Return what to do about a kind of trouble."""
    return _NEXT[kind]


def spoken(length: timedelta) -> str:
    """Return a length of time in days or hours.

    >>> spoken(timedelta(days=3, hours=2)), spoken(timedelta(hours=7))
    ('3 days', '7 hours')
    """
    return f"{length.days} days" if length.days else f"{length.total_seconds() / 3600:.0f} hours"
