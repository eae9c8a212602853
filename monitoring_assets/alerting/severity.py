"""How serious each kind of trouble is, and what makes it more serious."""

from monitoring_assets.alerting.incidents import NOT_JUDGED
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Episode, Severity
from monitoring_assets.domain.measurement import Kind

# Page only on what certainly hurts: the field's own complaint is drift alarms that nobody acts on.
DEFAULT_SEVERITY = {
    Kind.NO_DATA: Severity.PAGE,
    Kind.SCHEMA: Severity.PAGE,
    Kind.PERFORMANCE: Severity.PAGE,
    Kind.ESTIMATED_PERFORMANCE: Severity.PAGE,
    Kind.PIPELINE: Severity.PAGE,
    Kind.QUALITY: Severity.TICKET,
    Kind.PREDICTION_DRIFT: Severity.TICKET,
    Kind.CORRELATION: Severity.INFO,
    Kind.FEATURE_DRIFT: Severity.INFO,
}
# Twice the threshold is one level more, where the threshold is a size of effect. A limit of
# quality is near zero by nature: a share of 5 % is five times 1 % and may be nothing.
_GROWING = {Kind.FEATURE_DRIFT, Kind.PREDICTION_DRIFT, Kind.PERFORMANCE}
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
MOST = Severity.PAGE


def severity_of(config: ModelConfig, kind: Kind) -> Severity:
    """Return how serious a kind of trouble is for this model."""
    return config.alerts.severity.get(kind, DEFAULT_SEVERITY[kind])


def severity_of_episode(config: ModelConfig, episode: Episode) -> Severity:
    """Return how serious one trouble is: that of its kind, one level more where it is large."""
    usual = severity_of(config, episode.kind)
    if episode.subject.check == NOT_JUDGED and usual is Severity.PAGE:
        return Severity.TICKET
    is_large = episode.kind in _GROWING and episode.worst > 1
    return one_more(usual) if is_large else usual


def one_more(severity: Severity) -> Severity:
    """Return the next more serious severity.

    >>> one_more(Severity.INFO), one_more(Severity.PAGE)
    (<Severity.TICKET: 'ticket'>, <Severity.PAGE: 'page'>)
    """
    return list(Severity)[max(_RANK[severity] - 1, 0)]


def is_worse(severity: Severity, than: Severity) -> bool:
    """Return whether a severity is more serious than another one."""
    return _RANK[severity] < _RANK[than]


def most_serious(*severities: Severity) -> Severity:
    """Return the most serious of some severities."""
    return min(severities, key=_RANK.__getitem__)
