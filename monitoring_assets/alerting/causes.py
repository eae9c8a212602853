"""Cause before symptom: which open incident explains which other one.

    failed run or no rows ▸ schema ▸ quality of a column ▸ drift of that column ▸ prediction drift

Performance is never hidden: it is what all the others are watched for. A cause hides only what is
no more serious than itself, so that nothing urgent waits behind a line of a digest.
"""

from collections.abc import Mapping, Sequence

from monitoring_assets.alerting.incidents import NOT_JUDGED
from monitoring_assets.alerting.severity import is_worse
from monitoring_assets.domain.incident import Incident
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.evaluation.drift import CORRELATION
from monitoring_assets.evaluation.labels import LABELS

_NEVER_HIDDEN = {Kind.PERFORMANCE, Kind.PIPELINE}
_PAIR = " × "  # how `evaluation.drift` names two correlated columns
_AFTER_ROWS = {LABELS, NOT_JUDGED}
_LEVELS = {
    Kind.SCHEMA: "schema",
    Kind.QUALITY: "quality",
    Kind.FEATURE_DRIFT: "drift",
    Kind.CORRELATION: "drift",
    Kind.PREDICTION_DRIFT: "prediction",
}
_RANK = {
    level: rank
    for rank, level in enumerate(("absent", "schema", "quality", "drift", "prediction", "result"))
}


def explain(incidents: Sequence[Incident]) -> Mapping[str, str]:
    """Return for each open incident that another one explains the id of the first cause.

    Args:
        incidents: The open incidents of one model.
    """
    ordered = sorted(incidents, key=lambda i: (i.episode.opened, i.episode.subject))
    hidden: dict[str, str] = {}
    for effect in ordered:
        causes = [c for c in ordered if c is not effect and _explains(c, effect)]
        if causes:
            hidden[effect.id] = min(causes, key=lambda c: _RANK[_level(c)]).id
    return hidden


def _explains(cause: Incident, effect: Incident) -> bool:
    if effect.episode.kind in _NEVER_HIDDEN or is_worse(effect.severity, cause.severity):
        return False
    before, after = _level(cause), _level(effect)
    if before == after:
        return _is_the_part(cause, effect)
    if _RANK[before] > _RANK[after]:
        return False
    if before == "absent":
        return effect.episode.subject.check != LABELS
    if before == "prediction":
        return False
    if after == "prediction":
        return before in {"schema", "drift"}
    return _shares_column(cause, effect)


def _level(incident: Incident) -> str:
    """Return how near to the source of trouble an incident is."""
    subject, kind = incident.episode.subject, incident.episode.kind
    if kind is Kind.PIPELINE or (kind is Kind.NO_DATA and subject.check not in _AFTER_ROWS):
        return "absent"
    return _LEVELS.get(kind, "result")


def _is_the_part(cause: Incident, effect: Incident) -> bool:
    """Return whether a column's trouble explains its correlations, or that of the whole check."""
    of, part = effect.episode.subject, cause.episode.subject
    if of.check == CORRELATION and part.check != CORRELATION:
        return part.column in of.column.split(_PAIR)
    return of.check == part.check and bool(part.column) and not of.column


def _shares_column(cause: Incident, effect: Incident) -> bool:
    columns = effect.episode.subject.column.split(_PAIR)
    return bool(cause.episode.subject.column) and cause.episode.subject.column in columns
